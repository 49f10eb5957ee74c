"""The params of a notebook are known before anything runs."""

from __future__ import annotations

import nbformat
import pytest

from nbledger.pipeline.declarations import UNKNOWN, UnreadableParameters
from nbledger.pipeline.parameters import (
    AssignedAgain,
    BadParameter,
    BadParametersFile,
    NoParametersCell,
    Text,
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


def names(nb):
    return tuple(one.name for one in declared(nb))


def only(source):
    [one] = declared(notebook(source))
    return one


def given(source, value, name="x"):
    return check(notebook(source), {name: value}, "train.ipynb")[name]


def test_every_name_that_the_parameters_cell_assigns_is_declared():
    nb = notebook("a = 1\nb: float = 2.0\nc, (d, e) = 3, (4, 5)\nf = g = None\nfor h in (): pass\nx.y = z[0] = 1")
    assert names(nb) == ("a", "b", "c", "d", "e", "f", "g")


def test_values_over_several_lines_and_magics_are_understood():
    nb = notebook("%matplotlib inline\npaths = [\n  'a',  # one\n  'b',\n]\n!ls\nname = 'x'")
    assert names(nb) == ("paths", "name")
    assert declared(nb)[0].default == ["a", "b"]


def test_a_notebook_without_a_parameters_cell_declares_none():
    assert declared(notebook("a = 1", tags=())) is None


def test_an_unknown_name_is_answered_with_the_nearest_one():
    with pytest.raises(UnknownParameter, match="no parameter 'max_dept': did you mean 'max_depth'") as caught:
        check(notebook("max_depth = 3\nC = 1.0"), {"C": 1.0, "max_dept": 1}, "train.ipynb")
    assert caught.value.known == ("max_depth", "C")


def test_an_unknown_name_unlike_any_is_answered_with_all_of_them():
    with pytest.raises(UnknownParameter, match="it has max_depth, C"):
        check(notebook("max_depth = 3\nC = 1.0"), {"zzzzzz": 1}, "train.ipynb")


def test_params_for_a_notebook_without_a_parameters_cell_are_refused():
    with pytest.raises(NoParametersCell, match="tag the cell"):
        check(notebook("a = 1", tags=()), {"a": 1}, "train.ipynb")


def test_no_params_need_no_parameters_cell():
    assert check(notebook("a = 1", tags=()), {}, "train.ipynb") == {}


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


@pytest.mark.parametrize(
    ("source", "type", "default", "help"),
    [
        ("alpha: float = 0.1  # learning rate", "float", 0.1, "learning rate"),
        ("mode: Literal['fast', 'slow'] = 'fast'", "one of 'fast', 'slow'", "fast", ""),
        ("k: None | str = None", "None | str", None, ""),
        ("k: 'Optional[list[int]]' = None", "list[int] | None", None, ""),
        ("k: typing.Union[int, str] = 1", "int | str", 1, ""),
        ("n = -1", "int", -1, ""),
        ("rate = 1e-3", "float", 0.001, ""),
        ("seconds = 60 * 60  # an hour", "int", 3600, "an hour"),
        ("path = Path('x')", "anything", UNKNOWN, ""),
        ("names = [\n 'a',  # one\n 'b'\n]  # who", "list", ["a", "b"], "who"),
        ("n = 5  # type: int | None how many", "int | None", 5, "how many"),
        ("m: dict[str, float] = {}", "dict[str, float]", {}, ""),
        ("if True:\n    n = 1\nelse:\n    n = 'all'", "int | str", "all", ""),
        ("n: float = None", "float | None", None, ""),
        ("n: int", "int", UNKNOWN, ""),
        ("text = f'{1}'", "str", UNKNOWN, ""),
        ("nothing = None", "anything", None, ""),
    ],
)
def test_a_declaration_has_a_type_a_default_and_a_help(source, type, default, help):
    one = only(source)
    assert (one.kind.text, one.default, one.help) == (type, default, help)


def test_each_of_several_targets_takes_its_own_default():
    found = declared(notebook("x = y = 1\na, (b, c) = 1, ('t', 2.5)\nd, *e = f()"))
    assert {one.name: one.kind.text for one in found} == {
        "x": "int", "y": "int", "a": "int", "b": "str", "c": "float", "d": "anything", "e": "list",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "text", "value"),
    [
        ("x = 'a'", "007", "007"),
        ("x = 1", "7", 7),
        ("x = 1.0", "7", 7.0),
        ("x = 1.0", "1e-3", 0.001),
        ("x = True", "no", False),
        ("x: None | str = None", "None", None),
        ("x: None | str = None", "007", "007"),
        ("x: int | str = 1", "007", "007"),
        ("x: int | str = 1", "7", 7),
        ("x: Literal['fast', 3] = 'fast'", "3", 3),
        ("x = [1]", "[1, 'b']", [1, "b"]),
        ("x = (1, 2)", "(3, 4)", [3, 4]),
        ("x = {}", '{"a": 1}', {"a": 1}),
        ("x = {}", "{a: 1}", {"a": 1}),
        ("x = None", "7", 7),
        ("x = Path('a')", "b", "b"),
    ],
)
def test_text_becomes_a_value_of_the_declared_type(source, text, value):
    found = given(source, Text(text))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("x = 1", Text("1.5"), "expects int"),
        ("x = 1", Text("many"), "expects int"),
        ("x = 1", 1.5, "annotate it"),
        ("x = 1", True, "expects int"),
        ("x = True", Text("2"), "true or false"),
        ("x = True", 1, "true or false"),
        ("x: Literal['fast', 'slow'] = 'fast'", Text("medium"), "one of 'fast', 'slow'"),
        ("x = []", Text("a"), "expects list"),
        ("x: list[int] = []", [1, "a"], "list\\[int\\]"),
        ("x = {}", {1: 2}, "expects dict"),
        ("x = 'a'", 7, "-r NAME TEXT"),
        ("x: None | str = None", 7, "None | str"),
        ("x: float = 0.1", "0.5", "expects float"),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_was_expected(source, value, expected):
    with pytest.raises(BadParameter, match=expected) as caught:
        given(source, value)
    assert caught.value.name == "x"


