"""What a cell does with files is found: which it read, which it made, which it changed in place."""

import http.server
import os
import shutil
import sqlite3
import sys
import threading
from functools import partial

import pytest

from nbledger.capture.hooks import calls
from nbledger.capture.world import audit, file_calls
from nbledger.capture.world.files import Files
from nbledger.fingerprint import file_fingerprint
from nbledger.records import ABSENT

# Users leave the closing of files to Python, and so do these cells.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed")


class Cells:
    """Runs sources as cells of one namespace while their files are observed."""

    def __init__(self, root, **options):
        self.files = Files(root, **options)
        self.names = {"__name__": "__main__"}

    def run(self, source, *, commands=(), reads=()):
        self.files.begin()
        self.files.note_values([self.names[name] for name in reads])
        self.files.note_commands(commands, self.names)
        file_calls.activate(self.files)
        audit.activate(self.files, namespace=self.names)
        try:
            exec(compile(source, "<cell>", "exec"), self.names)
        finally:
            audit.deactivate()
            file_calls.deactivate()
        return Use(self.files.end())


class Use:
    """What a cell did, by name."""

    def __init__(self, use):
        self.edges = use
        self.used = {edge.name: edge.version for edge in use.used if edge.role == "file"}
        self.urls = [edge.name for edge in use.used if edge.role == "url"]
        self.made = {edge.name: edge.version for edge in use.generated if not edge.derived}
        self.changed = {edge.name: edge.version for edge in use.generated if edge.derived}
        self.opaque = use.opaque
        known = {version.hash for version in use.versions}
        assert {edge.version for edge in (*use.used, *use.generated)} <= known

    @property
    def names(self):
        return set(self.used), set(self.made), set(self.changed)


def content(path):
    return file_fingerprint(path).hash


@pytest.fixture
def cells(project):
    """A notebook in an empty project; afterwards nothing of ours is left."""
    yield Cells(project)
    calls.uninstall()


# Python's own files


def test_a_file_that_is_read_is_used_with_its_content_and_time(cells, project):
    (project / "a.txt").write_text("one")
    use = cells.run("text = open('a.txt').read()")
    assert use.names == ({"a.txt"}, set(), set())
    assert use.used["a.txt"] == content("a.txt")
    assert use.edges.used[0].time == pytest.approx(os.stat("a.txt").st_mtime)
    assert use.edges.versions[0].nbytes == 3


def test_a_file_that_is_written_is_made(cells):
    use = cells.run("with open('b.txt', 'w') as f: f.write('two')")
    assert use.names == (set(), {"b.txt"}, set())
    assert use.made["b.txt"] == content("b.txt")


def test_appending_changes_a_file_in_place(cells, project):
    (project / "log.txt").write_text("one\n")
    before = content("log.txt")
    use = cells.run("with open('log.txt', 'a') as f: f.write('two')")
    assert use.used == {"log.txt": before}
    assert use.changed == {"log.txt": content("log.txt")}
    assert use.made == {}


def test_appending_to_no_file_makes_it(cells):
    assert cells.run("with open('log.txt', 'a') as f: f.write('two')").names == (set(), {"log.txt"}, set())


def test_writing_into_the_middle_changes_a_file_in_place(cells, project):
    (project / "a.bin").write_bytes(b"12345")
    use = cells.run("with open('a.bin', 'r+b') as f: f.seek(2); f.write(b'x')")
    assert use.names == ({"a.bin"}, set(), {"a.bin"})


def test_a_file_opened_for_writing_and_left_as_it_was_is_only_used(cells, project):
    (project / "a.bin").write_bytes(b"12345")
    assert cells.run("with open('a.bin', 'r+b') as f: f.read()").names == ({"a.bin"}, set(), set())


