"""Credentials become `[redacted]` before anything is written: in sources, params, tracebacks, differences and URLs.

Two kinds of marks are looked for: a name that says so (`api_key = "..."`, `--password ...`, `DB_PASSWORD=...`; the
names are judged in `secret_names`), and a value that has the shape of a known provider's credential, whatever its name.

What is recorded is replayed later, so a redaction keeps the text what it was: a string literal stays a string literal
with the same prefix and quotes, and what only refers to a secret (`os.environ["TOKEN"]`, `f"Bearer {token}"`, `$TOKEN`)
is left alone. A text without any mark costs a few substring searches. All patterns are linear in the text's length:
repeated parts are possessive, and a match can begin at the start of a word only.
"""

from __future__ import annotations

import re
from typing import Any

from nbledger.capture.secret_names import is_secret_name, strength

__all__ = ["REDACTED", "is_secret_name", "redact", "redact_value"]

REDACTED = "[redacted]"

_NAME_HINTS = (
    "passw", "pass", "pwd", "passphrase", "secret", "token", "key", "cred", "auth", "connection", "conn_str", "connstr",
    "dsn", "bearer", "jwt",
)  # fmt: skip
_SHAPE_HINTS = (
    "AKIA", "ASIA", "gh", "glpat-", "xox", "xapp-", "hooks.slack", "sk-", "hf_", "AIza", "ya29.", "GOCSPX", "k_live_",
    "k_test_", "whsec_", "eyJ", "npm_", "pypi-", "earer ", "EARER ", "SG.", "dop_v1_", "dapi", "r8_", "gsk_", "hvs.",
    "AccountKey", "SharedAccess", "sig=", "Signature=", "ATATT", "shp", "nvapi-", "pplx-", "xai-", "lin_api_", "ntn_",
)  # fmt: skip

_SHAPES = re.compile(
    r"""(?<![\w\-])(?:
      (?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])
    | gh[pousr]_[A-Za-z0-9]{16,}+
    | github_pat_\w{20,}+
    | gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent)-[\w\-]{16,}+
    | xox[abeoprs]-[\w\-]{10,}+ | xapp-[\w\-]{10,}+
    | hooks\.slack\.com/services/[\w/]{20,}+
    | sk-(?=[A-Za-z_\-]*+[0-9])[\w\-]{16,}+
    | hf_[A-Za-z0-9]{20,}+
    | AIza[\w\-]{30,}+ | ya29\.[\w\-]{20,}+ | GOCSPX-[\w\-]{20,}+
    | [sr]k_(?:live|test)_[A-Za-z0-9]{10,}+ | whsec_[A-Za-z0-9]{20,}+
    | eyJ[\w\-]{8,}+\.[\w\-]{8,}+(?:\.[\w\-]*+)?
    | npm_[A-Za-z0-9]{30,}+ | pypi-[\w\-]{40,}+
    | SG\.[\w\-]{16,}+\.[\w\-]{16,}+
    | dop_v1_[0-9a-f]{32,}+ | dapi[0-9a-f]{32}(?!\w) | r8_[A-Za-z0-9]{30,}+ | gsk_[A-Za-z0-9]{30,}+ | hvs\.[\w\-]{20,}+
    | ATATT3[\w\-=]{20,}+ | shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32} | nvapi-[\w\-]{30,}+ | pplx-[A-Za-z0-9]{30,}+
    | xai-[A-Za-z0-9]{30,}+ | lin_api_[A-Za-z0-9]{30,}+ | ntn_[A-Za-z0-9]{30,}+
    | (?P<lead>(?:AccountKey|SharedAccessKey|SharedAccessSignature|sig|X-Amz-Signature|Signature)=
        | (?:[Bb]earer|BEARER)[ ]++(?=[A-Za-z_.\-]{20}|[A-Za-z_.\-]*+[0-9]))
      [\w./+~%\-]{8,}+={0,2}
    )""",
    re.VERBOSE,
)
_URL = re.compile(r"(?<=://)(?P<user>[^\s:/@\"'<>{}]*+):(?P<password>[^\s@/\"'<>{}]++)@")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=]{16,}+|(?<=n)[A-Za-z0-9+/=]{1,15}(?=\\n-----END)")

