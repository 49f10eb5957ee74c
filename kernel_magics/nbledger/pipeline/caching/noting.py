"""After a run: what is kept so that its results can be taken again, or why they cannot.

All that comes of it is written with the run's end, in that one transaction; the objects are in the store before. So a
process that is killed on the way leaves nothing that a later run would take.
"""

from __future__ import annotations

import ast
import json
import mimetypes
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from nbledger.capture.environment import current_environment
from nbledger.errors import NBLedgerError
from nbledger.fingerprint.syntax import parse
from nbledger.ledger import Ledger
from nbledger.ledger.location import FOLDER
from nbledger.ledger.snapshots import parse_size
from nbledger.lineage.temporary import is_temporary
from nbledger.pipeline.caching.cells import MAGIC, Cell, cells_of
from nbledger.pipeline.caching.hidden import Hidden, look
from nbledger.pipeline.caching.record import KEY_TAG, RECORD_NAME, RECORD_TYPE, Ran, Read, StepRecord, Write
from nbledger.pipeline.caching.seen import CellRun, Met, Seen, cell_runs, seen
from nbledger.pipeline.caching.step import Step, asked_now
from nbledger.pipeline.caching.today import EVERY_VARIABLE, Today, tree
from nbledger.records import ABSENT, Artifact, Facts, Tag, new_id
from nbledger.tables import size as shown_size

LIMIT_VARIABLE = "NBLEDGER_CACHE_MAX_BYTES"
DEFAULT_LIMIT = 1 << 30
_MOST_SOURCE = 4 << 20
_LOOKED_FOR = (("dotenv", ".env"), ("matplotlib", "matplotlibrc"), ("seaborn", "matplotlibrc"))
_QUIET = (ast.Import, ast.ImportFrom)
_QUIET_MAGICS = ("%load_ext", "%reload_ext", "%matplotlib", "%config", "%autoreload")


def note(ledger: Ledger, step: Step, run: str, nb: Any) -> Facts:
    """Return what to record with the end of a finished run (its id) of a step; `nb` is the executed notebook.

    The run's cells must be in the ledger already. The files that the step wrote go into the object store, unless
    something prevents that its results are taken; then the record says what.
    """
    return _Noting(ledger, step, run, nb).facts()


def largest_file() -> int:
    """Return the most bytes of a file that is kept, from `NBLEDGER_CACHE_MAX_BYTES`. Raises `BadSize`."""
    text = os.environ.get(LIMIT_VARIABLE, "").strip()
    return parse_size(text, LIMIT_VARIABLE) if text else DEFAULT_LIMIT


