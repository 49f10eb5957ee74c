"""Kernels that are started ahead: one fresh process for each run, and to the notebook as one that was started cold."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest

from nbledger.pipeline.execute import NotebookFailed, run_notebook
from nbledger.pipeline.kernels import pool as pools
from nbledger.pipeline.kernels.preload import modules_ahead
from nbledger.pipeline.kernels.server import threads_lost_by_a_fork
from nbledger.pipeline.kernels.starting import is_fresh, ready_kernel
from nbledger.pipeline.many import run_notebooks

pytestmark = pytest.mark.kernel
only_where_kernels_fork = pytest.mark.skipif(not pools.can_fork(), reason="kernels are not forked on this system")
cold_and_forked = pytest.mark.parametrize("fresh", [True, pytest.param(False, marks=only_where_kernels_fork)])

NUMBERS = """
import json, numpy as np, warnings
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.datasets import make_classification
from threadpoolctl import threadpool_info
a = np.random.default_rng(0).random((400, 400))
X, y = make_classification(2000, random_state=0)
found = {
    "blas": float((a @ a).sum()),
    "svd": float(np.linalg.svd(a, compute_uv=False)[0]),
    "openmp": float(HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(X, y).score(X, y)),
    "kmeans": float(KMeans(3, n_init=2, random_state=0).fit(X).inertia_),
    "threads": sorted((pool["internal_api"], pool["num_threads"]) for pool in threadpool_info()),
}
print(json.dumps(found))
"""

LOOK = """
import json, os, re, signal, sys, threading, warnings
print(json.dumps({
    "libraries": sorted(set(sys.modules) & {"numpy", "pandas", "sklearn", "scipy", "pyarrow"}),
    "filters": [[str(part) for part in entry] for entry in warnings.filters],
    "path": sys.path,
    "argv": [os.path.basename(sys.argv[0]), sys.argv[1]],
    "cwd": os.getcwd(),
    "environ": {k: v for k, v in os.environ.items() if k not in ("NBLEDGER_PARENT_RUN", "MPLBACKEND", "_")},
    "signals": [str(signal.getsignal(s)) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)],
    "threads": sorted(re.sub("[0-9]+", "n", thread.name) for thread in threading.enumerate() if "nbledger" != thread.name[:8] and "_watch_pipe" not in thread.name),
    "main": sys.modules["__main__"].__name__,
    "names": sorted(name for name in globals() if not name.startswith("_")),
    "leader": os.getsid(0) == os.getpid(),
    "stdin": os.isatty(0),
}))
"""


def printed(path):
    nb = nbformat.read(path, as_version=4)
    return "".join(
        output.text
        for cell in nb.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream" and output.name == "stdout"
    )


def run(path, ledger, **options):
    return run_notebook(path, ledger=ledger, progress=False, **options)


def below():
    """The kernels and servers below this process."""
    found = []
    for one in psutil.Process().children(recursive=True):
        try:
            if "kernel" in " ".join(one.cmdline()):
                found.append(one)
        except psutil.Error:
            continue  # it is ending
    return found


def notebook(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


@only_where_kernels_fork
def test_each_run_has_a_new_process_and_knows_nothing_of_the_one_before(fresh_ledger, write_notebook):
    path = write_notebook(
        "import os, sys\nprint(os.getpid(), 'left' in globals(), hasattr(sys, 'left'))\nleft = sys.left = 1"
    )
    told = [printed(run(path, fresh_ledger).output).split() for _ in range(3)]
    assert len({pid for pid, *_ in told}) == 3
    assert all(rest == ["False", "False"] for _, *rest in told)


@only_where_kernels_fork
def test_a_kernel_started_ahead_looks_to_the_notebook_as_a_cold_one(fresh_ledger, write_notebook):
    path = write_notebook(LOOK, "import pandas, sklearn.linear_model", LOOK)
    cold, ready = (printed(run(path, fresh_ledger, fresh=fresh).output).splitlines() for fresh in (True, False))
    before = [json.loads(cold[0]), json.loads(ready[0])]
    assert before[0] == before[1]
    after = [json.loads(cold[1]), json.loads(ready[1])]
    filters = [sorted(map(str, one.pop("filters"))) for one in after]
    assert filters[0] == filters[1]
    assert after[0] == after[1]


@only_where_kernels_fork
def test_filters_that_the_notebook_sets_stand_behind_those_of_the_libraries_that_it_imports_then(
    fresh_ledger, write_notebook
):
    show = "print([(entry[0], entry[2].__name__) for entry in warnings.filters[:8]])"
    path = write_notebook("import warnings\nwarnings.filterwarnings('ignore')\nimport numpy, scipy.special", show)
    cold, ready = (printed(run(path, fresh_ledger, fresh=fresh).output) for fresh in (True, False))
    assert ready == cold


@only_where_kernels_fork
def test_native_threads_work_in_forked_kernels_and_give_the_same_numbers(fresh_ledger, write_notebook):
    path = write_notebook(NUMBERS, NUMBERS)
    cold = printed(run(path, fresh_ledger, fresh=True).output).splitlines()
    with ThreadPoolExecutor(2) as both:
        ready = [future.result() for future in [both.submit(run, path, fresh_ledger) for _ in range(3)]]
    for done in ready:
        assert printed(done.output).splitlines() == cold


@only_where_kernels_fork
def test_random_numbers_are_new_in_each_kernel(fresh_ledger, write_notebook):
    draw = "import random, numpy as np\nprint(random.random(), np.random.rand(), np.random.default_rng().random())"
    drawn = [printed(run(write_notebook(draw), fresh_ledger).output).split() for _ in range(3)]
    for position in range(3):
        assert len({numbers[position] for numbers in drawn}) == 3


@only_where_kernels_fork
def test_calls_of_libraries_that_were_imported_ahead_are_recorded(fresh_ledger, write_notebook):
    path = write_notebook(
        "%%track fit\nfrom sklearn.linear_model import Ridge\nfrom sklearn.datasets import make_regression\n"
        "X, y = make_regression(50, random_state=0)\nr2 = Ridge(alpha=3).fit(X, y).score(X, y)"
    )
    found = []
    for fresh in (True, False):
        [fit] = [one for one in fresh_ledger.children(run(path, fresh_ledger, fresh=fresh).id) if one.tracked]
        found.append((dict(fit.params), dict(fit.metrics), sorted(e.name for e in fresh_ledger.generated(fit.id))))
    assert found[0] == found[1]
    assert found[0][0]["alpha"] == 3
    assert "r2" in found[0][1]


def test_a_tracked_cell_that_imports_another_library_first_is_recorded_as_in_a_cold_kernel(
    fresh_ledger, write_notebook
):
    source = (
        "%%track\nimport pandas as pd\nfrom sklearn.linear_model import LogisticRegression\n"
        "X, y = pd.DataFrame({'a': range(20)}), [0, 1] * 10\nclf = LogisticRegression().fit(X, y)\nscore = clf.score(X, y)"
    )
    path = write_notebook(source)
    found = []
    for fresh in (True, False, False):
        [cell] = fresh_ledger.children(run(path, fresh_ledger, fresh=fresh).id)
        found.append((cell.metrics, cell.params, {edge.name for edge in fresh_ledger.generated(cell.id)}))
    assert found[0][0].keys() == {"score"}
    assert found[1:] == found[:1] * 2


@cold_and_forked
def test_files_and_exit_functions_of_the_notebook_are_completed(fresh_ledger, write_notebook, project, fresh):
    path = write_notebook(
        "import atexit, pathlib\natexit.register(pathlib.Path('ended').touch)\nf = open('open.txt', 'w'); f.write('kept')"
    )
    run(path, fresh_ledger, fresh=fresh)
    assert (project / "ended").exists()
    assert (project / "open.txt").read_text() == "kept"


@cold_and_forked
@pytest.mark.parametrize("local", [False, True])
def test_what_other_modules_hold_is_put_away_at_the_end(fresh_ledger, write_notebook, project, local, fresh):
    (project / "helper.py").write_text(
        "class Held:\n    def __del__(self, open=open):\n        open('gone.txt', 'w').write('gone')\nheld = Held()"
    )
    hold = (  # in a module of the standard library
        "import gzip, json, threading, time\njson.text = gzip.open('held.gz', 'wt'); json.text.write('zipped')\n"
        "json.plain = open('held.txt', 'w'); json.plain.write('held')\n"
        "def later():\n    time.sleep(0.3)\n    open('later.txt', 'w').close()\nthreading.Thread(target=later).start()"
    )
    run(write_notebook("import helper" if local else "1", hold), fresh_ledger, fresh=fresh)
    if not local:  # the interpreter itself may close the file below first
        assert gzip.decompress((project / "held.gz").read_bytes()) == b"zipped"
    assert (project / "held.txt").read_text() == "held"
    assert (project / "later.txt").exists()
    assert (project / "gone.txt").exists() == local


def test_a_cold_kernel_that_unloaded_the_extension_ends_as_ever(fresh_ledger, write_notebook):
    ours = "print('start' in vars(get_ipython().kernel.parent))"  # whether its end is changed
    for name, unload in (("kept", ""), ("unloaded", "%unload_ext nbledger\n")):
        done = run(write_notebook("1", unload + ours, name=f"{name}.ipynb"), fresh_ledger, fresh=True)
        assert printed(done.output) == f"{name == 'kept'}\n"


@cold_and_forked
def test_a_kernel_that_is_shut_down_while_it_prints_ends_in_order(fresh_ledger, write_notebook, project, fresh):
    hold = (  # ipykernel's control thread waits for the thread that prints, or for ten seconds
        "import sys, time\nkernel, alive = get_ipython().kernel, sys.stdout.pub_thread.thread.is_alive\n"
        "def slowly(status, channel, *rest, tell=kernel._publish_status_and_flush, sleep=time.sleep, alive=alive):\n"
        "    if channel == 'control':\n        sleep(0.3)\n        sleep(0 if alive() else 10)\n"
        "    tell(status, channel, *rest)\n"
        "kernel._publish_status_and_flush = slowly\nsys.kept = open('open.txt', 'w'); sys.kept.write('kept')"
    )
    run(write_notebook("1", hold), fresh_ledger, fresh=fresh)
    assert (project / "open.txt").read_text() == "kept"


@only_where_kernels_fork
def test_kernels_side_by_side_have_patient_threads_and_know_nothing_of_it(fresh_ledger, write_notebook):
    name = "OPENBLAS_THREAD_TIMEOUT"
    paths = [
        write_notebook(f"import os, numpy\nprint(os.environ.get({name!r}), os.getppid())", name=f"n{place}.ipynb")
        for place in range(2)
    ]
    pools.close_pool()  # a server that is there already is kept
    ends = run_notebooks(paths, jobs=2, ledger=fresh_ledger, progress=False, fresh=False)
    told = [printed(end.run.output).split() for end in ends]
    assert [value for value, _ in told] == ["None"] * 2
    assert all(psutil.Process(int(server)).environ()[name] == "16" for _, server in told)


@only_where_kernels_fork
def test_every_session_has_its_environment_however_short(fresh_ledger, write_notebook):
    path = write_notebook("1")
    run(path, fresh_ledger)
    done = run(path, fresh_ledger)
    assert fresh_ledger.environment(done.id) is not None
    assert all(fresh_ledger.environment(child.id) is not None for child in fresh_ledger.children(done.id))


@only_where_kernels_fork
def test_a_kernel_or_server_that_was_killed_before_its_use_is_replaced(fresh_ledger, write_notebook):
    path = write_notebook("print('done')")
    run(path, fresh_ledger)
    run(path, fresh_ledger)
    for process in below():
        process.send_signal(signal.SIGKILL)
    assert printed(run(path, fresh_ledger).output) == "done\n"


@pytest.mark.parametrize("fresh", [True, False])
def test_many_kernels_can_start_at_once(fresh_ledger, write_notebook, fresh):
    path = write_notebook("print(6 * 7)")
    with ThreadPoolExecutor(6) as at_once:
        runs = [at_once.submit(run, path, fresh_ledger, fresh=fresh) for _ in range(6)]
        assert {printed(future.result().output) for future in runs} == {"42\n"}


@only_where_kernels_fork
def test_nothing_is_left_when_the_pool_is_closed(fresh_ledger, write_notebook):
    run(write_notebook("1"), fresh_ledger)
    folders = [side.server.folder for side in pools.the_pool()._sides.values()]
    pools.close_pool()
    until = time.monotonic() + 10
    while below() and time.monotonic() < until:
        time.sleep(0.05)
    assert below() == []
    assert folders
    assert not any(folder.exists() for folder in folders)


@only_where_kernels_fork
@pytest.mark.fault
def test_nothing_is_left_when_the_process_is_killed(project, write_notebook):
    path = write_notebook("import time\nopen('started', 'w').close()\ntime.sleep(60)")
    code = f"from nbledger.pipeline.execute import run_notebook\nrun_notebook({str(path)!r}, progress=False)"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=project)
    until = time.monotonic() + 60
    while not (project / "started").exists() and time.monotonic() < until:
        time.sleep(0.05)
    left = psutil.Process(process.pid).children(recursive=True)
    assert left
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(left, timeout=10)
    assert alive == []


def test_a_cold_kernel_is_the_default_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")
    assert is_fresh(None)
    assert not is_fresh(False)
    monkeypatch.delenv("CI")
    assert not is_fresh(None)
    assert is_fresh(True)


def test_a_kernel_that_is_not_this_pythons_is_started_cold(tmp_path, monkeypatch):
    spec = tmp_path / "kernels" / "other"
    spec.mkdir(parents=True)
    argv = ["/usr/bin/otherpython", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "other", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert ready_kernel(notebook("1"), "other", dict(os.environ), tmp_path, []) is None
    assert ready_kernel(notebook("1"), "python3", dict(os.environ), tmp_path, ["--something=else"]) is None


@only_where_kernels_fork
def test_a_library_that_cannot_be_imported_ahead_is_imported_by_the_notebook(
    fresh_ledger, write_notebook, tmp_path, monkeypatch
):
    (tmp_path / "lib" / "plotly").mkdir(parents=True)
    (tmp_path / "lib" / "plotly" / "__init__.py").write_text("print('hello from plotly')")
    (tmp_path / "lib" / "joblib.py").write_text("import threading\nthreading.Thread(target=input, daemon=True).start()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    path = write_notebook("import numpy, plotly", "print('then')")
    assert printed(run(path, fresh_ledger, fresh=False).output) == "hello from plotly\nthen\n"
    assert "plotly" in pools.the_pool()._refused
    pools.close_pool()
    pools.the_pool()._refused.clear()


def test_threads_that_a_fork_loses_are_noticed():
    code = (
        "import threading, time\nfrom nbledger.pipeline.kernels.server import threads_lost_by_a_fork as lost\n"
        "import numpy\nprint(repr(lost()))\n"
        "threading.Thread(target=time.sleep, args=(5,), daemon=True).start()\nprint(lost())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["''", "it leaves a Python thread running"]
    assert callable(threads_lost_by_a_fork)


# What is imported ahead


def test_modules_ahead_are_those_that_the_notebook_imports(tmp_path):
    nb = notebook(
        "import numpy as np, os", "from sklearn.linear_model import Ridge", "%matplotlib inline\nimport pandas"
    )
    assert modules_ahead(nb, tmp_path) == ("numpy", "sklearn.linear_model", "pandas")


@pytest.mark.parametrize(
    "first",
    ["import os\nos.environ['OMP_NUM_THREADS'] = '1'", "%env OMP_NUM_THREADS=1", "import os\nos.putenv('A', 'b')"],
)
def test_nothing_is_imported_ahead_of_a_cell_that_sets_environment_variables(first, tmp_path):
    assert modules_ahead(notebook(first, "import numpy"), tmp_path) == ()
    assert modules_ahead(notebook("import numpy", first), tmp_path) == ("numpy",)


def test_filters_between_imports_prevent_it_and_those_before_them_do_not(tmp_path):
    ignore = "import warnings\nwarnings.filterwarnings('ignore')"
    assert modules_ahead(notebook(ignore, "import numpy", "import pandas"), tmp_path) == ("numpy", "pandas")
    assert modules_ahead(notebook("import numpy", ignore, "import pandas"), tmp_path) == ()


def test_a_module_beside_the_notebook_hides_a_library(tmp_path):
    Path(tmp_path / "pandas.py").touch()
    assert modules_ahead(notebook("import pandas"), tmp_path) == ()


@only_where_kernels_fork
def test_environment_variables_that_the_notebook_sets_are_read_by_the_library(fresh_ledger, write_notebook):
    path = write_notebook(
        "import os\nos.environ['OPENBLAS_NUM_THREADS'] = '1'",
        "import numpy, threadpoolctl\nprint({p['num_threads'] for p in threadpoolctl.threadpool_info()})",
    )
    assert printed(run(path, fresh_ledger).output) == "{1}\n"


@only_where_kernels_fork
def test_a_failing_cell_fails_as_in_a_cold_kernel(fresh_ledger, write_notebook):
    path = write_notebook("import pandas", "pandas.DataFrame({'a': [1]})['b']")
    messages = []
    for fresh in (True, False):
        with pytest.raises(NotebookFailed) as caught:
            run(path, fresh_ledger, fresh=fresh)
        messages.append((caught.value.cell.position, caught.value.error.type, caught.value.error.message))
    assert messages[0] == messages[1] == (2, "KeyError", "'b'")
