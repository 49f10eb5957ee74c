"""Slices run again in real kernels, in a scratch copy, and the verdict is the right one."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nbledger.fingerprint import file_fingerprint, fingerprint
from nbledger.ledger import audit
from nbledger.lineage.slicing import slice_of
from nbledger.pipeline.execute import run_notebook
from nbledger.pipeline.reproduce import Failure, NothingToReproduce, reproduce, requirements_of
from nbledger.pipeline.reproduce_reasons import reason_of_failure
from nbledger.pipeline.scratch import InputChanged, WouldHarm
from nbledger.records import Environment, Facts, RunError, StoredVersion
from tests.lineage.notebook_session import NotebookSession

pytestmark = pytest.mark.kernel


@pytest.fixture
def session(project):
    recorded = NotebookSession(project)
    yield recorded
    recorded.close()


@pytest.fixture
def record(session):
    """A function that runs cells and returns the ledger."""

    def run(*sources):
        for source in sources:
            session.run(source)
        return session.ledger

    return run


def again(ledger, target, **options):
    return reproduce(ledger, target, progress=False, **options)


@pytest.fixture
def served():
    """A page of this machine: `text` is what it gives."""

    class Page(ThreadingHTTPServer):
        text = "one"

        @property
        def address(self):
            return f"http://127.0.0.1:{self.server_port}/page.txt"

        def close(self):
            self.shutdown()
            self.server_close()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page.text.encode())

        def log_message(self, *_):
            pass

    page = Page(("127.0.0.1", 0), Answer)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    yield page
    page.close()


@pytest.fixture
def scratch_copies(tmp_path, monkeypatch):
    """The folder in which scratch copies are made; they shall be gone afterwards."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_the_same_comes_out_and_the_originals_are_untouched(record, project, scratch_copies):
    (project / "in.csv").write_text("a,b\n1,2\n3,4\n")
    ledger = record(
        "import pandas as pd",
        "df = pd.read_csv('in.csv')",
        "unused = 1",
        f"where = {str(project)!r}\ndf['c'] = df.a * 2\ndf.to_csv(where + '/out.csv')",
        "total = int(pd.read_csv('out.csv').c.sum())",
    )
    (project / "out.csv").write_text("mine now")
    found = again(ledger, "total")
    assert (found.verdict, found.exit_code, found.differences) == ("identical", 0, ())
    assert [run.position for run in found.slice.runs] == [1, 2, 4, 5]
    assert found.compared >= 4
    assert (project / "out.csv").read_text() == "mine now"
    assert (project / "in.csv").read_text() == "a,b\n1,2\n3,4\n"
    assert not list(scratch_copies.glob("nbledger-*"))
    assert "identical" in str(found)


def test_the_reproduction_is_a_run_of_its_own_that_names_what_it_reproduces(record):
    ledger = record("a = 1", "b = a + 1")
    found = again(ledger, "b")
    run = ledger.run(found.run)
    last = found.slice.runs[-1].id
    assert (run.kind, run.status, run.tracked) == ("reproduction", "finished", False)
    assert run.tags == {"nbledger.verdict": "identical", "nbledger.reproduces": last}
    assert [child.position for child in ledger.children(run.id)] == [1, 2]
    assert {child.kind for child in ledger.children(run.id)} == {"reproduction"}
    assert again(ledger, "b").slice.runs[-1].id == last, "what it made is not taken for the session's own"
    assert ledger.session(run.session).user == getpass.getuser(), "who ran it is told by the session, as of any run"
    assert audit.read_events(ledger.database.connection()) == {}


def test_an_input_that_has_changed_is_refused_by_name(record, project):
    (project / "in.txt").write_text("one")
    ledger = record("from pathlib import Path", "text = Path('in.txt').read_text()")
    (project / "in.txt").write_text("two")
    with pytest.raises(InputChanged, match=r"in\.txt") as raised:
        again(ledger, "text")
    assert raised.value.name == "in.txt"
    (project / "in.txt").unlink()
    with pytest.raises(InputChanged, match="is gone"):
        again(ledger, "text")