_QUOTED = (
    r'"""(?:[^"\\]|\\.|"(?!""))*+"""' r"|'''(?:[^'\\]|\\.|'(?!''))*+'''"
    r'|"(?:[^"\\\n]|\\.)*+"' r"|'(?:[^'\\\n]|\\.)*+'"
    r'|\\"(?:[^"\\\n]|\\\\(?:\\")?|\\(?!["\\]))*+\\"'  # a literal inside a JSON string
)  # fmt: skip
_LITERAL = re.compile(rf"(?P<prefix>[rRbBuUfF]{{0,2}}+)(?P<quoted>{_QUOTED})", re.DOTALL)
_NAMED = re.compile(
    r"""(?<!\w)(?P<name>[A-Za-z_][\w\-]*+)
    (?:\\?["'])?+[ \t]*+\]?+[ \t]*+
    (?: := | [=!]?=>?+ | :(?![=:])(?:[ \t]*+[A-Za-z_][\w.]*+(?:\[[^\]\n]{0,80}+\])?+(?:[ \t]*+\|[ \t]*+\w++)*+[ \t]*+=)?+ )
    \s*+(?P<open>[(\[]\s*+)?+
    (?=[rRbBuUfF]{0,2}+\\?["'])""",
    re.VERBOSE,
)
_SECOND = re.compile(  # get("NAME", "value") and ["--name", "value"]
    r"""(?:(?:get|getenv|setenv|putenv|setdefault|pop|set|set_key|set_secret|add_secret|set_password)\(\s*+["'](?=[A-Za-z])
      |["']--?(?=[A-Za-z]))
    (?P<name>[\w\-]++)["']\s*+,\s*+(?P<open>)(?=[rRbBuUfF]{0,2}+["'](?!-))""",
    re.VERBOSE,
)
_PLAIN = r"(?P<value>[^\s\"'`,;&(){}\[\]<>$%|\\]++)"
_UNQUOTED = re.compile(
    rf"""(?:
      (?<![\w\-])--?(?P<flag>[A-Za-z][\w\-]*+)(?:=|[ \t]++(?!-))                        # --password value
    | (?<=[;&?])(?P<part>[A-Za-z_][\w.\-]*+)=(?!=)                                       # ;Pwd=value &api_key=value
    | ^[ \t]*+(?:[+\-][ \t]*+)?(?:(?:export|set|setx|SET|ENV|ARG|%env|%set_env|!|\$)[ \t]*+(?:export[ \t]++)?)?
        (?P<variable>[A-Z][A-Z0-9_]*+)=(?!=)                                              # API_KEY=value
    | ^[ \t]*+(?:%env|%set_env|setx)[ \t]++(?P<spaced>[A-Za-z_]\w*+)[ \t]++=?[ \t]*+      # %set_env NAME value
    | (?<![\w.])(?P<inline>[A-Za-z_]\w*+)=(?!=)(?={_PLAIN.replace('?P<value>', '')}(?:["';&]|[ \t]++[A-Za-z_]\w*+=(?!=)))
    ){_PLAIN}""",
    re.VERBOSE | re.MULTILINE,
)
_HEADER = re.compile(
    r"""(?<![\w\-])(?P<name>[A-Za-z][\w\-]*+):[ \t]++(?:(?:[Bb]asic|[Bb]earer|[Tt]oken|[Kk]ey)[ \t]++)?+
    (?P<value>[^\s"'`,;&(){}\[\]<>$%|\\]{4,}+)(?=[ \t]*+(?:["'\n\\;&]|$|-))""",
    re.VERBOSE | re.MULTILINE,
)
_AWS_SECRET = re.compile(r"(?i)(?<=secret)(?P<lead>_?(?:access_?)?key\W{1,6}+)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])")
_NUMBER = re.compile(r"(?<!\w)(?P<name>[A-Za-z_]\w*+)(?P<between>\\?[\"']?\]?[ \t]*+[=:][ \t]*+)\d{4,}+(?![\w.])")