class _Noting:
    def __init__(self, ledger: Ledger, step: Step, run: str, nb: Any) -> None:
        self.ledger, self.step, self.run, self.nb = ledger, step, run, nb
        self.today = Today(ledger.root, step.cwd)
        self.prevents: list[str] = list(step.prevents)
        self.salt = new_id()

    def facts(self) -> Facts:
        cells, runs, of_run = self._cells()
        found = seen(self.ledger, runs, of_run)
        self.prevents += found.prevents
        if current_environment().hash != self.step.environment.hash:
            self.prevents.append("distributions were installed or removed while it ran")
        modules = self._modules(found)
        hidden = look(self.step.trees, modules, self.step.constants)
        self.prevents += hidden.prevents
        reads = self._reads(found, hidden)
        writes, artifacts = self._writes(found)
        record = StepRecord(
            self.step.key,
            dict(self.step.parts),
            cells,
            tuple(reads),
            tuple(writes),
            tuple(dict.fromkeys(self.prevents)),
            tuple(dict.fromkeys((*found.remarks, *hidden.remarks))),
            self.salt,
        )
        address, size = self.ledger.objects.put_bytes(record.to_bytes())
        kept = Artifact(RECORD_NAME, address, size, RECORD_TYPE)
        return Facts(tags=(Tag(KEY_TAG, self.step.key),), artifacts=(*artifacts, kept))

    # -- cells --------------------------------------------------------------------------------------------------

    def _cells(self) -> tuple[tuple[Ran, ...], list[CellRun], dict[int, Cell]]:
        """Return the cells with the runs that recorded them; what ran without being recorded prevents all."""
        runs = cell_runs(self.ledger, self.run)
        step = self.step
        if [cell.hash for cell in cells_of(self.nb)] != [cell.hash for cell in step.cells]:
            self.prevents.append(f"{step.notebook.name} was changed while it was started")
        of_cell: dict[str, list[CellRun]] = {}
        for run in runs:
            of_cell.setdefault(run.cell_id or "", []).append(run)
        own = {cell.cell_id for cell in step.cells}
        injected = [run for run in runs if run.cell_id not in own] if step.params else []
        cells_by_run: dict[int, Cell] = {}
        found = []
        for cell in step.cells:
            mine = of_cell.get(cell.cell_id or "", [])
            cells_by_run.update({run.key: cell for run in mine})
            if not mine and not _is_quiet(cell, step.cwd):
                self.prevents.append(f"{cell.label} was not recorded")
            more = injected if cell.takes_params else []
            found.append(Ran(cell.hash, tuple(run.id for run in (*mine, *more)), cell.line))
        return tuple(found), runs, cells_by_run

    # -- reads --------------------------------------------------------------------------------------------------

    def _modules(self, found: Seen) -> list[tuple[str, ast.Module]]:
        """Return the trees of the project's modules and notebooks that the run read."""
        modules = []
        for name in found.before:
            if not name.endswith((".py", ".ipynb", ".ipy")) or found.before[name].version == ABSENT.hash:
                continue
            try:
                modules.append((name, _source_tree(self.ledger.root / name)))
            except (OSError, ValueError, SyntaxError, KeyError, TypeError):
                self.prevents.append(f"{name} is not Python that can be read")
        return modules

    def _reads(self, found: Seen, hidden: Hidden) -> list[Read]:
        reads = [self._read(found, met) for met in found.before.values()]
        if hidden.deep_listing:
            reads += [self._tree(met.name, found) for met in found.before.values() if met.is_folder]
        before = {(read.how, read.name): read for read in self.step.asked}
        for read in asked_now(hidden, self.today):
            if read.name in found.made and (read.how, read.name) not in before:
                self.prevents.append(f"{read.name} is asked for and written by the same run")
            reads.append(before.get((read.how, read.name), read))
        names = sorted(hidden.variables - {EVERY_VARIABLE}) + ([EVERY_VARIABLE] if hidden.all_variables else [])
        reads += [Read("variable", name, self.today.version("variable", name, self.salt)) for name in names]
        reads += self._looked_for(hidden)
        reads += self._named(found, hidden)
        reads += self._shadows(found, hidden)
        return list(dict.fromkeys(reads))

    def _read(self, found: Seen, met: Met) -> Read:
        read = Read("folder" if met.is_folder else "file", met.name, met.version)
        made = found.made.get(met.name)
        if made is not None and not met.is_folder and made.version != met.version:
            self.prevents.append(f"it changes {met.name}, which it reads")
        return read

    def _tree(self, name: str, found: Seen) -> Read:
        folder = os.path.normpath(self.ledger.root / name)
        made = [os.path.normpath(self.ledger.root / one) for one in found.first_made]
        return Read("tree", name, tree(folder, self.today._places, made))

    def _looked_for(self, hidden: Hidden) -> list[Read]:
        """Return the files for which libraries look by themselves, that are not there."""
        folders = [self.step.cwd, *(one for one in self.step.cwd.parents if one.is_relative_to(self.ledger.root))]
        names = [
            self._name(folder / file)
            for library, file in _LOOKED_FOR
            if library in hidden.imports
            for folder in folders
        ]
        return [Read("file", name, self.today.version("file", name, "")) for name in names]

    def _named(self, found: Seen, hidden: Hidden) -> list[Read]:
        """Return the files that the code names though no cell was seen to read or write them."""
        reads = []
        values = [value for value in self.step.params.values() if isinstance(value, str)]
        for text in sorted({*hidden.texts, *values}):
            if len(text) > 1024 or "\n" in text or "\0" in text:
                continue
            path = Path(os.path.normpath(self.step.cwd / _expanded(text)))
            if FOLDER in path.parts:  # reading a database's file would also drop this process's locks on it
                self.prevents.append("it names a file of the ledger, which every run changes")
                continue
            try:
                if not path.is_file():
                    continue
            except OSError:
                continue
            name = self._name(path)
            if name not in found.before and name not in found.made and path != self.step.notebook:
                reads.append(Read("file", name, self.today.version("file", name, "")))
        return reads

    def _shadows(self, found: Seen, hidden: Hidden) -> list[Read]:
        """Return the modules that are no files of the project, though one could come into their place."""
        folders = {self._name(self.step.cwd)}
        folders |= {str(PurePosixPath(name).parent) for name in found.before if name.endswith(".py")}
        reads = []
        for folder in sorted(folders):
            for module in sorted(hidden.imports):
                name = f"{folder}:{module}"
                if self.today.version("shadow", name, "") == ABSENT.hash:
                    reads.append(Read("shadow", name, ABSENT.hash))
        return reads

    def _name(self, path: Path) -> str:
        return self.today._places.name(str(path))

    # -- writes -------------------------------------------------------------------------------------------------

    def _writes(self, found: Seen) -> tuple[list[Write], list[Artifact]]:
        kept = [met for met in found.made.values() if self._is_left(met, found)]
        if self.prevents:
            return [], []
        writes, artifacts = [], []
        for met in kept:
            if met.is_folder:
                writes.append(Write(met.name, met.version))
                continue
            try:
                address, size = self.ledger.objects.put_file(self.ledger.root / met.name)
            except (NBLedgerError, OSError) as error:
                self.prevents.append(f"{met.name} could not be kept: {error}")
                return [], []
            if address[: len(met.version)] != met.version:
                self.prevents.append(f"{met.name} was changed after the cell that wrote it")
                return [], []
            writes.append(Write(met.name, met.version, address, size))
            media = mimetypes.guess_type(met.name)[0] or "application/octet-stream"
            artifacts.append(Artifact(met.name, address, size, media, met.version))
        return writes, artifacts

    def _is_left(self, met: Met, found: Seen) -> bool:
        """Tell whether what a run made is one of its results; says where it cannot be kept."""
        path = Path(os.path.normpath(self.ledger.root / met.name))
        outside = met.name.startswith("..") or PurePosixPath(met.name).is_absolute()
        if met.version == ABSENT.hash:
            if met.name in found.before or met.name not in found.first_made:
                self.prevents.append(f"it removes {met.name}")
            return False
        if outside:
            if not (is_temporary(path, outside=self.ledger.root) and not path.exists()):
                self.prevents.append(f"it writes {path}, which is outside of the project")
            return False
        if met.is_folder:
            return True
        if met.exactness != "exact":
            self.prevents.append(f"{met.name}, which it writes, was not hashed in full")
            return False
        limit = largest_file()
        try:
            large = path.stat().st_size > limit
        except OSError:
            self.prevents.append(f"{met.name}, which it writes, is gone")
            return False
        if large:
            self.prevents.append(f"{met.name} is larger than {shown_size(limit)} ({LIMIT_VARIABLE})")
        return not large


