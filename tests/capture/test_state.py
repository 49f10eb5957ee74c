"""What cells leave for one another without a variable is found: random state, the folder, settings, modules' data."""

import json
import os
import pickle
import random
import subprocess
import sys
import types

import numpy as np
import pytest

from nbledger.capture.hooks import calls
from nbledger.capture.world import audit, entropy, seeding
from nbledger.capture.world.generators import GENERATORS, RandomState
from nbledger.capture.world.state import State, restore
from nbledger.fingerprint import fingerprint, token


class Cells:
    """Runs sources as cells of one namespace while hidden state is observed."""

    def __init__(self):
        self.state = State(token, fingerprint)
        self.names = {"__name__": "__main__"}

    def run(self, source, *, attributes=(), stored=()):
        code = compile(source, "<cell>", "exec")
        self.state.begin(frozenset(code.co_names), attributes, self.names)
        seeding.activate(self.state)
        audit.activate(self.state, namespace=self.names)
        try:
            exec(code, self.names)
        finally:
            audit.deactivate()
            seeding.deactivate()
        use = self.state.end(attributes, stored, self.names)
        known = {version.hash for version in use.versions}
        assert {edge.version for edge in (*use.used, *use.generated)} <= known
        assert {edge.role for edge in (*use.used, *use.generated)} <= {"state"}
        return Use(use)


class Use:
    """What a cell did, by name."""

    def __init__(self, use):
        self.edges = use
        self.used = {edge.name: edge.version for edge in use.used}
        self.made = {edge.name: edge.version for edge in use.generated if not edge.derived}
        self.changed = {edge.name: edge.version for edge in use.generated if edge.derived}
        self.stored = {version.hash: data for version, data in use.stored}

    @property
    def names(self):
        return set(self.used), set(self.made), set(self.changed)


@pytest.fixture
def cells(project):
    """A notebook; afterwards nothing of ours is left and the process is as it was."""
    folder, path, environ = os.getcwd(), list(sys.path), dict(os.environ)
    states = random.getstate(), np.random.get_state()
    yield Cells()
    seeding.uninstall()
    calls.uninstall()
    os.chdir(folder)
    sys.path[:] = path
    os.environ.clear()
    os.environ.update(environ)
    random.setstate(states[0])
    np.random.set_state(states[1])


GLOBAL = [
    ("random", "import random", "random.random()", "random.seed(7)", "random.setstate(state)", "state = random.getstate()"),
    ("numpy.random", "import numpy as np", "np.random.rand(3)", "np.random.seed(7)", "np.random.set_state(state)", "state = np.random.get_state()"),
]  # fmt: skip
generators = pytest.mark.parametrize(("name", "load", "draw", "seed", "put", "get"), GLOBAL)


@generators
def test_a_cell_that_draws_changes_the_state(cells, name, load, draw, seed, put, get):
    cells.run(load)
    assert cells.run("1 + 1").names == (set(), set(), set())
    assert cells.run(get).names == ({name}, set(), set())
    use = cells.run(draw)
    assert use.names == ({name}, set(), {name})
    again = cells.run(draw)
    assert again.used == use.changed


@generators
def test_the_state_before_the_first_draw_is_stored_and_leads_to_the_same_draws(cells, name, load, draw, seed, put, get):
    cells.run(load)
    use = cells.run(f"first = {draw}")
    assert set(use.stored) == {use.used[name]}
    assert cells.run(draw).stored == {}
    restore(name, use.stored[use.used[name]])
    cells.run(f"second = {draw}")
    assert np.array_equal(cells.names["first"], cells.names["second"])


