"""Slices of cells that use libraries which need not be there: each file of `optional/` is named after its library."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.lineage.case_file import read_cases
from tests.notebook.conftest import Kernel

CASES = read_cases(Path(__file__).parent / "optional")
EACH_TARGET = [
    pytest.param(case, target, id=f"{case.id} -> {target.name}") for case in CASES for target in case.targets
]
DRAW = ["plt.figure()\nplt.plot([1, 2, 3], [3, 1, 2])", "n = 5", "plt.title('three')", "plt.savefig('x.png')"]
KERNELS = {
    "a backend that closes nothing": (
        {},
        ["import matplotlib", "matplotlib.use('Agg')", "import matplotlib.pyplot as plt", *DRAW],
        [1, 2, 3, 4, 6, 7],
    ),
    "chosen by the environment": (
        {"MPLBACKEND": "agg"},
        ["import matplotlib.pyplot as plt", *DRAW],
        [1, 2, 4, 5],
    ),
    "the backend of Jupyter closes them": (
        {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
        ["import matplotlib.pyplot as plt", *DRAW],
        [1, 5],
    ),
    "interactive mode is off": (
        {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
        ["%matplotlib inline\nimport matplotlib.pyplot as plt", "plt.ioff()", *DRAW],
        [1, 2, 3, 5, 6],
    ),
    "the backend of Jupyter was told to keep them": (
        {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
        ["%matplotlib inline\nimport matplotlib.pyplot as plt", "%config InlineBackend.close_figures = False", *DRAW],
        [1, 2, 3, 5, 6],
    ),
}


@pytest.fixture(scope="module")
def recorded(workshop):
    answers = {}

    def record(case):
        if case.id not in answers:
            targets = [[target.name, target.probe] for target in case.targets]
            answers[case.id] = workshop.record(case.executed, case.files, targets)
            assert answers[case.id]["problems"] == []
        return answers[case.id]

    return record


@pytest.mark.parametrize(("case", "target"), EACH_TARGET)
def test_the_slice_has_all_cells_and_hardly_one_more(case, target, recorded, workshop):
    pytest.importorskip(case.topic)
    answer = recorded(case)
    runs = answer["slices"][target.name]
    places = [position for position, _, _ in runs]
    assert set(target.needed) <= set(places)
    assert set(places) <= {*target.needed, *target.allowed} or sys.version_info < target.since
    errors = [answer["errors"][place - 1] for place in places]
    again = workshop.replay([source for _, source, _ in runs], case.files, [target.probe], errors)
    assert again["versions"][target.probe] == answer["versions"][target.probe]


@pytest.mark.kernel
@pytest.mark.parametrize("what", KERNELS)
def test_in_a_kernel_the_cells_of_a_slice_give_the_same_picture(what, tmp_path):
    pytest.importorskip("matplotlib")
    environment, cells, needed = KERNELS[what]
    first, again = tmp_path / "first", tmp_path / "again"
    first.mkdir()
    again.mkdir()
    kernel = Kernel(first, environment)
    try:
        kernel.run("%load_ext nbledger")
        start = int(kernel.run("print(get_ipython().execution_count)").stdout)
        for cell in cells:
            assert kernel.run(cell).error is None
        asked = (
            "import json, nbledger\nprint(json.dumps([[r.position, r.source] for r in nbledger.slice('x.png').runs]))"
        )
        runs = json.loads(kernel.run(asked).stdout)
    finally:
        kernel.stop()
    assert [position - start + 1 for position, _ in runs] == needed
    kernel = Kernel(again, environment)
    try:
        for _, source in runs:
            assert kernel.run(source).error is None
    finally:
        kernel.stop()
    assert (again / "x.png").read_bytes() == (first / "x.png").read_bytes()
