"""How quick the views are beside a ledger of 100,000 runs: each tab of the comparison, lineage, data, registry, live runs.

    python tests/benchmarks/bench_views.py [RUNS [FOLDER]]

The ledger's newest runs are those of a notebook that trains on 100,000 rows, in a real kernel. See `bench_widgets.py`
for what the figures are. `nbledger report` is measured as a process of its own. FOLDER keeps the ledger for the next time.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from nbledger.ledger import Ledger
from tests.benchmarks.bench_ledger import fill
from tests.benchmarks.bench_widgets import FIRST, INTERACTION, Took, checked, processor_time, timed
from tests.widgets.front_end import FrontEnd

ROWS, CELLS, TRAINED = 100_000, 40, 6
Result = tuple[str, Took, float | None]

DATA = f"""
import numpy as np, pandas as pd
chance = np.random.default_rng(0)
df = pd.DataFrame({{f"c{{at}}": chance.normal(size={ROWS}) for at in range(10)}})
df["city"] = chance.choice(["Bern", "Basel", "Genf"], {ROWS})
df["y"] = (df.c0 + df.c1 > 0).astype(int)
"""
TRAIN = """%%track "tree {at}" -e trained --quiet
import nbledger
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier
model = DecisionTreeClassifier(max_depth={at} + 1, random_state=0).fit(df[["c0", "c1"]][:2000], df.y[:2000])
accuracy = accuracy_score(df.y[2000:6000], model.predict(df[["c0", "c1"]][2000:6000]))
for step in range(200): nbledger.metric("loss", 1 / (step + {at} + 1), step=step)
"""
PROMOTE = """
from nbledger.registry import promote
ledger = nbledger.open()
for run in list(ledger.runs(experiment="trained")) * 5:
    promote(ledger, "churn", run, alias="champion", gates=["accuracy >= 0.1"], who="ada", reason="better")
"""
NEXT_DOOR = """
import sys
from nbledger.ledger import Ledger
from tests.browser.filling import add_run, start_session
import time
ledger = Ledger.open(sys.argv[1])
session = start_session(ledger)
for line in sys.stdin:
    add_run(ledger, session, 1, time.time(), name=line.strip())
"""


def work(front_end: FrontEnd) -> None:
    """What somebody does before looking: data that changes, a chain of cells, a few models, promotions."""
    cells = ["%load_ext nbledger", DATA.strip(), *(f'df["d{at}"] = df.c0 * {at}' for at in range(6))]
    cells += ["a0 = df.c0.sum()", *(f"a{at} = a{at - 1} + df.c{at % 10}.iloc[0]" for at in range(1, CELLS))]
    cells += [TRAIN.format(at=at) for at in range(TRAINED)]
    cells += [f"last = accuracy + a{CELLS - 1}", PROMOTE.strip()]
    for cell in cells:
        checked(front_end.run(cell))


def shown(front_end: FrontEnd, magic: str) -> Iterator[Result]:
    """The cell that shows a view, twice; the second one's widgets are the only ones known then."""
    for words in ("the kernel's first", "once more"):
        front_end.models.clear()
        yield f"{magic}, {words}", timed(front_end, lambda: checked(front_end.run(magic))), FIRST


def rounds(front_end: FrontEnd, words: str, action: Callable[[int], Any], count: int = 6) -> Result:
    """One interaction: the median of some rounds, each of which asks for something new."""
    return words, timed(front_end, *(lambda at=at: action(at) for at in range(count))), INTERACTION  # type: ignore[misc]


def lineage(front_end: FrontEnd) -> Iterator[Result]:
    """The lineage of something that many cells led to."""
    yield from shown(front_end, "%ledger lineage last")
    find, change, click = front_end.find, front_end.change, front_end.click
    nodes = [id for id, one in front_end.models.items() if "nbl-node" in one.get("_dom_classes", ())]
    hide = find("ToggleButton", description="values")
    yield rounds(front_end, "  pick a node", lambda at: click(nodes[at + 1]))
    yield rounds(front_end, "  hide a kind of node", lambda at: change(hide, value=bool(at % 2)))
    yield rounds(
        front_end,
        "  find",
        lambda at: change(find("Text", description="Find"), value=f"a{at + 20} =" if at % 2 else ""),
    )
    yield rounds(front_end, "  direction", lambda at: change(find("ToggleButtons"), index=(at + 1) % 3))
    front_end.models.clear()
    front_end.run("%ledger lineage last")
    yield rounds(
        front_end, "  fold and unfold",
        lambda at: click(
            find("Button", description="Unfold") if at % 2 else find("Button", description="Fold away what lies behind")
        ),
    )  # fmt: skip
    yield rounds(front_end, "  show more", lambda _: click(find("Button", description="Show more")), 1)
    nodes = [id for id, one in front_end.models.items() if "nbl-node" in one.get("_dom_classes", ())]
    click(nodes[5])
    yield rounds(front_end, "  ask for this", lambda _: click(find("Button", description="Ask for this")), 1)


def data(front_end: FrontEnd) -> Iterator[Result]:
    """A table of 100,000 rows with its versions."""
    yield from shown(front_end, "%ledger data df")
    column = front_end.find("Dropdown", description="Column")
    other = front_end.find("Dropdown", description="Compare with")
    yield rounds(front_end, "  choose a column", lambda at: front_end.change(column, index=at + 1))
    yield rounds(front_end, "  compare with a version", lambda at: front_end.change(other, index=at + 1))