@generators
def test_the_stored_state_restores_a_fresh_process(cells, name, load, draw, seed, put, get):
    cells.run(load)
    use = cells.run(f"first = {draw}")
    script = f"from nbledger.capture.world.state import restore\nimport sys\nrestore({name!r}, sys.stdin.buffer.read())\n{load}\nprint(repr({draw}))"
    source = os.path.dirname(os.path.dirname(os.path.dirname(audit.__file__)))
    done = subprocess.run(
        [sys.executable, "-c", script], input=use.stored[use.used[name]], capture_output=True, check=True, env={**os.environ, "PYTHONPATH": source}
    )  # fmt: skip
    assert done.stdout.decode().strip() == repr(cells.names["first"])


@generators
def test_seeding_makes_the_state_anew(cells, name, load, draw, seed, put, get):
    cells.run(load)
    cells.run(draw)
    first = cells.run(seed)
    assert first.names == (set(), {name}, set())
    assert first.stored == {}
    use = cells.run(draw)
    assert use.names == ({name}, set(), {name})
    assert (use.used, use.stored) == (first.made, {})
    assert cells.run(seed).made == first.made


@generators
def test_seeding_before_drawing_does_not_use_the_earlier_state(cells, name, load, draw, seed, put, get):
    cells.run(load)
    cells.run(draw)
    assert cells.run(f"{seed}; {draw}").names == (set(), {name}, set())


@generators
def test_drawing_before_seeding_uses_the_earlier_state(cells, name, load, draw, seed, put, get):
    cells.run(load)
    cells.run(draw)
    assert cells.run(f"{draw}; {seed}").names == ({name}, {name}, set())


@generators
def test_setting_a_state_that_was_kept_is_seeding(cells, name, load, draw, seed, put, get):
    cells.run(f"{load}\n{get}")
    cells.run(draw)
    assert cells.run(put).names == (set(), {name}, set())


@generators
def test_seeding_again_with_what_is_there_is_still_seeding(cells, name, load, draw, seed, put, get):
    cells.run(load)
    cells.run(seed)
    assert cells.run(seed).names == (set(), {name}, set())


@pytest.mark.parametrize(("name", "load", "seed", "draw"), [
    ("random", "import random", "random.seed()", "random.random()"),
    ("random", "import random", "random.seed(None)", "random.random()"),
    ("numpy.random", "import numpy as np", "np.random.seed()", "np.random.rand()"),
    ("numpy.random", "import numpy as np", "np.random.seed(seed=None)", "np.random.rand()"),
])  # fmt: skip
def test_a_seed_from_entropy_is_kept_and_served_again(cells, name, load, seed, draw):
    cells.run(load)
    use = cells.run(seed)
    made = use.made or use.changed  # numpy keeps the position in the words of the state before
    assert use.used.keys() - {name} == {f"{name} entropy"}
    assert set(use.stored) == set(use.used.values())
    assert made.keys() == {name}
    assert use.edges.opaque == ()
    assert cells.run(draw).used == made
    again(cells, use)
    second, third = cells.run(seed), cells.run(seed)
    assert (second.made or second.changed) == made
    assert (third.made or third.changed) != made


def again(cells, use):
    """Have what a cell drew of entropy served to the next one, from the same states of the global generators."""
    for name, version in use.used.items():
        if version in use.stored:
            restore(name, use.stored[version])


UNSEEDED = [
    "np.random.default_rng().random()",
    "np.random.default_rng(None).random()",
    "default_rng(seed=None).random()",
    "np.random.RandomState().rand()",
    "np.random.Generator(np.random.PCG64()).random()",
    "np.random.Generator(np.random.MT19937(np.random.SeedSequence())).random()",
    "np.random.SeedSequence().spawn(2)[1].entropy",
    "np.random.SeedSequence(pool_size=8).entropy",
    "random.Random().random()",
    "random.Random(None).gauss(0, 1)",
    "Own().random()",
    "(lambda r: (r.seed(version=2), r.random()))(random.Random(1))[1]",
    "(lambda r: (r.seed(None, 1), r.random()))(random.Random(1))[1]",
    "(random.Random().random(), np.random.default_rng().random(), random.Random().random(), np.random.PCG64().state)",
    "[np.random.default_rng().random() for _ in range(3)]",
]


