"""A selection of the cases in one real kernel, with those that only IPython can run; asked by `nbledger.slice`."""

from __future__ import annotations

import itertools
import json

import pytest

from tests.lineage.case_file import Case, read_cases
from tests.notebook.conftest import Kernel

EVERY = 20
ALL = read_cases()
MAGICS = [case for case in ALL if "kernel" in case.flags]
OTHERS = [case for case in ALL if "kernel" not in case.flags and not any(t.is_file for t in case.targets)][::EVERY]

pytestmark = pytest.mark.kernel


class CaseKernel:
    """One kernel for all cases: each in a folder and a ledger of its own, with no variables left of the one before."""

    numbers = itertools.count()

    def __init__(self, folder):
        self.folder = folder
        self.kernel = Kernel(folder)
        assert self.kernel.run("%load_ext nbledger").error is None

    def fresh(self, files, *, recorded: bool) -> None:
        """Start over in a new folder."""
        folder = self.folder / str(next(self.numbers))
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        folder.mkdir(exist_ok=True)
        self.must(
            "%reset -f\nimport os, random, sys\n"
            f"os.chdir({str(folder)!r})\nrandom.seed(7)\n"
            "if 'numpy' in sys.modules: sys.modules['numpy'].random.seed(7)\n"
            "[sys.modules.pop(n) for n, m in list(sys.modules.items())"
            f" if str(getattr(m, '__file__', '')).startswith({str(self.folder)!r})]\n"
            "os.environ.pop('NB_CASE_MODE', None)\n"
            "del os, random, sys"
        )
        if recorded:
            self.must(f"%ledger use {str(folder)!r}")
        else:
            self.must("%unload_ext nbledger")

    def again(self) -> None:
        self.must("%load_ext nbledger")

    def must(self, code):
        output = self.kernel.run(code)
        assert output.error is None, output.traceback
        return output.stdout

    def run(self, sources):
        """Run cells; returns what each raised, as (type, message)."""
        errors = [self.kernel.run(source).error for source in sources]
        return [error and (error["ename"], error["evalue"]) for error in errors]

    def value(self, probe: str) -> str:
        return self.must(f"from nbledger import fingerprint as _f\nprint(_f({probe}).hash, repr({probe}))").strip()

    def first_position(self) -> int:
        """The `In[]` number that the next cell will have."""
        return int(self.must("print(get_ipython().execution_count)"))

    def slice(self, name: str):
        code = (
            "import json as _json, nbledger as _nb\n"
            f"print(_json.dumps([[r.position, r.source] for r in _nb.slice({name!r}).runs]))"
        )
        return json.loads(self.must(code))


@pytest.fixture(scope="module")
def case_kernel(tmp_path_factory):
    kernel = CaseKernel(tmp_path_factory.mktemp("cases"))
    yield kernel
    kernel.kernel.stop()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in [*MAGICS, *OTHERS]])
def test_in_a_kernel_the_slice_gives_the_value_again(case: Case, case_kernel):
    case_kernel.fresh(case.files, recorded=True)
    first = case_kernel.first_position()
    errors = case_kernel.run(case.executed)
    values = [case_kernel.value(target.probe) for target in case.targets]
    slices = [case_kernel.slice(target.name) for target in case.targets]
    try:
        for target, wanted, runs in zip(case.targets, values, slices, strict=True):
            places = [position - first + 1 for position, _ in runs]
            assert set(target.needed) <= set(places), f"{target.name}: {places}"
            case_kernel.fresh(case.files, recorded=False)
            again = case_kernel.run([source for _, source in runs])
            case_kernel.again()
            assert again == [errors[place - 1] for place in places]
            assert case_kernel.value(target.probe) == wanted
    finally:
        case_kernel.again()