def test_reading_and_then_overwriting_uses_what_was_there(cells, project):
    (project / "a.txt").write_text("one")
    before = content("a.txt")
    use = cells.run("t = open('a.txt').read()\nwith open('a.txt', 'w') as f: f.write(t + t)")
    assert use.used == {"a.txt": before}
    assert use.made == {"a.txt": content("a.txt")}


def test_overwriting_does_not_use_what_was_there(cells, project):
    (project / "a.txt").write_text("one")
    assert cells.run("with open('a.txt', 'w') as f: f.write('two')").names == (set(), {"a.txt"}, set())


def test_reading_what_the_cell_itself_made_is_no_use(cells):
    use = cells.run("with open('a.txt', 'w') as f: f.write('x')\nopen('a.txt').read()")
    assert use.names == (set(), {"a.txt"}, set())


def test_a_removed_file_is_absent_and_its_absence_is_used(cells, project):
    (project / "a.txt").write_text("one")
    assert cells.run("import os; os.remove('a.txt')").made == {"a.txt": ABSENT.hash}
    use = cells.run("try: open('a.txt')\nexcept FileNotFoundError: pass")
    assert use.used == {"a.txt": ABSENT.hash}


def test_a_file_made_and_removed_in_one_cell_leaves_no_trace(cells):
    use = cells.run("import os\nwith open('t', 'w') as f: f.write('x')\nos.remove('t')")
    assert use.names == (set(), set(), set())


def test_a_file_that_is_looked_for_in_vain_is_used_as_absent(cells):
    used = cells.run("try: open('no.txt')\nexcept FileNotFoundError: pass")
    assert used.names == ({"no.txt"}, set(), set())
    assert used.used["no.txt"] == ABSENT.hash


def test_a_renamed_file_is_made_from_the_old_one(cells, project):
    (project / "a.txt").write_text("one")
    hash = content("a.txt")
    use = cells.run("import os; os.rename('a.txt', 'b.txt')")
    assert use.used == {"a.txt": hash}
    assert use.made == {"a.txt": ABSENT.hash, "b.txt": hash}


def test_writing_aside_and_replacing_makes_the_file_only(cells, project):
    (project / "a.txt").write_text("one")
    use = cells.run("import os\nwith open('a.tmp', 'w') as f: f.write('x')\nos.replace('a.tmp', 'a.txt')")
    assert use.names == (set(), {"a.txt"}, set())


def test_a_renamed_folder_takes_its_files_with_it(cells, project):
    (project / "old").mkdir()
    (project / "old" / "a.txt").write_text("one")
    use = cells.run("import os; os.rename('old', 'new')")
    assert {"new/a.txt", "old/a.txt"} <= set(use.made)
    assert use.made["old/a.txt"] == ABSENT.hash


@pytest.mark.parametrize(
    ("source", "used", "made"),
    [
        ("import shutil; shutil.copy('a.txt', 'b.txt')", {"a.txt"}, {"b.txt"}),
        ("import shutil; shutil.move('a.txt', 'b.txt')", {"a.txt"}, {"a.txt", "b.txt"}),
        ("from pathlib import Path; Path('b.txt').write_text(Path('a.txt').read_text())", {"a.txt"}, {"b.txt"}),
        ("import os; os.link('a.txt', 'b.txt')", {"a.txt"}, {"b.txt"}),
        ("import os; os.symlink('a.txt', 'b.txt')", {"a.txt"}, {"b.txt"}),
        ("import os; os.close(os.open('a.txt', os.O_RDONLY))", {"a.txt"}, set()),
        ("import os; f = open(os.open('a.txt', os.O_RDONLY)); f.close()", {"a.txt"}, set()),
        ("import gzip\nwith gzip.open('b.gz', 'wb') as f: f.write(open('a.txt', 'rb').read())", {"a.txt"}, {"b.gz"}),
        ("import bz2, lzma\nbz2.open('b.bz2', 'w').close(); lzma.open('b.xz', 'w').close()", set(), {"b.bz2", "b.xz"}),
        ("import zipfile\nwith zipfile.ZipFile('z.zip', 'w') as z: z.write('a.txt')", {"a.txt"}, {"z.zip"}),
        ("import tarfile\nwith tarfile.open('t.tar', 'w') as t: t.add('a.txt')", {"a.txt"}, {"t.tar"}),
        ("import json\nwith open('b.json', 'w') as f: json.dump(open('a.txt').read(), f)", {"a.txt"}, {"b.json"}),
    ],
)  # fmt: skip
def test_the_standard_library_is_seen(cells, project, source, used, made):
    (project / "a.txt").write_text("one")
    use = cells.run(source)
    assert use.names == (used, made, set())


