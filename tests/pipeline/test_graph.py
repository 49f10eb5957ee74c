"""The order of the steps is what they read and write: as seen in the ledger, else guessed from the code, and said so."""

from __future__ import annotations

import nbformat
import pytest

from nbledger.pipeline.execute import run_notebook
from nbledger.pipeline.graph import Circular, dag
from nbledger.pipeline.guesses import guess
from nbledger.pipeline.spec import load_pipeline


def notebook(*sources, parameters=None):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    if parameters is not None:
        cells.insert(0, nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    return nbformat.v4.new_notebook(cells=cells)


def edges(found):
    return {(edge.before, edge.after, edge.reason, edge.what) for edge in found.edges}


@pytest.mark.parametrize(
    ("source", "read", "written"),
    [
        ("pd.read_csv('a.csv').to_parquet('out/b.parquet')", {"a.csv"}, {"out/b.parquet"}),
        ("with open('a.txt') as f, open('b.txt', 'w') as g:\n    g.write(f.read())", {"a.txt"}, {"b.txt"}),
        ("open('log.txt', mode='a')", {"log.txt"}, {"log.txt"}),
        ("from pathlib import Path\np = Path('data') / 'x.json'\np.write_text('1')", set(), {"data/x.json"}),
        ("from pathlib import Path\n(Path('data') / 'x.json').open('wb')", set(), {"data/x.json"}),
        ("import os\nos.path.join('a', 'b')\nnp.load(os.path.join('a', 'b.npy'))", {"a/b.npy"}, set()),
        ("joblib.dump(model, 'm.joblib'); joblib.load('n.joblib')", {"n.joblib"}, {"m.joblib"}),
        ("name = 'x'\npd.read_parquet(f'data/{name}.parquet')", {"data/x.parquet"}, set()),
        ("shutil.copy('a.csv', 'b.csv')", {"a.csv"}, {"b.csv"}),
        ("df.to_csv(path_or_buf='a.csv'); df.to_dict('records')", set(), {"a.csv"}),
        ("pd.read_csv('https://example.org/a.csv'); pd.read_csv(unknown)", set(), set()),
        ("%matplotlib inline\nplt.savefig('p.png')", set(), {"p.png"}),
        ("%%bash\ncat a.txt", set(), set()),
        ("def (", set(), set()),
        ("output_file = 'o.bin'\nrun(output_file)", set(), {"o.bin"}),
    ],
)
def test_what_a_notebook_would_read_and_write_is_guessed_from_its_code(source, read, written):
    found = guess(notebook(source), {})
    assert (set(found.read), set(found.written)) == (read, written)


def test_the_guess_knows_params_and_paths_that_are_only_named():
    nb = notebook("pd.read_csv(source)\nhelper.load(extra)", parameters="source = 'a.csv'\nextra = 'e.csv'\nfold = 1")
    assert set(guess(nb, {"source": "b.csv"}).read) == {"b.csv", "e.csv"}
    nb = notebook("helper.work(extra)\nopen(f'{fold}.txt', 'w')", parameters="extra = 'e.csv'\nfold = 1")
    assert (set(guess(nb, {"fold": 3}).named), set(guess(nb, {"fold": 3}).written)) == ({"e.csv"}, {"3.txt"})


@pytest.fixture
def four(write_notebook):
    """Ingest, prepare, and two that read what prepare writes; named so that the order of names is another one."""
    write_notebook("open('raw.txt', 'w').write('1')", name="z_ingest.ipynb")
    write_notebook("open('clean.txt', 'w').write(open('raw.txt').read())", name="c_prepare.ipynb")
    write_notebook("open('a.txt', 'w').write(open('clean.txt').read())", name="a.ipynb")
    write_notebook("open('b.txt', 'w').write(open('clean.txt').read())", name="b.ipynb")


def test_the_order_of_notebooks_that_never_ran_is_a_guess_that_is_marked(project, four):
    found = dag(load_pipeline(project))
    assert found.steps == ("z_ingest", "c_prepare", "a", "b")
    assert edges(found) == {
        ("z_ingest", "c_prepare", "guess", "raw.txt"),
        ("c_prepare", "a", "guess", "clean.txt"),
        ("c_prepare", "b", "guess", "clean.txt"),
    }
    assert {files.source for files in found.files.values()} == {"code"}
    assert found.notes == ()


def test_steps_of_which_nothing_is_known_keep_the_order_of_their_names(project, write_notebook):
    for name in ("01-a", "02-b", "03-c"):
        write_notebook("import helper; helper.go()", name=f"{name}.ipynb")
    found = dag(load_pipeline(project))
    assert edges(found) == {("01-a", "02-b", "order", ""), ("02-b", "03-c", "order", "")}
    assert "Nothing is known yet of the files of 01-a, 02-b, 03-c" in found.notes[0]


def test_steps_that_read_each_others_files_are_refused_with_the_files_named(project, write_notebook):
    write_notebook("open('x.txt', 'w').write(open('y.txt').read())", name="one.ipynb")
    write_notebook("open('y.txt', 'w').write(open('x.txt').read())", name="two.ipynb")
    with pytest.raises(Circular, match=r"one reads y.txt, which two writes; two reads x.txt, which one writes"):
        dag(load_pipeline(project))
    (project / "pipeline.yaml").write_text(
        "steps:\n  one: {notebook: one.ipynb}\n  two: {notebook: two.ipynb, needs: [one]}\n"
    )
    assert dag(load_pipeline(project)).steps == ("one", "two")


def test_what_is_declared_counts_as_well(project, write_notebook):
    for name in ("one", "two", "three"):
        write_notebook("helper.go()", name=f"{name}.ipynb")
    write_notebook("open('made.txt').read()", name="four.ipynb")
    (project / "pipeline.yaml").write_text("""
steps:
  four: {notebook: four.ipynb}
  two: {notebook: two.ipynb, needs: [one]}
  one: {notebook: one.ipynb, outputs: [made.txt]}
""")
    found = dag(load_pipeline(project))
    assert edges(found) == {("one", "two", "declared", ""), ("one", "four", "guess", "made.txt")}
    assert found.steps == ("one", "four", "two")
    assert found.all_before(["four"]) == {"one", "four"}


def test_two_steps_that_write_one_file_do_so_one_after_the_other(project, write_notebook):
    write_notebook("open('log.txt', 'w').write('1')", name="a.ipynb")
    write_notebook("open('log.txt', 'w').write('2')", name="b.ipynb")
    assert edges(dag(load_pipeline(project))) == {("a", "b", "rewrite", "log.txt")}


@pytest.mark.kernel
def test_what_a_run_was_seen_to_read_and_write_replaces_the_guess(project, write_notebook, fresh_ledger):
    hidden = "import os\nos.makedirs('data', exist_ok=True)\nname = ''.join(['da', 'ta/', 'x.txt'])\n"
    write_notebook(hidden + "open(name, 'w').write('1')", name="b_make.ipynb")
    path = write_notebook(hidden + "print(open(name).read())", name="a_use.ipynb")
    assert dag(load_pipeline(project), fresh_ledger).steps == ("a_use", "b_make")
    for name in ("b_make", "a_use"):
        run_notebook(project / f"{name}.ipynb", ledger=fresh_ledger, progress=False)
    found = dag(load_pipeline(project), fresh_ledger)
    assert edges(found) == {("b_make", "a_use", "file", "data/x.txt")}
    assert found.files["a_use"].source == "run"

    write_notebook(hidden + "print(open(name).read() * 2)  # x.txt", name=path.name)
    changed = dag(load_pipeline(project), fresh_ledger)
    assert edges(changed) == {("b_make", "a_use", "guess", "data/x.txt")}


@pytest.mark.kernel
def test_a_file_that_a_param_moves_is_looked_for_where_it_goes_today(project, write_notebook, fresh_ledger):
    write_notebook("open(out, 'w').write('1')", parameters="out = 'one.txt'", name="make.ipynb")
    write_notebook("open('two.txt').read()", name="use.ipynb")
    run_notebook(project / "make.ipynb", ledger=fresh_ledger, progress=False)
    pipeline = load_pipeline(project)
    assert edges(dag(pipeline, fresh_ledger)) == set()
    moved = dag(pipeline, fresh_ledger, {"make": {"out": "two.txt"}, "use": {}})
    assert edges(moved) == {("make", "use", "guess", "two.txt")}


def test_one_notebook_can_be_several_steps_with_params_of_their_own(project, write_notebook):
    write_notebook(
        "open(source).read()\nopen(out, 'w')", parameters="source = 'a.txt'\nout = 'b.txt'", name="one.ipynb"
    )
    (project / "pipeline.yaml").write_text("""
steps:
  last: {notebook: one.ipynb, params: {source: c.txt, out: d.txt}}
  middle: {notebook: one.ipynb, params: {source: b.txt, out: c.txt}}
  first: {notebook: one.ipynb}
""")
    assert dag(load_pipeline(project)).steps == ("first", "middle", "last")


@pytest.mark.kernel
def test_who_lists_a_folder_comes_after_who_writes_into_it(project, write_notebook, fresh_ledger):
    (project / "parts").mkdir()
    write_notebook("import os\nprint([open(f'parts/{name}').read() for name in os.listdir('parts')])", name="all.ipynb")
    write_notebook("open('parts/one.txt', 'w').write('1')", name="one.ipynb")
    for name in ("all", "one"):
        run_notebook(project / f"{name}.ipynb", ledger=fresh_ledger, progress=False)
    found = dag(load_pipeline(project), fresh_ledger)
    assert edges(found) == {("one", "all", "file", "parts")}
