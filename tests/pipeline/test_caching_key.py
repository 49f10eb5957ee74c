"""The key of a step: what is no change of a notebook keeps it, and what is one changes it."""

from __future__ import annotations

import ast
import random
from contextlib import closing

import nbformat
import pytest

from nbledger.ledger import Ledger
from nbledger.pipeline.caching import step_of
from nbledger.pipeline.caching.cells import cells_of, chain
from nbledger.pipeline.caching.surroundings import surroundings, typed

SOURCE = """
import os
from math import sqrt as root

LIMIT = 10
names = ['a', "b", 'c']

@decorated(1)
def area(width, height=2.5, *, scale=True):
    "What it covers."
    if width > LIMIT and not scale:
        return [x ** 2 for x in range(3)]
    return f"{width} of {height!r}"

result = area(3, height=4) + area(5.5)[1:2]
"""


def notebook(*sources, tags=(), **more):
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)}) for source in sources]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Hi"), *cells], **more)


def hashes(*sources, **options):
    return [cell.hash for cell in cells_of(notebook(*sources, **options))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = 1", "a=1  # one"),
        ("a = [1,\n     2]", "a = [1, 2]"),
        ("f('x')", 'f( "x" )'),
        ("a = 1\n\n\nb = 2", "# both\na = 1\nb = 2\n"),
        ("%%track fit --params a\na = 1", "%%track  fit   --params a\n\na=1"),
        ("%matplotlib inline\na = 1", "%matplotlib inline\n\na = 1  # shown"),
        ("files = !ls\na = 1", "files = !ls\na   = 1"),
    ],
)
def test_comments_and_layout_are_no_change(one, other):
    assert hashes(one) == hashes(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = 1", "a = 1.0"),
        ("a = 1", "a = True"),
        ("a = 'x'", "a = b'x'"),
        ("a = 1\nb = 2", "b = 2\na = 1"),
        ("if a:\n    b()\nc()", "if a:\n    b()\n    c()"),
        ("f(x)", "f(x);"),
        ("%%track fit\na = 1", "%%track other\na = 1"),
        ("%%track fit\na = 1", "a = 1"),
        ("%%time\na = 1", "a = 1"),
        ("!ls a", "!ls b"),
        ("%run a.py", "%run b.py"),
        ("x = '''\n%run a\n'''", "x = '''\n%run b\n'''"),
    ],
)
def test_another_meaning_is_a_change(one, other):
    assert hashes(one) != hashes(other)


def test_ids_tags_outputs_counts_and_markdown_are_no_change():
    one, other = notebook("a = 1", "b = 2"), notebook("a = 1", "b = 2", tags=["slow"])
    other.cells[1].outputs = [nbformat.v4.new_output("stream", text="x")]
    other.cells[1].execution_count = 7
    other.cells.insert(0, nbformat.v4.new_markdown_cell("More"))
    other.cells.append(nbformat.v4.new_code_cell("# nothing but a comment"))
    assert [cell.hash for cell in cells_of(one)] == [cell.hash for cell in cells_of(other)]


def test_a_tag_that_lets_a_cell_fail_and_one_that_takes_params_are_changes():
    assert (
        len({*hashes("a = 1"), *hashes("a = 1", tags=["raises-exception"]), *hashes("a = 1", tags=["parameters"])}) == 3
    )


def test_every_change_of_a_constant_or_a_name_is_a_change():
    rng = random.Random(5)
    seen = {hashes(SOURCE)[0]}
    count = sum(isinstance(node, ast.Constant | ast.Name) for node in ast.walk(ast.parse(SOURCE)))
    for at in range(count):
        tree = ast.parse(SOURCE)
        node = [node for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.Name)][at]
        if isinstance(node, ast.Name):
            node.id += f"_{at}"
        else:
            node.value = f"{rng.random()}"
        seen.add(hashes(ast.unparse(tree))[0])
    assert len(seen) == count + 1


def test_any_layout_of_the_same_code_has_one_hash():
    rng = random.Random(7)
    assert hashes(ast.unparse(ast.parse(SOURCE))) == hashes(SOURCE)
    lines = SOURCE.splitlines()
    for _ in range(50):
        told = [line + ("  # said" if rng.random() < 0.3 and line and '"""' not in line else "") for line in lines]
        at = rng.randrange(len(told))
        assert hashes("\n".join([*told[:at], "", "# above", *told[at:]])) == hashes(SOURCE)


def test_the_chain_names_the_first_link_that_differs():
    one, other = (
        chain(cells_of(notebook("a = 1", "b = 2", "c = 3"))),
        chain(cells_of(notebook("a = 1", "b = 3", "c = 3"))),
    )
    assert [left == right for left, right in zip(one, other, strict=True)] == [True, False, False]


def test_params_of_another_type_are_others():
    assert len({typed(value) for value in (1, 1.0, True, "1", None, [1], {"1": 1}, [[1]])}) == 8
    assert typed({"a": 1, "b": 2}) == typed({"b": 2, "a": 1})


def test_settings_that_change_results_count_and_those_of_a_ci_job_do_not():
    quiet = surroundings({"HOME": "/nowhere"})[1]
    assert surroundings({"HOME": "/nowhere", "GITHUB_SHA": "a", "CI": "true", "PWD": "/x"})[1] == quiet
    for name in ("PYTHONHASHSEED", "PYTHONPATH", "OMP_NUM_THREADS", "TZ"):
        assert surroundings({"HOME": "/nowhere", name: "3"})[1] != quiet


class TestStep:
    """The whole key."""

    @pytest.fixture
    def key(self, project):
        def of(*sources, params=None, parameters=None, cwd=None, experiment=None, name="a.ipynb"):
            nb = notebook(*sources)
            if parameters:
                cell = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
                nb.cells.insert(0, cell)
            nb.metadata["kernelspec"] = {"name": "python3"}
            return step_of(ledger, nb, project / name, params, None, cwd, experiment).key

        with closing(Ledger.open(project)) as ledger:
            yield of

    def test_a_param_given_as_its_default_is_not_given(self, key):
        assert key("b = C", params={"C": 1}, parameters="C = 1") == key("b = C", parameters="C = 1")
        assert key("b = C", params={"C": 1.0}, parameters="C = 1") != key("b = C", parameters="C = 1")
        assert key("b = C", params={"C": 2}, parameters="C = 1") != key("b = C", parameters="C = 1")

    def test_the_order_of_cells_is_left_to_lineage(self, key):
        assert key("a = 1", "b = 2") == key("b = 2", "a = 1")
        assert key("a = 1", "a = 1") != key("a = 1")

    def test_another_folder_experiment_or_notebook_is_another_step(self, key, project):
        (project / "other").mkdir()
        keys = {
            key("a = 1"),
            key("a = 1", cwd=project / "other"),
            key("a = 1", experiment="e"),
            key("a = 1", name="b.ipynb"),
        }
        assert len(keys) == 4