def test_members_of_an_archive_are_the_archive(cells, project):
    import zipfile

    with zipfile.ZipFile("z.zip", "w") as archive:
        archive.writestr("inner.csv", "a,b")
    use = cells.run("import zipfile\nwith zipfile.ZipFile('z.zip') as z: z.read('inner.csv'); z.extractall('out')")
    assert use.used == {"z.zip": content("z.zip")}
    assert {"out", "out/inner.csv"} <= set(use.made)
    assert cells.run("import zipfile\nwith zipfile.ZipFile('z.zip', 'a') as z: z.writestr('b', 'c')").changed


def test_truncating_changes_a_file_in_place(cells, project):
    (project / "a.txt").write_text("one")
    assert cells.run("import os; os.truncate('a.txt', 1)").names == ({"a.txt"}, set(), {"a.txt"})


def test_writing_through_a_mapping_is_seen_now_and_later(cells, project):
    (project / "a.bin").write_bytes(bytes(5000))
    use = cells.run("import mmap\nf = open('a.bin', 'r+b'); m = mmap.mmap(f.fileno(), 0); m[0] = 1")
    assert use.names == ({"a.bin"}, set(), {"a.bin"})
    assert cells.run("m[1] = 2; m.flush()").changed == {"a.bin": content("a.bin")}
    cells.run("m.close(); f.close()")


def test_a_handle_kept_open_writes_in_the_cell_that_writes(cells):
    assert set(cells.run("f = open('log.txt', 'w')").made) == {"log.txt"}
    assert cells.run("1 + 1").names == (set(), set(), set())
    use = cells.run("f.write('x'); f.flush()")
    assert use.changed == {"log.txt": content("log.txt")}
    use = cells.run("f.write('y'); f.close()")
    assert use.changed == {"log.txt": content("log.txt")}
    assert cells.run("1 + 1").names == (set(), set(), set())


def test_a_handle_read_in_a_later_cell_uses_its_file(cells, project):
    (project / "a.txt").write_text("one\ntwo")
    cells.run("f = open('a.txt')")
    assert set(cells.run("line = f.readline()", reads=["f"]).used) == {"a.txt"}
    cells.run("f.close()")


def test_a_change_within_the_clocks_tick_and_of_the_same_size_is_seen(cells):
    cells.run("with open('a.txt', 'w') as f: f.write('x')")
    for text in "abcabc":
        stamp = os.stat("a.txt")
        use = cells.run(f"with open('a.txt', 'r+') as f: f.write({text!r})")
        assert use.changed == {"a.txt": content("a.txt")}, stamp


def test_a_file_changed_from_outside_while_the_cell_ran_is_said_so(cells, project):
    (project / "a.txt").write_text("one")
    cells.names["other"] = lambda: threading.Thread(target=partial(os.utime, "a.txt", (1, 1))).start()
    use = cells.run("import time\nopen('a.txt').read(); other(); time.sleep(0.05)")
    assert use.opaque == ("a.txt was changed from outside while the cell ran",)


def test_large_files_may_be_sampled_and_say_so(project):
    (project / "big.bin").write_bytes(os.urandom(200_000))
    cells = Cells(project, sample_over=100_000)
    assert [v.exactness for v in cells.run("open('big.bin', 'rb').close()").edges.versions] == ["sampled"]
    calls.uninstall()


