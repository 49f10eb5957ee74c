"""A variable's value as it was after a run, computed by running its slice in a fresh kernel on a scratch copy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import Ledger, content_format
from nbledger.lineage.differences.cell_syntax import statements
from nbledger.lineage.slicing import slice_of
from nbledger.lineage.targets import TargetNotFound


class SliceGaveNothing(NBLedgerError):
    """Running a slice did not give the value. Fields: name, run, why."""

    template = "Running the slice of {name} after run {run} did not give it: {why}"


def value_by_slice(ledger: Ledger, run: str, name: str) -> Any:
    """Return what a variable was after a run (its full id). The caller checks that it is the recorded content.

    Raises `SliceGaveNothing`, and what `reproduce` raises where inputs changed or could be harmed.
    """
    from nbledger.lineage.places import working_folder
    from nbledger.pipeline.replay import replay
    from nbledger.pipeline.scratch import make_scratch

    try:
        cut = slice_of(ledger, f"var:{name}@{run}")
    except TargetNotFound:
        raise SliceGaveNothing(name=name, run=run[:8], why="no recorded cell made it") from None
    cut = replace(cut, runs=tuple(one for one in cut.runs if one.source.strip()))
    if statements(cut.runs[-1].source) is None:
        raise SliceGaveNothing(name=name, run=run[:8], why="its last cell is not Python")
    scratch = make_scratch(ledger, cut, working_folder(ledger, cut))
    try:
        place = scratch.base / "value"
        last = replace(cut.runs[-1], source=f"{cut.runs[-1].source}\n{_handing_over(name, place)}")
        seen = replay(ledger, replace(cut, runs=(*cut.runs[:-1], last)), scratch, tolerance=0.0, progress=False)
        if not place.is_file():
            why = f"{seen.failure.type}: {seen.failure.message}" if seen.failure else "its last cell ended before"
            raise SliceGaveNothing(name=name, run=run[:8], why=why.partition("\n")[0])
        format, _, data = place.read_bytes().partition(b"\n")
        return content_format.load(data, format.decode(), trust=True)  # we ran the code that wrote it
    finally:
        scratch.remove()


def hand_over(value: Any, place: str) -> None:
    """Write a value where `value_by_slice` finds it; called in the fresh kernel, at the end of the last cell."""
    from nbledger.fingerprint import fingerprint

    content = content_format.dump(value, fingerprint(value))
    partial = Path(f"{place}.partial")
    partial.write_bytes(content.format.encode() + b"\n" + content.data)
    partial.replace(place)


def _handing_over(name: str, place: Path) -> str:
    module = f'__import__("importlib").import_module({__name__!r})'
    return f"{module}.hand_over(globals()[{name!r}], {str(place)!r})"


__all__ = ["SliceGaveNothing", "hand_over", "value_by_slice"]