@pytest.mark.parametrize("source", UNSEEDED)
def test_a_generator_of_its_own_without_a_seed_can_be_had_again(cells, source):
    cells.run("import random, numpy as np\nfrom numpy.random import default_rng\nclass Own(random.Random): pass")
    use = cells.run(f"x = {source}")
    first = cells.names["x"]
    assert use.edges.opaque == ()
    assert use.names == ({name for name in entropy.NAMES if name in use.used}, set(), set())
    assert set(use.stored) == set(use.used.values()) != set()
    assert cells.run(f"x = {source}").used != use.used
    assert repr(cells.names["x"]) != repr(first)
    again(cells, use)
    assert cells.run(f"x = {source}").used == use.used
    assert repr(cells.names["x"]) == repr(first)
    assert cells.run(f"x = {source}").used != use.used


def test_a_generator_with_a_seed_draws_no_entropy(cells):
    cells.run("import random, numpy as np")
    use = cells.run(
        "np.random.default_rng(1).random(); np.random.RandomState(0); random.Random(3).seed('a')\n"
        "np.random.RandomState([1, 2]); np.random.RandomState(np.uint8(3)).seed(4); np.random.seed(5)\n"
        "list(map(np.random.RandomState, range(5)))\n"
        "import copy; copy.deepcopy([np.random.default_rng(1), np.random.RandomState(2), np.random.PCG64(3)])"
    )
    assert use.names[0] == set()
    with pytest.raises(ValueError, match="Seed must be between"):
        cells.run("np.random.RandomState(-1)")
    with pytest.raises(TypeError, match="Cannot cast") as caught:
        cells.run("np.random.RandomState('a')")
    assert not any("seeding.py" in str(entry.path) for entry in caught.traceback)


def test_generators_with_a_seed_among_those_without_do_not_matter(cells):
    cells.run("import numpy as np\ndef rand(seed): return np.random.RandomState(seed).rand()")
    source = (
        "x = [rand(seed) for seed in (1, None, 2, None)], [g.rand() for g in map(np.random.RandomState, [None, 1])]"
    )
    use = cells.run(source)
    first = cells.names["x"]
    [data] = use.stored.values()
    assert len(json.loads(data)) == 6
    again(cells, use)
    assert cells.run(source).used == use.used
    assert cells.names["x"] == first


def test_seeding_a_generator_that_was_used_without_a_seed_takes_nothing_back(cells):
    cells.run("import numpy as np")
    assert entropy.NUMPY in cells.run("r = np.random.RandomState(); x = r.rand(); r.seed(3); np.random.seed(1)").used
    assert entropy.NUMPY in cells.run("np.random.seed(); x = np.random.rand(); np.random.seed(1)").used


def test_what_a_cell_did_not_ask_for_is_not_served_to_the_next_one(cells):
    cells.run("import numpy as np")
    use = cells.run("a = [np.random.default_rng().random() for _ in range(2)]")
    again(cells, use)
    cells.run("b = np.random.default_rng().random()")
    cells.run("c = np.random.default_rng().random()")
    first, second = cells.names["a"]
    assert cells.names["b"] == first
    assert cells.names["c"] != second


def test_a_library_that_makes_a_generator_without_a_seed_is_seen(cells):
    cells.run("from scipy.stats import qmc")
    assert cells.run("x = qmc.Halton(2).random(1)").used.keys() == {entropy.NUMPY}


def test_generators_made_by_an_import_and_names_of_temporary_files_are_none_of_the_cells(cells, project, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "_name_sequence", None)
    monkeypatch.syspath_prepend(str(project))
    (project / "makes_one.py").write_text(
        "import random\nimport numpy\na = random.Random(), numpy.random.default_rng()"
    )
    cells.run("import numpy, tempfile")
    try:
        assert entropy.NUMPY not in cells.run("import makes_one").used
        assert entropy.PYTHON not in cells.run("tempfile.mkdtemp()").used
    finally:
        sys.modules.pop("makes_one", None)


