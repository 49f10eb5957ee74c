"""What a metric was computed from, kept: the true values and the predictions.

With them two runs can be compared row by row later. Bounded: at most `MAX_ROWS` rows and `MAX_BYTES` compressed bytes.
"""

from __future__ import annotations

from typing import Any

from nbledger.capture.found.links import plain

MAX_ROWS = 1_000_000
MAX_BYTES = 8 << 20


def kept(value: Any) -> Any:
    """Return a copy of true values or predictions to be stored; `None` for what is too large or no array."""
    found = plain(value)
    if found is None or found.size > MAX_ROWS:
        return None
    return found.astype(str) if found.dtype.kind in "OT" else found.copy()
