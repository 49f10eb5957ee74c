"""Questions on a ledger of 100,000 cell runs: `python tests/benchmarks/bench_lineage.py [RUNS]`.

The ledger holds notebooks of 40 cells run over and over: sessions of 500 runs, and one that holds the last
fifth. Each question is asked of a ledger opened anew, median of 7; memory is what Python allocates while it is answered.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from nbledger.ledger import Ledger
from nbledger.lineage.impact import impact
from nbledger.lineage.slicing import slice_of
from nbledger.lineage.stale import stale
from nbledger.lineage.why import why
from nbledger.records import Edge, Facts, Metric, RunEnd, RunStart, Session, Version, new_id

CELLS = 40
LIMIT_MS = 100.0


def fill(ledger: Ledger, runs: int) -> None:
    """Write the runs: each cell reads what the two before it made and makes one name; the last one scores."""
    done = 0
    while done < runs:
        size = runs - done if runs - done <= runs // 5 else min(500, runs - done)
        session = new_id()
        ledger.start_session(
            Session(session, "bench", "host", "boot", 1, 0.0, "user", "3.11", "linux", "0", time.time(), "bench.ipynb")
        )
        with ledger.database.write():
            for at in range(size):
                _cell(ledger, session, at)
        ledger.end_session(session)
        done += size


def _cell(ledger: Ledger, session: str, at: int) -> None:
    cell, pass_ = at % CELLS, at // CELLS
    run = new_id()
    used = [name(cell - back, pass_) for back in (1, 2) if cell >= back]
    versions = [version(*item) for item in [*used, name(cell, pass_)]]
    facts = Facts(
        versions=tuple(versions),
        used=tuple(Edge(v.hash, n) for v, (n, _) in zip(versions, used, strict=False)),
        generated=(Edge(versions[-1].hash, f"v{cell}"),),
        metrics=(Metric("score", at / 1000),) if cell == CELLS - 1 else (),
    )
    ledger.start_run(RunStart(run, session, "cell", time.time(), notebook="bench.ipynb", cell_id=f"c{cell}",
                              position=at + 1, source=f"v{cell} = work({cell})"))  # fmt: skip
    ledger.end_run(RunEnd(run, time.time(), 0.01, "finished"), facts)


def name(cell: int, pass_: int) -> tuple[str, int]:
    """Return a variable's name and the pass in which it was made."""
    return f"v{cell}", pass_


def version(variable: str, pass_: int) -> Version:
    """Return the version of a variable in a pass; every tenth pass changes everything."""
    return Version(f"{abs(hash((variable, pass_ // 10))):032x}"[-32:], "table", "exact", "DataFrame", (100, 3), 2400)


def main() -> None:
    """Fill a ledger and ask."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(Path(folder))
        clock = time.perf_counter()
        fill(ledger, runs)
        print(f"{runs:,} cell runs written in {time.perf_counter() - clock:.1f} s")
        ledger.close()
        last = f"v{CELLS - 1}"
        questions = {
            f"slice {last}": lambda opened: slice_of(opened, last),
            "slice score": lambda opened: slice_of(opened, "score"),
            f"why {last}": lambda opened: why(opened, last),
            "stale": lambda opened: stale(opened),
            f"impact v{CELLS // 2}": lambda opened: impact(opened, f"v{CELLS // 2}"),
        }
        for title, question in questions.items():
            times = []
            for _ in range(7):
                opened = Ledger.open(Path(folder))
                clock = time.perf_counter()
                question(opened)
                times.append((time.perf_counter() - clock) * 1000)
                opened.close()
            opened = Ledger.open(Path(folder))
            tracemalloc.start()
            question(opened)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            opened.close()
            took = statistics.median(times)
            print(f"{title:<14} {took:7.1f} ms (limit {LIMIT_MS:.0f})   {peak / 1024:7.0f} KiB")


if __name__ == "__main__":
    main()