def test_threads_that_draw_entropy_lose_none(cells):
    cells.run("import numpy as np\nfrom concurrent.futures import ThreadPoolExecutor")
    use = cells.run("with ThreadPoolExecutor(8) as pool: x = list(pool.map(lambda _: np.random.PCG64(), range(400)))")
    [data] = use.stored.values()
    assert len(set(json.loads(data))) == 400


def test_a_forked_child_draws_for_itself(cells):
    cells.run("import os, numpy as np")
    use = cells.run(
        "read, write = os.pipe()\nif os.fork() == 0:\n    os.write(write, np.random.default_rng().bytes(8)); os._exit(0)\n"
        "os.wait(); child = os.read(read, 8); os.close(read); os.close(write); own = np.random.default_rng().bytes(8)"
    )
    child, own = cells.names["child"], cells.names["own"]
    again(cells, use)
    cells.run("own = np.random.default_rng().bytes(8)")
    assert cells.names["own"] == own != child


def test_more_generators_than_can_be_kept_are_said_to_be_opaque(cells, monkeypatch):
    monkeypatch.setattr(entropy, "MOST_BITS", 1000)
    cells.run("import numpy as np")
    use = cells.run("[np.random.default_rng() for _ in range(20)]")
    assert use.edges.opaque == ("more random generators were made without a seed than are kept",)
    assert use.names == (set(), set(), set())
    assert cells.run("np.random.default_rng()").edges.opaque == ()


def test_the_sources_of_entropy_are_as_before_when_nobody_is_told(cells):
    import inspect
    import operator

    from numpy.random import bit_generator

    seeding.uninstall()
    original = bit_generator.randbits
    seeding.activate(cells.state)
    assert bit_generator.randbits is not original
    assert str(inspect.signature(random.Random.seed)) == "(self, a=None, version=2)"
    for wrong in ("random.Random.seed()", "random.seed(1, 2, 3)", "random.seed(b=1)", "random.setstate(None)"):
        with pytest.raises(TypeError) as caught:
            eval(wrong)
        assert not any("seeding.py" in str(entry.path) for entry in caught.traceback)
    seeding.uninstall()
    assert bit_generator.randbits is original
    assert sys.modules["numpy.random._mt19937"].operator is operator


def test_names_bound_before_still_seed(cells):
    cells.run("from random import seed, random")
    cells.run("random()")
    assert cells.run("seed(1); random()").names == (set(), {"random"}, set())


def test_a_seeding_function_of_numpy_that_passed_unseen_counts_as_drawing(cells):
    cells.names["old"] = np.random.mtrand._rand.seed
    cells.run("import numpy as np; np.random.rand()")
    assert cells.run("old(3)").names == ({"numpy.random"}, set(), {"numpy.random"})


def test_other_generators_are_none_of_ours(cells):
    use = cells.run(
        "import random, numpy as np\nr = random.Random(3); r.seed(4); r.random()\n"
        "np.random.default_rng(1).normal(); np.random.RandomState(1).seed(2)"
    )
    assert use.names == (set(), set(), set())


def test_a_library_that_draws_is_seen(cells):
    cells.run("from sklearn.model_selection import train_test_split")
    assert cells.run("train_test_split(list(range(10)))").names == ({"numpy.random"}, set(), {"numpy.random"})
    assert cells.run("train_test_split(list(range(10)), random_state=1)").names == (set(), set(), set())


def test_a_number_that_was_drawn_in_advance_belongs_to_the_state(cells):
    cells.run("import numpy as np, random; np.random.seed(1); random.seed(1)")
    cells.run("np.random.standard_normal(1); random.gauss(0, 1)")
    use = cells.run("a = np.random.standard_normal(1), random.gauss(0, 1)")
    assert use.names == ({"random", "numpy.random"}, set(), {"random", "numpy.random"})


