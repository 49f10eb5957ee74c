"""The runs that an export is about, read a page at a time with all that the standards have words for."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import Ledger, NotFound
from nbledger.ledger.about import session as read_session
from nbledger.ledger.about import version as read_version
from nbledger.lineage.graph import Graph
from nbledger.lineage.slicing import cut
from nbledger.lineage.standards.portable import file_name, url_name, without_places
from nbledger.lineage.targets import find
from nbledger.records import Artifact, Basis, Column, ModelVersion, Run, Session, Version

#: So many runs are in memory at a time, whatever the export's length.
PAGE = 100
_AMONG = "IN (SELECT value FROM json_each(?))"
#: Roles of what a replay provides and a person calls data; imports and hidden state are not data.
DATA_ROLES = ("variable", "file", "url")
#: How names are made fit to leave the machine, by role.
_NAMES = {"file": file_name, "url": url_name}
_NO_DATA_ROLES = ("import", "state", "output")
#: Code and hidden state tell of the run, not of data; what was deleted is not there.
_NO_DATA_KINDS = ("module", "function", "class", "code", "state", "absent")


class NothingToExport(NBLedgerError):
    """The ledger has no run to export. Field: path."""

    template = "The ledger {path} has no runs yet: run a cell with `%load_ext nbledger` first."


@dataclass(frozen=True, slots=True)
class Use:
    """A version that a run used or generated, in a role and under a name; `key` is the version's in the ledger."""

    role: str
    name: str
    version: Version
    key: int
    derived: bool = False
    time: float | None = None


def is_data(use: Use) -> bool:
    """Return whether a version is what a person calls data: a table, a file, a model, a value."""
    return use.role not in _NO_DATA_ROLES and use.version.kind not in _NO_DATA_KINDS


@dataclass(frozen=True, slots=True)
class Entry:
    """One run with its session, its edges, what its metrics were computed on, and what it stored.

    No text in it names an absolute path that nbledger wrote, the project's folder or the home folder.
    """

    run: Run
    session: Session
    used: tuple[Use, ...] = ()
    generated: tuple[Use, ...] = ()
    bases: dict[str, tuple[Basis, ...]] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    models: tuple[ModelVersion, ...] = ()
    opaque: tuple[str, ...] = ()


def chosen(ledger: Ledger, targets: Iterable[str]) -> Sequence[int]:
    """Return the keys of the runs to export, in the order they were recorded.

    For each target these are the runs of its slice, what ran inside a run that was named, and the runs around them;
    without targets all runs of the session that ran last. Raises `NothingToExport`, `TargetNotFound`.
    """
    refs = list(targets)
    if not refs:
        return _last_session(ledger)
    graph = Graph(ledger)
    keys: set[int] = set()
    for ref in refs:
        target = find(graph, ref)
        keys.update(run.key for run in cut(graph, target).runs)
        if target.kind == "run":
            keys.update(_inside(ledger, ledger.reader.key(target.ref)))
    _add_parents(ledger, keys)
    return array("q", sorted(keys))


def _last_session(ledger: Ledger) -> Sequence[int]:
    rows = ledger.database.connection().execute(
        """SELECT key FROM run WHERE session = (SELECT session FROM run WHERE key NOT IN (SELECT run FROM deleted_run)
        ORDER BY started_at DESC, key DESC LIMIT 1) AND key NOT IN (SELECT run FROM deleted_run) ORDER BY key"""
    )
    keys = array("q", (key for (key,) in rows))
    if not keys:
        raise NothingToExport(path=str(ledger.folder))
    around = ledger.database.rows(
        """SELECT DISTINCT p.key FROM run c JOIN run p ON p.id = c.parent
        WHERE c.session = (SELECT session FROM run WHERE key = ?) AND p.session != c.session""",
        (keys[0],),
    )
    if around:  # the run of a notebook belongs to the process that ran it
        found = {key for (key,) in around}
        _add_parents(ledger, found)
        keys = array("q", sorted(found.union(keys)))
    return keys


def _inside(ledger: Ledger, key: int) -> set[int]:
    found, new = {key}, [key]
    while new:
        rows = ledger.database.rows(
            f"SELECT c.key FROM run p JOIN run c ON c.parent = p.id WHERE p.key {_AMONG}", (json.dumps(new),)
        )
        new = [key for (key,) in rows if key not in found]
        found.update(new)
    return found


def _add_parents(ledger: Ledger, keys: set[int]) -> None:
    new = list(keys)
    while new:
        rows = ledger.database.rows(
            f"SELECT DISTINCT p.key FROM run c JOIN run p ON p.id = c.parent WHERE c.key {_AMONG}", (json.dumps(new),)
        )
        new = [key for (key,) in rows if key not in keys]
        keys.update(new)


