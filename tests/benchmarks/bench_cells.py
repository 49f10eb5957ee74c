"""What nbledger adds to a cell, against the same cell in plain IPython in the same process.

Run it by hand: `python tests/benchmarks/bench_cells.py` (or `make bench`). Two shells take turns with the same cells, one with nbledger loaded;
medians are shown. Loading is measured in fresh processes that have IPython imported already.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Any

TWENTY_LINES = "\n".join(f"v{i} = {f'v{i - 1} + ' if i else ''}{i}" for i in range(20))
# `{i}` is another number each time: such a cell was never run before.
SHAPES = {
    "numbers": "\n".join(f"v{n} = {f'v{n - 1}' if n else '{i}'} + {n}" for n in range(20)),
    "lists and dicts": "\n".join(f"l{n} = [{{i}}, {n}]\nd{n} = {{'a': {{i}}, 'b': {n}}}" for n in range(10)),
    "texts and methods": "\n".join(f"m{n} = '{{i}} and {n}'.upper().replace('A', 'b')" for n in range(20)),
    "comprehensions": "\n".join(f"c{n} = [x * {n} + {{i}} for x in range(5)]" for n in range(20)),
    "functions": "\n".join(f"def f{n}(x):\n    return x + {n} + {{i}}\nr{n} = f{n}({n})" for n in range(7)),
    "calls of functions": "\n".join(f"k{n} = step{n % 10}({n} + {{i}})" for n in range(20)),
    "columns of an earlier small frame": "\n".join(f"small['c{n}'] = small['b'] * {n} + {{i}}" for n in range(20)),
    "columns of a small frame": "import pandas as pd\ndf = pd.DataFrame({'a': range({i}, {i} + 20)})\n"
    + "\n".join(f"df['c{n}'] = df['a'] + {n}" for n in range(18)),
}
LOOP = "total = 0\nfor i in range(20_000):\n    total += i * i % 7"
FIT = "clf = LogisticRegression(max_iter=200).fit(X, y)\naccuracy = clf.score(X, y)"
FOREST = "forest = RandomForestClassifier(n_estimators=100, random_state={i}).fit(X, y)"
SETUP = """
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import scale
X, y = load_breast_cancer(return_X_y=True)
X = scale(X)
"""
EARLIER = "import pandas as pd\nsmall = pd.DataFrame({'a': range(20), 'b': range(20)})\n" + "\n".join(
    f"def step{n}(x):\n    return x + {n}" for n in range(10)
)


def main() -> None:
    """Print the table."""
    folder = tempfile.mkdtemp(prefix="nbledger-bench-")
    os.chdir(folder)
    os.mkdir(".nbledger")
    rows = [("%load_ext nbledger, warm kernel", load_time(), None, "100 ms")]
    plain, ours = shells()
    for name, code, prefix, repeats, limit in (
        ("an empty observed cell", "pass", "", 200, "+0.5 ms"),
        ("an observed cell of 20 lines", TWENTY_LINES, "", 200, "+1 ms"),
        ("a loop of 20,000 steps, the whole cell", LOOP, "", 60, "1.05 x"),
        ("a tracked LogisticRegression fit and score", FIT, "%%track --quiet\n", 60, "+15 ms"),
        ("the same with its card", FIT, "%%track\n", 60, "+15 ms"),
    ):
        rows.append((name, *measure(plain, ours, code, prefix, repeats), limit))
    for shell in (plain, ours):
        shell.run_cell(EARLIER, store_history=True).raise_error()
    for name, code in SHAPES.items():
        again = measure(plain, ours, code.replace("{i}", "7"), "", 60)
        rows.append((f"20 lines of {name}", *again, "+1 ms"))
        rows.append((f"20 lines of {name}, never run before", *measure(plain, ours, code, "", 60), "+1 ms"))
    rows.append(("a loop of 20,000 steps, timed inside the cell", *measure_inside(plain, ours), "1.05 x"))
    rows.append(
        ("a tracked RandomForest, 100 trees", *measure(plain, ours, FOREST, "%%track --quiet\n", 8), forest_limit())
    )
    print(f"\n{'':56} {'plain':>10} {'nbledger':>10} {'added':>10} {'ratio':>7}   limit")
    for name, first, second, limit in rows:
        if second is None:
            print(f"{name:56} {'':>10} {first * 1e3:>7.1f} ms {'':>10} {'':>7}   {limit}")
        else:
            added = (second - first) * 1e3
            print(
                f"{name:56} {first * 1e3:>7.2f} ms {second * 1e3:>7.2f} ms {added:>7.2f} ms {second / first:>6.2f}x   {limit}"
            )


def load_time() -> float:
    """Return the median seconds of `%load_ext nbledger` over fresh processes with IPython and ipykernel imported."""
    code = (
        "import time, ipykernel.kernelapp\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell()\n"
        "shell.run_cell('pass')\n"
        "start = time.perf_counter(); shell.run_line_magic('load_ext', 'nbledger')\n"
        "print(time.perf_counter() - start)"
    )
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times = [
        float(subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout)
        for _ in range(6)
    ]
    return median(times[1:])


def shells() -> tuple[Any, Any]:
    """Return a plain shell and one with nbledger loaded, both with the set-up run."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    # Off from the start: else each cell wakes the thread that saves the history. A cell that writes to a ledger gives it
    # the interpreter's lock on the way and waits, a plain one ends before.
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.instance().display_pub.publish = lambda *args, **kwargs: None
    pair = []
    for extension in (False, True):
        shell = InteractiveShell(config=config)
        shell.display_pub.publish = lambda *args, **kwargs: None
        if extension:
            shell.run_line_magic("load_ext", "nbledger")
        shell.run_cell(SETUP, store_history=True)
        shell.run_cell("pass", store_history=True)
        pair.append(shell)
    time.sleep(2)
    return pair[0], pair[1]


