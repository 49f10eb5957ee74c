"""The params of a notebook are known before anything runs."""

from __future__ import annotations

import nbformat
import pytest

from nbledger.pipeline.parameters import (
    BadParametersFile,
    NoParametersCell,
    UnknownParameter,
    as_params,
    check,
    declared,
    parse_value,
    read_file,
)


def notebook(source, tags=("parameters",)):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# hi"), cell])


def test_every_name_that_the_parameters_cell_assigns_is_declared():
    nb = notebook("a = 1\nb: float = 2.0\nc, (d, e) = 3, (4, 5)\nf = g = None\nfor h in (): pass\nx.y = z[0] = 1")
    assert declared(nb) == ("a", "b", "c", "d", "e", "f", "g")


def test_values_over_several_lines_and_magics_are_understood():
    nb = notebook("%matplotlib inline\npaths = [\n  'a',  # one\n  'b',\n]\n!ls\nname = 'x'")
    assert declared(nb) == ("paths", "name")


def test_a_notebook_without_a_parameters_cell_declares_none():
    assert declared(notebook("a = 1", tags=())) is None


def test_an_unknown_name_is_answered_with_the_nearest_one():
    with pytest.raises(UnknownParameter, match="no parameter 'max_dept': did you mean 'max_depth'") as caught:
        check(notebook("max_depth = 3\nC = 1.0"), ["C", "max_dept"], "train.ipynb")
    assert caught.value.known == ("max_depth", "C")


def test_an_unknown_name_unlike_any_is_answered_with_all_of_them():
    with pytest.raises(UnknownParameter, match="it has max_depth, C"):
        check(notebook("max_depth = 3\nC = 1.0"), ["zzzzzz"], "train.ipynb")


def test_params_for_a_notebook_without_a_parameters_cell_are_refused():
    with pytest.raises(NoParametersCell, match="tag the cell"):
        check(notebook("a = 1", tags=()), ["a"], "train.ipynb")


def test_no_params_need_no_parameters_cell():
    check(notebook("a = 1", tags=()), [], "train.ipynb")


@pytest.mark.parametrize(
    ("text", "value"),
    [("True", True), ("None", None), ("3", 3), ("1e-3", 0.001), ("forest", "forest"), ("true", "true"), ("", "")],
)
def test_text_becomes_the_value_that_papermill_would_make_of_it(text, value):
    from papermill.cli import _resolve_type

    assert parse_value(text) == value == _resolve_type(text)
    assert type(parse_value(text)) is type(value)


def test_values_that_are_no_scalars_are_kept_as_their_text():
    found = {param.name: (param.value, param.origin) for param in as_params({"a": 1, "grid": [1, 2]})}
    assert found == {"a": (1, "papermill"), "grid": ("[1, 2]", "papermill")}


def test_a_file_of_params_is_yaml_or_json(tmp_path):
    (tmp_path / "a.yaml").write_text("C: 0.1\nmodel: forest\n")
    (tmp_path / "b.json").write_text('{"C": 0.1, "model": "forest"}')
    assert read_file(tmp_path / "a.yaml") == read_file(tmp_path / "b.json") == {"C": 0.1, "model": "forest"}


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "1: 2\n", ""])
def test_a_file_that_holds_no_names_and_values_is_refused(tmp_path, text):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(BadParametersFile):
        read_file(tmp_path / "a.yaml")
