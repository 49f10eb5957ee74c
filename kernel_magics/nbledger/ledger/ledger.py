"""`Ledger`: one project's ledger, as its users see it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nbledger.ledger import about, annotation, deletion
from nbledger.ledger.comparison import Best, best_metrics, distinct, previous_run
from nbledger.ledger.connection import Database
from nbledger.ledger.filter import parse, parse_order
from nbledger.ledger.location import DATABASE, find_folder, relative
from nbledger.ledger.metric_buffer import MetricBuffer
from nbledger.ledger.models import Models
from nbledger.ledger.objects import ObjectStore
from nbledger.ledger.query import Planner, conjuncts
from nbledger.ledger.runs import PAGE, WHOLE_ID, Reader, RunList
from nbledger.ledger.selection import selection
from nbledger.ledger.ways import Question
from nbledger.ledger.writing import Writer
from nbledger.records import (
    AliasEvent,
    Artifact,
    Edge,
    Environment,
    Facts,
    GitState,
    Metric,
    ModelVersion,
    Param,
    Run,
    RunEnd,
    RunStart,
    Session,
    StoredVersion,
    Version,
)

if TYPE_CHECKING:
    from nbledger.ledger.doctor import Finding
    from nbledger.ledger.gc import Swept
    from nbledger.ledger.merging import Merged

T = TypeVar("T")
Order = str | list[str] | tuple[str, ...] | None


class Ledger:
    """A database and an object store in a folder `.nbledger/`; made by `Ledger.open`.

    It may be used from many threads, and by many processes at once. Wherever the id of a run or the hash of a version
    is asked for when reading, its first digits (at least four) will do.
    """

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        self.folder = folder
        self.root = folder.parent
        self.path = folder / DATABASE
        self.database = Database(self.path, create=create)
        self._writer = Writer(self.database, folder)
        self.reader = Reader(self.database, self._writer.heartbeat_file)
        self._writer.on_forget = self.reader.forget

    @cached_property
    def objects(self) -> ObjectStore:
        """The store of this ledger's objects, with a remote one behind it where one is set."""
        from nbledger.ledger.remote_objects import store_of

        return store_of(self.folder, self.database)

    def set_object_store(self, url: str) -> None:
        """Keep all objects in a remote store as well, from now on (`s3://bucket/folder`, by fsspec).

        Raises `BadStore` or `RemoteUnavailable`, and then nothing has changed.
        """
        from nbledger.ledger.remote_objects import set_store

        self.__dict__["objects"] = set_store(self.database, self.folder, url)

    @classmethod
    def open(cls, path: Path | str | os.PathLike[str] | None = None, *, create: bool = True) -> Ledger:
        """Open the ledger at a project's root, a `.nbledger` folder, or (by default) the one `find_root` finds.

        A missing one is made unless `create` is false; then it raises `LedgerMissing`.
        """
        return cls(find_folder(path), create=create)

    def forget(self) -> None:
        """Drop remembered keys, after rows were removed."""
        self._writer.keys.clear()
        self.reader.forget()

    def __repr__(self) -> str:
        return f"<Ledger {self.folder}>"

    def close(self) -> None:
        """Close this process's connections; using the ledger again opens it again."""
        self.database.close()

    def relative(self, path: Path | str) -> str:
        """Return a path relative to the project's root, as the ledger stores a notebook's."""
        return relative(str(path), self.root)

    # -- writing ------------------------------------------------------------------------------------------------

    def start_session(self, session: Session) -> None:
        """Record that a process begins to write; the same session twice is harmless."""
        self._writer.start_session(session)

    def end_session(self, session: str, ended_at: float | None = None) -> None:
        """Record that a session ended in order; its runs without an end are interrupted from now on."""
        self._writer.end_session(session, ended_at)

    def heartbeat(self, session: str) -> None:
        """Say that a session lives, for those who look from another host; call it about once a minute."""
        self._writer.heartbeat(session)

    def set_environment(self, session: str, environment: Environment, git: GitState | None = None) -> None:
        """Record the environment that a session runs in from now on."""
        self._writer.set_environment(session, environment, git)

    def start_run(self, start: RunStart) -> None:
        """Record that a run begins, in one transaction, before its code executes."""
        self._writer.start_run(start)

    def end_run(self, end: RunEnd, facts: Facts | None = None) -> None:
        """Record a run's end and all that is known of it, in one transaction."""
        self._writer.end_run(end, facts or Facts())

    def record(self, run: str, facts: Facts) -> None:
        """Record facts about a run (its full id) in one transaction, while it goes on or after its end."""
        self._writer.record(run, facts)

    def tag(self, run: str, key: str, value: str, *, who: str = "") -> None:
        """Set a tag on a run, as a person does afterwards; the audit says who did."""
        annotation.tag(self._writer, self.run_id(run), key, value, who)

    def note(self, run: str, text: str, *, who: str = "") -> None:
        """Add a note to a run, as a person does afterwards; the audit says who did."""
        annotation.note(self._writer, self.run_id(run), text, who)

    def metric_buffer(self, run: str) -> MetricBuffer:
        """Return a buffer whose `log(name, value, step=None)` costs the caller about a microsecond."""
        return MetricBuffer(lambda points: self._writer.write_points(run, points))

    def write(self, action: Callable[..., T], *records: Any) -> T:
        """Run `action(connection, *records)` in one write transaction; all of it is written, or nothing."""
        return self._writer.write(action, *records)

    # -- runs ---------------------------------------------------------------------------------------------------

    def runs(
        self,
        filter: str | None = None,
        *,
        order_by: Order = None,
        limit: int | None = None,
        offset: int = 0,
        kind: str | None = None,
        experiment: str | None = None,
        notebook: str | None = None,
        tracked: bool | None = None,
        include_deleted: bool = False,
    ) -> RunList:
        """Return the runs that fit an MLflow-style filter, by default the latest first.

        `ledger.runs("metrics.accuracy > 0.9 and params.max_depth = 5", order_by="metrics.accuracy desc", limit=20)`.
        Runs without the sorted value come last; equal ones are in the order they were recorded, or with `desc` the
        latest first. Raises `FilterError`, which points at the wrong token.
        """
        chosen = selection(kind=kind, experiment=experiment, notebook=notebook, tracked=tracked)
        words = (filter, kind, experiment, notebook, tracked)
        question = Question(conjuncts(parse(filter or "")) + chosen, parse_order(order_by), limit, offset, words)
        return self._list(question, include_deleted=include_deleted)

    def _list(self, question: Question, *, include_deleted: bool = False) -> RunList:
        with self.database.read() as connection:
            planner = Planner(self.reader, connection, include_deleted=include_deleted)
            if question.limit is None or question.limit > PAGE:
                return RunList(self.reader, planner.keys(question))
            rows = planner.rows(question)
            return RunList(self.reader, [row[0] for row in rows], self.reader.filled(rows))

    def count(
        self,
        filter: str | None = None,
        *,
        kind: str | None = None,
        experiment: str | None = None,
        notebook: str | None = None,
        tracked: bool | None = None,
        include_deleted: bool = False,
    ) -> int:
        """Return how many runs `runs` would list without a limit."""
        chosen = selection(kind=kind, experiment=experiment, notebook=notebook, tracked=tracked)
        conditions = conjuncts(parse(filter or "")) + chosen
        with self.database.read() as connection:
            return Planner(self.reader, connection, include_deleted=include_deleted).count(conditions)

    def run(self, prefix: str) -> Run:
        """Return the run whose id begins with `prefix`. Raises `NotFound` and `AmbiguousId`."""
        return self.reader.runs([self.reader.key(prefix)])[0]

    def run_id(self, prefix: str) -> str:
        """Return the full id of the run whose id begins with `prefix`. Raises `NotFound` and `AmbiguousId`."""
        return str(self.database.rows("SELECT id FROM run WHERE key = ?", (self.reader.key(prefix),))[0][0])

    def children(self, run: str, *, limit: int | None = None, offset: int = 0) -> RunList:
        """Return the runs whose parent is this one, in the order they started.

        A parent that is named in full may be in another ledger, as a worker's is.
        """
        conditions = selection(parent=run if len(run) == WHOLE_ID else self.run_id(run))
        question = Question(conditions, parse_order("started_at asc"), limit, offset)
        return self._list(question)

    def experiments(self) -> list[str]:
        """Return the names of all experiments."""
        return distinct(self.database, "experiment", "run")

    def previous_run(self, run: str) -> Run | None:
        """Return the finished tracked run of the same cell before this one, `None` for the first."""
        key = previous_run(self.database, self.reader.key(run))
        return None if key is None else self.reader.runs([key])[0]

    def best_metrics(
        self, experiment: str, before_run: str | None = None, names: Iterable[str] | None = None
    ) -> dict[str, Best]:
        """Return the least and the greatest value of each metric in an experiment, with the runs that have them."""
        before = None if before_run is None else self.reader.key(before_run)
        return best_metrics(self.database, experiment, before, None if names is None else list(names))

    # -- about one run ------------------------------------------------------------------------------------------

    def used(self, run: str) -> list[Edge]:
        """Return the versions that a run used."""
        return about.edges(self.reader, "used", self.reader.key(run))

    def generated(self, run: str) -> list[Edge]:
        """Return the versions that a run generated."""
        return about.edges(self.reader, "generated", self.reader.key(run))

    def params(self, run: str) -> list[Param]:
        """Return a run's params with where they came from."""
        return about.params(self.reader, self.reader.key(run))

    def metrics(self, run: str) -> list[Metric]:
        """Return all values of a run's metrics, with steps and what they were computed on."""
        return about.metrics(self.reader, self.reader.key(run))

    def artifacts(self, run: str) -> list[Artifact]:
        """Return a run's artifacts."""
        return about.artifacts(self.reader, self.reader.key(run))

    def tags(self, run: str) -> dict[str, str]:
        """Return a run's tags."""
        return about.tags(self.reader, self.reader.key(run))

    def notes(self, run: str) -> list[str]:
        """Return a run's notes."""
        return about.notes(self.reader, self.reader.key(run))

    def environment(self, run: str) -> Environment | None:
        """Return the environment that a run was executed in, `None` when it was not recorded."""
        found = about.environment(self.reader, self.reader.key(run))
        return found[0] if found else None

    def git(self, run: str) -> GitState | None:
        """Return the Git state that a run was executed in, `None` outside of Git."""
        found = about.environment(self.reader, self.reader.key(run))
        return found[1] if found else None

    def session(self, id: str) -> Session:
        """Return a session."""
        return about.session(self.reader, self.reader.keyed("session", "id", id))

    # -- versions -----------------------------------------------------------------------------------------------

    def version(self, hash: str) -> Version:
        """Return the version whose hash begins with `hash`, with its columns."""
        return about.version(self.reader, self.reader.keyed("version", "hash", hash))

    def stored(self, version_hash: str) -> StoredVersion | None:
        """Return where a version's content is kept, `None` when it is not."""
        return next(iter(self.stored_forms(version_hash)), None)

    def stored_forms(self, version_hash: str) -> list[StoredVersion]:
        """Return every form in which a version's content is kept, a trusted one first."""
        return about.stored(self.reader, version_hash)

    def load(self, ref: str, *, name: str | None = None, trust: bool = False) -> Any:
        """Return the model that `ref` names: a run, a version's hash, `models:/churn/3` or `models:/churn@champion`.

        `name` chooses among several models of a run. The bytes are checked against their hash and read by the safe
        loader; what it cannot vouch for is refused unless `trust` is true.
        """
        from nbledger.ledger import loading

        return loading.load(self, ref, name=name, trust=trust)

    # -- registry -----------------------------------------------------------------------------------------------

    @cached_property
    def _models(self) -> Models:
        return Models(self.reader, self._writer)

    def add_model_version(self, model: str, run: str, version: str, who: str) -> ModelVersion:
        """Register a version's hash, made by a run, as the next version of a model."""
        return self._models.add_version(model, run, version, who)

    def set_alias(self, event: AliasEvent) -> None:
        """Move an alias of a model by one event."""
        self._models.set_alias(event)

    def models(self) -> list[str]:
        """Return the names of all models."""
        return self._models.names()

    def model_versions(self, model: str, *, limit: int | None = None, offset: int = 0) -> list[ModelVersion]:
        """Return a model's versions, the newest first."""
        return self._models.versions(model, limit=limit, offset=offset)

    def model_version(self, model: str, which: int | str) -> ModelVersion:
        """Return a model's version by its number or by an alias."""
        return self._models.version(model, which)

    def model_versions_of(self, version: str) -> list[ModelVersion]:
        """Return the model versions whose content has this full hash."""
        return self._models.versions_of(version)

    def model_versions_from(self, run: str) -> list[ModelVersion]:
        """Return the model versions that a run (its full id) made."""
        return self._models.versions_from(run)

    def aliases(self, model: str) -> dict[str, int]:
        """Return where a model's aliases stand."""
        return self._models.aliases(model)

    def alias_history(self, model: str, alias: str | None = None) -> list[AliasEvent]:
        """Return the moves of a model's aliases, the first one first."""
        return self._models.history(model, alias)

    def aliases_at(self, model: str, time: float) -> dict[str, AliasEvent]:
        """Return where a model's aliases stood at a time (seconds since the epoch), by the moves that made it so."""
        return self._models.at(model, time)

    # -- upkeep -------------------------------------------------------------------------------------------------

    def delete(self, run: str, *, who: str = "", at: float | None = None) -> str:
        """Hide a run (it can be restored until `gc`) and return its id."""
        return deletion.add_event(self._writer, self.reader, run, "delete", who, time.time() if at is None else at)

    def restore(self, run: str, *, who: str = "", at: float | None = None) -> str:
        """Undo `delete` and return the run's id."""
        return deletion.add_event(self._writer, self.reader, run, "restore", who, time.time() if at is None else at)

    def gc(self, *, dry_run: bool = True, grace: float = 3600.0) -> Swept:
        """Remove deleted runs, and versions and objects that nothing refers to (objects older than `grace` seconds)."""
        from nbledger.ledger.gc import sweep

        return sweep(self, dry_run=dry_run, grace=grace)

    def doctor(self, *, fix: bool = False) -> list[Finding]:
        """Return what is wrong with the ledger and what to do; `fix` mends what can be mended safely."""
        from nbledger.ledger.doctor import examine

        return examine(self, fix=fix)

    def merge(self, other: Ledger | Path | str) -> Merged:
        """Add all that another ledger holds; merging twice gives the same as merging once."""
        from nbledger.ledger.merging import merge

        return merge(self, other)

    def export_bundle(self, path: Path | str, runs: Iterable[str] | None = None) -> Path:
        """Write a portable bundle (a zip file) of all runs or of the runs with these ids."""
        from nbledger.ledger.bundle import export

        return export(self, Path(path), runs)

    def import_bundle(self, path: Path | str) -> Merged:
        """Merge a bundle in, after checking all that it holds."""
        from nbledger.ledger.bundle import import_

        return import_(self, Path(path))