def test_the_stored_copy_stands_in_for_an_input_that_has_changed(record, project):
    (project / "in.txt").write_text("one")
    ledger = record("from pathlib import Path", "text = Path('in.txt').read_text()")
    run = ledger.runs(limit=1)[0]
    address, size = ledger.objects.put_file(project / "in.txt")
    ledger.record(run.id, Facts(stored=(StoredVersion(address[:32], address, "file", size, trusted=True),)))
    (project / "in.txt").write_text("two")
    found = again(ledger, "text")
    assert found.verdict == "identical"
    assert any("in.txt has changed since" in note for note in found.notes)
    assert (project / "in.txt").read_text() == "two"


def test_what_depends_on_the_time_is_different_and_the_first_cell_is_named(record):
    ledger = record("import time", "start = time.time()", "a = [1]", "noise = [start].copy()", "b = (a, noise)")
    found = again(ledger, "b")
    assert (found.verdict, found.exit_code) == ("different", 3)
    assert found.first.position == 4 and found.first.what == "noise"
    assert [one.what for one in found.not_compared] == ["start"]
    assert "first difference: [4] noise" in str(found)
    assert found.notes == ("[4] read start, which may have been another: it was not compared",)
    assert json.loads(json.dumps(found.to_dict()))["differences"][0]["position"] == 4


def test_a_clock_that_is_read_beside_the_result_does_not_matter(record):
    ledger = record(
        "import os, time\nstart = time.time()\nx = 3",
        "os.makedirs('out')\nrow = {'x': x, 'when': start, 'name': f'{x}-{time.ctime()}'}",
        "y = row['x'] + 1\nelapsed = time.time() - start",
    )
    found = again(ledger, "y")
    assert found.verdict == "identical", str(found)
    assert "row" in [one.what for one in found.not_compared]


def test_a_clock_that_the_cell_of_a_metric_reads_does_not_matter(record):
    ledger = record(
        "import time, nbledger\ntimes = []",
        "t0 = time.time()\nnbledger.metric('score', 0.5)\ntook = time.time() - t0\ntimes.append(time.time() - t0)",
    )
    for target in ("metric:score", ledger.runs(limit=1)[0].id):
        found = again(ledger, target)
        assert found.verdict == "identical", str(found)
        assert "t0" in [one.what for one in found.not_compared]
    assert again(ledger, "took").verdict == "different", "what is asked for by name is always compared"


def test_a_function_whose_helper_was_defined_anew_before_it_was_called_is_no_difference(record):
    ledger = record(
        "def helper(x):\n    return x + 1",
        "def twice(x):\n    return helper(x) * 2",
        "class Twice:\n    def of(self, x):\n        return twice(x)",
        "def helper(x):\n    return x + 10",
        "y = Twice().of(1)",
    )
    found = again(ledger, "y")
    assert found.verdict == "identical", str(found)
    assert [run.position for run in found.slice.runs] == [2, 3, 4, 5]
    assert [(one.what, one.position) for one in found.not_compared] == [("twice", 2), ("Twice", 3)]
    assert "helper" in found.not_compared[0].why
    assert again(ledger, "twice").verdict == "identical", "what is asked for is compared, with what it reads"
    assert again(ledger, "twice").not_compared == ()


def test_numbers_within_the_tolerance_are_equivalent_and_the_largest_difference_is_named(record):
    ledger = record(
        "import time, nbledger",
        "value = 1 + (time.time_ns() % 1_000_000 + 1) * 1e-15\nnbledger.metric('value', value)\nnbledger.metric('fit_time', time.time())",
    )
    run = ledger.runs(limit=1)[0]
    found = again(ledger, run.id)
    assert found.verdict == "equivalent", str(found)
    assert 0 < found.largest.largest < 1e-9
    assert "metric fit_time" in [one.what for one in found.not_compared]
    assert again(ledger, "metric:value", tolerance=0.0).verdict == "different"


def test_a_stored_frame_is_compared_number_by_number(record, session):
    from nbledger.ledger.snapshots import snapshot

    ledger = record(
        "import pandas as pd, time",
        "df = pd.DataFrame({'a': [1.0, 2.0 + (time.time_ns() % 1000 + 1) * 1e-13], 'name': ['x', 'y']})",
    )
    version = fingerprint(session.names["df"])
    run = ledger.runs(limit=1)[0]
    assert again(ledger, "df").verdict == "different", "without the content nobody can tell how far it is apart"
    ledger.record(run.id, Facts(stored=(snapshot(ledger, session.names["df"], version),)))
    found = again(ledger, "df")
    assert found.verdict == "equivalent", str(found)
    assert "['a']" in found.largest.where and 0 < found.largest.largest < 1e-9


