"""Running notebooks beside papermill and nbclient, in one run: `python tests/benchmarks/bench_run.py [N [CELLS [WORD...]]]`.

N short scikit-learn notebooks (30) by papermill one after another and by `run_notebooks` with as many jobs as cores;
notebooks of CELLS cells (500), one of each kind in `KINDS`, by bare nbclient and by `run_notebook`. Words are the kinds
to take of them, and `papermill`, which then runs them too. The outputs are compared. CPU seconds are beside the wall's:
other work on the machine moves the wall clock more.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import nbformat

SCIKIT_LEARN = (
    "import numpy as np\nimport pandas as pd",
    (
        "from sklearn.datasets import load_breast_cancer\nfrom sklearn.linear_model import LogisticRegression\n"
        "from sklearn.metrics import accuracy_score\nfrom sklearn.model_selection import train_test_split\n"
        "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler"
    ),
    "X, y = load_breast_cancer(return_X_y=True, as_frame=True)",
    "X.iloc[:, :4].describe()",
    "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed)",
    "model = make_pipeline(StandardScaler(), LogisticRegression(C=C)).fit(X_train, y_train)",
    "accuracy = accuracy_score(y_test, model.predict(X_test))\naccuracy",
    "print(np.round(model[-1].coef_[0][:3], 6))",
)
KINDS: dict[str, tuple[str, Callable[[int], str]]] = {
    "bind": ("pass", lambda n: f"x{n} = {n}\nprint('cell', {n})"),
    "array": (
        "import numpy as np\na = np.zeros(10_000)",
        lambda n: f"a[{n}] = {n}\nb{n} = a[:{n + 1}].sum()\nb{n}",
    ),
    "function": (
        "import math",
        lambda n: f"def f{n}(x):\n    return x + {n}\ny{n} = f{n}({n})\nprint(math.sqrt(y{n}))",
    ),
    "class": (
        "pass",
        lambda n: (
            f"class C{n}:\n    def __init__(self, x):\n        self.x = x\n    def get(self):\n"
            f"        return self.x + {n}\nc{n} = C{n}({n})\nc{n}.get()"
        ),
    ),
    "list": ("items, counts = [], {}", lambda n: f"items.append({n})\ncounts[{n}] = len(items)"),
    "frame": (
        "import numpy as np\nimport pandas as pd\ndf = pd.DataFrame({'a': np.arange(100.0)})",
        lambda n: f"df['c{n % 20}'] = df['a'] * {n}\ndf['c{n % 20}'].mean()",
    ),
    "import": ("pass", lambda n: f"import json as j{n}\nfrom math import sqrt as s{n}\nz{n} = s{n}({n})"),
    "fit": (
        (
            "import numpy as np\nfrom sklearn.linear_model import LinearRegression\n"
            "X = np.random.default_rng(0).random((50, 3))\ny = X.sum(axis=1)"
        ),
        lambda n: f"m{n} = LinearRegression().fit(X, y * {n + 1})\nprint(round(m{n}.score(X, y), 6))",
    ),
}
"""Kinds of cells: what the first one says, and what the nth after it says."""
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def write(path: Path, *sources: str) -> Path:
    """Write a notebook of code cells."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)
    return path


def outputs(path: Path) -> list[Any]:
    """Return what a notebook's cells show, without what differs between any two runs."""
    found: list[Any] = []
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":  # one text may come in several messages
                last = found.pop() if found and found[-1][0] == output.name else (output.name, "")
                found.append((output.name, last[1] + output.text))
            elif output.output_type == "error":
                found.append((output.ename, output.evalue))
            else:
                found.append((output.output_type, sorted(output.data.items())))
    return found


def cpu() -> float:
    """Return the CPU seconds of this process and of those below it that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Measured:
    """Wall and CPU seconds of a block, added up over several."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.wall = self.cpu = 0.0

    def __enter__(self) -> Self:
        self.wall -= time.perf_counter()
        self.cpu -= cpu()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter()
        self.cpu += cpu()

    def tell(self) -> None:
        """Print it."""
        print(f"  {self.name:<46}{self.wall:8.2f} s wall {self.cpu:8.2f} s CPU", flush=True)