def test_another_algorithm_behind_numpys_functions(cells):
    before = np.random.get_bit_generator()
    try:
        np.random.set_bit_generator(np.random.PCG64(5))
        cells.run("import numpy as np")
        use = cells.run("first = np.random.rand()")
        restore("numpy.random", use.stored[use.used["numpy.random"]])
        assert np.random.rand() == cells.names["first"]
    finally:
        np.random.set_bit_generator(before)


@pytest.mark.parametrize("make", GENERATORS[:2])
def test_the_quick_look_at_a_state_is_what_the_generator_says(make):
    generator = make()
    for _ in range(3):
        np.random.standard_normal(3)
        random.gauss(0, 1)
        state = generator.state()
        assert RandomState.decode(state.encode()) == state
    assert json.loads(state.encode())["algorithm"] == "MT19937"
    words, position = (
        (random.getstate()[1][:-1], random.getstate()[1][-1])
        if generator.name == "random"
        else np.random.get_state()[1:3]
    )
    assert np.frombuffer(state.key, "<u4").tolist() == list(words)
    assert state.position == position


def test_numpys_functions_still_look_as_they_did(cells):
    import inspect

    original = np.random.seed
    before = (inspect.signature(original), original.__doc__, original.__module__, original.__qualname__)
    seeding.activate(cells.state)
    seeding.deactivate()
    ours = np.random.seed
    assert ours is not original
    assert (inspect.signature(ours), ours.__doc__, ours.__module__, ours.__qualname__) == before
    assert pickle.loads(pickle.dumps(ours)) is ours
    assert fingerprint(ours).exactness == "exact"
    with pytest.raises(ValueError, match="Seed must be between") as caught:
        ours(-1)
    assert not any("seeding.py" in str(entry.path) for entry in caught.traceback)
    seeding.uninstall()
    assert np.random.seed is original


def test_changing_the_folder_matters_to_cells_that_rely_on_it(cells, project):
    (project / "d").mkdir()
    (project / "d" / "a.txt").write_text("x")
    assert cells.run("import os; os.getcwd()").names == (set(), set(), set())
    moved = cells.run("os.chdir('d')")
    assert moved.names == (set(), {"os.getcwd()"}, set())
    assert cells.run("1 + 1").used == {}
    assert cells.run("with open('a.txt') as f: f.read()").used == moved.made
    assert cells.run("os.getcwd()").used == moved.made
    assert cells.run(f"with open({str(project / 'd' / 'a.txt')!r}) as f: f.read()").used == {}
    assert cells.run("import subprocess; subprocess.run(['true'])").used == moved.made
    assert cells.run("os.chdir('..')").names == ({"os.getcwd()"}, {"os.getcwd()"}, set())
    assert cells.run(f"os.chdir({str(project / 'd')!r})\nwith open('a.txt') as f: f.read()").used == {}


def test_sys_path_matters_to_cells_that_import_from_there(cells, project):
    (project / "lib").mkdir()
    (project / "lib" / "only_there.py").write_text("x = 1")
    use = cells.run(f"import sys; sys.path.append({str(project / 'lib')!r})")
    assert use.changed.keys() == {"sys.path"}
    assert cells.run("import colorsys").used == {}
    try:
        assert cells.run("import only_there").used == use.changed
        assert cells.run("import only_there").used == {}
    finally:
        sys.modules.pop("only_there", None)


def test_environment_variables_matter_to_cells_that_ask_for_them(cells):
    use = cells.run("import os; os.environ['MODE'] = 'fast'")
    assert use.names == (set(), set(), {"os.environ"})
    assert cells.run("1 + 1").used == {}
    assert cells.run("mode = os.environ['MODE']").used == use.changed
    assert cells.run("mode = os.getenv('MODE')").used == use.changed
    assert "fast" not in repr(use.edges)


# Settings