def test_threads_of_the_cell_count_and_others_do_not(cells, project):
    (project / "a.txt").write_text("one")
    stop, go = threading.Event(), threading.Event()

    def other():
        go.wait(5)
        open("other.txt", "w").close()
        stop.set()

    thread = threading.Thread(target=other)
    thread.start()
    cells.names.update(go=go, stop=stop)
    use = cells.run(
        "import threading\ngo.set(); stop.wait(5)\n"
        "t = threading.Thread(target=lambda: open('mine.txt', 'w').close()); t.start(); t.join()"
    )
    thread.join()
    assert use.names == (set(), {"mine.txt"}, set())


def test_a_pool_that_lives_across_cells_is_the_cells(cells):
    cells.run("from concurrent.futures import ThreadPoolExecutor\np = ThreadPoolExecutor(1); p.submit(int).result()")
    use = cells.run("p.submit(lambda: open('late.txt', 'w').close()).result()")
    assert set(use.made) == {"late.txt"}
    cells.run("p.shutdown()")


def test_files_outside_the_project_are_named_from_it(cells, project):
    (project.parent / "up.txt").write_text("one")
    assert set(cells.run("open('../up.txt').read()").used) == {"../up.txt"}


def test_a_project_that_is_reached_by_a_link_has_the_same_names(project):
    (project.parent / "link").symlink_to(project)
    cells = Cells(project.parent / "link")
    os.chdir(project.parent / "link")
    use = cells.run("open('a.txt', 'w').close()")
    use2 = cells.run(f"open({str(project.parent / 'link' / 'a.txt')!r}).close()")
    assert (set(use.made), set(use2.used)) == ({"a.txt"}, {"a.txt"})
    calls.uninstall()


def test_libraries_caches_and_the_ledger_do_not_count(cells, project):
    (project / ".nbledger").mkdir()
    use = cells.run(
        "import sqlite3, colorsys, sklearn.datasets\n"
        "open('.nbledger/x', 'w').close()\n"
        "sklearn.datasets.load_iris()\n"
        "open('/dev/null', 'w').close(); open('/proc/self/stat').close(); open(colorsys.__file__).close()"
    )
    assert use.names == (set(), set(), set())


# Folders


def test_a_listed_folder_is_used_by_its_names(cells, project):
    (project / "data").mkdir()
    (project / "data" / "a.csv").write_text("1")
    sources = [
        "import os; os.listdir('data')",
        "from pathlib import Path; list(Path('data').iterdir())",
        "import glob; glob.glob('data/*.csv')",
        "from pathlib import Path; list(Path('data').glob('*.csv'))",
    ]
    found = [cells.run(source).used for source in sources]
    assert [set(used) for used in found] == [{"data"}] * 4
    (project / "data" / "b.csv").write_text("1")
    assert cells.run(sources[0]).used["data"] != found[0]["data"]


def test_a_listing_uses_what_earlier_cells_put_there_and_took_away(cells):
    cells.run("import os\nos.mkdir('out')\nfor n in 'ab': open(f'out/{n}', 'w').close()")
    cells.run("os.remove('out/b')")
    use = cells.run("os.listdir('out')")
    assert set(use.used) == {"out", "out/a", "out/b"}
    assert use.used["out/b"] == ABSENT.hash


def test_writing_into_a_folder_that_a_cell_made_uses_the_folder(cells):
    assert set(cells.run("import os; os.makedirs('out/deep', exist_ok=True)").made) == {"out", "out/deep"}
    use = cells.run("os.makedirs('out/deep', exist_ok=True)\nopen('out/deep/a', 'w').close()")
    assert use.names == ({"out/deep"}, {"out/deep/a"}, set())