def short_notebooks(folder: Path, count: int) -> None:
    """Measure many short notebooks: a third of them by each, then the next third, as other work comes and goes."""
    import papermill

    from nbledger.ledger import Ledger
    from nbledger.pipeline.kernels.pool import close_pool
    from nbledger.pipeline.many import run_notebooks

    paths = [
        write(folder / f"short-{n}.ipynb", f"seed = {n}\nC = {0.1 * (n + 1):.1f}", *SCIKIT_LEARN) for n in range(count)
    ]
    jobs = len(os.sched_getaffinity(0))
    print(f"{count} short scikit-learn notebooks ({jobs} cores)")
    ledger = Ledger.open(folder)
    theirs, ours = Measured("papermill, one after another"), Measured(f"nbledger run -j {jobs}")
    ends = []
    for third in (paths[0::3], paths[1::3], paths[2::3]):
        with ours:
            ends += run_notebooks(third, jobs=jobs, ledger=ledger, progress=False)
        with theirs:
            for path in third:
                papermill.execute_notebook(str(path), str(folder / f"pm-{path.name}"), progress_bar=False)
    with ours:
        close_pool()
    theirs.tell()
    ours.tell()
    same = [outputs(end.run.output) == outputs(folder / f"pm-{end.request.notebook.name}") for end in ends]
    assert all(same), f"outputs differ in {same.count(False)} notebooks"
    print(
        f"  the same outputs in all; times as fast as papermill: {theirs.wall / ours.wall:.1f} (CPU: "
        f"{theirs.cpu / ours.cpu:.1f})"
    )
    ledger.close()


def long_notebook(folder: Path, count: int, kind: str) -> None:
    """Measure one notebook of many small cells."""
    from nbclient import NotebookClient

    from nbledger.ledger import Ledger
    from nbledger.pipeline.execute import run_notebook
    from nbledger.pipeline.kernels.pool import close_pool

    first, cell = KINDS[kind]
    path = write(folder / f"{kind}.ipynb", first, *map(cell, range(count - 1)))
    print(f"one notebook of {count} cells: {kind}")
    ledger = Ledger.open(folder)
    bare, ours, cold = [], [], []
    for _ in range(3):
        with Measured("nbclient") as one:
            nb = nbformat.read(path, as_version=4)
            NotebookClient(nb, kernel_name="python3").execute()
        bare.append(one)
        with Measured("nbledger run") as one:
            done = run_notebook(path, ledger=ledger, progress=False)
            close_pool()
        ours.append(one)
        with Measured("nbledger run --fresh") as one:
            run_notebook(path, ledger=ledger, progress=False, fresh=True)
        cold.append(one)
    nbformat.write(nb, folder / "bare.ipynb")
    assert outputs(done.output) == outputs(folder / "bare.ipynb")
    for one in (*bare, *ours, *cold):
        one.tell()
    for what in ("wall", "cpu"):
        best = [min(getattr(one, what) for one in ones) for ones in (bare, ours, cold)]
        print(
            f"  {what} times nbclient's: nbledger {best[1] / best[0]:.2f}, --fresh {best[2] / best[0]:.2f}", flush=True
        )
    if "papermill" in sys.argv:
        import papermill

        with Measured("papermill") as theirs:
            papermill.execute_notebook(str(path), str(folder / "pm.ipynb"), progress_bar=False)
        theirs.tell()
        assert outputs(done.output) == outputs(folder / "pm.ipynb")
        print(f"  wall times nbclient's: papermill {theirs.wall / min(one.wall for one in bare):.2f}; the same outputs")
    ledger.close()


def main() -> None:
    """Measure both."""
    words = sys.argv[3:]
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    cells = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pyproject.toml").touch()
        if count:
            short_notebooks(folder, count)
        if cells:
            for kind in [word for word in words if word in KINDS] or KINDS:
                long_notebook(folder, cells, kind)


if __name__ == "__main__":
    main()
