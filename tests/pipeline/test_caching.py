"""Results of an earlier run are taken where it did what this one would do, and never otherwise."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import threading
from contextlib import closing, contextmanager

import nbformat
import pytest

from nbledger.ledger import Ledger
from nbledger.pipeline import caching
from nbledger.pipeline.caching.record import load
from nbledger.pipeline.execute import NotebookFailed, run_notebook

pytestmark = pytest.mark.kernel

HELPER = "import deeper\n\ndef double(x):\n    return deeper.TWO * x\n"
CELLS = (
    "import glob\nimport os\nimport random\nfrom pathlib import Path\n\nimport helper",
    "text = Path('in.csv').read_text()",
    "names = sorted(glob.glob('data/*/x.csv'))",
    "try:\n    extra = open('extra.txt').read()\nexcept FileNotFoundError:\n    extra = ''",
    "local = os.path.exists('settings.ini')",
    "user = os.environ.get('SHOP', 'none')",
    "try:\n    import overrides\nexcept ImportError:\n    overrides = None",
    "%run script.py",
    "Path('out').mkdir(exist_ok=True)\nPath('out/temporary.txt').write_text('x')\nfound = Path('out/temporary.txt').read_text()",
    "Path('out/temporary.txt').unlink()",
    "Path('out/result.txt').write_text(text * helper.double(C) + user)\ndraw = random.random()",
    "%%track fit\nimport nbledger\nnbledger.metric('accuracy', 0.5 + C / 10)",
)


class World:
    """A project with one notebook, and short ways to run it and to ask about it."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "pyproject.toml").touch()
        self.ledger = Ledger.open(folder)

    def write(self, *sources, parameters=None, name="a.ipynb"):
        cells = [nbformat.v4.new_code_cell(source, id=f"c{at}") for at, source in enumerate(sources)]
        if parameters is not None:
            cell = nbformat.v4.new_code_cell(parameters, id="p", metadata={"tags": ["parameters"]})
            cells.insert(0, cell)
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), self.folder / name)

    def run(self, params=None, name="a.ipynb", **options):
        options = {"cache": True, "progress": False, **options}
        return run_notebook(self.folder / name, params, ledger=self.ledger, **options)

    def lookup(self, params=None, name="a.ipynb", ledger=None):
        ledger = ledger or self.ledger
        nb = nbformat.read(ledger.root / name, as_version=4)
        return caching.lookup(ledger, nb, ledger.root / name, params)

    def why(self, params=None, **options):
        """Return why it would run, or nothing."""
        found = self.lookup(params, **options)
        return "" if isinstance(found, caching.Hit) else "; ".join(found.reasons)


