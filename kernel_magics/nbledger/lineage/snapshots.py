"""Checkout: a variable as it was after a run, from its snapshot or by running its slice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.fingerprint import file_fingerprint
from nbledger.ledger import Ledger, content_format
from nbledger.ledger.errors import NotFound
from nbledger.ledger.snapshots import NotTheSame, load
from nbledger.lineage.graph import Graph, Point
from nbledger.records import Version

#: Gives what a variable was after a run by running its slice: (ledger, full id of the cell run, name) -> value.
BySlice = Callable[[Ledger, str, str], Any]

_FIRST = ("variable", "model", "data", "X", "y")


class NotStored(NBLedgerError):
    """The content of a variable was not kept. Fields: name, run, version."""

    template = (
        "{name} after run {run} is not stored (version {version}): run its slice by `nbledger checkout --rerun`, "
        "`nbledger reproduce` or `nbledger extract`, or keep it next time by `%%track --snapshot {name}`"
    )


def checkout(ledger: Ledger, run: str, name: str, *, trust: bool = False, by_slice: BySlice | None = None) -> Any:
    """Return the value of a variable (or the bytes of a file) as it was after a run.

    What is not stored is computed by `by_slice` when given. Raises `NotFound`, `NotStored`, and as `load` does.
    """
    found = ledger.run(run).id
    version = version_after(ledger, found, name)
    stored = ledger.stored(version.hash)
    if stored is not None and ledger.objects.has(stored.object):
        return load(ledger, stored, trust=trust, name=name)
    if version.kind == "file":
        path = ledger.root / name
        if path.is_file() and file_fingerprint(path).hash == version.hash:
            return path.read_bytes()
    if by_slice is None:
        raise NotStored(name=name, run=found[:8], version=version.hash[:8])
    cell = Graph(ledger).run(_last_cell(ledger, ledger.reader.key(found))).id
    value = by_slice(ledger, cell, name)
    if not content_format.same_content(value, version):
        raise NotTheSame(name=name, version=version.hash[:8], how="running its slice gave another content")
    return value


def version_after(ledger: Ledger, run: str, name: str) -> Version:
    """Return the version that a variable or file had when a run had ended.

    That is what the run generated under the name, else what it used, else what the last run before it in its session
    generated. A notebook's run ends with its last cell. Raises `NotFound`.
    """
    graph = Graph(ledger)
    key = _last_cell(ledger, ledger.reader.key(run))
    point = _named(graph.generated(key), name) or _named(graph.used(key), name)
    if point is None:
        session = graph.run(key).session_key
        found = (graph.writer(session, role, name, key) for role in ("variable", "file", *_FIRST[1:]))
        point = next((one for one in found if one is not None), None)
    if point is None:
        remedy = "see `nbledger show RUN` for what it used and made"
        raise NotFound(what=f"variable or file of run {run[:8]}", ref=name, remedy=remedy)
    if point.is_absent:
        raise NotFound(what=f"variable after run {run[:8]}", ref=name, remedy="it was deleted by then")
    return ledger.version(point.version)


def _last_cell(ledger: Ledger, run: int) -> int:
    """Return the key of the last cell run below a run, or the run's own."""
    rows = ledger.database.rows(
        """SELECT max(c.key) FROM run r JOIN run c ON c.parent = r.id AND c.kind = 'cell'
        WHERE r.key = ? AND r.kind NOT IN ('cell', 'script')""",
        (run,),
    )
    return run if rows[0][0] is None else int(rows[0][0])


def _named(points: list[Point], name: str) -> Point | None:
    """Return the point of a name; of several roles the variable first."""
    found = [point for point in points if point.name == name]
    return min(found, key=lambda p: _FIRST.index(p.role) if p.role in _FIRST else len(_FIRST), default=None)


__all__ = ["BySlice", "NotStored", "checkout", "version_after"]
