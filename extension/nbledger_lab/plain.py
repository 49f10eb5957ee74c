"""Records as the plain data of the REST contract (`extension/src/api.ts`): JSON without NaN, and nothing but text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nbledger.records import Run

#: A text beyond this is cut in lists; a run's detail has it whole.
MOST_TEXT = 2_000
#: Integers beyond this would be rounded by JavaScript; they come as text.
_LARGEST = 1 << 53


def scalar(value: Any, *, most: int | None = None) -> Any:
    """Return a value as JSON can hold it: NaN and the infinities as text, very large integers as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_LARGEST <= value <= _LARGEST else str(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    text = clean(str(value))
    return text if most is None or len(text) <= most else f"{text[: most - 1]}…"


def clean(text: str) -> str:
    """Return a text that UTF-8 can hold: lone surrogates, as broken file names have them, are replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def scalars(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with each value as JSON can hold it, cut to a length that a table can show."""
    return {clean(str(name)): scalar(value, most=MOST_TEXT) for name, value in values.items()}


def run_data(run: Run) -> dict[str, Any]:
    """Return a run as lists show it (`IRun`)."""
    error = "" if run.error is None else f"{run.error.type}: {run.error.message}".rstrip(": ")
    return {
        "id": run.id,
        "kind": run.kind,
        "name": clean(run.name or ""),
        "status": run.status,
        "experiment": optional(run.experiment),
        "notebook": optional(run.notebook),
        "cell_id": optional(run.cell_id),
        "position": run.position,
        "started_at": run.started_at,
        "duration": run.duration,
        "parent": run.parent,
        "tracked": run.tracked,
        "error": scalar(error, most=MOST_TEXT),
        "params": scalars(run.params),
        "metrics": scalars(run.metrics),
        "tags": {clean(name): clean(value)[:MOST_TEXT] for name, value in run.tags.items()},
    }


def optional(text: str | None) -> str | None:
    """Return a text that UTF-8 can hold, or `None`."""
    return None if text is None else clean(text)


def left_out(*lists: tuple[str, int, int]) -> str:
    """Return what an answer has no more of, in words: of each list what it holds, how many there are, and the bound."""
    return "; ".join(f"the first {most:,} of {count:,} {what}" for what, count, most in lists if count > most)


def page(items: list[Any], total: int, offset: int) -> dict[str, Any]:
    """Return one page of a list (`IPage`)."""
    return {"total": total, "offset": offset, "items": items}
