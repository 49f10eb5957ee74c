"""A slice as a notebook of its own, which papermill runs unchanged and which gives the same."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import nbformat
import pytest

from nbledger.fingerprint import fingerprint
from nbledger.ledger import Ledger
from nbledger.lineage.extract import NothingToExtract, NotWritten, extract
from nbledger.lineage.extraction.chosen_params import AmbiguousParam, NoSuchParam
from tests.lineage.notebook_session import NotebookSession


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


def sources(made, tag=None):
    cells = [cell for cell in made.notebook["cells"] if cell["cell_type"] == "code"]
    return [cell["source"] for cell in cells if tag is None or tag in cell["metadata"].get("tags", ())]


def body(made):
    """The code cells but those that extraction adds."""
    added = {"load", "folder", "imports", "parameters"}
    return [c["source"] for c in made.notebook["cells"] if c["cell_type"] == "code" and c["id"] not in added]


def cell(made, id):
    return next((cell["source"] for cell in made.notebook["cells"] if cell["id"] == id), None)


def test_the_extension_comes_first_then_imports_params_and_the_needed_cells_in_order(record):
    ledger = record(
        "import math",
        "n = 4",
        "unused = 'not needed'",
        "import math\nfrom fractions import Fraction\n\nhalf = Fraction(n, 2)",
        "root = math.sqrt(half)",
    )
    made = extract(ledger, "root")
    assert sources(made) == [
        "%load_ext nbledger",
        "import math\nfrom fractions import Fraction",
        "n = 4",
        "half = Fraction(n, 2)",
        "root = math.sqrt(half)",
    ]
    assert sources(made, "parameters") == ["n = 4"]
    assert dict(made.params) == {"n": 4}
    nbformat.validate(nbformat.from_dict(made.notebook))


def test_the_title_says_what_it_is_and_which_run_gave_it(record):
    ledger = record("a = 1", "b = a + 1")
    made = extract(ledger, "b")
    title = made.notebook["cells"][0]
    assert title["cell_type"] == "markdown"
    assert title["source"].startswith("# `b`")
    assert made.slice.runs[-1].id[:8] in title["source"]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["import sys\nsys.path.insert(0, 'lib')", "import json", "x = json.dumps(sys.path[0])"], "import json"),
        (["json = None", "a = json", "import json", "x = (json.dumps(1), a)"], "import json"),
        (["from math import *", "x = sqrt(4)"], "from math import *"),
        (["import os\nos.environ['A_B'] = '1'", "import json", "x = json.dumps(os.environ['A_B'])"], "import json"),
        (["try:\n    import json\nexcept ImportError:\n    json = None", "x = json.dumps(1)"], "    import json"),
    ],
)
def test_an_import_stays_in_its_cell_where_its_place_may_matter(record, cells, why):
    made = extract(record(*cells), "x")
    assert any(why in source for source in body(made))
    assert why not in (cell(made, "imports") or "").splitlines()


def test_a_comment_beside_an_import_moves_with_it(record):
    made = extract(record("import math  # roots", "x = math.sqrt(4)"), "x")
    assert cell(made, "imports") == "import math  # roots"


def test_proposed_params_are_plain_literals_assigned_once_and_read_later(record):
    ledger = record(
        "rate = 0.1  # the learning rate\nname: str = 'a'\nbatch = -2",
        "seed = 1",
        "seed = 2",
        "_hidden = 3",
        "columns = ['a']",
        "x = [rate, name, batch, seed, _hidden, columns]",
    )
    made = extract(ledger, "x")
    assert dict(made.params) == {"rate": 0.1, "name": "a", "batch": -2, "seed": 2}
    assert cell(made, "parameters").splitlines()[0] == "rate = 0.1  # the learning rate"


def test_the_parameter_of_a_function_is_not_in_the_way_of_a_param(record):
    ledger = record("n = 3", "def f(n):\n    m = n\n    return m", "m = 4", "x = f(n) + m")
    assert dict(extract(ledger, "x").params) == {"n": 3, "m": 4}
    ledger = record("k = 3", "def g():\n    global k\n    k = 5\n    return k", "y = g() + k")
    assert dict(extract(ledger, "y").params) == {}


def test_a_literal_that_changes_in_the_slice_is_no_param(record):
    made = extract(record("n = 1", "n += 1", "x = n"), "x")
    assert dict(made.params) == {}
    assert cell(made, "parameters") is None


def test_without_params_the_cells_are_left_as_they_were(record):
    made = extract(record("n = 1", "x = n + 1"), "x", params=())
    assert sources(made) == ["%load_ext nbledger", "n = 1", "x = n + 1"]


def test_a_keyword_argument_becomes_a_param_by_its_name(record):
    ledger = record("def make(n, size=1):\n    return [n] * size", "x = make(3, size=2)")
    made = extract(ledger, "x", params=["make.size"])
    assert dict(made.params) == {"size": 2}
    assert body(made)[-1] == "x = make(3, size=size)"


def test_a_name_that_several_literals_have_is_refused_with_the_candidates(record):
    ledger = record("a = dict(k=1)", "b = sorted([2], reverse=True)", "c = dict(k=2)", "x = [a, b, c]")
    with pytest.raises(AmbiguousParam, match=r"dict\.k \(= 1 in \[1\]\), dict\.k \(= 2 in \[3\]\)"):
        extract(ledger, "x", params=["k"])
    assert dict(extract(ledger, "x", params=["reverse"]).params) == {"reverse": True}


def test_an_unknown_param_is_refused_with_the_nearest_name(record):
    ledger = record("depth = 1", "x = depth")
    with pytest.raises(NoSuchParam, match="did you mean 'depth'"):
        extract(ledger, "x", params=["dept"])


def test_a_keyword_whose_name_is_a_variable_is_not_taken(record):
    ledger = record("k = 1", "k = k + 1", "x = dict(k=5, j=k)")
    with pytest.raises(NoSuchParam, match="variable"):
        extract(ledger, "x", params=["dict.k"])


def test_a_cell_that_ran_twice_is_there_twice(record):
    made = extract(record("x = [1]", "x.append(len(x))", "x.append(len(x))"), "x")
    assert body(made)[-2:] == ["x.append(len(x))"] * 2
    nbformat.validate(nbformat.from_dict(made.notebook))


def test_a_failed_cell_is_caught_and_its_texts_are_unchanged(record):
    text = "x = '''one\n two'''\ny = {\n  'a': 1}\nraise ValueError('no')"
    made = extract(record(text, "z = x, y"), "z")
    names: dict = {}
    for source in body(made):
        exec(source, names)
    assert names["z"] == ("one\n two", {"a": 1})
    assert "[1] failed when it was recorded" in made.notes


def test_markdown_right_above_a_kept_cell_comes_along(session, project):
    cells = [
        nbformat.v4.new_markdown_cell("# Not this"),
        nbformat.v4.new_code_cell("other = 1"),
        nbformat.v4.new_markdown_cell("## Numbers"),
        nbformat.v4.new_markdown_cell("They are small."),
        nbformat.v4.new_code_cell("n = [1, 2]"),
        nbformat.v4.new_code_cell("x = sum(n)"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), project / "notebook.ipynb")
    for one in cells:
        if one.cell_type == "code":
            session.run(one.source)
    made = extract(session.ledger, "x")
    prose = [c["source"] for c in made.notebook["cells"] if c["cell_type"] == "markdown"]
    assert prose[1:] == ["## Numbers", "They are small."]
    kinds = [c["source"] for c in made.notebook["cells"]]
    assert kinds.index("They are small.") + 1 == kinds.index("n = [1, 2]")


def test_what_no_cell_made_cannot_be_extracted(session, project):
    (project / "a.txt").write_text("1")
    session.run("from pathlib import Path\nx = Path('a.txt').read_text()")
    with pytest.raises(NothingToExtract, match=r"a\.txt"):
        extract(session.ledger, "file:a.txt")


def test_a_file_that_is_there_is_replaced_only_when_told_to(record, project):
    ledger = record("x = 1")
    extract(ledger, "x", project / "x.ipynb")
    with pytest.raises(NotWritten, match="--force"):
        extract(ledger, "x", project / "x.ipynb", force=False)


def test_every_cell_is_python(record):
    made = extract(record("import math", "n = 2", "x = math.pi * n"), "x")
    for source in sources(made)[1:]:
        ast.parse(source)


# -- run by papermill -------------------------------------------------------------------------------------------------


def run_by_papermill(made, name, folder, from_folder, **params):
    """Write the notebook with a last cell that prints a fingerprint, run it by papermill, and return what it printed."""
    path = made.write(folder / "extracted.ipynb")
    notebook = json.loads(path.read_text())
    look = f"from nbledger.fingerprint import fingerprint\nprint('X', fingerprint({name}).hash)"
    added = nbformat.v4.new_code_cell(look)
    notebook["cells"].append(dict(added))
    probe = folder / "probe.ipynb"
    probe.write_text(json.dumps(notebook))
    given = [word for key, value in params.items() for word in ("-p", key, str(value))]
    command = [sys.executable, "-m", "papermill", str(probe), str(folder / "out.ipynb"), "--no-progress-bar", *given]
    done = subprocess.run(command, cwd=from_folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    executed = nbformat.read(folder / "out.ipynb", as_version=4)
    shown = "".join(o.text for c in executed.cells for o in c.get("outputs", ()) if o.output_type == "stream")
    return shown.rpartition("X ")[2].strip()


@pytest.mark.kernel
def test_papermill_runs_it_from_anywhere_and_it_gives_the_same_value(session, project, tmp_path):
    (project / "data").mkdir()
    (project / "data" / "a.csv").write_text("a,b\n1,2\n3,4\n")
    for source in (
        "import pandas as pd",
        "factor = 3",
        "df = pd.read_csv('data/a.csv')",
        "df['c'] = df['a'] * factor",
        "df.to_csv('data/b.csv', index=False)",
        "total = df.groupby('b', as_index=False).agg('sum')",
    ):
        assert session.run(source) is None
    before = fingerprint(session.names["total"]).hash
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    made = extract(session.ledger, "total")
    assert run_by_papermill(made, "total", elsewhere, elsewhere) == before
    session.run("factor = 5")
    session.run("df = pd.read_csv('data/a.csv')\ndf['c'] = df['a'] * factor")
    session.run("total = df.groupby('b', as_index=False).agg('sum')")
    after = fingerprint(session.names["total"]).hash
    (project / "extracted").mkdir()
    assert run_by_papermill(made, "total", project / "extracted", project / "extracted", factor=5) == after
    assert after != before


@pytest.mark.kernel
def test_outputs_read_by_their_numbers_magics_and_tracked_cells_work_in_the_new_notebook(project, tmp_path):
    from nbledger.pipeline.execute import run_notebook

    cells = ["a = 20", "other = 1", "a + 1", "b = _ * 2", "%precision 3", "%%track fit\nc = Out[3] + _3 + b"]
    (project / "nb").mkdir()
    path = project / "nb" / "n.ipynb"
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    nb.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(nb, path)
    ledger = Ledger.open(project)
    try:
        run_notebook(path, ledger=ledger, progress=False)
        made = extract(ledger, "c")
    finally:
        ledger.close()
    assert [source for source in body(made) if "%%track" in source] == ["%%track fit\nc = out_3 + out_3 + b"]
    assert run_by_papermill(made, "c", tmp_path, tmp_path, a=20) == fingerprint(84).hash


@pytest.mark.parametrize(
    "path",
    ["os.path.join('data', 'cities.csv')", "Path('data') / 'cities.csv'", "os.path.join(FOLDER, NAME)"],
)
def test_a_path_that_is_put_together_does_not_move_the_folder(record, project, path):
    from nbledger.lineage.places import working_folder
    from nbledger.lineage.slicing import slice_of

    (project / "data").mkdir()
    (project / "data" / "cities.csv").write_text("city,size\nOslo,7\n")
    ledger = record(
        "import os\nfrom pathlib import Path\nFOLDER, NAME = 'data', 'cities.csv'",
        f"with open({path}) as source:\n    lines = source.read().splitlines()",
    )
    cut = slice_of(ledger, "lines")
    assert [str(item) for item in cut.inputs] == ["file data/cities.csv"]
    assert working_folder(ledger, cut) == "."