def test_removing_a_tree_makes_all_of_it_absent(cells, project):
    cells.run("import os; os.makedirs('out/deep'); open('out/deep/a', 'w').close()")
    use = cells.run("import shutil; shutil.rmtree('out')")
    assert use.made == dict.fromkeys(["out", "out/deep", "out/deep/a"], ABSENT.hash)


# Modules


def test_a_local_module_is_used_by_its_source_also_from_the_cache(cells, project, monkeypatch):
    monkeypatch.syspath_prepend(project)
    (project / "helper_one.py").write_text("import helper_two\nX = 1")
    (project / "helper_two.py").write_text("Y = 1")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    try:
        assert set(cells.run("import helper_one").used) == {"helper_one.py", "helper_two.py"}
        for name in ("helper_one", "helper_two"):
            del sys.modules[name]
        assert set(cells.run("import helper_one").used) == {"helper_one.py", "helper_two.py"}
        # Loaded already: no file is opened, but the cell works with the module.
        assert set(cells.run("helper_one.X", reads=["helper_one"]).used) == {"helper_one.py", "helper_two.py"}
    finally:
        for name in ("helper_one", "helper_two"):
            sys.modules.pop(name, None)


def test_a_run_script_is_used(cells, project):
    (project / "script.py").write_text("x = 1")
    assert set(cells.run("import runpy; runpy.run_path('script.py')").used) == {"script.py"}


# Data libraries


@pytest.fixture
def table(project):
    import pandas as pd

    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    frame.to_csv("t.csv", index=False)
    frame.to_parquet("t.parquet")
    frame.to_json("t.json")
    frame.to_pickle("t.pkl")
    frame.to_feather("t.feather")
    frame.to_json("t.ndjson", orient="records", lines=True)
    return frame


@pytest.mark.parametrize(
    ("source", "used", "made"),
    [
        ("pd.read_csv('t.csv')", {"t.csv"}, set()),
        ("pd.read_csv('t.csv', engine='python')", {"t.csv"}, set()),
        ("pd.read_csv('t.csv', engine='pyarrow')", {"t.csv"}, set()),
        ("pd.read_parquet('t.parquet')", {"t.parquet"}, set()),
        ("pd.read_parquet(__import__('pathlib').Path('t.parquet'))", {"t.parquet"}, set()),
        ("pd.read_json('t.json'); pd.read_pickle('t.pkl')", {"t.json", "t.pkl"}, set()),
        ("pd.read_feather('t.feather')", {"t.feather"}, set()),
        ("pd.read_csv('t.csv').to_csv('o.csv')", {"t.csv"}, {"o.csv"}),
        ("pd.read_csv('t.csv').to_parquet('o.parquet')", {"t.csv"}, {"o.parquet"}),
        ("pd.read_csv('t.csv').to_feather('o.feather')", {"t.csv"}, {"o.feather"}),
        ("pd.read_csv('t.csv').to_pickle('o.pkl'); df = 1", {"t.csv"}, {"o.pkl"}),
        ("pd.read_csv('t.csv').to_json('o.json')", {"t.csv"}, {"o.json"}),
        ("pd.read_csv('t.csv').to_csv('o.csv.gz')", {"t.csv"}, {"o.csv.gz"}),
        ("pq.write_table(pq.read_table('t.parquet'), 'o.parquet')", {"t.parquet"}, {"o.parquet"}),
        ("f = pq.ParquetFile('t.parquet'); f.read(); f.close()", {"t.parquet"}, set()),
        ("pq.read_schema('t.parquet'); pq.read_metadata('t.parquet')", {"t.parquet"}, set()),
        ("ds.dataset('t.parquet').to_table()", {"t.parquet"}, set()),
        ("feather.read_table('t.feather')", {"t.feather"}, set()),
        ("pl.read_csv('t.csv').write_csv('o.csv')", {"t.csv"}, {"o.csv"}),
        ("pl.read_parquet('t.parquet').write_parquet('o.parquet')", {"t.parquet"}, {"o.parquet"}),
        ("pl.read_ndjson('t.ndjson').write_ipc('o.arrow')", {"t.ndjson"}, {"o.arrow"}),
        ("pl.scan_csv('t.csv').sink_csv('o.csv')", {"t.csv"}, {"o.csv"}),
        ("pl.scan_parquet('*.parquet').collect()", {"t.parquet"}, set()),
        ("pl.DataFrame({'a': [1]}).write_json('o.json')", set(), {"o.json"}),
        ("np.save('o.npy', np.zeros(3)); np.load('o.npy')", set(), {"o.npy"}),
        ("np.savez('o.npz', a=np.zeros(3))", set(), {"o.npz"}),
        ("np.loadtxt('t.csv', dtype=str)", {"t.csv"}, set()),
        ("np.zeros(3).tofile('o.bin'); np.fromfile('t.csv', dtype='u1')", {"t.csv"}, {"o.bin"}),
        ("joblib.dump(1, 'o.joblib')", set(), {"o.joblib"}),
        ("import pickle\nwith open('o.pkl', 'wb') as f: pickle.dump(1, f)", set(), {"o.pkl"}),
    ],
)  # fmt: skip
def test_data_libraries_are_seen(cells, table, source, used, made):
    cells.run("import joblib, numpy as np, pandas as pd, polars as pl, pyarrow.parquet as pq")
    cells.run("import pyarrow.dataset as ds, pyarrow.feather as feather")
    use = cells.run(source)
    assert (set(use.used) - {"."}, set(use.made), set(use.changed)) == (used, made, set())
    assert use.opaque == ()
    assert all(use.made[name] == content(name) for name in made)