def test_a_cell_that_fails_is_named_with_its_error(record, monkeypatch):
    monkeypatch.setenv("PLACE_OF_THE_TEST", "here")
    ledger = record("import os", "a = 1", "place = os.environ['PLACE_OF_THE_TEST']", "b = place * a")
    monkeypatch.delenv("PLACE_OF_THE_TEST")
    os.environ.pop("PLACE_OF_THE_TEST", None)
    found = again(ledger, "b")
    assert (found.verdict, found.exit_code) == ("failed", 4)
    assert found.failure.position == 3
    assert found.failure.error.type == "KeyError"
    assert "note: the environment variable PLACE_OF_THE_TEST is not set here: set it" in str(found)
    assert ledger.run(found.run).status == "failed"


def test_a_kernel_that_dies_is_a_failure_at_its_cell(record):
    ledger = record("import os", "a = 1", "if 'NBLEDGER_REPLAY' in os.environ:\n    os._exit(3)\nb = a + 1", "c = b")
    found = again(ledger, "c")
    assert found.verdict == "failed"
    assert found.failure.position == 3
    assert "died" in str(found.failure)


def test_a_cell_that_gives_another_result_each_time_is_named_as_the_reason(record):
    ledger = record("import os", "a = 1", "b = os.urandom(8).hex() * a", "c = b")
    found = again(ledger, "c")
    assert found.verdict == "different"
    (note,) = found.notes
    assert note.startswith("all that [3] read came out as it was, so what it does gives something else each time")


def test_a_module_that_is_not_installed_is_named_with_what_brings_it_back(record):
    cut = slice_of(record("a = 1"), "a")
    recorded = Environment("", "3.12.1", "linux", {"Shop_Tools": "1.2"})

    def reason(name):
        error = RunError("ModuleNotFoundError", f"No module named '{name}'")
        return reason_of_failure(None, cut, Failure(1, cut.runs[0].id, error), recorded, {"numpy": "2.4"})

    assert reason("shop_tools.prices") == (
        "Shop_Tools 1.2 was installed then and is not now: install it, or reproduce with --in-env"
    )
    assert reason("tools").startswith("there is no module tools here: install what brings it (--in-env does)")


def test_a_file_that_is_not_found_is_told_from_what_is_recorded(record, project):
    (project / "a.txt").write_text("one")
    ledger = record("from pathlib import Path\ntext = Path('a.txt').read_text()")
    cut = slice_of(ledger, "text")

    def reason(name):
        error = RunError("FileNotFoundError", f"[Errno 2] No such file or directory: '{name}'")
        return reason_of_failure(ledger, cut, Failure(1, cut.runs[0].id, error), None, {})

    assert reason("data/a.txt").startswith("data/a.txt was read from another folder than the cells ran in now")
    assert reason("b.txt").startswith("b.txt was not seen to be read, so it was not copied: write its path out")


def test_what_an_address_gave_is_named_as_the_reason(record, served):
    ledger = record(
        "from urllib.request import urlopen",
        f"with urlopen('{served.address}') as page:\n    text = page.read().decode()",
        "size = len(text)",
    )
    served.text = "something longer"
    found = again(ledger, "size")
    assert found.verdict == "different"
    assert any(served.address in note and "save it to a file of the project" in note for note in found.notes)
    served.close()
    found = again(ledger, "size")
    assert found.verdict == "failed"
    assert any(served.address in note and "save it to a file of the project" in note for note in found.notes)


def test_a_cell_that_failed_half_way_fails_again_and_is_what_it_was(record):
    ledger = record("x = [1]\nx.append(2)\nraise ValueError('half way')", "y = sum(x)")
    found = again(ledger, "y")
    assert found.verdict == "identical"
    assert [run.status for run in found.slice.runs] == ["failed", "finished"]


def test_what_no_cell_made_is_refused(record, project):
    (project / "in.txt").write_text("one")
    ledger = record("from pathlib import Path\ntext = Path('in.txt').read_text()")
    with pytest.raises(NothingToReproduce, match=r"in\.txt"):
        again(ledger, "file:in.txt")


def test_a_written_file_is_compared_by_its_content(record, project):
    ledger = record(
        "import json, time",
        "Path = __import__('pathlib').Path\nPath('out.json').write_text(json.dumps({'score': 1.5, 'fit_time': time.time()}))",
    )
    found = again(ledger, "file:out.json")
    assert found.verdict == "identical", str(found)
    (project / "out.json").unlink()
    assert again(ledger, "file:out.json").verdict == "different"


