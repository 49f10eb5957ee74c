"""Inside the kernel of a reproduction: puts each cell back where it was, and compares what it made.

Loaded as an IPython extension. It counts cells as the recorded session did, so that `Out[12]` is the same; sets the
random generators to their recorded states; and compares the live values after each cell with what is recorded, one
line of JSON for each cell. What could be seen of a cell is thus known even when a later one kills the kernel.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import content_format
from nbledger.lineage.comparison import Compared, compare_numbers, compare_values, compare_versions, timings_in
from nbledger.lineage.temporary import holds_text, is_temporary
from nbledger.pipeline.scratch import copied_place
from nbledger.records import ABSENT, Column, Version

VARIABLE = "NBLEDGER_REPLAY"
_READERS = (".csv", ".tsv", ".json", ".parquet", ".npy", ".npz")
#: Formats that hold times or identities of their own, so that their bytes say little.
_OF_OWN_BYTES = frozenset(
    ".pkl .pickle .joblib .xlsx .xls .zip .gz .bz2 .xz .tar .tgz .db .sqlite .sqlite3 .pdf .h5 .hdf5 .html .log .skops "
    ".feather .orc .svg".split()
)


def load_ipython_extension(shell: Any) -> None:
    """Take over the shell of a kernel that was started to reproduce something."""
    plan = json.loads(Path(os.environ[VARIABLE]).read_text(encoding="utf-8"))
    shell.extension_manager.load_extension("nbledger")
    Replay(shell, plan).install()


class Replay:
    """One reproduction in one shell; `plan` is what `replay.py` wrote."""

    def __init__(self, shell: Any, plan: Mapping[str, Any]) -> None:
        self.shell = shell
        self.cells: list[Mapping[str, Any]] = plan["cells"]
        self.judge = Judge(shell.user_ns, plan)
        self._evidence = Path(plan["evidence"])
        self._at = -1
        self._last: Any = None

    def install(self) -> None:
        """Hook into the shell, behind nbledger's own hooks."""
        from nbledger.capture.environment import current_environment

        self.shell.events.register("pre_run_cell", self._before)
        self.shell.events.register("post_run_cell", self._after)
        found = current_environment()
        self._write({"python": found.python, "platform": found.platform, "packages": dict(found.packages)})
        self._prepare(0)

    @property
    def _extension(self) -> Any:
        return self.shell.__dict__["_nbledger"]

    def _prepare(self, place: int) -> None:
        """Make all as it was before a cell: its number, the generators' states, whether it is tracked."""
        from nbledger.capture.recorder import TrackOptions

        if place >= len(self.cells):
            return
        cell = self.cells[place]
        if cell["position"] is not None:
            self.shell.execution_count = cell["position"]
        self._extension.ready().always = TrackOptions(quiet=True) if cell["tracked"] else None
        for name, data in cell["states"]:
            self._restore(name, data)

    def _restore(self, name: str, address: str) -> None:
        try:
            from nbledger.capture.world.state import restore

            restore(name, self.judge.objects.read(address))
        except Exception as error:  # noqa: BLE001  # the run shows what comes of it; the reader learns why
            self._write({"trouble": f"the state of {name} could not be restored: {type(error).__name__}: {error}"})

    def _before(self, info: Any) -> None:
        if info.store_history:
            self._at += 1

    def _after(self, result: Any) -> None:
        info = result.info
        if info is None or not info.store_history or not 0 <= self._at < len(self.cells):
            return
        error = result.error_before_exec or result.error_in_exec
        told: dict[str, Any] = {"cell": self._at, "error": None}
        if error is not None:
            told["error"] = [type(error).__name__, str(error)[:2000]]
        try:
            outcome = self._extension.last
            made = outcome if outcome is not self._last else None
            self._last = outcome
            told |= {"findings": self.judge.cell(self.cells[self._at], made), "metrics": self._metrics(made)}
        except Exception as trouble:  # noqa: BLE001  # a comparison that fails must not stop the cells
            told["trouble"] = f"{type(trouble).__name__}: {trouble}"
        self._write(told)
        self._prepare(self._at + 1)

    def _metrics(self, outcome: Any) -> dict[str, list[Any]]:
        """Return what the cell measured, from the ledger: what is logged by hand was written while it ran."""
        found: dict[str, list[Any]] = {}
        if outcome is not None:
            for metric in self._extension.ready().writer.ledger.metrics(outcome.start.id):
                found.setdefault(metric.name, []).append(_number(metric.value))
        return found

    def _write(self, told: Mapping[str, Any]) -> None:
        with self._evidence.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")


