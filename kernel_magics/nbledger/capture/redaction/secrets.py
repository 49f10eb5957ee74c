"""Credentials become `[redacted]` before anything is written: in sources, params, tracebacks, differences and URLs.

Two kinds of marks are looked for: a value that has the shape of a known provider's credential (`secret_shapes`), and a
name that says so (`secret_names`): `api_key = "..."`, `--password ...`, `DB_PASSWORD=...`, `X-Api-Key: ...`.

What is recorded is replayed later, so a redaction keeps the text what it was: a string literal stays a string literal
with the same prefix and quotes, and what only refers to a secret (`os.environ["TOKEN"]`, `f"Bearer {token}"`, `$TOKEN`)
is left alone. Only the places where a mark is found cost anything; all patterns are linear in the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from nbledger.capture.redaction.secret_names import HINTS, is_secret_name, strength
from nbledger.capture.redaction.secret_shapes import REDACTED, redact_shapes

__all__ = ["REDACTED", "is_secret_name", "redact", "redact_value"]

_QUOTED = (
    r'"""(?:[^"\\]|\\.|"(?!""))*+"""' r"|'''(?:[^'\\]|\\.|'(?!''))*+'''"
    r'|"(?:[^"\\\n]|\\.)*+"' r"|'(?:[^'\\\n]|\\.)*+'"
    r'|\\"(?:[^"\\\n]|\\\\(?:\\")?|\\(?!["\\]))*+\\"'  # a literal inside a JSON string
)  # fmt: skip
_LITERAL = re.compile(rf"(?P<prefix>[rRbBuUfF]{{0,2}}+)(?P<quoted>{_QUOTED})", re.DOTALL)
_STARTS_LITERAL = r"""(?=[rRbBuUfF]{0,2}+\\?["'])"""
_ASSIGNED = re.compile(
    r"""(?:\\?["'])?+[ \t]*+\]?+[ \t]*+
    (?: := | [=!]?=>?+
      | :(?![=:])(?:[ \t]*+[A-Za-z_][\w.]*+(?:\[[^\]\n]{0,80}+\])?+(?:[ \t]*+\|[ \t]*+\w++){0,9}+[ \t]*+=)?+ )
    [ \t]*+\n?+[ \t]*+(?P<open>[(\[]\s{0,200}+)?+"""
    + _STARTS_LITERAL,
    re.VERBOSE,
)
_SECOND = re.compile(r"""\\?["'][ \t]*+,[ \t\n]*+(?=[rRbBuUfF]{0,2}+\\?["'](?!-))""")
_GETTER = re.compile(
    r"""(?:get|(?:get|set|put)env|setdefault|param|pop|set|(?:set_)?tag|set_key|\w+_(?:secret|password))"""
    r"""\([ \t]*\\?["']\Z"""
)
_ADJACENT = re.compile(r"[ \t]*+(?:\+[ \t]*+)?+(?:\\\n[ \t]*+)?+" + _STARTS_LITERAL)
_IN_BRACKETS = re.compile(r"\s{0,200}+(?:[,+]\s{0,200}+)?+" + _STARTS_LITERAL)

_PLAIN = re.compile(r"""[^\s"'`,;&(){}\[\]<>$%|\\]++""")
_LINE_START = re.compile(  # a difference's sign, or the quote of a notebook's line in JSON, may come first
    r"""[ \t]*+["+\-]?+[ \t]*+(?P<shell>(?:export|setx?|SET|ENV|ARG|%env|%set_env|!|\$)[ \t]*+)?+"""
)
_SHELL_LINE = re.compile(r"""[ \t]*+["+\-]?+[ \t]*+(?:!|%|\$ )""")
_DSN_GOES_ON = re.compile(r"""["';&]|[ \t]++[A-Za-z_]\w*+=(?!=)""")
_HEADER = re.compile(r"""["']?:[ \t]++(?:(?:[Bb]asic|[Bb]earer|[Tt]oken|[Kk]ey)[ \t]++)?+""")
_HEADER_ENDS = re.compile(r"""[ \t]*+(?:["'\n\\;&]|\Z|-)""")
_NUMBER = re.compile(r"""\\?["']?\]?[ \t]*+[=:][ \t]*+(?=\d{4,}+(?![\w.]))""")
_RANDOM = re.compile(  # capitals, small letters and digits, within the first 60 characters
    r"[ \t]*+[=:][ \t]*+(?=[A-Za-z0-9/+=_\-]{20})"
    r"(?=[^A-Z\s]{0,60}+[A-Z])(?=[^a-z\s]{0,60}+[a-z])(?=[^0-9\s]{0,60}+[0-9])"
)

_REFERENCE = re.compile(
    r"\$\{?\w+\}?|\{[^{}]*\}|\{\{[^{}]*\}\}|%\(\w+\)s|%s|<[\w \-]+>|\*+|\.\.\.|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
)
_FIELD = re.compile(r"\{\{[^{}]*\}\}|\{[^{}]*\}")
_SCHEME = re.compile(r"(?i)\b(?:bearer|basic|token|key|digest|apikey)\b")
_REDACTED_BEARER = re.compile(rf"(?i)(?:(?:bearer|basic|token)\s+)?{re.escape(REDACTED)}")
_TYPES = frozenset("str string int integer float bool object category text bytes password int64 float64 int32".split())
_PLAIN_WORD = re.compile(r"[A-Za-z]{0,7}|\W{0,12}|[<\[#].*|</?\w+>|[~/.][\w./~\-]*|[A-Za-z]:[\\/].*")
_CODE = re.compile(
    r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|None|True|False|\d{1,3}(?:\.\d*)?|(?:u?int|float|complex|bytes?|str)\d*"
)

_QUOTES = ('"', "'")
_QUOTED_NAME = (*_QUOTES, "\\")
_BLANKS = (" ", "\t")
_GOES_ON = frozenset("\"'=:] \t\\!")
_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_NAME_REST = re.compile(r"[\w\-]*+")
_LONGEST_NAME = 100
_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def redact(text: str) -> str:
    """Return `text` with what looks like credentials replaced by `[redacted]`; the very same text if nothing does.

    Python stays parseable, JSON stays JSON. Redacting twice changes nothing more.
    """
    return _redact_named(redact_shapes(text))


def redact_value(name: str, value: Any) -> Any:
    """Return `value` as it may be recorded under `name`: containers keep their shape, credentials become a text.

    A text is redacted as a whole where its name says so, else within. Numbers are redacted under a password's name.
    """
    if isinstance(value, str):
        return REDACTED if _is_secret(name, value) else redact(value)
    if isinstance(value, bytes):
        return REDACTED.encode() if _is_secret(name, value.decode("latin-1")) else value
    if isinstance(value, dict):
        return {key: redact_value(str(key), item) for key, item in value.items()}
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(redact_value(name, item) for item in value)
    if type(value) in (int, float) and abs(value) >= 1000 and strength(name) == "strong":
        return REDACTED
    return value


class _Name(NamedTuple):
    """A credential's name as it stands in a text; `dashes` are those of an option."""

    text: str
    start: int
    end: int
    name: str
    dashes: int


def _redact_named(text: str) -> str:
    parts: list[str] = []
    position = 0
    for name in _names(text):
        if name.start < position:
            continue
        found = _value(name)
        if found is not None:
            start, end, replacement = found
            parts += [text[position:start], replacement]
            position = end
    return "".join(parts) + text[position:] if parts else text


def _names(text: str) -> Iterator[_Name]:
    """Yield the credentials' names in a text, in order."""
    lowered = text.lower()
    if len(lowered) != len(text):  # some letters' lower case is longer
        lowered = text.translate(_ASCII_LOWER)
    places = []
    for hint in HINTS:
        place = lowered.find(hint)
        while place >= 0:
            places.append(place)
            place = lowered.find(hint, place + 1)
    past = 0
    for place in sorted(places):
        if place < past:
            continue
        start, least = place, max(past, place - _LONGEST_NAME)
        while start > least and text[start - 1] in _NAME_LETTERS:
            start -= 1
        if start and text[start - 1] == "\\" and text[start] in "ntr":
            start += 1  # the letter of an escape sequence
        past = _NAME_REST.match(text, place).end()  # type: ignore[union-attr]
        word = text[start:past]
        name = word.lstrip("-")
        if strength(name) is not None:
            yield _Name(text, start, past, name, len(word) - len(name))


def _value(name: _Name) -> tuple[int, int, str] | None:
    """Return where the value of this name begins and ends, and what replaces it; `None` if there is nothing to hide."""
    text, end = name.text, name.end
    following = text[end : end + 1]
    if following not in _GOES_ON:
        return None
    assigned = _ASSIGNED.match(text, end)
    bracket = assigned is not None and assigned["open"] is not None
    if assigned is None and following in _QUOTED_NAME:
        assigned = _second(name)
    if assigned is not None:
        return _literals(name.name, text, assigned.end(), bracket=bracket)
    number = _NUMBER.match(text, end)
    if number is not None:
        return _password_number(name, number.end())
    if following == "=":
        return _unquoted(name, end + 1) if text[end + 1 : end + 2] != "=" and _is_outside_code(name) else _random(name)
    if following in _BLANKS:
        return _after_blank(name)
    return _header(name)


def _password_number(name: _Name, start: int) -> tuple[int, int, str] | None:
    if not re.search(r"(?i)pass|pwd", name.name):
        return None
    found = _PLAIN.match(name.text, start)
    return (start, found.end(), REDACTED) if found is not None else None


def _after_blank(name: _Name) -> tuple[int, int, str] | None:
    """Find the value of `--name value`, `%env NAME value`, or `name = ` and a long mix of letters and digits."""
    start = name.end
    while name.text[start : start + 1] in _BLANKS:
        start += 1
    if name.dashes and name.text[start : start + 1] in _QUOTES:
        return _literals(name.name, name.text, start, bracket=False)
    if name.dashes:
        return None if name.text[start : start + 1] == "-" else _unquoted(name, start)
    line = _line_prefix(name)
    if "%" in line and line.lstrip(' \t"').startswith(("%env ", "%set_env ")):
        return _unquoted(name, start)
    return _random(name)


def _second(name: _Name) -> re.Match[str] | None:
    """Find the literal in `get("NAME", "value")` and in `["--name", "value"]`."""
    if name.dashes or _GETTER.search(name.text, max(0, name.start - 24), name.start):
        return _SECOND.match(name.text, name.end)
    return None


def _line_prefix(name: _Name) -> str:
    start = name.text.rfind("\n", max(0, name.start - 200), name.start) + 1
    return name.text[max(start, name.start - 200) : name.start]


def _is_outside_code(name: _Name) -> bool:
    """Tell whether `name=value` is an option, a shell's or a file's variable, or a part of a URL or DSN."""
    text, start = name.text, name.start
    if name.dashes or text[start - 1 : start] in (";", "&", "?"):
        return True
    line = _line_prefix(name)
    beginning = _LINE_START.fullmatch(line)
    if beginning is not None and (beginning["shell"] or name.name.isupper()):
        return True
    if _SHELL_LINE.match(line):
        return True
    value = _PLAIN.match(text, name.end + 1)
    return value is not None and _DSN_GOES_ON.match(text, value.end()) is not None


def _unquoted(name: _Name, start: int) -> tuple[int, int, str] | None:
    found = _PLAIN.match(name.text, start)
    if found is None or not _is_secret(name.name, found[0]) or _CODE.fullmatch(found[0]):
        return None
    return found.start(), found.end(), REDACTED


def _random(name: _Name) -> tuple[int, int, str] | None:
    """Take a long unquoted mix of letters and digits for a credential, as in `~/.aws/credentials`."""
    found = _RANDOM.match(name.text, name.end)
    return _unquoted(name, found.end()) if found is not None and strength(name.name) == "strong" else None


def _header(name: _Name) -> tuple[int, int, str] | None:
    found = _HEADER.match(name.text, name.end)
    value = _PLAIN.match(name.text, found.end()) if found is not None else None
    if value is None or _HEADER_ENDS.match(name.text, value.end()) is None:
        return None
    looks_random = any(letter.isdigit() for letter in value[0]) and any(letter.isalpha() for letter in value[0])
    if len(value[0]) < 4 or not (looks_random or "-" in name.name or name.name.lower() == "authorization"):
        return None
    return _unquoted(name, value.start())


def _literals(name: str, text: str, start: int, *, bracket: bool) -> tuple[int, int, str] | None:
    """Replace the content of a string literal, and of those beside it: concatenated, or in the same brackets."""
    parts: list[str] = []
    position = start
    hidden = False
    literal = _LITERAL.match(text, position)
    while literal is not None:
        quoted, prefix = literal["quoted"], literal["prefix"]
        width = 3 if quoted[:3] in ('"""', "'''") else 2 if quoted[0] == "\\" else 1
        # A part of a concatenation is hidden with its first part; the items of a list are judged one by one.
        hidden = (hidden and not bracket) or _is_secret(name, quoted[width:-width], formatted="f" in prefix.lower())
        parts.append(prefix + quoted[:width] + REDACTED + quoted[-width:] if hidden else literal[0])
        position = literal.end()
        between = (_IN_BRACKETS if bracket else _ADJACENT).match(text, position)
        literal = _LITERAL.match(text, between.end()) if between is not None else None
        if literal is not None and between is not None:
            parts.append(between[0])
    replaced = "".join(parts)
    return (start, position, replaced) if replaced != text[start:position] else None


def _is_secret(name: str, value: str, *, formatted: bool = False) -> bool:
    """Tell whether a text under this name is a credential, and not empty, a reference or (for a weak name) a word."""
    strong = strength(name)
    if strong is None or not value.strip() or (REDACTED in value and _REDACTED_BEARER.fullmatch(value)):
        return False
    if len(value) < 200 and (_REFERENCE.fullmatch(value) or value.lower() in _TYPES):
        return False
    if formatted and "{" in value:
        rest = _SCHEME.sub("", _FIELD.sub("", value))
        return len(re.sub(r"\W", "", rest)) >= 4
    if strong == "weak":
        return _PLAIN_WORD.fullmatch(value) is None
    return not _is_place(name, value)


def _is_place(name: str, value: str) -> bool:
    """Tell whether a connection string only says where: a URL or key-value pairs without a credential in them."""
    if not re.search(r"(?i)conn|dsn", name):
        return False
    if REDACTED in value:
        return True
    return "://" in value and "@" not in value and not re.search(r"(?i)pass|pwd|key|secret|token|sig=", value)
