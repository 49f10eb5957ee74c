"""Runs as read back: one at a time, or many as a lazy list."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from nbledger.ledger.conditions import Condition
from nbledger.ledger.connection import Database
from nbledger.ledger.errors import AmbiguousId, NotFound
from nbledger.ledger.liveness import Process, is_alive
from nbledger.ledger.values import decode
from nbledger.records import Run, RunError, filled_run

if TYPE_CHECKING:
    import pandas

#: Runs are loaded this many at a time, with their params and metrics.
PAGE = 200
#: Fewer digits than this name too many runs to be meant.
LEAST_PREFIX, WHOLE_ID = 4, 32

_COLUMNS = """SELECT r.key, r.id, r.session, r.kind, e.status, r.started_at, r.name, r.experiment, r.parent, r.notebook,
    r.cell_id, r.position, c.text, r.tracked, e.ended_at, e.duration, e.error_type, e.error_message, e.error_traceback,
    k.shape, k.items, k.metrics"""
_JOINED = """LEFT JOIN source c ON c.key = r.source LEFT JOIN run_end e ON e.run = r.key
    LEFT JOIN pack k ON k.run = r.key"""
_BY_KEY = f"{_COLUMNS} FROM run r {_JOINED} WHERE r.key IN (SELECT value FROM json_each(?))"
_STATUS = 4


#: What `json.loads` comes to after 5 microseconds of checks; packed rows are our own.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def whole_rows(keys: str) -> str:
    """Return the query of whole runs, for `Reader.filled`, in the order of a query of their keys as `run`.

    One query for both is a third quicker than two. The order is that of the keys because they are a subquery with a
    LIMIT, which SQLite can neither flatten nor visit but in its order, and `CROSS JOIN` begins with it.
    """
    return f"{_COLUMNS} FROM ({keys}) q CROSS JOIN run r ON r.key = q.run {_JOINED}"


class Reader:
    """Turns keys of runs into `Run`s."""

    def __init__(self, database: Database, heartbeat_file: Callable[[str], Path]) -> None:
        self.database = database
        self._heartbeat_file = heartbeat_file
        self._shapes: dict[int, list[list[str]]] = {}
        self._sessions: dict[int, str] = {}
        self._dead: set[int] = set()
        self.labels: dict[str, int] = {}
        #: Conditions that at least so many runs fulfil, as counting to a bound has shown. Runs are added, so it stays
        #: true; where runs were removed the planner may begin at another index, with the same answer.
        self.common: dict[Condition, int] = {}
        #: What was asked for and how the planner answered it, which takes it 30 to 100 microseconds to find out.
        self.plans: dict[Any, Any] = {}
        database.on_change(self.forget)

    def forget(self) -> None:
        """Drop what was remembered of the file."""
        self._shapes.clear()
        self._sessions.clear()
        self.labels.clear()
        self.common.clear()
        self.plans.clear()
        self._dead.clear()

    def runs(self, keys: Sequence[int]) -> list[Run]:
        """Return the runs of these keys in their order; those that are gone are left out."""
        rows = self.database.rows(_BY_KEY, (f"[{','.join(map(str, keys))}]",))
        found = {row[0]: run for row, run in zip(rows, self.filled(rows), strict=True)}
        return [found[key] for key in keys if key in found]

    def filled(self, rows: list[tuple[Any, ...]]) -> list[Run]:
        """Return the runs of rows that `whole_rows` asked for."""
        bare = [row[0] for row in rows if row[_STATUS] is None]
        if not bare:
            return list(map(self._run, rows, self._all_unpacked(rows)))
        facts = self.unpacked(bare)
        packed = [row for row in rows if row[_STATUS] is not None]
        facts.update(zip([row[0] for row in packed], self._all_unpacked(packed), strict=True))
        return [self._run(row, facts[row[0]]) for row in rows]

    def _run(self, row: tuple[Any, ...], facts: tuple[dict[str, Any], ...]) -> Run:
        session = self._sessions.get(row[2]) or self._session(row[2])
        status = row[_STATUS] or self.status_without_end(row[2])
        error = RunError(row[16], row[17] or "", row[18] or "") if row[16] else None
        return filled_run(row[1], session, row[3], status, *row[5:13], row[13] != 0, row[14], row[15], error, *facts)

    def _session(self, key: int) -> str:
        ((id,),) = self.database.rows("SELECT id FROM session WHERE key = ?", (key,))
        self._sessions[key] = id
        return str(id)

    def _all_unpacked(self, rows: list[Any]) -> list[tuple[dict[str, Any], ...]]:
        """Return params, metrics and tags of ended runs, from rows of `_COLUMNS`."""
        try:
            return self.unpack([row[19:22] for row in rows])
        except (StopIteration, ValueError, struct.error):  # damaged: the rows that they were made from still hold
            facts = self.unpacked([row[0] for row in rows])
            return [facts[row[0]] for row in rows]

    def shape(self, key: int) -> list[list[str]]:
        """Return the names of params, metrics and tags of a packed row."""
        found = self._shapes.get(key)
        if found is None:
            ((names,),) = self.database.rows("SELECT names FROM shape WHERE key = ?", (key,))
            found = self._shapes[key] = _scan(names, 0)[0]
        return found

    def unpack(self, rows: Sequence[tuple[int | None, str, bytes]]) -> list[tuple[dict[str, Any], ...]]:
        """Return params, metrics and tags of ended runs from (shape, items, metrics) of their packed rows.

        A run without any has no packed row: its shape is `None`. Raises what a damaged row makes JSON, `struct` and the
        counts raise: `ValueError`, `StopIteration` or `struct.error`.
        """
        items = iter(_scan(f"[{','.join([row[1] for row in rows if row[0] is not None])}]", 0)[0])
        found: list[tuple[dict[str, Any], ...]] = []
        last: int | None = None
        for shape, _, metrics in rows:
            if shape is None:
                found.append(({}, {}, {}))
                continue
            if shape != last:
                last = shape
                params, measured, tags = self.shape(shape)
                numbers = struct.Struct(f"<{len(measured)}d").unpack
                count = len(params)
            values = next(items)
            if len(values) != count + len(tags):
                raise ValueError(values)
            # Without `strict`, which takes 0.2 us: the lengths are known to be equal. Tags follow the params.
            found.append(
                (
                    dict(zip(params, values)),  # noqa: B905
                    dict(zip(measured, numbers(metrics))),  # noqa: B905
                    dict(zip(tags, values[count:])) if tags else {},  # noqa: B905
                )
            )
        if next(items, None) is not None:
            raise ValueError(items)
        return found

    def unpacked(self, keys: Sequence[int]) -> dict[int, tuple[dict[str, Any], ...]]:
        """Return params, metrics and tags of runs that have no end yet, from their rows."""
        found: dict[int, tuple[dict[str, Any], ...]] = {key: ({}, {}, {}) for key in keys}
        text = json.dumps(list(keys))
        chosen = "JOIN label l ON l.key = t.name WHERE t.run IN (SELECT value FROM json_each(?))"
        for run, name, value, type in self.database.rows(
            f"SELECT t.run, l.text, t.value, t.type FROM param t {chosen}", (text,)
        ):
            found[run][0][name] = decode(value, type)
        for run, name, value in self.database.rows(f"SELECT t.run, l.text, t.value FROM metric t {chosen}", (text,)):
            found[run][1][name] = float("nan") if value is None else value
        for run, name, value in self.database.rows(f"SELECT t.run, l.text, t.value FROM tag t {chosen}", (text,)):
            found[run][2][name] = value
        return found

    def status_without_end(self, session: int) -> str:
        """Return `running` or `interrupted` for runs without an end of the session with this key."""
        return "interrupted" if self.is_dead(session) else "running"

    def is_dead(self, session: int) -> bool:
        """Tell whether a session ended or its process is gone; the dead are remembered."""
        if session in self._dead:
            return True
        rows = self.database.rows(
            """SELECT s.id, s.host, s.boot_id, s.pid, s.process_started, e.ended_at FROM session s
            LEFT JOIN session_end e ON e.session = s.key WHERE s.key = ?""",
            (session,),
        )
        for id, host, boot_id, pid, started, ended_at in rows:
            if ended_at is None and is_alive(Process(host, boot_id, pid, started), self._heartbeat_file(id)):
                return False
        self._dead.add(session)
        return True

    def key(self, prefix: str) -> int:
        """Return the key of the run whose id begins with `prefix`. Raises `NotFound` and `AmbiguousId`."""
        return self.keyed("run", "id", prefix)

    def keyed(self, table: str, column: str, prefix: str) -> int:
        """Return the key of the row of `table` whose id or hash begins with `prefix`."""
        text = str(prefix).strip().lower()
        remedy = f"give at least {LEAST_PREFIX} digits of an id that `nbledger runs` lists"
        if len(text) < LEAST_PREFIX:
            raise NotFound(what=table, ref=prefix, remedy=remedy)
        rows = self.database.rows(
            f"SELECT key, {column} FROM {table} WHERE {column} >= ? AND {column} < ? ORDER BY {column} LIMIT 20",
            (text, text + "g"),
        )
        if not rows:
            raise NotFound(what=table, ref=prefix, remedy=remedy)
        if len(rows) > 1 and rows[0][1] != text:
            raise AmbiguousId.among(table.capitalize(), text, [row[1] for row in rows])
        return int(rows[0][0])


class RunList(Sequence[Run]):
    """Runs in the order that was asked for, loaded a page at a time when they are looked at."""

    def __init__(self, reader: Reader, keys: list[int], first: list[Run] | None = None) -> None:
        self._reader = reader
        self._keys = keys
        #: With the first page, where its runs were asked for together with the keys.
        self._pages: dict[int, list[Run]] = {} if first is None else {0: first}

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> RunList: ...
    def __getitem__(self, index: int | slice) -> Run | RunList:
        if isinstance(index, slice):
            return RunList(self._reader, self._keys[index])
        position = range(len(self._keys))[index]
        page, offset = divmod(position, PAGE)
        return self._page(page)[offset]

    def __iter__(self) -> Iterator[Run]:
        for page in range(-(-len(self._keys) // PAGE)):
            yield from self._page(page)

    def __repr__(self) -> str:
        return f"<RunList of {len(self)} runs>"

    def to_frame(self) -> pandas.DataFrame:
        """Return one row per run: its attributes, then `params.x`, `metrics.y` and `tags.z` as columns."""
        from nbledger.ledger.frame import frame

        return frame(self._reader, self._keys)

    def _page(self, page: int) -> list[Run]:
        found = self._pages.get(page)
        if found is None:
            keys = self._keys[page * PAGE : (page + 1) * PAGE]
            found = self._reader.runs(keys)
            if len(found) != len(keys):
                raise NotFound(what="run", ref="of this list", remedy="some were removed by gc: ask for the list again")
            if len(self._pages) >= 50:
                self._pages.clear()
            self._pages[page] = found
        return found
