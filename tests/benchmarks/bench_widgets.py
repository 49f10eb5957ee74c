"""How quick the comparison is in a kernel, and how much it adds to a saved notebook.

    python tests/benchmarks/bench_widgets.py [RUNS]

A real kernel is asked by the messages that a front end sends. The first figure is the time from sending a message until
the kernel is idle again, with all that it sent back; the second is the processor time that the kernel took, which a busy
machine changes less. What a browser then needs to draw is not measured.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from nbledger.ledger import Ledger
from tests.benchmarks.bench_ledger import fill
from tests.widgets.front_end import FrontEnd

FIRST, INTERACTION, SAVED = 1.0, 0.1, 200_000
ROUNDS = 7


class Took(NamedTuple):
    """Seconds: by the clock, and of the kernel's processor time."""

    clock: float
    processor: float


def timed(front_end: FrontEnd, *actions: Callable[[], Any]) -> Took:
    """Return what one of some actions takes: the median by the clock, the mean of processor time (counted in 10 ms)."""
    times = []
    before = processor_time(front_end)
    for action in actions:
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return Took(statistics.median(times), (processor_time(front_end) - before) / len(actions))


def processor_time(front_end: FrontEnd) -> float:
    """Return the seconds of processor time that the kernel has had (Linux)."""
    words = Path(f"/proc/{front_end.manager.provisioner.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def first_view(front_end: FrontEnd, count: int) -> list[tuple[str, Took, float]]:
    """The cell that shows a comparison, in a kernel that has not shown one and in one that has."""
    before = f"first view of {count:,} runs, the kernel's first"
    again = f"first view of {count:,} runs, once more"
    show = "%ledger compare"
    return [(words, timed(front_end, lambda: checked(front_end.run(show))), FIRST) for words in (before, again)]


def checked(output: Any) -> None:
    """Fail where a cell failed."""
    assert output.error is None, output.traceback


def interactions(front_end: FrontEnd) -> list[tuple[str, Took, float]]:
    """What one does with the table; the median of some rounds, each of which asks for something new."""
    front_end.models.clear()
    front_end.run("view = nbledger.compare()\nview")
    find = front_end.find
    heads = [
        id
        for id, one in front_end.models.items()
        if one.get("_model_name") == "ButtonModel" and one["description"].startswith("metric_")
    ]
    boxes = [id for id, one in front_end.models.items() if one.get("_model_name") == "CheckboxModel" and one["tooltip"]]
    text, column = find("Text", description="Filter"), find("Dropdown", description="Column")
    baseline, sizes = find("Dropdown", description="Baseline"), find("Dropdown", description="Runs a page")
    tabs = find("ToggleButtons")
    actions: dict[str, Callable[[int], Any]] = {
        "sort by a metric": lambda at: front_end.click(heads[at % len(heads)]),
        "next page": lambda _: front_end.click(find("Button", description="Next")),
        "filter: a param, a tenth fits": lambda at: front_end.change(text, value=f"params.param_1 = {at}"),
        "filter: a metric, half fits": lambda at: front_end.change(text, value=f"metrics.metric_{at} > 0.5"),
        "no filter": lambda at: front_end.change(text, value="" if at % 2 else "params.param_1 = 1"),
        "select a run": lambda at: front_end.change(boxes[at], value=True),
        "pin a baseline": lambda at: front_end.change(baseline, index=1 + at),
        "choose a column": lambda at: front_end.change(column, index=at),
        "show or hide it": lambda _: front_end.click(find("Button", tooltip="Show or hide this column")),
        "last page": lambda at: front_end.click(find("Button", description="First" if at % 2 else "Last")),
        "runs a page: 10 or 20": lambda at: front_end.change(sizes, index=at % 2),
    }
    found = []
    for name, action in actions.items():
        rounds = [lambda at=at, action=action: action(at) for at in range(ROUNDS)]  # type: ignore[misc]
        found.append((name, timed(front_end, *rounds), INTERACTION))
    front_end.run("view.model.change(filter='', page_size=20)")
    for at, title in enumerate(front_end.models[tabs]["_options_labels"][1:5], 1):
        front_end.change(tabs, index=at)  # what is imported and read once
        front_end.change(tabs, index=0)
        once = timed(front_end, lambda at=at: front_end.change(tabs, index=at))  # type: ignore[misc]
        found.append((f"open the tab {title} again", once, INTERACTION))
    return found


def saved(folder: Path) -> list[tuple[str, float, float]]:
    """How many bytes a comparison of 1,000 runs adds to the notebook's file, for each tab: its static form.

    The figure as plotly's MIME bundle, which is sent to the page and not saved, has the same limit.
    """
    from nbledger.widgets.compare import compare
    from nbledger.widgets.compare_tabs import TABS
    from nbledger.widgets.figure_box import figure_bundle

    found = []
    for title, key in (("Table", "table"), *((tab.title, tab.key) for tab in TABS)):
        view = compare(ledger=Ledger.open(folder))
        view.model.change(tab=key)
        bundles = [{"text/html": "", "text/plain": ""}, view._static()]
        found.append((f"1,000 runs saved, {title}", float(len(json.dumps(bundles))), float(SAVED)))
        tab = view._tab()
        figure = None if tab is None else tab.figure()
        if figure is not None:
            found.append((f"1,000 runs sent, {title}", float(len(json.dumps(figure_bundle(figure)))), float(SAVED)))
    return found


def main() -> None:
    """Print the table; what is over its limit is marked."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        many, thousand = Path(name) / "many", Path(name) / "thousand"
        for folder, runs in ((many, count), (thousand, 1000)):
            folder.mkdir()
            fill(Ledger.open(folder), runs)
        front_end = FrontEnd(many)
        try:
            front_end.run("%load_ext nbledger")
            front_end.run("import nbledger")
            results = [*first_view(front_end, count), *interactions(front_end)]
        finally:
            front_end.stop()
        sizes = saved(thousand)
    print(f"{'what':48} {'clock':>12} {'processor':>12} {'limit':>12}")
    for words, took, limit in results:
        figures = f"{took.clock * 1000:9.0f} ms {took.processor * 1000:9.0f} ms {limit * 1000:9.0f} ms"
        print(f"{words:48} {figures}{'' if took.clock <= limit else '  <-- over'}")
    for words, size, most in sizes:
        print(f"{words:48} {size / 1000:9.1f} kB {'':12} {most / 1000:9.0f} kB{'' if size <= most else '  <-- over'}")


if __name__ == "__main__":
    main()