@pytest.mark.parametrize(
    ("name", "load", "change", "back", "touch"),
    [
        ("pandas.options", "import pandas as pd; df = pd.DataFrame({'a': [1]})", "pd.set_option('mode.sim_interactive', True)", "pd.reset_option('mode.sim_interactive')", "df"),
        ("pandas.options.display", "import pandas as pd; df = pd.DataFrame({'a': [1]})", "pd.options.display.precision = 3", "pd.reset_option('display.precision')", "str(df)"),
        ("numpy.errstate", "import numpy as np; a = np.ones(3)", "old = np.seterr(divide='raise')", "np.seterr(**old)", "1 / a"),
        ("numpy.printoptions", "import numpy as np; a = np.ones(3)", "np.set_printoptions(precision=3)", "np.set_printoptions(precision=8)", "repr(a)"),
        ("decimal.context", "import decimal; d = decimal.Decimal(1)", "decimal.getcontext().prec = 5", "decimal.getcontext().prec = 28", "d / 3"),
        ("warnings.filters", "import warnings", "warnings.simplefilter('ignore', FutureWarning)", "del warnings.filters[0]", "warnings.warn"),
        ("sklearn.config", "import sklearn; from sklearn.linear_model import Ridge; m = Ridge()", "sklearn.set_config(transform_output='pandas')", "sklearn.set_config(transform_output='default')", "m"),
    ],
)  # fmt: skip
def test_a_setting_that_a_cell_changed_matters_to_cells_with_that_library(cells, name, load, change, back, touch):
    cells.run(load)
    assert name not in cells.run(touch).used
    use = cells.run(change)
    try:
        assert use.names == (set(), set(), {name})
        assert cells.run("other = 1").names == (set(), set(), set())
        assert cells.run(touch).used == use.changed
    finally:
        cells.run(back)


def test_how_values_are_shown_matters_only_to_cells_that_turn_them_into_text(cells):
    cells.run("import numpy as np, pandas as pd; df = pd.DataFrame({'a': [1]})")
    try:
        use = cells.run(
            "pd.set_option('display.max_columns', 3); np.set_printoptions(precision=3); np.seterr(all='ignore')"
        )
        assert set(use.changed) == {"pandas.options.display", "numpy.printoptions"}
        assert cells.run("total = df.sum()").used == {}
        assert set(cells.run("text = df.to_string()").used) == {"pandas.options.display"}
    finally:
        cells.run(
            "pd.reset_option('display.max_columns'); np.set_printoptions(precision=8); np.seterr(all='warn', under='ignore')"
        )


def test_an_option_set_by_the_very_cell_that_imports_the_library(project):
    script = (
        "import sys\nfrom nbledger.fingerprint import fingerprint, token\nfrom nbledger.capture.world.state import State\n"
        "assert 'pandas' not in sys.modules\ns = State(token, fingerprint); names = {}\ns.begin()\n"
        "exec('import pandas as pd; pd.set_option(\"display.precision\", 3)', names)\n"
        "print([(e.name, e.derived) for e in s.end((), (), names).generated if 'pandas' in e.name])\n"
        "s.begin(); exec('import sklearn', names); print([e.name for e in s.end((), (), names).generated if 'sklearn.c' in e.name])"
    )
    source = os.path.dirname(os.path.dirname(os.path.dirname(audit.__file__)))
    env = {**os.environ, "PYTHONPATH": source}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.split("\n")[:2] == ["[('pandas.options.display', True)]", "[]"]


def test_a_setting_changed_for_a_moment_is_none(cells):
    cells.run("import pandas as pd, numpy as np")
    use = cells.run("with pd.option_context('display.precision', 3), np.errstate(all='ignore'): pass")
    assert use.names == (set(), set(), set())


# Data in modules