def test_files_outside_of_the_project_are_not_written(record, project, tmp_path, scratch_copies):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "in.txt").write_text("one")
    ledger = record(
        "from pathlib import Path",
        f"text = Path({str(outside / 'in.txt')!r}).read_text()",
        f"Path({str(outside / 'out.txt')!r}).write_text(text + '!')",
        f"both = Path({str(outside / 'out.txt')!r}).read_text()",
    )
    (outside / "out.txt").write_text("mine")
    assert again(ledger, "both").verdict == "identical"
    assert (outside / "out.txt").read_text() == "mine"
    ledger = record(
        f"place = Path('/') / '/'.join({[*outside.parts[1:]]!r})\nnumber = (place / 'out.txt').write_text('1')",
        "last = (place / 'out.txt').read_text()",
    )
    if any("out.txt" in edge.name for run in ledger.runs(limit=2) for edge in ledger.generated(run.id)):
        (outside / "out.txt").write_text("mine")
        with pytest.raises(WouldHarm, match=r"out\.txt"):
            again(ledger, "last")
        assert (outside / "out.txt").read_text() == "mine"


def test_temporary_files_have_other_names_and_are_not_compared(record, project, tmp_path, monkeypatch):
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    ledger = record(
        "import os, tempfile",
        "cache = tempfile.mkdtemp()\nboth = {'cache': cache}",
        "path = os.path.join(cache, 'part.txt')\nwith open(path, 'w') as file:\n    size = file.write('abc')",
        "with open(path) as file:\n    text = file.read()",
        "double = 2 * size + len(text) + (both is None)",
    )
    found = again(ledger, "double")  # the folder is still there
    assert (found.verdict, found.differences) == ("identical", ()), str(found)
    left_out = {one.what: one.why for one in found.not_compared}
    assert left_out.keys() >= {"cache", "path", "both"}
    assert "a temporary file" in left_out.values()
    for made in folder.glob("tmp*"):
        shutil.rmtree(made)
    assert again(ledger, "double").verdict == "identical"
    assert again(ledger, "path").verdict == "different", "what was asked for is compared all the same"


def test_modules_of_the_project_are_imported_from_the_copy(record, project, monkeypatch):
    monkeypatch.syspath_prepend(str(project))
    (project / "helpers.py").write_text("def double(x):\n    return 2 * x\n")
    ledger = record("from helpers import double", "four = double(2)")
    assert again(ledger, "four").verdict == "identical"


def test_an_unseeded_draw_comes_out_the_same(record):
    pytest.importorskip("nbledger.capture.world.state")
    ledger = record(
        "import random\nimport numpy as np", "np.random.rand(2)", "x = np.random.rand(3)", "y = random.random(), x"
    )
    found = again(ledger, "y")
    assert found.verdict == "identical", str(found)


def test_generators_that_were_made_without_a_seed_come_out_the_same(fresh_ledger, write_notebook):
    path = write_notebook(
        "import random\nimport numpy as np\nfrom sklearn.ensemble import RandomForestClassifier as Forest",
        "rng = np.random.default_rng()\nown = random.Random()\nold = np.random.RandomState()",
        "beside = [np.random.default_rng().random(), random.Random().random()]",
        "X = rng.normal(size=(60, 3)) + old.rand(60, 3)\ny = [int(x + own.gauss(0, 1) > 0) for x in X[:, 0]]",
        "np.random.seed()\nrandom.seed()\nnp.random.RandomState(3)",
        "model = Forest(5).fit(X, y)\naccuracy = model.score(X, y)",
        "class Dice(random.Random):\n    def roll(self):\n        return self.randint(1, 6)",
        "def child(seed=None):\n    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed).spawn(1)[0]))",
        "rolls = [Dice().roll(), child().integers(9), child(1).integers(9), random.random(), accuracy]\n"
        "drawn = [np.random.default_rng().integers(99) for _ in range(3)]",
        folder=fresh_ledger.root / "nb",
    )
    run_notebook(path, ledger=fresh_ledger, progress=False)
    for target, cells in (("rolls", [1, 2, 4, 5, 6, 7, 8, 9]), ("model", [1, 2, 4, 5, 6]), ("beside", [1, 3])):
        found = again(fresh_ledger, target)
        assert found.verdict == "identical", str(found)
        assert [run.position for run in found.slice.runs] == cells
        assert not any(run.notes for run in found.slice.runs), str(found.slice)
        assert found.notes == ()
    assert "entropy: what generators without a seed started from" in str(found.slice)