def test_a_library_imported_by_the_very_cell_is_seen(cells, table, project):
    import subprocess

    script = project.parent / "script.py"
    script.write_text(
        "import sys\nsys.path.insert(0, sys.argv[1])\nfrom pathlib import Path\n"
        "from nbledger.capture.world import audit, file_calls\nfrom nbledger.capture.world.files import Files\n"
        "files = Files(Path.cwd()); file_calls.activate(files); audit.activate(files)\n"
        "import polars, pyarrow.parquet as pq\n"
        "polars.read_csv('t.csv'); pq.read_table('t.parquet')\n"
        "print(sorted(edge.name for edge in files.end().used))"
    )
    source = os.path.dirname(os.path.dirname(os.path.dirname(audit.__file__)))
    done = subprocess.run([sys.executable, script, source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['t.csv', 't.parquet']"


def test_a_partitioned_dataset_is_its_files(cells, table):
    cells.run("import pandas as pd, pyarrow.dataset as ds")
    use = cells.run("pd.read_csv('t.csv').to_parquet('parts', partition_cols=['b'])")
    assert len([name for name in use.made if name.startswith("parts/b=")]) == 3
    use = cells.run("pd.read_parquet('parts')")
    assert len([name for name in use.used if name.endswith(".parquet")]) == 3
    assert len([name for name in cells.run("ds.dataset('parts')").used if name.endswith(".parquet")]) == 3


def test_a_lazy_frame_uses_its_file_when_it_is_collected_later(cells, table):
    cells.run("import polars as pl")
    assert set(cells.run("lazy = pl.scan_csv('t.csv').filter(pl.col('a') > 1)").used) == {"t.csv"}
    assert set(cells.run("lazy.collect()", reads=["lazy"]).used) == {"t.csv"}


def test_a_mapped_array_that_is_written_later_is_seen(cells):
    cells.run("import numpy as np; m = np.memmap('m.dat', dtype='f8', mode='w+', shape=1000)")
    use = cells.run("m[:] = 1.0", reads=["m"])
    assert use.changed == {"m.dat": content("m.dat")}
    use = cells.run("v = m[10:20]; v += 1; del m, v", reads=["m"])
    assert use.changed == {"m.dat": content("m.dat")}


def test_a_function_in_c_is_covered_by_the_names_in_the_source(cells, table):
    cells.run("import pyarrow.csv as pc")
    cells.files.begin()
    cells.files.note_names(["t.csv", "o.csv", "b"], {"pc", "read_csv", "write_csv"})
    import pyarrow.csv as pc

    pc.write_csv(pc.read_csv("t.csv"), "o.csv")
    assert Use(cells.files.end()).names == ({"t.csv"}, {"o.csv"}, set())


def test_boosters_are_seen(cells):
    pytest.importorskip("lightgbm")
    cells.run(
        "import lightgbm, numpy as np\n"
        "b = lightgbm.train({'verbose': -1, 'min_data_in_leaf': 1}, lightgbm.Dataset(np.eye(30), np.arange(30.)), 2)"
    )
    assert set(cells.run("b.save_model('b.txt')").made) == {"b.txt"}
    assert set(cells.run("lightgbm.Booster(model_file='b.txt')").used) == {"b.txt"}


def test_hooked_functions_still_look_and_fail_as_they_did(cells):
    import inspect

    import pyarrow.parquet as pq

    before = pq.read_table, inspect.signature(pq.read_table)
    cells.run("import pyarrow.parquet as pq")
    assert (pq.read_table, inspect.signature(pq.read_table)) == before
    with pytest.raises(FileNotFoundError) as caught:
        cells.run("pq.read_table('no.parquet')")
    assert "nbledger" not in "".join(str(entry.path) for entry in caught.traceback[2:])


# Databases


def test_a_database_that_is_only_read_is_used(cells, project):
    with sqlite3.connect("d.db") as con:
        con.execute("create table t (a)")
    con.close()
    use = cells.run(
        "import pandas as pd, sqlite3\nc = sqlite3.connect('d.db'); pd.read_sql('select * from t', c); c.close()"
    )
    assert use.names == ({"d.db"}, set(), set())


def test_a_database_that_is_written_is_changed_in_place(cells, project):
    assert set(
        cells.run("import sqlite3\nc = sqlite3.connect('d.db'); c.execute('create table t (a)'); c.close()").made
    ) == {"d.db"}
    use = cells.run(
        "c = sqlite3.connect('file:d.db?mode=rw', uri=True)\nwith c: c.execute('insert into t values (1)')\nc.close()"
    )
    assert use.names == ({"d.db"}, set(), {"d.db"})
    assert cells.run("c = sqlite3.connect(':memory:'); c.close()").names == (set(), set(), set())


def test_a_connection_kept_across_cells_uses_and_changes_its_database(cells):
    cells.run("import sqlite3\nc = sqlite3.connect('d.db'); c.execute('create table t (a)'); c.commit()")
    use = cells.run("c.execute('insert into t values (1)'); c.commit()", reads=["c"])
    assert use.names == ({"d.db"}, set(), {"d.db"})
    assert cells.run("c.execute('select * from t').fetchall()", reads=["c"]).names == ({"d.db"}, set(), set())
    cells.run("c.close()")


def test_a_database_with_a_write_ahead_log_is_changed_with_its_log(cells):
    cells.run(
        "import sqlite3\nc = sqlite3.connect('d.db'); c.execute('pragma journal_mode=wal'); c.execute('create table t (a)')"
    )
    use = cells.run("c.execute('insert into t values (1)'); c.commit()", reads=["c"])
    assert set(use.changed) == {"d.db", "d.db-wal"}
    cells.run("c.close()")


# Commands and processes


def test_a_shell_command_uses_and_makes_the_files_that_it_names(cells, project):
    (project / "a.txt").write_text("one")
    cells.names["target"] = "b.txt"
    use = cells.run("import os; os.system('cp a.txt b.txt')", commands=["cp a.txt {target}"])
    assert use.names == ({"a.txt"}, {"b.txt"}, set())
    assert use.opaque == ("shell command cp",)


@pytest.mark.parametrize(
    ("command", "used", "made", "changed"),
    [
        ("cat a.txt > o.txt", {"a.txt"}, {"o.txt"}, set()),
        ("cat a.txt >> c.txt", {"a.txt", "c.txt"}, set(), {"c.txt"}),
        ("sort < a.txt | tee o.txt", {"a.txt"}, {"o.txt"}, set()),
        ("sed -i s/one/two/ a.txt", {"a.txt"}, set(), {"a.txt"}),
        ("mv a.txt o.txt; cat c.txt", {"a.txt", "c.txt"}, {"a.txt", "o.txt"}, set()),
        ("rm a.txt", {"a.txt"}, {"a.txt"}, set()),
        ("cp a.txt d", {"a.txt", "d"}, {"d/a.txt"}, set()),
        ("cat *.txt", {".", "a.txt", "c.txt"}, set(), set()),
        ("cp a.txt o.txt\ncp c.txt p.txt # a.txt", {"a.txt", "c.txt"}, {"o.txt", "p.txt"}, set()),
        ("touch 'new file'", set(), {"new file"}, set()),
        ("ls d", {"d"}, set(), set()),
        ("echo it's", set(), set(), set()),
    ],
)
def test_what_commands_do_to_files(cells, project, command, used, made, changed):
    (project / "a.txt").write_text("one")
    (project / "c.txt").write_text("three")
    (project / "d").mkdir()
    use = cells.run(f"import subprocess; subprocess.run({command!r}, shell=True, capture_output=True)")
    assert use.names == (used, made, changed)


def test_a_process_with_arguments_in_another_folder(cells, project):
    (project / "d").mkdir()
    (project / "d" / "a.txt").write_text("one")
    use = cells.run("import subprocess; subprocess.run(['cp', 'a.txt', 'b.txt'], cwd='d')")
    assert use.names == ({"d/a.txt"}, {"d/b.txt"}, set())


def test_the_output_of_a_process_into_an_open_file(cells):
    use = cells.run("import subprocess\nwith open('o.txt', 'w') as f: subprocess.run(['echo', 'x'], stdout=f)")
    assert use.made == {"o.txt": content("o.txt")}


# The network


@pytest.fixture
def server(project):
    """A web server for the project's folder, in this process."""
    (project / "t.csv").write_text("a,b\n1,2\n")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=project)) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "source",
    [
        "import pandas as pd; pd.read_csv(URL)",
        "import urllib.request\nwith urllib.request.urlopen(URL) as r: r.read()",
        "import requests; requests.get(URL)",
        "import httpx; httpx.get(URL)",
    ],
)
def test_a_url_is_used_without_its_credentials(cells, server, source):
    cells.names["URL"] = f"{server}/t.csv?api_key=q8Xk27fjPw91LmZq5TtR"
    use = cells.run(source)
    assert [url.partition("?")[0] for url in use.urls] == [f"{server}/t.csv"]
    assert "q8Xk27" not in use.urls[0]
    [version] = [v for v in use.edges.versions if v.kind == "url"]
    assert version.exactness == "opaque"


def test_a_plain_connection_is_named_by_its_address(cells, server):
    host, port = server.removeprefix("http://").split(":")
    use = cells.run(f"import socket\nwith socket.create_connection(({host!r}, {port})): pass")
    assert use.urls == [f"tcp://{host}:{port}"]


def test_nothing_is_left_behind(cells, project):
    import pyarrow.parquet as pq

    from nbledger.capture.hooks import swap

    cells.run("import pyarrow.parquet")
    assert swap.is_swapped(pq.read_table)
    calls.uninstall()
    assert not swap.is_swapped(pq.read_table)
    shutil.rmtree(project)
    project.mkdir()
    os.chdir(project)


def test_what_a_process_writes_is_made_by_the_cell_that_started_it(cells):
    use = cells.run(
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'open(chr(115), chr(119)).write(chr(120))'], check=True)"
    )
    assert set(use.made) == {"s"}
