"""Which names say that their value is a credential: `api_key` and `DB_PASSWORD` do, `max_tokens` and `sort_key` do not.

A name is taken apart into words (at underscores, hyphens, dots, digits and capitals) and judged by them. Names that
are credentials in one program and plain words in another (`token`, `auth`) are `weak`: their value decides as well.
"""

from __future__ import annotations

import functools
import re
from typing import Literal

Strength = Literal["strong", "weak"] | None

HINTS = ("pass", "pwd", "secret", "token", "key", "cred", "auth", "conn", "dsn", "bearer", "jwt")
"""Each name of a credential has one of these in it, in lower case."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# What a name is about when it ends so is not the credential itself but something of it.
_ABOUT = frozenset(
    """
    alias callback chars class client col cols column columns count counts dir enabled encoder env error exists
    expires expiry exporter factory feature features field fields file filename fn folder format func function
    getter group header help hint idx index input kind label labels len length level limit manager map mapping
    max message method min mode model module name names num number option options param params parser path
    pattern policy position prefix prompt provider re regex repo required resolver rule rules schema scheme
    scope scopes score set size split status store strength suffix table test tests type types uri url usage
    valid validator var variable version
    """.split()
)
# What counts or asks, at the beginning of a name: `n_tokens`, `use_auth_token`, `is_secret`.
_COUNTING = frozenset(
    """
    avg count forgot has hide is max mean min n nb no num reset show sum total use with without
    """.split()
)

_STRONG = frozenset(
    """
    apikey apikeys authorization connectionstring connstr credential credentials creds dsn jwt pass passcode
    passphrase passwd passwds password passwords pwds secret secrets
    """.split()
)
_STRONG_ENDINGS = ("password", "passwd", "passphrase", "secret", "apikey", "secretkey", "privatekey", "accesskey")
_STRONG_TOKENS = ("accesstoken", "authtoken", "apitoken", "refreshtoken", "sessiontoken", "bearertoken")

_TOKEN_OWNERS = frozenset(
    """
    access api app auth aws azure bearer bitbucket bot ci client cohere comet databricks dbx deploy device
    discord dropbox ds gcp gh git github gitlab google hf hub huggingface huggingfacehub id installation
    internal jupyter jwt kaggle linear login mlflow neptune notion npm oauth openai personal private pypi read
    refresh replicate sas secret security sentry server service session slack sonar sso sts telegram tracking
    twilio user vault wandb webhook write
    """.split()
)
_KEY_OWNERS = frozenset(
    """
    access account admin algolia anthropic api app auth aws azure bot client cohere comet consumer datadog dd
    deepl deploy encryption gcp gemini google gpg groq hf hmac host huggingface kaggle license maps master
    mistral neptune openai private rsa secret sendgrid service shared signing ssh storage stripe subscription
    wandb webhook
    """.split()
)
_PASS_OWNERS = frozenset(
    """
    admin database db email ftp git imap jdbc ldap mail my mysql pg redis root smtp ssh user
    """.split()
)


@functools.lru_cache(maxsize=4096)
def strength(name: str) -> Strength:
    """Return how surely a value of this name is a credential: `strong`, `weak` (its value decides), or `None`."""
    words = [word.lower() for word in _WORD.findall(name[-200:])]
    if not words or words[0] in _COUNTING:
        return None
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if words[-3:] == ["access", "key", "id"]:
        return "strong"
    if last in _ABOUT:
        return None
    if last in ("id", "hash", "value", "text", "str", "string", "plain", "raw", "b", "base", "hex", "new", "old"):
        return _of_thing(words[:-1]) if len(words) > 1 else None
    return _by_last_words(last, before)


def _of_thing(words: list[str]) -> Strength:
    """Judge `password_hash`, `connection_string`, `token_value` by what comes before their last word."""
    if words[-1] in ("connection", "conn"):
        return "strong"
    found = _by_last_words(words[-1], words[-2] if len(words) > 1 else "")
    return found if found == "strong" else None


def _by_last_words(last: str, before: str) -> Strength:
    if last == "pass":
        return "strong" if not before or before in _PASS_OWNERS else None
    if last == "token":
        return ("strong" if before in _TOKEN_OWNERS else None) if before else "weak"
    if last == "tokens":
        return "strong" if before in ("access", "api", "auth", "bearer", "refresh", "session") else None
    if last in ("key", "keys"):
        return "strong" if before in _KEY_OWNERS else None
    if last in ("auth", "pwd", "bearer"):
        return "weak"
    if last == "str" and before in ("conn", "connection"):
        return "strong"
    if any(word in _STRONG for word in (last, before)):
        return "strong" if last in _STRONG or before not in ("pass", "jwt", "dsn") else None
    return "strong" if last.endswith(_STRONG_ENDINGS + _STRONG_TOKENS) else None


def is_secret_name(name: str) -> bool:
    """Tell whether a variable, parameter, key, header or option of this name likely holds a credential."""
    return strength(name) is not None