_REFERENCE = re.compile(r"\$\{?\w+\}?|\{[^{}]*\}|\{\{[^{}]*\}\}|%\(\w+\)s|%s|<[\w \-]+>|\*+|\.\.\.|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_FIELD = re.compile(r"\{\{[^{}]*\}\}|\{[^{}]*\}")
_SCHEME = re.compile(r"(?i)\b(?:bearer|basic|token|key|digest|apikey)\b")
_TYPES = frozenset("str string int integer float bool object category text bytes password int64 float64 int32 float32".split())
_PLAIN_WORD = re.compile(r"[A-Za-z]{0,7}|\W{0,12}|[<\[#].*|</?\w+>|[~/.][\w./~\-]*|[A-Za-z]:[\\/].*")
_CODE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|None|True|False|\d{1,3}(?:\.\d*)?|(?:u?int|float|complex|bytes?|str)\d*")


def redact(text: str) -> str:
    """Return `text` with what looks like credentials replaced by `[redacted]`; the very same text if nothing does.

    Python stays parseable, JSON stays JSON. Redacting twice changes nothing more.
    """
    lowered = text.lower()
    named = any(hint in lowered for hint in _NAME_HINTS)
    if "://" in text and "@" in text:
        text = _URL.sub(rf"\g<user>:{REDACTED}@", text)
    if "PRIVATE KEY" in text:
        text = _redact_pem(text)
    if any(hint in text for hint in _SHAPE_HINTS):
        text = _SHAPES.sub(lambda found: (found["lead"] or "") + REDACTED, text)
    if named:
        text = _redact_named(text, lowered)
    return text


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


def _is_secret(name: str, value: str, *, formatted: bool = False) -> bool:
    """Tell whether a text under this name is a credential, and not empty, a reference or (for a weak name) a word."""
    strong = strength(name)
    if strong is None or value == REDACTED or not value.strip():
        return False
    if _REFERENCE.fullmatch(value) or value.lower() in _TYPES:
        return False
    if formatted and _FIELD.search(value):
        rest = _SCHEME.sub("", _FIELD.sub("", value))
        return len(re.sub(r"\W", "", rest)) >= 4
    if strong == "weak":
        return _PLAIN_WORD.fullmatch(value) is None
    if value.lower().endswith(("://", ".db", ".sqlite")) or _is_open_url(name, value):
        return False
    return re.sub(r"(?i)^(?:bearer|basic|token)\s+", "", value) != REDACTED


def _is_open_url(name: str, value: str) -> bool:
    """Tell whether a connection string names a place only: a URL or key-value pairs without a credential in them."""
    if not re.search(r"(?i)(?:conn|dsn)", name):
        return False
    if REDACTED in value:
        return True
    return "://" in value and "@" not in value and not re.search(r"(?i)pass|pwd|key|secret|token|sig=", value)


def _redact_pem(text: str) -> str:
    """Replace the body lines of private keys, in whatever quotes and line ends they are written."""
    parts, position = [], 0
    for begin in _PEM.finditer(text):
        if begin.end() < position:
            continue
        end = text.find("-----END", begin.end())
        end = end if end >= 0 else len(text)
        parts += [text[position : begin.end()], _PEM_BODY.sub(REDACTED, text[begin.end() : end])]
        position = end
    return "".join(parts) + text[position:]


def _redact_named(text: str, lowered: str) -> str:
    text = _redact_literals(text, _NAMED)
    text = _redact_literals(text, _SECOND)
    if "=" in text or "--" in text or "%set_env" in text or "%env" in text:
        text = _UNQUOTED.sub(_unquoted, text)
        if "pass" in lowered or "pwd" in lowered:
            text = _NUMBER.sub(_number, text)
    if ": " in text:
        text = _HEADER.sub(_header, text)
    if "secret" in lowered:
        text = _AWS_SECRET.sub(rf"\g<lead>{REDACTED}", text)
    return text


def _redact_literals(text: str, names: re.Pattern[str]) -> str:
    """Replace the content of string literals that follow a credential's name."""
    parts: list[str] = []
    position = 0
    for found in names.finditer(text):
        if found.start() < position:
            continue
        name = found["name"]
        if name[0] in "ntr" and text[found.start() - 1 : found.start()] == "\\":
            name = name[1:]  # the end of an escape sequence
        if strength(name) is None:
            continue
        parts.append(text[position : found.end()])
        position = found.end()
        while (literal := _LITERAL.match(text, position)) is not None:
            parts.append(_literal(name, literal))
            position = literal.end()
            between = (_BETWEEN_IN_BRACKETS if found["open"] else _BETWEEN).match(text, position)
            if between is None or _LITERAL.match(text, between.end()) is None:
                break
            parts.append(between[0])
            position = between.end()
    return "".join(parts) + text[position:] if parts else text


_BETWEEN = re.compile(r"[ \t]*+(?:\+[ \t]*+)?(?:\\\n[ \t]*+)?")
_BETWEEN_IN_BRACKETS = re.compile(r"\s*+(?:[,+]\s*+)?(?=[rRbBuUfF\"'\\])")


def _literal(name: str, literal: re.Match[str]) -> str:
    quoted, prefix = literal["quoted"], literal["prefix"]
    width = 3 if quoted[:3] in ('"""', "'''") else 2 if quoted[0] == "\\" else 1
    if not _is_secret(name, quoted[width:-width], formatted="f" in prefix.lower()):
        return literal[0]
    return prefix + quoted[:width] + REDACTED + quoted[-width:]


def _kept(name: str, value: str) -> bool:
    """Tell whether an unquoted value is left alone: it is no credential, or it is code."""
    return not _is_secret(name, value) or _CODE.fullmatch(value) is not None


def _unquoted(found: re.Match[str]) -> str:
    name = found["flag"] or found["part"] or found["variable"] or found["spaced"] or found["inline"]
    value = found["value"]
    if _kept(name, value) or value.startswith(REDACTED[1:-1]):
        return found[0]
    return found[0][: -len(value)] + REDACTED


def _header(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    looks_random = any(letter.isdigit() for letter in value) and any(letter.isalpha() for letter in value)
    if _kept(name, value) or not (looks_random or "-" in name or name.lower() == "authorization"):
        return found[0]
    return found[0][: -len(value)] + REDACTED


def _number(found: re.Match[str]) -> str:
    if not re.search(r"(?i)pass|pwd", found["name"]) or strength(found["name"]) is None:
        return found[0]
    return found["name"] + found["between"] + REDACTED


