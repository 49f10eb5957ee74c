"""What a cell does is told by audit events: only the cell's doings, never ours, and never at the cell's expense."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
import timeit

import pytest

from nbledger.capture.world import audit


class Told(audit.Listener):
    """Writes down what it is told."""

    def __init__(self):
        self.events = []

    def __getattribute__(self, name):
        if name in vars(audit.Listener) and not name.startswith("__"):
            return lambda *args, **kwargs: self.events.append((name, *args))
        return super().__getattribute__(name)

    def of(self, *names):
        return [event[1:] for event in self.events if event[0] in names]


@pytest.fixture
def told(project):
    """What is told while the test's code runs through `run`."""
    yield Told()
    audit.deactivate()


def run(told, source, namespace=None):
    namespace = {} if namespace is None else namespace
    code = compile(source, "<cell>", "exec")
    audit.activate(told, namespace=namespace)
    try:
        exec(code, namespace)
    finally:
        audit.deactivate()
    return told


def test_nothing_is_told_while_nobody_listens(told):
    run(told, "pass")
    told.events.clear()
    open("a.txt", "w").close()
    assert told.events == []


def test_a_path_is_absolute_and_a_relative_one_relies_on_the_folder(told, project):
    run(
        told,
        f"open('./x/../a.txt', 'w').close() if 0 else open('a.txt', 'w').close()\nopen({str(project / 'a.txt')!r}).close()",
    )
    assert [path for path, *_ in told.of("opened")] == [str(project / "a.txt")] * 2
    assert len(told.of("relied_on_folder")) == 1
    told.events.clear()
    run(
        told,
        "import os\nos.mkdir('d')\nf = os.open('d', os.O_RDONLY)\nos.rename('a.txt', 'b.txt', dst_dir_fd=f)\nos.close(f)",
    )
    assert told.of("renamed") == [(str(project / "a.txt"), str(project / "d" / "b.txt"))]


def test_code_run_by_the_notebook_is_told_and_that_of_imports_is_not(told, project, monkeypatch):
    monkeypatch.syspath_prepend(project)
    (project / "audited_module.py").write_text("exec('x = 1')")
    run(told, "import audited_module, collections\nexec('y = 2')\neval('y')\ncollections.namedtuple('P', 'x')")
    assert [code.co_names for (code,) in told.of("executed")] == [("y",), ("y",)]
    sys.modules.pop("audited_module")


def test_the_import_systems_listings_are_not_told(told, project, monkeypatch):
    monkeypatch.syspath_prepend(project)
    (project / "other_module.py").touch()
    run(told, "import other_module, os\nos.listdir('.')")
    assert told.of("listed") == [(str(project),)]
    sys.modules.pop("other_module")


def test_what_we_do_ourselves_is_not_told(told, project):
    def ours():
        with audit.paused():
            open("ours.txt", "w").close()

    run(told, "ours()\nopen('theirs.txt', 'w').close()", {"ours": ours})
    assert [os.path.basename(path) for path, *_ in told.of("opened")] == ["theirs.txt"]


def test_threads_that_were_there_before_are_not_told(told):
    go, done = threading.Event(), threading.Event()

    def other():
        go.wait(5)
        open("other.txt", "w").close()
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    run(told, "go.set(); done.wait(5)", {"go": go, "done": done})
    thread.join()
    assert told.of("opened") == []


def test_a_listener_that_fails_does_not_reach_the_cell(project):
    missed = []

    class Broken(audit.Listener):
        def opened(self, path, mode, flags):
            raise RuntimeError("broken")

        def missed(self, event, error):
            missed.append((event, str(error)))

    names = run(Broken(), "open('a.txt', 'w').close()\nx = 1", namespace := {}) and namespace
    assert names["x"] == 1
    assert missed == [("open", "broken")]


def test_a_forked_child_tells_nobody(told):
    run(told, "import os, warnings\nwarnings.simplefilter('ignore')\npid = os.fork()\nif not pid:\n    os._exit(bool(seen()))\nstatus = os.waitpid(pid, 0)[1]",
        namespace := {"seen": lambda: audit._listeners})  # fmt: skip
    assert namespace["status"] == 0


def test_databases_processes_and_requests_are_told(told, project):
    run(
        told,
        "import sqlite3, subprocess, os, urllib.request\nsqlite3.connect('d.db').close()\n"
        "subprocess.run(['true', 'x'], cwd='.')\nos.system('true')\ntry: urllib.request.urlopen('http://localhost:1/x')\nexcept OSError: pass",
    )
    assert told.of("connected") == [("d.db",)]
    assert [type(connection) for (connection,) in told.of("connection")] == [sqlite3.Connection]
    assert told.of("started") == [(("true", "x"), str(project)), ("true", None)]
    assert told.of("requested") == [("http://localhost:1/x",)]


def test_an_event_that_is_none_of_ours_costs_one_look():
    """In a process of its own: the hook is there for good."""
    script = (
        "import time, timeit\n"
        "def cost():\n"
        "    return min(timeit.repeat('id(x)', 'x = 1', time.process_time, 5, 100_000)) / 100_000 * 1e9\n"
        "without = cost()\n"
        "from nbledger.capture.world import audit\naudit.activate(audit.Listener())\nactive = cost()\n"
        "audit.deactivate()\nprint(without, active, cost())"
    )
    source = os.path.dirname(os.path.dirname(os.path.dirname(audit.__file__)))
    env = {**os.environ, "PYTHONPATH": source}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=env)
    without, active, inactive = map(float, done.stdout.split())
    assert active - without < 2000, "nanoseconds of the processor; 80 on an idle machine"
    assert inactive - without < 2000


def test_opening_a_file_while_somebody_listens_stays_cheap(told):
    open("a.txt", "w").close()
    run(told, "pass")

    def once():
        open("a.txt").close()

    without = min(timeit.repeat(once, timer=time.process_time, number=200, repeat=5)) / 200
    audit.activate(audit.Listener())
    active = min(timeit.repeat(once, timer=time.process_time, number=200, repeat=5)) / 200
    audit.deactivate()
    assert active - without < 200e-6  # seconds; 5 us on an idle machine