def measure(plain: Any, ours: Any, code: str, prefix: str, repeats: int) -> tuple[float, float]:
    """Return the median seconds of a cell in both shells, which take turns by blocks of some cells.

    By blocks, because a kernel is one shell: after each other's cells both run with cold caches, which costs them
    about twice the time.
    """
    times: tuple[list[float], list[float]] = ([], [])
    block = max(2, repeats // 8)
    for start_at in range(0, repeats, block):
        for at, shell in enumerate((plain, ours)):
            for i in range(start_at - 2, start_at + block):
                source = (prefix if at else "") + code.replace("{i}", str(i + 10))
                start = time.perf_counter()
                result = shell.run_cell(source, store_history=True)
                took = time.perf_counter() - start
                result.raise_error()
                if i >= start_at:
                    times[at].append(took)
    return median(times[0]), median(times[1])


def measure_inside(plain: Any, ours: Any) -> tuple[float, float]:
    """Return the median seconds of the loop itself, as its cell measures it, in both shells."""
    source = f"from time import perf_counter\nstart = perf_counter()\n{LOOP}\ntook = perf_counter() - start"
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(60):
        for at, shell in enumerate((plain, ours)):
            shell.run_cell(source, store_history=True).raise_error()
            times[at].append(shell.user_ns["took"])
    return median(times[0]), median(times[1])


def forest_limit() -> str:
    """Return 1.5 times the bare skops dump of the same forest, measured here."""
    import skops.io
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(n_estimators=100, random_state=0).fit(*load_breast_cancer(return_X_y=True))
    times = []
    for _ in range(5):
        start = time.perf_counter()
        skops.io.dumps(forest)
        times.append(time.perf_counter() - start)
    return f"+{median(times) * 1.5e3:.0f} ms (1.5 x bare skops, {median(times) * 1e3:.0f} ms)"


if __name__ == "__main__":
    main()
