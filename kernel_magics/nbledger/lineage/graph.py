"""The graph that the ledger's `used` and `generated` rows span, read a step at a time.

A session is a line of runs. What a run used under a name was made by the last run before it, in its session, that
generated that name: names lead from run to run, and the versions on both ends prove that nothing came between. A
version that was `derived` also leads to the one that its name had before. Nothing is loaded that an answer does not
need, so a question costs what its answer is long, not what the ledger holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from nbledger.ledger import Ledger
from nbledger.records import ABSENT

#: What a replay must provide for a cell to do the same again; `X`, `y`, `model` and so on repeat these for a call.
STRUCTURAL = ("variable", "import", "file", "state", "output")
_WIDEST = 72
_word = re.compile(r"[^\W\d]\w*")
#: Later than every run.
NOW = (1 << 62) - 1

_RUN = """SELECT r.key, r.id, r.session, s.id, r.kind, r.position, c.text, coalesce(e.status, ''), r.notebook,
    r.cell_id, r.started_at, r.name, r.parent, r.tracked
    FROM run r JOIN session s ON s.key = r.session LEFT JOIN source c ON c.key = r.source
    LEFT JOIN run_end e ON e.run = r.key WHERE r.key = ?"""
_USED = """SELECT u.run, u.role, u.name, v.hash, 0, u.time, v.kind, v.exactness
    FROM used u JOIN version v ON v.key = u.version WHERE u.run = ?"""
_GENERATED = """SELECT g.run, g.role, g.name, v.hash, g.derived, g.time, v.kind, v.exactness
    FROM generated g JOIN version v ON v.key = g.version"""
_WRITER = f"""{_GENERATED} JOIN run r ON r.key = g.run
    WHERE g.name = ? AND g.run < ? AND g.run >= ? AND r.session = ? AND {{roles}} ORDER BY g.run DESC LIMIT 1"""


@dataclass(frozen=True, slots=True)
class CellRun:
    """A run as lineage sees it. `position` is its `In[]` number, or its place in the session where it had none."""

    key: int
    id: str
    session_key: int
    session: str
    kind: str
    position: int | None
    source: str | None
    status: str
    notebook: str | None
    cell_id: str | None
    started_at: float
    name: str | None = None
    parent: str | None = None
    tracked: bool = False
    opaque: tuple[str, ...] = field(default=(), compare=False)

    def headline(self, made: Iterable[str] = ()) -> str:
        """Return the one line that tells most of its code: the first that binds what it made, else the last one."""
        lines = [line.strip() for line in (self.source or "").splitlines()]
        lines = [line for line in lines if line and not line.startswith(("#", "%%"))]
        if not lines:
            return ""
        names = set(made)
        telling = (line for line in lines if names & set(_word.findall(re.split(r"(?<![=!<>])=(?!=)", line)[0])))
        text = next(telling, lines[-1])
        return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"

    @property
    def label(self) -> str:
        """How text speaks of the run: its `In[]` number, else its short id."""
        return f"[{self.position}]" if self.position is not None else self.id[:8]


class Point(NamedTuple):
    """A version under a name at a run: an edge as read back, with what is known of the version."""

    run: int
    role: str
    name: str
    version: str
    derived: bool
    time: float | None
    kind: str
    exactness: str

    @property
    def is_absent(self) -> bool:
        """Whether the name was deleted, or the file removed."""
        return self.version == ABSENT.hash


class Graph:
    """Reads the lineage of one ledger; remembers what it has read, so make one for each question."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._rows = ledger.database.rows
        self._runs: dict[int, CellRun] = {}
        self._used: dict[int, list[Point]] = {}
        self._generated: dict[int, list[Point]] = {}
        self._first: dict[int, int] = {}

    def run(self, key: int) -> CellRun:
        """Return the run of a key."""
        found = self._runs.get(key)
        if found is None:
            (row,) = self._rows(_RUN, (key,))
            opaque = tuple(text for (text,) in self._rows("SELECT reason FROM opaque WHERE run = ?", (key,)))
            found = replace(CellRun(*row[:-1]), tracked=bool(row[-1]), opaque=opaque)
            if found.position is None:
                found = replace(found, position=self._place(found.session_key, key))
            self._runs[key] = found
        return found

    def _place(self, session: int, key: int) -> int | None:
        counted = "SELECT count(*) FROM run WHERE session = ? AND key <= ? AND kind = 'cell'"
        ((place,),) = self._rows(counted, (session, key))
        return place or None

    def used(self, key: int) -> list[Point]:
        """Return what a run used, by role and name."""
        if key not in self._used:
            self._used[key] = sorted(_points(self._rows(_USED, (key,))), key=_by_name)
        return self._used[key]

    def generated(self, key: int) -> list[Point]:
        """Return what a run generated, by role and name."""
        if key not in self._generated:
            self._generated[key] = sorted(_points(self._rows(f"{_GENERATED} WHERE g.run = ?", (key,))), key=_by_name)
        return self._generated[key]

    def writer(self, session: int, role: str, name: str, before: int = NOW) -> Point | None:
        """Return what the last run of a session (its key) before the run `before` made of a name, if any did."""
        if role == "output":
            return self._output(session, name, before)
        roles = "g.role IN ('variable', 'import')" if role in ("variable", "import") else "g.role = ?"
        given = () if role in ("variable", "import") else (role,)
        rows = self._rows(_WRITER.format(roles=roles), (name, before, self.first(session), session, *given))
        return next(iter(_points(rows)), None)

    def first(self, session: int) -> int:
        """Return the key of a session's first run."""
        if session not in self._first:
            ((key,),) = self._rows("SELECT coalesce(min(key), 0) FROM run WHERE session = ?", (session,))
            self._first[session] = key
        return self._first[session]

    def file_writer(self, name: str, version: str, before: int) -> Point | None:
        """Return the last run of any session that made exactly this content of a file, before the run `before`."""
        rows = self._rows(
            f"""{_GENERATED} WHERE g.name = ? AND g.role = 'file' AND v.hash = ? AND g.run < ?
            ORDER BY g.run DESC LIMIT 1""",
            (name, version, before),
        )
        return next(iter(_points(rows)), None)

    def readers(self, point: Point) -> list[int]:
        """Return the keys of the runs that used what a run made, under its name, until it was made anew.

        A file is read by the runs of every session.
        """
        if point.role == "file":
            rows = self._rows(
                """SELECT DISTINCT u.run FROM used u JOIN version v ON v.key = u.version
                WHERE v.hash = ? AND u.name = ? AND u.role = 'file' AND u.run > ? ORDER BY u.run""",
                (point.version, point.name, point.run),
            )
            return [key for (key,) in rows]
        session = self.run(point.run).session_key
        rows = self._rows(
            """SELECT DISTINCT u.run FROM version v JOIN used u ON u.version = v.key JOIN run r ON r.key = u.run
            WHERE v.hash = ? AND u.run > ? AND u.run <= ? AND u.name = ? AND r.session = ? ORDER BY u.run""",
            (point.version, point.run, self._until(point, session), point.name, session),
        )
        return [key for (key,) in rows]

    def next_maker(self, point: Point) -> Point | None:
        """Return what the next run of the session made of a point's name."""
        session = self.run(point.run).session_key
        rows = self._rows(
            f"""{_GENERATED} JOIN run r ON r.key = g.run
            WHERE g.name = ? AND g.role = ? AND g.run > ? AND r.session = ? ORDER BY g.run LIMIT 1""",
            (point.name, point.role, point.run, session),
        )
        return next(iter(_points(rows)), None)

    def _until(self, point: Point, session: int) -> int:
        rows = self._rows(
            """SELECT g.run FROM generated g JOIN run r ON r.key = g.run
            WHERE g.name = ? AND g.role = ? AND g.run > ? AND r.session = ? ORDER BY g.run LIMIT 1""",
            (point.name, point.role, point.run, session),
        )
        return int(rows[0][0]) if rows else NOW

    def _output(self, session: int, name: str, before: int) -> Point | None:
        """Return the run that showed `Out[n]`: the last one before with that position."""
        digits = name.removeprefix("Out[").removesuffix("]")
        rows = self._rows(
            """SELECT max(key) FROM run WHERE session = ? AND key < ? AND kind = 'cell' AND position = ?""",
            (session, before, int(digits) if digits.isdigit() else -1),
        )
        ((key,),) = rows
        return (
            None
            if key is None
            else Point(key, "output", name, "", derived=False, time=None, kind="value", exactness="opaque")
        )


def _points(rows: Iterable[tuple[int, str, str, str, int, float | None, str, str]]) -> list[Point]:
    return [Point(*row[:4], bool(row[4]), *row[5:]) for row in rows]


def _by_name(point: Point) -> tuple[str, str]:
    return point.role, point.name
