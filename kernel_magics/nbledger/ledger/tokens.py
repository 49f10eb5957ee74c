"""The filter language's tokens, and the error that points at one."""

from __future__ import annotations

import re
from typing import NamedTuple

from nbledger.ledger.errors import FilterError

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`[^`]*`)
    |(?P<operator>!=|<>|>=|<=|==|=|<|>)
    |(?P<mark>[(),.])
    |(?P<word>[^\s'"`=!<>(),.]+)""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """One token: its kind, its meaning and where it stands in the text."""

    kind: str
    value: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text, with one for its end. Raises `FilterError`."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            closing = text[position] if text[position] in "'\"`" else ""
            problem = f"The quote {closing} is not closed" if closing else f"Unexpected {text[position]!r}"
            raise error_at(problem, text, Token("bad", text[position], position, position + 1))
        kind = str(match.lastgroup)
        value = match.group()
        if kind in ("text", "quoted"):
            value = value[1:-1].replace(value[0] * 2, value[0])
        if kind != "space":
            found.append(Token(kind, value, match.start(), match.end()))
        position = match.end()
    found.append(Token("end", "the end of the filter", len(text), len(text) + 1))
    return found


def error_at(problem: str, text: str, token: Token) -> FilterError:
    """Return the error whose caret stands below `token`."""
    flat = re.sub(r"\s", " ", text)
    caret = " " * token.start + "^" * max(1, token.end - token.start)
    return FilterError(problem=problem, text=flat, caret=caret, position=token.start)