def test_a_result_in_the_order_of_a_set_of_text_comes_with_a_note(record):
    if not sys.flags.hash_randomization:
        pytest.skip("text is hashed without a secret here")
    ledger = record(
        "words = [f'w{n}' for n in range(40)]",
        "joined = ' '.join(set(words))",
        "ordered = sorted({*words})",
        "import time\nnoise = [time.time()].copy()",
        "both = joined, noise",
    )
    found = again(ledger, "joined")
    assert found.verdict == "different"
    (note,) = (note for note in found.notes if "PYTHONHASHSEED" in note)
    assert note.startswith("a set is made in [2]: text (")  # why is known once the environment has been recorded
    assert again(ledger, "ordered").notes == ()
    assert not any("a set is made" in note for note in again(ledger, "noise").notes)


def test_the_variables_that_change_results_are_set_again(fresh_ledger, write_notebook, monkeypatch):
    for name, value in (("PYTHONHASHSEED", "11"), ("OMP_NUM_THREADS", "3"), ("TZ", "UTC+5")):
        monkeypatch.setenv(name, value)
    path = write_notebook(
        "import os\nos.environ['PYTHONHASHSEED'] = '99'",
        "joined = ' '.join({f'w{n}' for n in range(40)})",
        "import time\nrest = time.timezone, os.environ['OMP_NUM_THREADS']",
        "both = joined, rest",
        folder=fresh_ledger.root / "nb",
    )
    run = run_notebook(path, ledger=fresh_ledger, progress=False, fresh=True)
    for name in ("PYTHONHASHSEED", "OMP_NUM_THREADS", "TZ"):
        monkeypatch.delenv(name)
    environment = fresh_ledger.environment(fresh_ledger.children(run.id)[0].id)
    assert {"PYTHONHASHSEED": "11", "OMP_NUM_THREADS": "3", "TZ": "UTC+5"}.items() <= environment.variables.items()
    found = again(fresh_ledger, "both")
    assert found.verdict == "identical", str(found)
    (note,) = found.notes
    assert note.startswith(
        "environment variables are as recorded: PYTHONHASHSEED 11 (here not set), OMP_NUM_THREADS 3 "
    )


def test_a_notebook_with_models_that_hold_times_numbered_outputs_and_magics(fresh_ledger, write_notebook):
    path = write_notebook(
        "from sklearn.datasets import load_iris\nfrom sklearn.model_selection import GridSearchCV, cross_validate",
        "X, y = load_iris(return_X_y=True)",
        "from sklearn.tree import DecisionTreeClassifier as Tree\nX.mean()",
        "nothing = 1",
        "%%track search\nsearch = GridSearchCV(Tree(random_state=0), {'max_depth': [1, 2]}, cv=3).fit(X, y)\n"
        "accuracy = search.score(X, y) + 0 * Out[3]",
        "%%time\nscores = cross_validate(search.best_estimator_, X, y, cv=3)",
        "best = scores['test_score'].max() + accuracy",
        folder=fresh_ledger.root / "nb",
    )
    run_notebook(path, ledger=fresh_ledger, progress=False)
    found = again(fresh_ledger, "best")
    assert found.verdict == "identical", str(found)
    assert [run.position for run in found.slice.runs] == [1, 2, 3, 5, 6, 7]
    assert all("fit_time" in one.why for one in found.not_compared), str(found)
    score = again(fresh_ledger, "metric:accuracy")
    assert score.verdict == "identical", str(score)
    [tracked] = fresh_ledger.runs(tracked=True, kind="cell")
    assert [run.id for run in score.slice.runs][-1] == tracked.id


def test_a_cell_may_reproduce_what_its_own_session_made(fresh_ledger, write_notebook):
    import nbformat

    path = write_notebook("x = [1, 2]", "y = sum(x)", "import nbledger\nprint(nbledger.reproduce('y').verdict)")
    done = run_notebook(path, ledger=fresh_ledger, progress=False)
    shown = [
        out.text for cell in nbformat.read(done.output, 4).cells for out in cell.outputs if out.get("name") == "stdout"
    ]
    assert shown == ["identical\n"]
    assert {run.tags["nbledger.verdict"] for run in fresh_ledger.runs(kind="reproduction")} == {"identical"}