def _expanded(text: str) -> str:
    try:
        return str(Path(text).expanduser())
    except RuntimeError:  # `~nobody`
        return text


def _is_quiet(cell: Cell, cwd: Path) -> bool:
    """Tell whether a cell that was not recorded only imports libraries and loads extensions."""
    if cell.tree is None or any(not line.startswith(_QUIET_MAGICS) for line in cell.magics):
        return False
    for node in cell.tree.body:
        if isinstance(node, _QUIET):
            if _is_local_import(node, cwd):
                return False
        elif not (isinstance(node, ast.Expr) and _is_idle(node.value)):
            return False
    return True


def _is_idle(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == MAGIC
    return isinstance(node, ast.Constant)


def _is_local_import(node: ast.Import | ast.ImportFrom, cwd: Path) -> bool:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or "."]
    roots = [name.partition(".")[0] for name in names]
    return any(not root or (cwd / f"{root}.py").exists() or (cwd / root).is_dir() for root in roots)


def _source_tree(path: Path) -> ast.Module:
    """Return the tree of a module, or of all code cells of a notebook. Raises as `parse`, `open` and `json`."""
    if path.stat().st_size > _MOST_SOURCE:
        raise ValueError(path)
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return parse(text)
    bodies: list[ast.stmt] = []
    for cell in _nodes(json.loads(text)["cells"]):
        if cell.tree is None:
            raise ValueError(path)
        bodies.extend(cell.tree.body)
    return ast.Module(bodies, [])


def _nodes(cells: Iterable[Any]) -> tuple[Cell, ...]:
    import nbformat

    made = [nbformat.v4.new_code_cell("".join(one.get("source", ""))) for one in cells if one["cell_type"] == "code"]
    return cells_of(nbformat.v4.new_notebook(cells=made))


__all__ = ["LIMIT_VARIABLE", "largest_file", "note"]
