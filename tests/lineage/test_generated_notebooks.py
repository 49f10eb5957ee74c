"""Notebooks that nobody wrote: the slice of a variable, executed alone, always gives an equal value.

`GENERATED_NOTEBOOKS=3000` looks at that many, other ones each time; without it the same few each time.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from nbledger.fingerprint import fingerprint
from tests.lineage.generated import Notebook, notebooks
from tests.lineage.notebook_session import NotebookSession
from tests.lineage.plain_session import PlainSession, seed

MANY = int(os.environ.get("GENERATED_NOTEBOOKS", "0"))


@dataclass
class Sizes:
    """How many cells the slices had, how many of them could be left out, and in how many notebooks."""

    notebooks: int = 0
    executed: int = 0
    kept: int = 0
    extra: int = 0
    examples: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        needed = max(1, self.kept - self.extra)
        return (
            f"{self.notebooks} notebooks, {self.executed} cells executed, {self.kept} in slices, "
            f"{self.extra} of them could be left out ({self.extra / needed:.1%} over the needed)"
        )


@pytest.fixture(scope="module")
def sizes():
    counted = Sizes()
    yield counted
    print(f"\n{counted}")


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def outcome(session: PlainSession, probe: str):
    """What a probe gives after a session: its fingerprint and text, or its error."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            value = eval(probe, session.names)
        except Exception as error:
            return ("error", f"{type(error).__name__}: {error}")
        version = fingerprint(value, profile=False)
    return (version.hash, f"{value!r:.300}") if version.exactness == "exact" else ("opaque", type(value).__name__)


def replayed(sources, errors, probe: str):
    """What the probe gives after these cells alone, or `None` when one of them ended otherwise than recorded."""
    seed(98765)
    session = PlainSession()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for source, error in zip(sources, errors, strict=True):
            if session.run(source) != error:
                return None
    return outcome(session, probe)


def recorded(notebook: Notebook, folder: Path):
    """Record a notebook; returns what each cell raised, what the probe gives, and the positions in the slice."""
    seed(1234)
    session = NotebookSession(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for source in notebook.cells:
                session.run(source)
            positions = session.positions(notebook.target) if notebook.target in session.names else None
        problems = [problem for done in session.outcomes if done for problem in done.problems]
        problems += session.said
        assert problems == [], f"{problems}\n{shown(notebook, session.errors)}"
        return session.errors, outcome(session, notebook.probe), positions
    finally:
        session.close()


def shown(notebook: Notebook, errors, positions=()) -> str:
    """The notebook as text, the cells of the slice marked."""
    lines = [f"-> {notebook.probe}, slice {list(positions)}"]
    for number, source in enumerate(notebook.cells, 1):
        mark = "*" if number in positions else " "
        error = f"    # {errors[number - 1]}" if number <= len(errors) and errors[number - 1] else ""
        lines.append(f"{mark}[{number}] " + source.replace("\n", "\n      ") + error)
    return "\n".join(lines)


def left_out(sources, errors, probe, wanted) -> int:
    """How many cells can go, one at a time, from the last to the first."""
    gone = 0
    for at in range(len(sources) - 1, -1, -1):
        fewer, fewer_errors = sources[:at] + sources[at + 1 :], errors[:at] + errors[at + 1 :]
        if replayed(fewer, fewer_errors, probe) == wanted:
            sources, errors, gone = fewer, fewer_errors, gone + 1
    return gone


@settings(
    max_examples=MANY or 60,
    derandomize=not MANY,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
@given(notebook=notebooks())
def test_the_slice_of_any_variable_gives_it_again(notebook, folder, sizes):
    errors, wanted, positions = recorded(notebook, folder)
    if positions is None or wanted[0] == "opaque":
        return  # a cell failed before it bound the target, or there is nothing to compare
    executed = notebook.cells
    sources = [executed[position - 1] for position in positions]
    some_errors = [errors[position - 1] for position in positions]
    assert replayed(sources, some_errors, notebook.probe) == wanted, "\n" + shown(notebook, errors, positions)
    sizes.notebooks += 1
    sizes.executed += len(executed)
    sizes.kept += len(sources)
    sizes.extra += left_out(sources, some_errors, notebook.probe, wanted)


def test_few_cells_of_the_generated_slices_could_be_left_out(sizes):
    """One in two of the needed at most: these notebooks often write `a = a`, or over what they have just changed."""
    if sys.version_info < (3, 12):
        pytest.skip("the lines that ran are known from Python 3.12 on")
    print(f"\n{sizes}")
    assert sizes.extra <= 0.5 * (sizes.kept - sizes.extra)
