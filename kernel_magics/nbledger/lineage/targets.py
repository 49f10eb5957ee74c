"""What a question is about: a variable's name, a file, a metric, a run, a model, or a version's hash.

A bare word is looked for in that order; `var:`, `file:`, `metric:`, `run:` and `version:` in front say which one is
meant, `NAME@RUN` means a variable as it was after that run. A metric may be told with its run: `RUN.accuracy`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from nbledger.errors import NBLedgerError
from nbledger.ledger import Ledger
from nbledger.ledger.errors import NotFound
from nbledger.lineage.graph import NOW, CellRun, Graph

TargetKind = Literal["variable", "file", "metric", "run", "model", "version"]
_HEX = re.compile(r"[0-9a-f]{4,32}$")
_MODEL_URI = re.compile(r"models:/(?P<model>[^/@]+)(?:/(?P<number>\d+)|@(?P<alias>[^/@]+))$")
_PREFIXES = ("var", "variable", "file", "metric", "run", "version", "model")


class TargetNotFound(NBLedgerError):
    """Nothing recorded has the name that was asked for. Fields: ref, remedy."""

    template = "Nothing recorded is called {ref!r}: {remedy}."


@dataclass(frozen=True, slots=True)
class Target:
    """What a question is about.

    `session` and `before` are keys: `name` is meant as it was before that run (`NOW`: as it is last known). `run` is
    the run that stands for it where it is one (a metric's, a model's), `version` its content where that is known.
    """

    kind: TargetKind
    ref: str
    session: int
    role: str | None = None
    name: str | None = None
    before: int = NOW
    run: int | None = None
    run_id: str | None = None
    version: str | None = None
    value: float | None = None

    def __str__(self) -> str:
        what = f"{self.kind} {self.name or self.ref}"
        return f"{what} = {self.value:.6g}" if self.value is not None else what

    def to_dict(self) -> dict[str, Any]:
        """Return the target as plain data."""
        names = ("kind", "ref", "name", "role", "run_id", "version", "value")
        return {name: getattr(self, name) for name in names}


def find(graph: Graph, ref: Any, *, session: str | None = None) -> Target:
    """Return what `ref` names: text, or a `Run`, a `ModelVersion` or a path.

    Names are looked for in the session (its id) if one is given, else (or if it does not know them) in the latest that
    does. Raises `TargetNotFound`, `NotFound` and `AmbiguousId`.
    """
    if isinstance(ref, Target):
        return ref
    return _Search(graph, session).find(ref)


class _Search:
    """One search for a target."""

    def __init__(self, graph: Graph, session: str | None) -> None:
        self.graph = graph
        self.ledger: Ledger = graph.ledger
        self.rows = graph.ledger.database.rows
        self.session = None if session is None else graph.ledger.reader.keyed("session", "id", session)

    def find(self, ref: Any) -> Target:
        if hasattr(ref, "number") and hasattr(ref, "model"):
            return self.model(f"models:/{ref.model}/{ref.number}") or self.missing(str(ref))
        if hasattr(ref, "id") and hasattr(ref, "session"):
            return self.run(ref.id) or self.missing(ref.id)
        text = str(ref).strip()
        prefix, colon, rest = text.partition(":")
        kinds: dict[str, Callable[[str], Target | None]] = {
            "variable": self.variable,
            "file": self.file,
            "metric": self.metric,
            "run": self.run,
            "model": self.model,
            "version": self.version,
        }
        if colon and prefix in _PREFIXES and not rest.startswith("/"):
            kind = "variable" if prefix == "var" else prefix
            return kinds[kind](rest.strip()) or self.missing(text)
        for search in (self.model, self.variable, self.file, self.metric, self.run, self.version):
            found = search(text)
            if found is not None:
                return found
        return self.missing(text)

    def missing(self, ref: str) -> Target:
        remedy = "give a variable's name, a file's path, a metric's name, a run's id or models:/NAME/VERSION"
        if ref.isidentifier():
            near = self._near(ref)
            remedy = f"did you mean {near}? Else {remedy}" if near else remedy
        raise TargetNotFound(ref=ref, remedy=remedy)

    def _near(self, ref: str) -> str | None:
        import difflib

        rows = self.rows("SELECT DISTINCT name FROM generated ORDER BY run DESC LIMIT 2000")
        close = difflib.get_close_matches(ref, [name for (name,) in rows if name != ref], 1)
        return close[0] if close else None

    # -- kinds --------------------------------------------------------------------------------------------------

    def variable(self, text: str) -> Target | None:
        name, at, run = text.partition("@")
        if not name.isidentifier():
            return None
        if at and (not _HEX.match(run) or self.model(text) is not None):
            return None
        if at:
            found = self.graph.run(self.ledger.reader.key(run))
            point = self.graph.writer(found.session_key, "variable", name, found.key + 1)
            return self._variable(text, name, found.key + 1, point.run) if point else None
        key = self._last_maker(name, self.session)
        if key is None and self.session is not None:
            key = self._last_maker(name, None)
        return None if key is None else self._variable(text, name, NOW, key)

    def _variable(self, text: str, name: str, before: int, maker: int) -> Target:
        session = self.graph.run(maker).session_key
        point = self.graph.writer(session, "variable", name, before)
        if point is not None and point.is_absent:
            where = self.graph.run(point.run)
            raise TargetNotFound(
                ref=text, remedy=f"it was deleted by {where.label}; ask for {name}@RUN as it was after a run"
            )
        return Target("variable", text, session, "variable", name, before, version=point.version if point else None)

    def _last_maker(self, name: str, session: int | None) -> int | None:
        """Return the key of the last run that made a variable, in the session if one is given."""
        within = "" if session is None else "AND g.run >= ? AND r.session = ?"
        given = () if session is None else (self.graph.first(session), session)
        rows = self.rows(
            f"""SELECT g.run FROM generated g JOIN run r ON r.key = g.run
            WHERE g.name = ? AND g.role IN ('variable', 'import') {within} ORDER BY g.run DESC LIMIT 1""",
            (name, *given),
        )
        return int(rows[0][0]) if rows else None

    def file(self, text: str) -> Target | None:
        name = self.ledger.relative(text) if text.startswith(("/", "./", "../", "~")) else text
        for table in ("generated", "used"):
            rows = self.rows(
                f"""SELECT e.run, v.hash FROM {table} e JOIN version v ON v.key = e.version
                WHERE e.name = ? AND e.role = 'file' ORDER BY e.run DESC LIMIT 1""",
                (name,),
            )
            if rows:
                run, version = rows[0]
                session = self.graph.run(run).session_key
                return Target("file", text, session, "file", name, NOW, version=version)
        return None

    def metric(self, text: str) -> Target | None:
        text = text.removeprefix("metrics.")
        run, dot, name = text.partition(".")
        key = None
        if dot and _HEX.match(run):
            key = self.ledger.reader.key(run)
        else:
            name = text
        label = self.rows("SELECT key FROM label WHERE text = ?", (name,))
        if not label:
            return None
        if key is None:
            key = self._last_metric(label[0][0], self.session)
            if key is None and self.session is not None:
                key = self._last_metric(label[0][0], None)
        rows = self.rows("SELECT value FROM metric WHERE run = ? AND name = ?", (key, label[0][0]))
        if key is None or not rows:
            return None
        return self._of_run("metric", text, key, name=name, value=rows[0][0])

    def _last_metric(self, label: int, session: int | None) -> int | None:
        within = "" if session is None else "AND r.session = ?"
        given = () if session is None else (session,)
        rows = self.rows(
            f"""SELECT r.key FROM run r WHERE r.kind = 'cell' {within}
            AND EXISTS (SELECT 1 FROM metric m WHERE m.run = r.key AND m.name = ?) ORDER BY r.key DESC LIMIT 1""",
            (*given, label),
        )
        return int(rows[0][0]) if rows else None

    def run(self, text: str) -> Target | None:
        if not _HEX.match(text):
            return None
        try:
            key = self.ledger.reader.key(text)
        except NotFound:
            return None
        return self._of_run("run", text, key)

    def model(self, text: str) -> Target | None:
        match = _MODEL_URI.match(text if text.startswith("models:/") else f"models:/{text}")
        if match is None:
            return None
        known = match["model"] in self.ledger.models()
        if not known and not text.startswith("models:/"):
            return None
        version = self.ledger.model_version(match["model"], match["number"] or f"@{match['alias']}")
        key = self.ledger.reader.key(version.run)
        maker = self._maker_within(key, version.version)
        return self._of_run(
            "model", text, maker, name=f"{version.model} version {version.number}", version=version.version
        )

    def version(self, text: str) -> Target | None:
        if not _HEX.match(text):
            return None
        try:
            key = self.ledger.reader.keyed("version", "hash", text)
        except NotFound:
            return None
        for table in ("generated", "used"):
            rows = self.rows(
                f"""SELECT e.run, e.name, e.role, v.hash FROM {table} e JOIN version v ON v.key = e.version
                WHERE e.version = ? ORDER BY e.run LIMIT 1""",
                (key,),
            )
            if rows:
                run, name, role, hash = rows[0]
                structural = role if role in ("file", "state") else "variable"
                session = self.graph.run(run).session_key
                return Target("version", text, session, structural, name, run + 1, version=hash)
        return None

    # -- runs ---------------------------------------------------------------------------------------------------

    def _of_run(self, kind: TargetKind, text: str, key: int, **known: Any) -> Target:
        run = self._cell(key)
        return Target(kind, text, run.session_key, before=run.key + 1, run=run.key, run_id=run.id, **known)

    def _cell(self, key: int) -> CellRun:
        """Return the cell run that stands for a run: a trial's cell; the last measured cell of a notebook's run."""
        run = self.graph.run(key)
        if run.kind == "trial" and run.parent:
            notebook = self._notebook_of(run.id)
            return self._cell(self.ledger.reader.key(run.parent) if notebook is None else notebook)
        if run.kind in ("cell", "script"):
            return run
        for order in ("EXISTS (SELECT 1 FROM metric m WHERE m.run = r.key)", "1"):
            rows = self.rows(
                f"""SELECT r.key FROM run r WHERE r.parent = ? AND r.kind = 'cell' AND {order}
                ORDER BY r.key DESC LIMIT 1""",
                (run.id,),
            )
            if rows:
                return self.graph.run(rows[0][0])
        return run

    def _notebook_of(self, trial: str) -> int | None:
        """Return the notebook run of a sweep's trial, the one that finished if several were begun."""
        rows = self.rows(
            """SELECT r.key FROM run r LEFT JOIN run_end e ON e.run = r.key WHERE r.parent = ? AND r.kind = 'notebook'
            ORDER BY coalesce(e.status = 'finished', 0) DESC, r.key DESC LIMIT 1""",
            (trial,),
        )
        return int(rows[0][0]) if rows else None

    def _maker_within(self, key: int, version: str) -> int:
        """Return the run that generated a version: this one, or the last run inside it that did."""
        rows = self.rows(
            """WITH RECURSIVE part(id) AS (SELECT id FROM run WHERE key = ?
                UNION ALL SELECT r.id FROM run r JOIN part ON r.parent = part.id)
            SELECT g.run FROM generated g JOIN version v ON v.key = g.version JOIN run r ON r.key = g.run
            WHERE v.hash = ? AND r.id IN (SELECT id FROM part) ORDER BY g.run = ? DESC, g.run DESC LIMIT 1""",
            (key, version, key),
        )
        return int(rows[0][0]) if rows else key


__all__ = ["Target", "TargetKind", "TargetNotFound", "find"]
