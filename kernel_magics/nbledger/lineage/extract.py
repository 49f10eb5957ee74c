"""A slice as a clean notebook, which runs by itself wherever it is put.

First the extension is loaded, so that running the notebook is recorded; then the folder that the paths start from, the
imports, the params, and the cells in the order they ran, each as it was executed, under the markdown that stood above.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.ledger import Ledger
from nbledger.lineage.extraction.cell_tree import parse_cell, text_literals
from nbledger.lineage.extraction.chosen_params import ChosenParam, choose
from nbledger.lineage.extraction.hoisting import hoist
from nbledger.lineage.extraction.kept_cells import READ_ONLY, KeptCell, name_outputs
from nbledger.lineage.graph import Graph
from nbledger.lineage.places import files_of, working_folder
from nbledger.lineage.slicing import Slice, slice_of

_REDACTED = "[redacted]"  # what the recording puts in the place of a credential
_FOLDER_CELL = """\
# The paths in this notebook start from {where}.
import os
from pathlib import Path

os.chdir(
    next(
        (place / {folder!r} for place in [Path.cwd(), *Path.cwd().parents] if (place / {mark!r}).exists()),
        {absolute!r},
    )
)"""


class NothingToExtract(NBLedgerError):
    """No recorded run made what was asked for. Field: ref."""

    template = "No recorded cell made {ref}: it was there before nbledger was loaded, or was made by hand"


class NotWritten(NBLedgerError):
    """The notebook's file could not be written. Fields: path, why."""

    template = "{path} was not written: {why}"


