"""Whom the server takes a user for, as it is written into the ledger's audit log."""

from __future__ import annotations

import getpass
import re
from typing import Any

from nbledger_lab.plain import clean

_ANONYMOUS = re.compile(r"[0-9a-f]{32}")


def who_is(user: Any) -> str:
    """Return the user's name for the audit log: what the server's identity provider vouches for.

    A server without accounts (a token or password that everybody shares) gives each browser a made-up name, which says
    nothing a year later; there the account that the server runs under is named.
    """
    name = str(getattr(user, "username", "") or "")
    made_up = _ANONYMOUS.fullmatch(name) and str(getattr(user, "name", "")).startswith("Anonymous ")
    if name and not made_up:
        return clean(name)[:200]
    try:
        return f"{getpass.getuser()} (shared Jupyter login)"
    except (KeyError, OSError):  # a container's user need not have a name
        return "shared Jupyter login"
