"""Running notebooks beside papermill and nbclient, in one run: `python tests/benchmarks/bench_run.py [N [CELLS [papermill]]]`.

N short scikit-learn notebooks (30) by papermill one after another and by `run_notebooks` with as many jobs as cores;
one notebook of CELLS cells (500) by bare nbclient and by `run_notebook`, and with a third word `papermill` by papermill
too. The outputs are compared. CPU seconds are beside the wall's: other work on the machine moves the wall clock only.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
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


def long_notebook(folder: Path, count: int) -> None:
    """Measure one notebook of many small cells."""
    import papermill
    from nbclient import NotebookClient

    from nbledger.ledger import Ledger
    from nbledger.pipeline.execute import run_notebook
    from nbledger.pipeline.kernels.pool import close_pool

    path = write(folder / "long.ipynb", *[f"x{n} = {n}\nprint('cell', {n})" for n in range(count)])
    print(f"one notebook of {count} cells")
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
    for one in (*bare, *ours, *cold):
        one.tell()
    best = min(one.wall for one in bare)
    print(
        f"  times nbclient's: nbledger {min(o.wall for o in ours) / best:.2f}, "
        f"--fresh {min(o.wall for o in cold) / best:.2f}"
    )
    if "papermill" in sys.argv:
        with Measured("papermill") as theirs:
            papermill.execute_notebook(str(path), str(folder / "pm.ipynb"), progress_bar=False)
        theirs.tell()
        assert outputs(done.output) == outputs(folder / "pm.ipynb")
        print(f"  times nbclient's: papermill {theirs.wall / best:.2f}; the same outputs")
    assert outputs(done.output) == [("stdout", "".join(f"cell {n}\n" for n in range(count)))]
    ledger.close()


def main() -> None:
    """Measure both."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    cells = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pyproject.toml").touch()
        if count:
            short_notebooks(folder, count)
        if cells:
            long_notebook(folder, cells)


if __name__ == "__main__":
    main()