class Judge:
    """Compares what a cell made now with what is recorded of it."""

    def __init__(self, names: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        from nbledger.ledger.location import DATABASE
        from nbledger.ledger.remote_objects import store_of

        self.names = names
        folder = Path(plan["ledger"])
        self.objects = store_of(folder, folder / DATABASE)
        self._tolerance: float = plan["tolerance"]
        self._root = Path(plan["scratch"])
        self._ours = [Path(plan["base"]), *(Path(before) for before, _ in plan["moves"])]
        self._back: list[tuple[str, str]] = [(after, before) for before, after in plan["moves"]]

    def cell(self, cell: Mapping[str, Any], outcome: Any) -> list[dict[str, Any]]:
        """Return how each version that the recorded cell made came out."""
        made: dict[tuple[str, str], Version] = {}
        if outcome is not None:
            versions = {version.hash: version for version in outcome.facts.versions}
            for edge in outcome.facts.generated:
                made[edge.role, edge.name] = versions.get(edge.version, Version(edge.version, "value"))
        return [self._finding(item, made, cell["metrics"]) for item in cell["expected"]]

    def _finding(
        self, item: Mapping[str, Any], made: Mapping[tuple[str, str], Version], metrics: Mapping[str, list[Any]]
    ) -> dict[str, Any]:
        recorded = _version(item["version"])
        file = item["role"] == "file"
        now, value = self._file(item["name"], recorded) if file else self._value(item, made)
        if now is None:
            found = Compared("identical") if recorded.hash == ABSENT.hash else Compared("different", why="not made")
        elif recorded.hash == ABSENT.hash:
            found = Compared("different", why="it was deleted, now it is there")
        else:
            found = compare_versions(recorded, now, self._tolerance)
            if found.verdict == "different":
                found = self._closer(item, recorded, value, found, metrics)
        return {
            **asdict(found),
            "now": _shown(value, now) if not file else _short(now),
            "hash": now.hash if now else "",
        }

    def _value(self, item: Mapping[str, Any], made: Mapping[tuple[str, str], Version]) -> tuple[Version | None, Any]:
        from nbledger.fingerprint import fingerprint

        value = self.names.get(item["name"])
        now = made.get((item["role"], item["name"]))
        if now is None and item["name"] in self.names:
            now = fingerprint(value)
        return (None if now is not None and now.hash == ABSENT.hash else now), value

    def _file(self, name: str, recorded: Version) -> tuple[Version | None, Any]:
        from nbledger.fingerprint import file_fingerprint

        path = copied_place(name, self._root, [(before, after) for after, before in self._back])
        if path.is_dir():
            return Version(recorded.hash, "file", type_name="directory"), path  # its files are compared themselves
        return (file_fingerprint(path) if path.is_file() else None), path

    def _closer(
        self,
        item: Mapping[str, Any],
        recorded: Version,
        value: Any,
        found: Compared,
        metrics: Mapping[str, list[Any]],
    ) -> Compared:
        """Look at contents where hashes differ."""
        if item["clock"] and not item["asked"]:
            return Compared("not compared", why="it holds what a clock said")
        if item["elsewhere"]:
            names = ", ".join(item["elsewhere"])
            return Compared("not compared", why=f"what it reads ({names}) was made anew before it was used")
        if item["moved"] and recorded.kind in ("function", "class", "code"):
            return Compared("not compared", why="its code was changed to work in the scratch copy")
        if item["role"] == "file":
            return self._file_content(item, value, found)
        if self._is_moved(value, recorded):
            return Compared("identical", why="but for the scratch copy's path")
        return self._value_content(item, value, found, metrics)

    def _value_content(
        self, item: Mapping[str, Any], value: Any, found: Compared, metrics: Mapping[str, list[Any]]
    ) -> Compared:
        then = self._attempt(lambda: self._load(*item["stored"])) if item["stored"] else None
        if not item["asked"] and self._is_temporary(value) and (then is None or self._is_temporary(then[0])):
            return Compared("not compared", why="a path of a temporary file")
        if then is not None:
            by_chance = None if isinstance(value, str | PurePath) else self._is_temporary
            return compare_values(then[0], value, self._tolerance, translate=self._then, by_chance=by_chance)
        numbers = metrics.get(item["name"])
        if numbers and len(numbers) == 1 and isinstance(value, int | float):
            return compare_numbers(float(numbers[0]), float(value), self._tolerance)
        left_out = timings_in(value)
        if left_out:
            why = f"it holds times ({', '.join(left_out[:3])}), and its recorded content was not kept"
            return Compared("not compared", why=why, left_out=left_out)
        if not item["target"] and holds_text(value, self._is_temporary):
            why = "it holds the path of a temporary file, and its recorded content was not kept"
            return Compared("not compared", why=why)
        return found

    def _is_temporary(self, value: Any) -> bool:
        """Tell whether a value is a path in the folder for temporary files, and in no part of the scratch copy."""
        if not isinstance(value, str | PurePath) or len(text := str(value)) > 4096 or not Path(text).is_absolute():
            return False
        return all(is_temporary(text, outside=place) for place in self._ours)

    def _load(self, address: str, format: str) -> Any:
        return content_format.load(self.objects.read(address), format)

    def _file_content(self, item: Mapping[str, Any], path: Path, found: Compared) -> Compared:
        suffix = path.suffix.lower()
        original = self._original(item)
        if suffix in _READERS and original is not None:
            both = self._attempt(lambda: (_read(original, suffix), _read(path, suffix)))
            if both is not None:
                (then, now), tolerance = both[0], self._tolerance
                return compare_values(then, now, tolerance, translate=self._then)
        if suffix in _OF_OWN_BYTES and not item["target"]:
            return Compared("not compared", why=f"its bytes differ, which says little of a {suffix} file")
        return Compared("different", why="its bytes differ", largest=found.largest)

    def _original(self, item: Mapping[str, Any]) -> Any:
        """Return the recorded file: the original if it is still the same, else the stored copy, as a path or bytes."""
        from nbledger.fingerprint import file_fingerprint

        path = Path(item["path"])
        if path.is_file() and file_fingerprint(path).hash == item["version"]["hash"]:
            return path
        if item["stored"]:
            kept = self._attempt(lambda: self.objects.read(item["stored"][0]))
            return kept[0] if kept else None
        return None

    def _attempt(self, action: Callable[[], Any]) -> tuple[Any] | None:
        try:
            return (action(),)
        except (NBLedgerError, OSError, ValueError, ImportError, TypeError, KeyError):
            return None  # not to be had: the comparison goes on with less

    def _then(self, text: str) -> str:
        """Return a text with the scratch copy's paths as they were recorded."""
        for after, before in self._back:
            text = text.replace(after, before)
        return text

    def _is_moved(self, value: Any, recorded: Version) -> bool:
        from nbledger.fingerprint import fingerprint

        if not isinstance(value, str | PurePath | list | tuple | dict) or len(str(value)[:100_000]) >= 100_000:
            return False
        for pair in self._back:
            there = _replaced(value, pair)
            if there is not None and fingerprint(there).hash == recorded.hash:
                return True
        return False


def _replaced(value: Any, pair: tuple[str, str]) -> Any:
    """Return a value of texts and paths with one path in the place of another, `None` where it is not there."""
    if type(value) is str:
        return value.replace(*pair)
    if isinstance(value, PurePath):
        return type(value)(str(value).replace(*pair))
    if type(value) in (list, tuple):
        return type(value)(_replaced(item, pair) for item in value)
    if type(value) is dict:
        return {_replaced(key, pair): _replaced(item, pair) for key, item in value.items()}
    return value


def _read(source: Any, suffix: str) -> Any:
    import io

    where = io.BytesIO(source) if isinstance(source, bytes) else source
    if suffix == ".json":
        return json.loads(source if isinstance(source, bytes) else Path(source).read_text(encoding="utf-8"))
    if suffix in (".npy", ".npz"):
        import numpy as np

        found = np.load(where, allow_pickle=False)
        return dict(found) if suffix == ".npz" else found
    import pandas as pd

    if suffix == ".parquet":
        return pd.read_parquet(where)
    return pd.read_csv(where, sep="\t" if suffix == ".tsv" else ",")


def _version(item: Mapping[str, Any]) -> Version:
    columns = tuple(Column(*one) for one in item["columns"])
    shape = None if item["shape"] is None else tuple(item["shape"])
    return Version(item["hash"], item["kind"], item["exactness"], item["type_name"], shape, None, columns)


def _shown(value: Any, version: Version | None) -> str:
    if version is not None and isinstance(value, bool | int | float | str):
        return repr(value)[:80]
    return _short(version)


def _short(version: Version | None) -> str:
    return f"{version.type_name.rpartition('.')[2] or version.kind} {version.hash[:8]}" if version else "nothing"


def _number(value: float | None) -> Any:
    """Return a number as JSON has it; the ledger's NULL is a NaN."""
    if value is None:
        return "nan"
    return value if value - value == 0 else str(value)