def test_values_of_the_declared_type_are_kept_as_they_are():
    assert given("x = 1.0", 2) == 2
    assert type(given("x = 1.0", 2)) is int
    assert given("x: float = 1.0", "1e-3") == 0.001  # YAML 1.1 takes it for text
    assert given("x: Path = Path('a')", [1]) == [1]


def test_a_parameters_cell_in_another_language_is_left_to_papermill():
    cell = nbformat.v4.new_code_cell("alpha <- 0.1", metadata={"tags": ["parameters"]})
    kernel = {"name": "ir", "language": "R", "display_name": "R"}
    nb = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    assert declared(nb) == ()
    assert check(nb, {"alpha": Text("0.5")}, "a.ipynb") == {"alpha": 0.5}


def test_a_parameters_cell_with_a_syntax_error_is_refused_with_its_line():
    cells = [
        nbformat.v4.new_code_cell("import os"),
        nbformat.v4.new_code_cell("a = 1\nb = = 2", metadata={"tags": ["parameters"]}),
    ]
    nb = nbformat.v4.new_notebook(cells=cells)
    with pytest.raises(
        UnreadableParameters, match=r"train.ipynb: .*'parameters' cannot be read: invalid syntax, line 2"
    ):
        check(nb, {"a": Text("2")}, "train.ipynb")


def test_a_param_that_a_second_parameters_cell_would_assign_again_is_refused():
    tagged = {"metadata": {"tags": ["parameters"]}}
    cells = [nbformat.v4.new_code_cell(source, **tagged) for source in ("a = 1\nb = 1", "a = 2\nc = 3")]
    nb = nbformat.v4.new_notebook(cells=cells)
    assert check(nb, {"b": 5}, "train.ipynb") == {"b": 5}
    with pytest.raises(AssignedAgain, match="a would have no effect"):
        check(nb, {"a": 5}, "train.ipynb")


def test_papermill_looks_for_the_cell_of_another_language_among_cells_without_tags():
    cells = [
        nbformat.v4.new_code_cell("library(stats)"),
        nbformat.v4.new_code_cell("alpha <- 0.1", metadata={"tags": ["parameters"]}),
    ]
    kernel = {"name": "ir", "language": "R", "display_name": "R"}
    assert declared(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})) == ()


def test_papermill_with_our_engine_checks_what_it_put_in(project, write_notebook):
    import papermill

    path = write_notebook("print(name)", parameters="name = 'a'")
    for given, error in (({"nane": "b"}, UnknownParameter), ({"name": 7}, BadParameter)):
        with pytest.raises(error):
            papermill.execute_notebook(str(path), str(project / "out.ipynb"), given, engine_name="nbledger")
    assert not (project / ".nbledger").exists()