@contextmanager
def changed(path, content):
    """Change a file (or make it, or remove it when `content` is `None`) and put it back."""
    before = path.read_bytes() if path.is_file() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content) if content is not None else path.unlink()
    try:
        yield
    finally:
        path.write_bytes(before) if before is not None else path.unlink()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A project whose notebook ran once; tests leave it as they found it."""
    world = World(tmp_path_factory.mktemp("caching") / "shop")
    with closing(world.ledger):
        for name, text in {
            "in.csv": "a,b\n1,2\n", "helper.py": HELPER, "deeper.py": "TWO = 2\n", "script.py": "made = 1\n",
            "data/one/x.csv": "1", "data/two/y.csv": "2",
        }.items():  # fmt: skip
            (world.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (world.folder / name).write_text(text)
        world.write(*CELLS, parameters="C = 1  # strength")
        world.done = world.run()
        world.record = load(world.ledger, world.done.id)
        yield world


@pytest.fixture
def world(tmp_path):
    """An empty project."""
    made = World(tmp_path / "project")
    with closing(made.ledger):
        yield made


# What is a hit


def test_the_same_notebook_is_taken_from_the_run_before(shop):
    assert shop.record.prevents == ()
    assert shop.why() == ""
    taken = shop.run()
    assert (taken.status, taken.cached_from) == ("finished", shop.done.id)
    run = shop.ledger.run(taken.id)
    assert run.tags["nbledger.cached_from"] == shop.done.id
    assert run.kind == "notebook"
    assert nbformat.read(taken.output, as_version=4).cells[1].source == CELLS[0]
    assert {one.name for one in shop.ledger.artifacts(taken.id)} == {"a.ipynb", "out/result.txt"}
    assert not shop.ledger.children(taken.id)


def test_what_was_read_is_known_and_what_the_run_made_itself_is_not_among_it(shop):
    files = {read.name for read in shop.record.reads if read.how == "file"}
    assert files == {"in.csv", "helper.py", "deeper.py", "script.py", "data/one/x.csv", "extra.txt"} - {
        "data/one/x.csv"
    }
    assert {write.name for write in shop.record.writes if write.object} == {"out/result.txt"}


def test_a_comment_a_tag_and_markdown_are_no_change(shop):
    path = shop.folder / "a.ipynb"
    nb = nbformat.read(path, as_version=4)
    before = path.read_text()
    nb.cells[2].source += "  # read"
    nb.cells[2].metadata["tags"] = ["slow"]
    nb.cells[2]["id"] = "other"
    nb.cells.insert(0, nbformat.v4.new_markdown_cell("# Shop"))
    nbformat.write(nb, path)
    try:
        assert shop.why() == ""
    finally:
        path.write_text(before)


def test_a_ledger_that_was_moved_with_its_project_still_has_the_results(shop, tmp_path):
    # Not by `shutil`: a process that closes a file of an open database loses its locks on it.
    subprocess.run(["cp", "-r", shop.folder, tmp_path / "moved"], check=True)
    with closing(Ledger.open(tmp_path / "moved")) as ledger:
        assert shop.why(ledger=ledger) == ""


def test_an_unseeded_draw_prevents_nothing_and_is_said(world):
    world.write("import numpy as np\nx = np.random.default_rng().random()\nnp.random.seed()\ny = np.random.rand()")
    world.run()
    assert world.why() == ""
    assert "draws at random" in caching.explain_found(world.ledger, world.lookup())


def test_the_explanation_says_what_is_unchanged(shop):
    text = caching.explain_found(shop.ledger, shop.lookup())
    assert f"those of run {shop.done.id[:8]}" in text
    assert "in.csv is unchanged" in text
    assert "out/result.txt is kept" in text


# What is not


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("in.csv", "a,b\n1,3\n", "in.csv is another one"),
        ("in.csv", None, "in.csv is gone"),
        ("helper.py", HELPER.replace("* x", "+ x"), "helper.py is another one"),
        ("deeper.py", "TWO = 3\n", "deeper.py is another one"),
        ("script.py", "made = 2\n", "script.py is another one"),
        ("extra.txt", "more", "extra.txt is there, and was not then"),
        ("settings.ini", "[a]", "settings.ini is there, and was not then"),
        ("overrides.py", "A = 1", "a module overrides is there now"),
        ("random.py", "A = 1", "a module random is there now"),
        ("data/two/x.csv", "3", "other files below data"),
        ("data/three.csv", "3", "data"),
    ],
)
def test_another_input_is_a_miss_that_names_it(shop, name, content, why):
    with changed(shop.folder / name, content):
        assert why in shop.why()
    assert shop.why() == ""


def test_another_environment_variable_that_is_read_is_a_miss(shop, monkeypatch):
    monkeypatch.setenv("OTHER", "1")
    assert shop.why() == ""
    monkeypatch.setenv("SHOP", "mine")
    assert "the environment variable SHOP" in shop.why()
    assert b"mine" not in shop.ledger.objects.read(
        next(one.object for one in shop.ledger.artifacts(shop.done.id) if one.media_type.endswith("step+json"))
    )


def test_another_param_or_cell_is_a_miss_that_names_it(shop):
    assert shop.why({"C": 2}) == "C is 2, and was not given"
    assert shop.why({"C": 1.0}) == "C is 1.0, and was not given"
    path = shop.folder / "a.ipynb"
    with changed(path, path.read_text().replace("sorted(glob", "list(glob")):
        assert shop.why().startswith("cell 4 (names = list(glob.glob('data/*/x.csv')))")


def test_a_deleted_run_is_no_hit(shop):
    shop.ledger.delete(shop.done.id)
    try:
        assert "no finished run" in shop.why()
    finally:
        shop.ledger.restore(shop.done.id)
    child = shop.ledger.children(shop.done.id)[2]
    shop.ledger.delete(child.id)
    try:
        assert "was deleted" in shop.why()
    finally:
        shop.ledger.restore(child.id)


def test_a_run_with_findings_or_failed_checks_is_no_hit(world):
    world.write("a = 1")
    world.ledger.tag(world.run().id, "nbledger.findings", "2")
    assert "has 2 findings" in world.why()
    world.write("a = 2")
    world.ledger.tag(world.run().id, "nbledger.checks", "failed")
    assert "data checks" in world.why()


def test_a_failed_run_is_no_hit(world):
    world.write("a = 1", "a / 0")
    with pytest.raises(NotebookFailed):
        world.run()
    assert "no finished run" in world.why()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import subprocess\nsubprocess.run(['true'], check=True)", "shell command true"),
        ("with open('log.txt', 'a') as f:\n    f.write('x')", "it changes log.txt, which it reads"),
        ("import os\nos.remove('old.txt')", "it removes old.txt"),
        (
            "import threading, time\ndef wait():\n    time.sleep(5)\nthreading.Thread(target=wait, daemon=True).start()",
            "goes on",
        ),
        ("open('../beside.txt', 'w').write('x')", "outside of the project"),
    ],
)
def test_what_cannot_be_known_or_done_again_prevents_a_hit_and_says_so(world, source, why):
    (world.folder / "log.txt").write_text("x")
    (world.folder / "old.txt").write_text("x")
    world.write(source)
    world.run()
    assert why in world.why()
    assert f"cell 1 ({source.splitlines()[0]})" in world.why() or "it " in world.why()


def test_network_use_prevents_a_hit(world):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/pyproject.toml"
        world.write(f"from urllib.request import urlopen\nwith urlopen({address!r}) as r:\n    text = r.read()")
        world.run()
        world.write(
            f"import socket\ns = socket.create_connection(('127.0.0.1', {server.server_port}))\ns.close()",
            name="b.ipynb",
        )
        world.run(name="b.ipynb")
        server.shutdown()
    assert "uses the network" in world.why()
    assert "uses the network" in world.why(name="b.ipynb")


def test_a_file_that_is_too_large_to_keep_prevents_a_hit(world, monkeypatch):
    monkeypatch.setenv("NBLEDGER_CACHE_MAX_BYTES", "1KB")
    world.write("open('big.bin', 'wb').write(bytes(2000))")
    world.run()
    assert "big.bin is larger than" in world.why()


# The order of cells


def test_cells_that_do_not_depend_on_each_other_may_change_places(world):
    (world.folder / "in.txt").write_text("x")
    independent = (
        "a = open('in.txt').read()",
        "b = 2",
        "open('out.txt', 'w').write(a)",
        "import random",
        "random.seed(1)",
        "c = random.random()",
    )
    world.write(*independent)
    world.run()
    for order, same in (
        ((1, 0, 2, 3, 4, 5), True),
        ((0, 2, 1, 3, 4, 5), True),
        ((3, 4, 5, 0, 1, 2), True),
        ((2, 0, 1, 3, 4, 5), False),
        ((0, 1, 2, 3, 5, 4), False),
    ):
        world.write(*(independent[at] for at in order))
        assert (world.why() == "") is same, (order, world.why())


@pytest.mark.parametrize(
    "cells",
    [
        ("x = 1", "x = 2"),
        ("l = []", "m = l", "m.append(1)", "l.append(2)"),
        ("open('f', 'w').write('1')", "open('f', 'w').write('2')"),
        ("import os", "os.environ['A'] = '1'", "b = os.environ.get('A')"),
        ("def f():\n    try:\n        return y\n    except NameError:\n        return 0", "z = f()", "y = 1"),
        ("1 + 1", "2 + 2", "print(_)"),
        ("import decimal", "decimal.getcontext().prec = 5", "d = decimal.Decimal(1) / 3"),
        ("import os\nos.makedirs('d', exist_ok=True)", "open('d/x', 'w').write('1')", "n = os.listdir('d')"),
    ],
)
def test_cells_that_share_something_may_not(world, cells):
    world.write(*cells)
    world.run()
    assert world.why() == "" or "lists" in world.why() or "folder" in world.why()
    world.write(*cells[:-2], cells[-1], cells[-2])
    assert world.why() != ""


# What a hit gives


def test_files_come_back_where_they_are_missing_or_differ_and_only_there(shop):
    path = shop.folder / "out" / "result.txt"
    expected = path.read_text()
    path.write_text("spoiled")
    assert shop.run().cached_from
    assert path.read_text() == expected
    before = path.stat().st_mtime_ns
    shop.run()
    assert path.stat().st_mtime_ns == before
    shutil.rmtree(shop.folder / "out")
    shop.run()
    assert path.read_text() == expected
    assert sorted(os.listdir(path.parent)) == ["result.txt"]


def test_what_was_kept_and_is_damaged_is_no_hit_and_changes_nothing(world):
    world.write("open('a.txt', 'w').write('a')\nopen('b.txt', 'w').write('b')")
    done = world.run()
    objects = {one.name: world.ledger.objects.path(one.object) for one in world.ledger.artifacts(done.id)}
    for name in ("a.txt", "b.txt"):
        (world.folder / name).unlink()
    os.chmod(objects["b.txt"], 0o644)
    objects["b.txt"].write_text("c")
    found = world.lookup()
    with pytest.raises(caching.NotRestored):
        caching.restore(world.ledger, found)
    assert not (world.folder / "a.txt").exists()
    assert sorted(path.name for path in world.folder.iterdir() if path.name.endswith(".partial")) == []
    assert world.run().cached_from is None
    assert (world.folder / "b.txt").read_text() == "b"
    objects["b.txt"].unlink()
    assert "is gone" in world.why()


def test_a_record_that_names_a_place_outside_of_the_project_is_not_followed(world, tmp_path):
    from nbledger.pipeline.caching.record import Write
    from nbledger.pipeline.caching.restoring import NotRestored, restore

    address, size = world.ledger.objects.put_bytes(b"x")
    (world.folder / "link").symlink_to(tmp_path)
    for name in ("../evil.txt", str(tmp_path / "evil.txt"), "link/evil.txt", ".nbledger/evil.txt", ".git/hooks/x", "."):
        with pytest.raises(NotRestored):
            restore(world.ledger, [Write(name, address[:32], address, size)], world.folder)
    assert not (tmp_path / "evil.txt").exists()


def test_no_cache_runs_again_and_keeps_what_it_gave(world):
    world.write("a = 1")
    first = world.run()
    second = world.run(cache="renew")
    assert second.cached_from is None
    assert world.run().cached_from == second.id
    assert world.run(cache=False).cached_from is None
    assert first.id != second.id


def test_the_tracked_cells_of_the_run_before_stay_what_is_compared(shop):
    shop.run()
    experiment = shop.ledger.run(shop.done.id).experiment
    found = shop.ledger.runs("metrics.accuracy > 0", experiment=experiment, tracked=True)
    assert [run.parent for run in found] == [shop.done.id]
    assert caching.origin(shop.ledger, shop.run().id) == shop.done.id


def test_a_file_that_only_c_code_reads_counts_when_the_code_names_it(world):
    (world.folder / "data.txt").write_text("1")
    world.write("import ctypes\nlibc = ctypes.CDLL(None)\nfd = libc.open(b'data.txt', 0)\nname = 'data.txt'")
    world.run()
    assert world.why() == ""
    (world.folder / "data.txt").write_text("2")
    assert "data.txt is another one" in world.why()
