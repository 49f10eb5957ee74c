"""Credentials that show by their shape, whatever they are called: providers' tokens, passwords in URLs, private keys.

Each provider's tokens begin with a fixed text, so a text is searched for those beginnings (about 15 microseconds for a
cell of 20 lines) and a pattern is tried only where one is found. The prefixes are from the providers' own documentation
and from the rules of secret scanners (GitHub's secret scanning, gitleaks).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

REDACTED = "[redacted]"


def _tails(table: dict[str, str]) -> dict[str, re.Pattern[str]]:
    return {prefix: re.compile(tail) for tail, prefixes in table.items() for prefix in prefixes.split()}


def _any_of(prefixes: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for the prefixes, grouped by first letter: half the time of one search for each of them."""
    by_letter: dict[str, list[str]] = {}
    for prefix in sorted(prefixes, key=len, reverse=True):
        by_letter.setdefault(prefix[0], []).append(re.escape(prefix[1:]))
    return re.compile("|".join(f"{letter}(?:{'|'.join(rest)})" for letter, rest in by_letter.items()))


# What must follow a prefix, and the prefixes. All of it is replaced.
_TOKENS = _tails(
    {
        r"[A-Z0-9]{16}(?![A-Z0-9])": "AKIA ASIA ABIA ACCA",
        r"[A-Za-z0-9]{16,}+": "ghp_ gho_ ghu_ ghs_ ghr_ sk_live_ rk_live_ sk_test_ rk_test_ whsec_ hf_ sbp_",
        r"\w{20,}+": "github_pat_",
        r"[\w\-]{16,}+": "glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glagent- GOCSPX- ya29. hvs. nvapi- xapp-",
        r"[\w\-]{10,}+": "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs-",
        r"[\w/]{20,}+": "hooks.slack.com/services/",
        r"(?=[A-Za-z_\-]*+[0-9])[\w\-]{16,}+": "sk-",
        r"[\w\-]{30,}+": "AIza",
        r"[\w\-]{8,}+\.[\w\-]{8,}+(?:\.[\w\-]*+)?+": "eyJ",
        r"[A-Za-z0-9]{30,}+": "npm_ r8_ gsk_ pplx- xai- lin_api_ ntn_",
        r"[\w\-]{40,}+": "pypi-",
        r"[\w\-]{16,}+\.[\w\-]{16,}+": "SG.",
        r"[0-9a-f]{32,}+(?!\w)": "dop_v1_ dapi",
        r"[\w\-=]{20,}+": "ATATT3",
        r"[0-9a-fA-F]{32}": "shpat_ shpca_ shppa_ shpss_",
    }
)
# What must follow a label, which stays, and the labels.
_LABELLED = _tails(
    {
        r"[\w./+~%\-]{8,}+={0,2}": "AccountKey= SharedAccessKey= SharedAccessSignature= sig= X-Amz-Signature=",
        r"[ ]++(?P<value>(?=[A-Za-z_.\-]{20}|[A-Za-z_.\-]*+[0-9])[\w./+~%\-]{8,}+={0,2})": "Bearer bearer BEARER",
    }
)
_BEGINNING = _any_of({**_TOKENS, **_LABELLED})
_URL_LOGIN = re.compile(r"(?<=://)(?P<user>[^\s:/@\"'<>{}]*+):(?P<password>[^\s@/\"'<>{}]++)@")
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(r"(\\[nr])|[A-Za-z0-9+/=]{16,}+")
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def redact_shapes(text: str) -> str:
    """Return `text` without what has the shape of a credential; the very same text if there is none."""
    if "://" in text and "@" in text:
        text = _URL_LOGIN.sub(rf"\g<user>:{REDACTED}@", text)
    if "PRIVATE KEY" in text:
        text = _redact_private_keys(text)
    spans = []
    for begin in _BEGINNING.finditer(text):
        prefix, start = begin[0], begin.start()
        if start and text[start - 1] in _WORD and not _ends_escape(text, start):
            continue
        tail = _TOKENS.get(prefix) or _LABELLED[prefix]
        found = tail.match(text, begin.end())
        if found is not None:
            if prefix in _LABELLED:
                start = found.start("value") if tail.groups else begin.end()
            spans.append((start, found.end()))
    return _without(text, spans) if spans else text


def _ends_escape(text: str, start: int) -> bool:
    r"""Tell whether the letter before `start` belongs to an escape sequence, as in `\nghp_...`."""
    return text[start - 1] in "ntr" and text[start - 2 : start - 1] == "\\"


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    parts, position = [], 0
    for start, end in spans:
        if start >= position:
            parts += [text[position:start], REDACTED]
        position = max(position, end)
    return "".join(parts) + text[position:]


def _redact_private_keys(text: str) -> str:
    """Replace the lines of a key's body, in whatever quotes and with whatever line ends they are written."""
    parts, position = [], 0
    for begin in _PEM_BEGIN.finditer(text):
        if begin.end() < position:
            continue
        end = text.find("-----END", begin.end())
        end = end if end >= 0 else len(text)
        parts += [text[position : begin.end()], _PEM_BODY.sub(_body_line, text[begin.end() : end])]
        position = end
    return "".join(parts) + text[position:]


def _body_line(found: re.Match[str]) -> str:
    return found[1] or REDACTED