def test_the_environment_that_differs_is_told(record, session):
    from nbledger.capture.environment import current_environment
    from nbledger.records import Environment

    ledger = record("a = 1")
    now = current_environment()
    packages = {**now.packages, "numpy": "0.1", "gone-since": "1.0"}
    ledger.set_environment(session.id, Environment("e" * 32, now.python, now.platform, packages))
    found = again(ledger, "a")
    assert ("numpy", "0.1", now.packages["numpy"]) in found.environment
    assert ("gone-since", "1.0", None) in found.environment
    assert "numpy==0.1\n" in found.requirements
    assert "nbledger" not in requirements_of(ledger.environment(found.slice.runs[0].id)).split("==")
    assert "--requirements" in str(found)


# -- the shell --------------------------------------------------------------------------------------------------------


def shell(command, *arguments, ledger):
    from nbledger.commands.common import State

    state = State(path=ledger.folder)
    try:
        return command.main(list(arguments), standalone_mode=False, obj=state)
    finally:
        state.close()


def test_exit_codes_tell_ci_what_came_out(record, project, capsys, monkeypatch, scratch_copies):
    from nbledger.commands.reproduce import reproduce as verb

    monkeypatch.setenv("PLACE_OF_THE_TEST", "here")
    (project / "in.txt").write_text("one")
    ledger = record(
        "same = 1",
        "import time\nother = time.time()",
        "import os\nfails = os.environ['PLACE_OF_THE_TEST']",
        "from pathlib import Path\ntext = Path('in.txt').read_text()",
    )
    monkeypatch.delenv("PLACE_OF_THE_TEST")
    os.environ.pop("PLACE_OF_THE_TEST", None)
    (project / "in.txt").write_text("two")
    assert shell(verb, "same", "--json", ledger=ledger) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "identical"
    assert shell(verb, "other", ledger=ledger) == 3
    assert "first difference: [2] other" in capsys.readouterr().out
    assert shell(verb, "fails", "--keep", ledger=ledger) == 4
    shown = capsys.readouterr().out
    assert "it failed at [3] KeyError" in shown
    kept = Path(shown.rpartition("scratch copy: ")[2].strip())
    assert (kept / ".nbledger" / "executed.ipynb").is_file()
    with pytest.raises(InputChanged):
        shell(verb, "text", ledger=ledger)


def test_extract_in_the_shell_writes_the_notebook(record, project, capsys):
    from nbledger.commands.extract import extract as verb

    ledger = record("n = 1", "x = n + 1")
    assert shell(verb, "x", "-o", "x.ipynb", "--json", ledger=ledger) in (0, None)
    assert json.loads(capsys.readouterr().out)["params"] == {"n": 1}
    assert json.loads((project / "x.ipynb").read_text())["nbformat"] == 4


@pytest.mark.skipif(not os.environ.get("TEST_IN_ENV"), reason="builds an environment: TEST_IN_ENV=1")
def test_in_env_builds_the_recorded_environment_and_runs_in_it(record, session, tmp_path, monkeypatch):
    from importlib.metadata import requires, version

    from nbledger.capture.environment import current_environment
    from nbledger.records import Environment

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ledger = record("import tqdm", "which = tqdm.__version__", "a = [1]")
    now = current_environment()
    packages = {**now.packages, "tqdm": version("tqdm")}
    packages = {name: found for name, found in packages.items() if name not in ("xgboost-cpu", "lightgbm", "polars")}
    ledger.set_environment(session.id, Environment("e" * 32, now.python, now.platform, packages))
    assert requires("tqdm") is not None
    began = time.perf_counter()
    found = again(ledger, "a", in_env=True)
    first = time.perf_counter() - began
    assert found.verdict == "identical", str(found)
    began = time.perf_counter()
    found = again(ledger, "which", in_env=True)
    assert found.verdict == "identical", str(found)
    assert time.perf_counter() - began < first
    assert "lightgbm" not in {name for name, _, now in found.environment if now}
    assert (tmp_path / "cache" / "nbledger" / "environments" / ("e" * 32)).is_dir()
    assert file_fingerprint(sys.executable).hash
