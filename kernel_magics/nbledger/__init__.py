"""nbledger: every notebook cell that you run becomes an entry in a ledger that you can trust.

In a notebook, `%load_ext nbledger` starts it and `%%track` marks a cell as an experiment. In Python:

    import nbledger

    ledger = nbledger.open()
    ledger.runs("metrics.accuracy > 0.9", order_by="metrics.accuracy desc").to_frame()

Names are imported when first used, so that `import nbledger` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbledger.capture.active import ActiveRun
    from nbledger.capture.api import active_run, artifact, metric, metrics, note, param, params, start_run, tag, tags
    from nbledger.errors import NBLedgerError
    from nbledger.fingerprint import fingerprint
    from nbledger.ledger import Ledger, open
    from nbledger.pipeline.checks import CheckFailed, check
    from nbledger.questions import (
        checkout,
        diff,
        extract,
        history,
        impact,
        leaks,
        reproduce,
        slice,
        stale,
        why,
    )
    from nbledger.widgets.compare import compare

__version__ = "0.1.0"

_HOMES = {
    "ActiveRun": "nbledger.capture.active",
    "CheckFailed": "nbledger.pipeline.checks",
    "Ledger": "nbledger.ledger",
    "NBLedgerError": "nbledger.errors",
    "active_run": "nbledger.capture.api",
    "artifact": "nbledger.capture.api",
    "check": "nbledger.pipeline.checks",
    "checkout": "nbledger.questions",
    "compare": "nbledger.widgets.compare",
    "diff": "nbledger.questions",
    "extract": "nbledger.questions",
    "history": "nbledger.questions",
    "impact": "nbledger.questions",
    "leaks": "nbledger.questions",
    "metric": "nbledger.capture.api",
    "metrics": "nbledger.capture.api",
    "note": "nbledger.capture.api",
    "open": "nbledger.ledger",
    "param": "nbledger.capture.api",
    "params": "nbledger.capture.api",
    "reproduce": "nbledger.questions",
    "slice": "nbledger.questions",
    "stale": "nbledger.questions",
    "start_run": "nbledger.capture.api",
    "tag": "nbledger.capture.api",
    "tags": "nbledger.capture.api",
    "why": "nbledger.questions",
}

__all__ = [*sorted(_HOMES), "fingerprint"]


def __getattr__(name: str) -> Any:
    if name == "fingerprint":
        # The package is callable: `nbledger.fingerprint(value)`.
        return importlib.import_module("nbledger.fingerprint")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'nbledger' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, "fingerprint"])


def load_ipython_extension(shell: Any) -> None:
    """Start observing the cells of an IPython shell (`%load_ext nbledger`)."""
    from nbledger.shell import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Stop observing and leave nothing behind (`%unload_ext nbledger`)."""
    from nbledger.shell import unload

    unload(shell)
