"""How a model was made: its params, the environment, the code that gives it again, and the files behind it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from nbledger.errors import NBLedgerError
from nbledger.registry.card.page import NOT_RECORDED, Block, Code, Facts, Section, Table, Text
from nbledger.tables import many

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.lineage.slicing import Slice
    from nbledger.records import Run

#: Distributions whose import name is another one.
_DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "cv2": "opencv-python",
    "skimage": "scikit-image",
}
_MOST_CODE = 40


def parameters(ledger: Ledger, run: Run) -> tuple[Block, ...]:
    """Return the params that were not left at their default."""
    found = [param for param in ledger.params(run.id) if not param.is_default]
    if not found:
        return (Text("Not recorded, or all left at their default."),)
    rows = tuple((param.name, str(param.value), param.origin) for param in found)
    return (Table("Params that are not at their default", ("param", "value", "from"), rows),)


def environment(ledger: Ledger, run: Run) -> tuple[Block, ...]:
    """Return the interpreter, the distributions that the run's session imports, and the Git state."""
    found, git = ledger.environment(run.id), ledger.git(run.id)
    if found is None:
        return (Text("Not recorded."),)
    imported = _imported(ledger, run)
    used = {name: version for name, version in found.packages.items() if _plain(name) in imported}
    state = NOT_RECORDED + ": outside of Git" if git is None else git.commit[:12]
    if git is not None:
        state += f" on {git.branch}" * bool(git.branch) + (", with uncommitted changes" if git.dirty else "")
    items = [
        ("Python", found.python),
        ("platform", found.platform),
        ("Git commit", state),
        ("environment", f"{found.hash[:12]}, {many(len(found.packages), 'distribution')}"),
        *sorted(used.items()),
    ]
    return (Facts(tuple(items)),)


def training_code(ledger: Ledger, ref: str) -> tuple[Section, list[str]]:
    """Return the section with the slice that gives the model again, and what is to be known of it."""
    found = _slice(ledger, ref)
    title = "Training Code"
    if found is None or not found.runs:
        return Section(title, (Text("Not recorded: no recorded cell made the model."),)), []
    count = f"{many(len(found.runs), 'cell')}, {found.exactness}"
    blocks: list[Block] = [Text(f"The fewest recorded cells that give the model again, in order: {count}.")]
    for one in found.runs[-_MOST_CODE:]:
        where = f"[{one.position}] " if one.position is not None else ""
        of = f" of {one.notebook}" if one.notebook else ""
        known = f" ({', '.join(one.notes)})" if one.notes else ""
        blocks.append(Code(f"{where}run {one.id[:8]}{of}{known}", one.source))
    notes: list[str] = []
    if len(found.runs) > _MOST_CODE:
        notes.append(f"Of the training code only the last {_MOST_CODE} of {len(found.runs)} cells are shown.")
    if found.exactness != "exact":
        notes.append(f"How the model was made is known only in part ({found.exactness}): see Training Code.")
    return Section(title, tuple(blocks)), notes


def sources(ledger: Ledger, ref: str) -> list[Block]:
    """Return the files and other inputs behind a model that nothing recorded made."""
    found = _slice(ledger, ref)
    inputs = [one for one in found.inputs if one.role != "import"] if found is not None else []
    if not inputs:
        return [Text("No file or other input from outside is known behind it.")]
    rows = tuple((one.role, one.name, one.version[:12]) for one in inputs)
    return [Table("What it was made from", ("kind", "name", "content"), rows)]


def _slice(ledger: Ledger, ref: str) -> Slice | None:
    from nbledger.lineage.slicing import slice_of

    try:
        return slice_of(ledger, f"models:/{ref}")
    except NBLedgerError:
        return None


def _imported(ledger: Ledger, run: Run) -> set[str]:
    """Return the distributions that the cells of a run's session import, by their plain names."""
    rows = ledger.database.rows(
        """SELECT DISTINCT c.text FROM run r JOIN session s ON s.key = r.session JOIN source c ON c.key = r.source
        WHERE s.id = ? AND c.text LIKE '%import%' LIMIT 500""",
        (run.session,),
    )
    from nbledger.lineage.extraction.cell_tree import parse_cell

    names: set[str] = set()
    for (text,) in rows:
        tree = parse_cell(text)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return {_plain(_DISTRIBUTIONS.get(name, name)) for name in names} | {"nbledger"}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


__all__ = ["environment", "parameters", "sources", "training_code"]