@pytest.fixture
def config(project, monkeypatch):
    """A module of the project with data that functions of its own change."""
    monkeypatch.syspath_prepend(project)
    (project / "my_config.py").write_text(
        "DEBUG = False\nPATHS = []\nCOUNT = 0\n"
        "def bump():\n    global COUNT\n    COUNT += 1\n"
        "def count(): return COUNT\n"
    )
    yield
    sys.modules.pop("my_config", None)


def test_an_attribute_that_is_assigned_is_made_and_one_that_is_mutated_is_changed(cells, config):
    cells.run("import my_config")
    debug, paths = "my_config.DEBUG", "my_config.PATHS"
    assert cells.run("my_config.DEBUG", attributes=[debug]).names == (set(), set(), set())
    use = cells.run("my_config.DEBUG = True", stored=[debug])
    assert use.names == (set(), {debug}, set())
    assert cells.run("if my_config.DEBUG: pass", attributes=[debug]).used == use.made
    changed = cells.run("my_config.PATHS.append(1)", attributes=[paths])
    assert changed.names == (set(), set(), {paths})
    assert cells.run("len(my_config.PATHS)", attributes=[paths]).used == changed.changed
    assert cells.run("x = 1").names == (set(), set(), set())
    assert set(cells.run("del my_config.DEBUG", stored=[debug]).made) == {debug}


def test_data_that_a_modules_own_function_changes(cells, config):
    cells.run("import my_config as c")
    assert cells.run("c.count()").names == (set(), set(), set())
    use = cells.run("c.bump()")
    assert use.names == (set(), set(), {"my_config.COUNT"})
    assert cells.run("c.count()").used == use.changed
    cells.run("from my_config import bump, count")
    assert cells.run("bump()").names == ({"my_config.COUNT"}, set(), {"my_config.COUNT"})
    assert set(cells.run("count()").used) == {"my_config.COUNT"}


# Imports


def test_a_submodule_loaded_by_another_cell_is_used_through_its_package(cells, project, monkeypatch):
    monkeypatch.syspath_prepend(project)
    (project / "outer").mkdir()
    (project / "outer" / "__init__.py").touch()
    (project / "outer" / "inner.py").write_text("x = 1")
    try:
        cells.run("import outer")
        use = cells.run("import outer.inner as short")
        assert set(use.made) == {"module:outer.inner"}
        assert cells.run("outer.inner.x").used == use.made
        assert cells.run("outer").used == {}
    finally:
        for name in ("outer", "outer.inner"):
            sys.modules.pop(name, None)


def test_enabling_an_experimental_estimator_matters_to_the_cell_that_imports_it(cells):
    for name in [name for name in sys.modules if name.startswith("sklearn.experimental")]:
        del sys.modules[name]
    cells.state = State(token, fingerprint)
    use = cells.run("from sklearn.experimental import enable_iterative_imputer")
    assert "sklearn.experimental" in use.made
    assert "sklearn.experimental" in cells.run("from sklearn.impute import IterativeImputer").used
    assert cells.run("from sklearn.linear_model import Ridge").used == {}


def test_torch_is_looked_at_only_when_it_is_loaded(cells, monkeypatch):
    assert cells.state._watched["torch"].generator.library not in sys.modules
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    assert cells.run("1 + 1").names == (set(), set(), set())


def test_a_function_put_into_a_module_or_the_builtins_is_used_by_who_calls_it(cells):
    cells.run("import builtins, math")
    try:
        made = cells.run("math.doubled = lambda x: x * 2", stored=["math.doubled"])
        assert set(made.made) == {"math.doubled"}
        assert set(cells.run("math.doubled(3)").used) == {"math.doubled"}
        assert set(cells.run("math.floor(3)").used) == set()
        cells.run("builtins.answer_of_all = 42", stored=["builtins.answer_of_all"])
        assert set(cells.run("answer_of_all").used) == {"builtins.answer_of_all"}
        assert set(cells.run("answer_of_all = 1").used) == set()
    finally:
        cells.run("del math.doubled, builtins.answer_of_all")