@dataclass(frozen=True, slots=True)
class Extracted:
    """An extracted notebook: `notebook` as plain data (nbformat 4.5), its `params` with defaults, the `slice` it is of.

    `path` is where it was written, if it was; `notes` is what to know of it.
    """

    notebook: Mapping[str, Any] = field(repr=False)
    params: Mapping[str, Any]
    slice: Slice = field(repr=False)
    notes: tuple[str, ...] = ()
    path: Path | None = None

    def write(self, path: str | Path, *, force: bool = True) -> Path:
        """Write the notebook to a file and return its path. Raises `NotWritten`."""
        target = Path(path).expanduser().absolute()
        if target.exists() and not force:
            raise NotWritten(path=target, why="the file exists; give another name, or --force")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(self.notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise NotWritten(path=target, why=error.strerror or str(error)) from error
        return target

    def to_dict(self) -> dict[str, Any]:
        """Return what there is to know of it as plain data."""
        return {
            "path": str(self.path) if self.path else None,
            "target": self.slice.target.to_dict(),
            "params": dict(self.params),
            "cells": len(self.slice.runs),
            "runs": [run.id for run in self.slice.runs],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        cells = len(self.slice.runs)
        where = f" in {self.path}" if self.path else ""
        params = ", ".join(f"{name}={value!r}" for name, value in self.params.items()) or "none"
        lines = [f"{self.slice.target}: {cells} cell run{'' if cells == 1 else 's'}{where}", f"params: {params}"]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Extracted(...)" if cycle else str(self))


def extract(
    ledger: Ledger,
    target: Any,
    path: str | Path | None = None,
    *,
    params: Sequence[str] | None = None,
    session: str | None = None,
    force: bool = True,
) -> Extracted:
    """Return the slice of a variable, run, metric, model or file as a clean notebook; write it to `path` if given.

    `params` names the literals that become params, `()` for none; by default they are proposed. Raises
    `TargetNotFound`, `NothingToExtract`, `NoSuchParam`, `AmbiguousParam`, `NotWritten`.
    """
    from dataclasses import replace

    cut = slice_of(ledger, target, session=session)
    cells = [KeptCell.of(run) for run in cut.runs if run.source.strip()]
    if not cells:
        raise NothingToExtract(ref=cut.target)
    graph = Graph(ledger)
    written = {p.name for cell in cells for p in graph.generated(cell.run.key) if p.role == "file"}
    outputs = {c.run.key: [p.name for p in graph.used(c.run.key) if p.role == "output"] for c in cells}
    name_outputs(cells, outputs)
    chosen = choose(cells, params)
    imports = hoist(cells, written)
    notes = _notes(cut)
    made = [
        _markdown("title", _title(ledger, cut, notes)),
        _code("load", "%load_ext nbledger"),
        *_folder(ledger, cut, cells),
        *([_code("imports", "\n".join(imports))] if imports else []),
        *([_parameters(chosen)] if chosen else []),
        *_body(ledger, cells),
    ]
    values = {param.name: param.value for param in chosen}
    found = Extracted(_notebook(made), values, cut, tuple(notes))
    return found if path is None else replace(found, path=found.write(path, force=force))


def _body(ledger: Ledger, cells: list[KeptCell]) -> list[dict[str, Any]]:
    above = _Prose(ledger)
    found: list[dict[str, Any]] = []
    for place, cell in enumerate(cells):
        for number, text in enumerate(above.take(cell)):
            found.append(_markdown(f"{place}-above-{number}", text))
        source = cell.source()
        if source:
            failed = cell.run.status == "failed" and cell.tree is None
            found.append(_code(f"{place}-{cell.run.id[:12]}", source, ("raises-exception",) if failed else ()))
        if cell.after:
            found.append(_code(f"{place}-output", "\n".join(cell.after)))
    return found


class _Prose:
    """The markdown of the notebooks that the cells come from, where their files still have the cells as they ran."""

    def __init__(self, ledger: Ledger) -> None:
        self._root = ledger.root
        self._read: dict[str, list[Mapping[str, Any]]] = {}
        self._taken: set[tuple[str, int]] = set()

    def take(self, cell: KeptCell) -> list[str]:
        """Return the markdown right above a cell, once."""
        notebook = cell.run.notebook
        if notebook is None:
            return []
        cells = self._cells(notebook)
        place = self._find(cells, cell)
        texts: list[str] = []
        while place > 0 and cells[place - 1].get("cell_type") == "markdown":
            place -= 1
            if (notebook, place) in self._taken:
                break
            self._taken.add((notebook, place))
            texts.insert(0, _text(cells[place]))
        return texts

    def _cells(self, notebook: str) -> list[Mapping[str, Any]]:
        if notebook not in self._read:
            try:
                found = json.loads((self._root / notebook).read_text(encoding="utf-8"))["cells"]
                self._read[notebook] = [cell for cell in found if isinstance(cell, dict)]
            except (OSError, ValueError, KeyError, TypeError):
                self._read[notebook] = []
        return self._read[notebook]

    def _find(self, cells: list[Mapping[str, Any]], cell: KeptCell) -> int:
        """Return the place of the cell that has this id and source, else of the only one with the source; else 0."""
        source = cell.run.source.strip()
        same = [n for n, one in enumerate(cells) if one.get("cell_type") == "code" and _text(one).strip() == source]
        by_id = [number for number in same if cells[number].get("id") == cell.run.cell_id]
        return by_id[0] if by_id else same[0] if len(same) == 1 else 0


def _text(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(map(str, source))


def _folder(ledger: Ledger, cut: Slice, cells: list[KeptCell]) -> list[dict[str, Any]]:
    """Return the cell that goes to the folder where the cells ran, if they use a path or a module of the project."""
    files = files_of(ledger, cut)
    folder = working_folder(ledger, cut)
    here = ledger.root / folder
    if not files and not _uses_project(cells, here):
        return []
    inputs = sorted(item.name for item in cut.inputs if item.role == "file" and not item.name.startswith((".", "/")))
    mark = next((name for name in inputs if (ledger.root / name).is_file()), ".nbledger")
    where = f'"{folder}" in the project' if folder != "." else "the project's root"
    absolute = str(Path(os.path.normpath(here)))
    return [_code("folder", _FOLDER_CELL.format(where=where, folder=folder, mark=mark, absolute=absolute))]


def _uses_project(cells: list[KeptCell], here: Path) -> bool:
    for cell in cells:
        tree = cell.whole or parse_cell(cell.run.source, cell_magics=READ_ONLY)
        if tree is None:
            return True
        names = [text for text in text_literals(tree) if text and len(text) < 300 and "\n" not in text]
        modules = [name for name in cell.run.reads + cell.run.writes if name.isidentifier()]
        places = [*(here / name for name in names), *(here / f"{name}.py" for name in modules)]
        if any(place != here and _exists(place) for place in places):
            return True
    return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _parameters(chosen: list[ChosenParam]) -> dict[str, Any]:
    return _code("parameters", "\n".join(param.line for param in chosen), ("parameters",))


def _title(ledger: Ledger, cut: Slice, notes: list[str]) -> str:
    last = cut.runs[-1]
    run = ledger.run(last.id)
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started_at))
    source = f" of `{last.notebook}`" if last.notebook else ""
    target = cut.target
    lines = [
        f"# {str(target).capitalize() if target.kind != 'variable' else f'`{target.name}`'}",
        "",
        f"The {len(cut.runs)} cell runs{source} that give {target.kind} `{target.name or target.ref}`, as executed.",
        f"The last one is run `{last.id[:8]}` of {day}.",
    ]
    files = [item for item in cut.inputs if item.role == "file" and (ledger.root / item.name).is_file()]
    if files:
        lines += ["", "It reads:", ""]
        lines += [f"- `{item.name}` (version `{item.version[:8]}`)" for item in files]
    lines += ["", *(f"- {note}" for note in notes)] if notes else []
    return "\n".join(lines)


def _notes(cut: Slice) -> list[str]:
    notes = [str(item) for item in cut.inputs if item.role == "variable"]
    drawn = sorted(
        {item.name.removesuffix(" entropy") for item in cut.inputs if item.role == "state" and "random" in item.name}
    )
    if drawn:
        notes.append(f"it draws from {', '.join(drawn)} without a seed: each run gives other values")
    notes += [
        f"[{run.position}] holds a credential that was not recorded" for run in cut.runs if _REDACTED in run.source
    ]
    notes += [f"[{run.position}] failed when it was recorded" for run in cut.runs if run.status == "failed"]
    return [*notes, *cut.notes]


def _notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _markdown(id: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": text}


def _code(id: str, source: str, tags: Sequence[str] = ()) -> dict[str, Any]:
    metadata: dict[str, Any] = {"tags": list(tags)} if tags else {}
    return {
        "cell_type": "code",
        "id": id,
        "metadata": metadata,
        "execution_count": None,
        "outputs": [],
        "source": source,
    }


__all__ = ["Extracted", "NotWritten", "NothingToExtract", "extract"]