class Reading:
    """Reads entries and what belongs to them from one ledger; it keeps the last few sessions, parents and tables."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._rows = ledger.database.rows
        self._sessions: dict[int, Session] = {}
        self._parents: dict[str, Run | None] = {}
        self._columns: dict[int, tuple[Column, ...]] = {}

    def entries(self, keys: Sequence[int]) -> Iterator[Entry]:
        """Yield the entries of these keys in their order."""
        for start in range(0, len(keys), PAGE):
            yield from self._page(list(keys[start : start + PAGE]))

    def columns(self, use: Use) -> tuple[Column, ...]:
        """Return the columns of a table."""
        if use.version.kind != "table":
            return ()
        found: tuple[Column, ...] = _kept(
            self._columns, use.key, lambda: read_version(self.ledger.reader, use.key).schema
        )
        return found

    def parent(self, run: Run) -> Run | None:
        """Return the run around a run, `None` where there is none or it lies in another ledger."""
        id = run.parent
        return None if id is None else _kept(self._parents, id, lambda: self._run(id))

    def _run(self, id: str) -> Run | None:
        try:
            return without_places(self.ledger.run(id), self.ledger.root)
        except NotFound:
            return None

    def _page(self, keys: list[int]) -> Iterator[Entry]:
        among = (json.dumps(keys),)
        runs = {run.id: run for run in self.ledger.reader.runs(keys)}
        used, generated = self._edges("used", "0", among), self._edges("generated", "u.derived", among)
        bases, artifacts = self._bases(among), self._artifacts(among)
        models, opaque = self._models(among), self._opaque(among)
        rows = self._rows(f"SELECT key, id, session FROM run WHERE key {_AMONG} ORDER BY key", among)
        for key, id, session in rows:
            if id in runs:
                yield Entry(
                    without_places(runs[id], self.ledger.root),
                    _kept(self._sessions, session, lambda at=session: read_session(self.ledger.reader, at)),
                    tuple(used.get(key, ())),
                    tuple(generated.get(key, ())),
                    bases.get(key, {}),
                    tuple(artifacts.get(key, ())),
                    tuple(models.get(key, ())),
                    tuple(opaque.get(key, ())),
                )

    def _edges(self, table: str, derived: str, among: tuple[str]) -> dict[int, list[Use]]:
        found: dict[int, list[Use]] = {}
        for run, role, name, key, hash, kind, exact, type_name, shape, nbytes, changed, time in self._rows(
            f"""SELECT u.run, u.role, u.name, v.key, v.hash, v.kind, v.exactness, v.type_name, v.shape, v.nbytes,
            {derived}, u.time FROM {table} u JOIN version v ON v.key = u.version WHERE u.run {_AMONG}
            ORDER BY u.run, u.role, u.name, v.hash""",
            among,
        ):
            lengths = None if shape is None else tuple(json.loads(shape))
            version = Version(hash, kind, exact, type_name, lengths, nbytes)
            portable = _NAMES.get(role, str)(name)
            found.setdefault(run, []).append(Use(role, portable, version, key, bool(changed), time))
        return found

    def _bases(self, among: tuple[str]) -> dict[int, dict[str, tuple[Basis, ...]]]:
        found: dict[int, dict[str, tuple[Basis, ...]]] = {}
        for run, name, role, hash in self._rows(
            f"""SELECT b.run, l.text, b.role, v.hash FROM metric_basis b JOIN label l ON l.key = b.name
            JOIN version v ON v.key = b.version WHERE b.run {_AMONG}
            AND b.seq = (SELECT max(seq) FROM metric_basis WHERE run = b.run AND name = b.name)
            ORDER BY b.run, l.text, b.role, v.hash""",
            among,
        ):
            of_run = found.setdefault(run, {})
            of_run[name] = (*of_run.get(name, ()), Basis(role, hash))
        return found

    def _artifacts(self, among: tuple[str]) -> dict[int, list[Artifact]]:
        return _grouped(
            (row[0], Artifact(*row[1:]))
            for row in self._rows(
                f"""SELECT a.run, a.name, a.object, a.size, a.media_type, v.hash FROM artifact a
                LEFT JOIN version v ON v.key = a.version WHERE a.run {_AMONG} ORDER BY a.run, a.name, a.object""",
                among,
            )
        )

    def _models(self, among: tuple[str]) -> dict[int, list[ModelVersion]]:
        rows = self._rows(
            f"""SELECT o.run, m.name, o.number, r.id, v.hash, o.created_at, o.created_by FROM model_version o
            JOIN model m ON m.key = o.model JOIN run r ON r.key = o.run JOIN version v ON v.key = o.version
            WHERE o.run {_AMONG} ORDER BY o.run, m.name, o.number""",
            among,
        )
        return _grouped((row[0], self._with_aliases(ModelVersion(*row[1:]))) for row in rows)

    def _with_aliases(self, model: ModelVersion) -> ModelVersion:
        at = self.ledger.aliases(model.model)
        return replace(model, aliases=tuple(sorted(alias for alias, number in at.items() if number == model.number)))

    def _opaque(self, among: tuple[str]) -> dict[int, list[str]]:
        return _grouped(self._rows(f"SELECT run, reason FROM opaque WHERE run {_AMONG} ORDER BY run, reason", among))


def _grouped(pairs: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _kept(cache: dict[Any, Any], key: Any, read: Any, most: int = 64) -> Any:
    if key not in cache:
        if len(cache) >= most:
            del cache[next(iter(cache))]
        cache[key] = read()
    return cache[key]


__all__ = ["DATA_ROLES", "Entry", "NothingToExport", "Reading", "Use", "chosen", "is_data"]
