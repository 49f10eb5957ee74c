"""Where the cells of a slice ran: the folder that their relative paths start from."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath

from nbledger.ledger import Ledger
from nbledger.lineage.extraction.cell_tree import parse_cell, text_literals
from nbledger.lineage.graph import Graph
from nbledger.lineage.slicing import Slice


def working_folder(ledger: Ledger, cut: Slice) -> str:
    """Return the folder in which a slice's cells ran, relative to the project's root (`.` for the root).

    It is the one that their session recorded. Ledgers of earlier versions have none: then it is the notebook's, as with
    every front end, unless the recorded paths of files and those in the code tell of
    another one (`papermill --cwd`). Where neither tells (nbclient does not say what it runs, and a path may be put
    together from pieces) it is the folder that all the files have in common, or the root.
    """
    folder = _recorded(ledger, cut)
    if folder is not None:
        return folder
    files = files_of(ledger, cut)
    written: set[str] = set()
    for run in cut.runs:
        tree = parse_cell(run.source, cell_magics=frozenset({"track", "time", "capture"}))
        if tree is not None:
            written |= {
                text for text in text_literals(tree) if text and len(text) < 500 and not text.startswith(("/", "~"))
            }
    candidates = list(dict.fromkeys(_candidates(cut, files)))
    inside = {name for name in files if not name.startswith("/")}
    named = _named(candidates, written)
    is_known = any(run.notebook for run in cut.runs)
    scores = {
        one: (0, 0)
        if one in named
        else (_paths(one, written, inside), 0 if is_known else _pieces(one, written, inside))
        for one in candidates
    }
    if not is_known and not any(map(any, scores.values())):
        return _common_folder(inside)
    return max(candidates, key=lambda folder: (scores[folder], -candidates.index(folder)))


def files_of(ledger: Ledger, cut: Slice) -> set[str]:
    """Return the names of the files that a slice reads and writes."""
    graph = Graph(ledger)
    points = [point for run in cut.runs for point in (*graph.used(run.key), *graph.generated(run.key))]
    return {point.name for point in points if point.role == "file"}


def _recorded(ledger: Ledger, cut: Slice) -> str | None:
    """Return the folder in which the session of a slice's cells started, if it was recorded."""
    if not cut.runs:
        return None
    rows = ledger.database.rows("SELECT folder FROM session WHERE id = ?", (cut.runs[-1].session,))
    return rows[0][0] if rows else None


def _candidates(cut: Slice, files: set[str]) -> list[str]:
    notebook = next((run.notebook for run in cut.runs if run.notebook), None)
    found = [str(PurePosixPath(notebook).parent)] if notebook and not notebook.startswith("/") else []
    found += [str(parent) for parent in PurePosixPath(notebook).parents] if found and notebook else []
    found.append(".")
    for name in sorted(files)[:200]:
        if not name.startswith("/"):
            found += [str(parent) for parent in PurePosixPath(name).parents]
    return found


def _named(candidates: list[str], written: set[str]) -> set[str]:
    """Return the folders that the code itself names from the likeliest one: paths are put together from there."""
    folders, found = set(candidates), {candidates[0]}
    for _ in range(3):  # os.path.join("..", "data", "raw", name)
        found |= {place for base in found for text in written if (place := _joined(base, text)) in folders}
    return found - {candidates[0]}


def _joined(folder: str, text: str) -> str:
    return posixpath.normpath(f"{folder}/{text}")


def _paths(folder: str, written: set[str], files: set[str]) -> int:
    """Count the texts that are paths of files from this folder."""
    return sum(_joined(folder, text) in files for text in written)


def _pieces(folder: str, written: set[str], files: set[str]) -> int:
    """Count those that are such a path without its ending, a folder on the way, or the beginning of the path.

    As in `savefig("loss")`, `Path("figures") / name` and `f"figures/loss_{epoch}.png"`.
    """
    found = 0
    for text in written:
        path = _joined(folder, text)
        ends = (posixpath.splitext(name)[0] == path or name.startswith(f"{path}/") for name in files)
        begins = len(text) > 2 and any(name.startswith(path) for name in files)
        found += path != "." and (begins or any(ends))
    return found


def _common_folder(files: set[str]) -> str:
    return (posixpath.commonpath([posixpath.dirname(name) for name in files]) if files else "") or "."


__all__ = ["files_of", "working_folder"]