def registry(front_end: FrontEnd) -> Iterator[Result]:
    """A model with thirty versions."""
    yield from shown(front_end, "%ledger registry")
    find, click = front_end.find, front_end.click
    judge = find("Button", description="Judge, and show what will change")
    version = find("Dropdown", description="Version")

    def promote(at: int) -> None:
        front_end.change(version, index=at)
        click(judge)

    yield rounds(front_end, "  prepare a promotion", promote)
    yield rounds(
        front_end, "  prepare a rollback", lambda _: click(find("Button", description="Show what will change"))
    )


def watch(front_end: FrontEnd) -> Iterator[Result]:
    """Live runs; another process writes one after the other."""
    yield from shown(front_end, "%ledger watch")
    command = [sys.executable, "-c", NEXT_DOOR, str(front_end.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as other:
        assert other.stdin is not None

        def one(at: int) -> None:
            print(f"next door {at}", file=other.stdin, flush=True)
            front_end.wait_until(lambda: front_end.says(f"next door {at}"))

        one(100)
        name, took, _ = rounds(front_end, "  a run of another process is seen (looks twice a second)", one)
        yield name, took, 1.0
        other.stdin.close()
    front_end.click(front_end.find("Button", description="Stop following"))


def tabs(front_end: FrontEnd) -> Iterator[Result]:
    """Each tab of a comparison of all runs: opened in a view that has not shown it, once imports are done; then used."""
    many = ("Metrics", "Parallel coordinates", "Scatter", "Importance")
    for _ in chosen_tabs(front_end, "trained", ()):  # what is imported once
        pass
    scopes = (chosen_tabs(front_end, "e", many, without=False), chosen_tabs(front_end, None, many))
    for title, opened, new in chain(*scopes):
        yield f"tab {title}, first time", opened, FIRST
        options = [id for id in new if len(front_end.models[id].get("_options_labels") or ()) > 1]
        if options:
            yield rounds(front_end, "  choose an option", lambda at, one=options[0]: next_option(front_end, one), 1)  # type: ignore[misc]
        boxes = [
            id for id, one in front_end.models.items()
            if one.get("_model_name") == "CheckboxModel" and one["tooltip"] and not one["value"]
        ]  # fmt: skip
        yield rounds(front_end, "  select a run", lambda at, boxes=boxes: front_end.change(boxes[at], value=True), 4)  # type: ignore[misc]
        front_end.run("view.model.change(selected=())")
        settled(front_end)


def chosen_tabs(
    front_end: FrontEnd, experiment: str | None, titles: Sequence[str], *, without: bool = True
) -> Iterator[tuple[str, Took, list[str]]]:
    """Open tabs of a new comparison: the title of each, what opening it took, and the widgets that it made.

    Those with some titles, or all `without` them: 100,000 runs have metrics and params, and the newest predictions.
    """
    front_end.models.clear()
    checked(front_end.run(f"view = nbledger.compare(experiment={experiment!r})\nview"))
    chooser = front_end.find("ToggleButtons")
    for at, title in enumerate(front_end.models[chooser]["_options_labels"][1:], 1):
        if (title in titles) is without:
            continue
        known = set(front_end.models)
        opened = timed(front_end, lambda at=at, one=chooser: front_end.change(one, index=at))  # type: ignore[misc]
        settled(front_end)
        yield title, opened, [id for id in front_end.models if id not in known]


def next_option(front_end: FrontEnd, id: str) -> None:
    """Choose what follows in a list."""
    one = front_end.models[id]
    if one["_model_name"] == "SelectMultipleModel":
        front_end.change(id, index=one["index"][1:])
    else:
        front_end.change(id, index=((one["index"] or 0) + 1) % len(one["_options_labels"]))


def settled(front_end: FrontEnd) -> None:
    """Wait until nothing comes any more of what a tab computes after it was shown."""
    before = -1.0
    while processor_time(front_end) > before + 0.02:
        before = processor_time(front_end)
        time.sleep(0.4)


def report(folder: Path) -> Iterator[Result]:
    """The report of a filter, a process from start to end."""
    for words, filter in (("a tenth fits", "params.param_1 = 3"), ("half fits", "metrics.metric_1 > 0.5")):
        begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [
            sys.executable,
            "-c",
            "from nbledger.cli import main; main()",
            "report",
            "--filter",
            filter,
            "-o",
            str(folder / "report.html"),
        ]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        took, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        yield f"nbledger report, {words}", Took(took, processor), None


def main() -> None:
    """Print the table; what is over its limit is marked."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(sys.argv[2] if len(sys.argv) > 2 else name)
        if not (folder / ".nbledger").exists():
            fill(Ledger.open(folder), count)
        front_end = FrontEnd(folder)
        print(f"{'what':60} {'clock':>12} {'processor':>12} {'limit':>12}")
        try:
            work(front_end)
            for part in (tabs, lineage, data, registry, watch):
                for result in part(front_end):
                    tell(*result)
        finally:
            front_end.stop()
        for result in report(folder):
            tell(*result)


def tell(words: str, took: Took, limit: float | None) -> None:
    """Print one line."""
    over = "  <-- over" if limit is not None and took.clock > limit else ""
    most = f"{limit * 1000:9.0f} ms" if limit is not None else ""
    print(f"{words:60} {took.clock * 1000:9.0f} ms {took.processor * 1000:9.0f} ms {most}{over}", flush=True)


if __name__ == "__main__":
    main()
