"""Code is compared by cells and statements; what only looks different is said to be that and nothing more."""

from __future__ import annotations

import pytest

from nbledger.lineage.differences.cell_syntax import statements
from nbledger.lineage.differences.code_diff import Cell, diff_cell, diff_cells


def cell(source, id=None):
    return Cell("r", "[1]", source, id)


def changes(a, b):
    """What each matched pair of cells is said to be, in order."""
    found = diff_cells([cell(*one) for one in a], [cell(*one) for one in b])
    return [(one.change, "moved") if one.moved else one.change for one in found]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("x = 1", "x = 1  # one"),
        ("x = 1\ny = 2", "\n\nx   =   1\n\n# then\ny = 2\n"),
        ("f(a, b)", "f(\n    a,\n    b,\n)"),
        ("x = 'a'", 'x = "a"'),
        ("%matplotlib inline\nx = 1", "%matplotlib inline\n\nx = 1  # one"),
        ("%%track\nx = 1", "%%track\n\nx = (1)"),
        ("!ls -l\nfiles = !ls\nx = 1", "!ls -l\nfiles = !ls\n# here\nx = 1"),
        ("%%bash\nls  \n", "%%bash\nls"),
        ("for a in b:\n    %time f(a)\n", "for a in b:\n\n    %time f(a)  \n"),
    ],
)
def test_comments_and_formatting_alone_are_said_to_be_that(a, b):
    found = diff_cell(cell(a), cell(b))
    assert found.change == "formatting"
    assert found.statements == ()


@pytest.mark.parametrize(
    ("a", "b", "line"),
    [
        ("x = 1\ny = 2\nz = 3", "x = 1\ny = 5\nz = 3", 2),
        ("%matplotlib inline\nx = 1", "%matplotlib qt\nx = 1", 1),
        ("x = 1\n!ls -l", "x = 1\n!ls -a", 2),
        ("files = !ls", "files = !ls /tmp", 1),
        ("%%track\nx = 1", "%%track -e churn\nx = 1", 1),
        ("%%bash\nls", "%%bash\n# all of it\nls", 1),
        ("x = 'a'", "x = 'a '", 1),
        ("x = 1", "x = 1.0", 1),
        ("x = True", "x = 1", 1),
    ],
)
def test_one_changed_statement_is_the_only_one_shown(a, b, line):
    [statement] = diff_cell(cell(a), cell(b)).statements
    assert statement.change == "changed"
    assert statement.line_b == line


def test_a_changed_function_shows_its_changed_lines():
    before = "import os\n\n@cached\ndef f(x):\n    a = x\n    b = 2\n    return a + b\n\ny = f(1)"
    after = before.replace("b = 2", "b = 3")
    [statement] = diff_cell(cell(before), cell(after)).statements
    assert statement.head == "def f(x):"
    assert [line for line in statement.diff if line[0] in "+-"] == ["-    b = 2", "+    b = 3"]


def test_statements_added_and_removed_are_told_from_changed_ones():
    found = diff_cell(cell("a = 1\nmodel.fit(X, y)"), cell("a = 1\nX = scale(X)\nmodel.fit(X, y, w)\nprint(a)"))
    assert [(one.change, one.head) for one in found.statements] == [
        ("added", "X = scale(X)"),
        ("changed", "model.fit(X, y, w)"),
        ("added", "print(a)"),
    ]


def test_a_syntax_error_is_compared_as_text():
    found = diff_cell(cell("x = = 1\ny = 2"), cell("x = = 2\ny = 2"))
    assert [one.diff[:2] for one in found.statements] == [("-x = = 1", "+x = = 2")]


def test_a_percent_sign_that_is_python_stays_python():
    [one, other] = statements("x = ('%s'\n     % y)\n%time f()") or []
    assert one.head == "x = ('%s'"
    assert "%time f()" in other.meaning


def test_a_warning_in_the_users_code_is_not_ours_to_give():
    assert statements("x = '\\d'\nassert (1, 'a')") is not None


def test_cells_are_matched_by_id_whatever_became_of_them():
    assert changes([("x = 1", "a"), ("y = 2", "b")], [("y = 2", "b"), ("z(3, w)", "a")]) in (
        [("same", "moved"), "changed"],
        ["same", ("changed", "moved")],
    )


def test_cells_without_ids_are_matched_by_what_they_say():
    load, fit, show = "df = pd.read_csv('churn.csv')", "model = Ridge(alpha=1.0).fit(X, y)", "print(model.score(X, y))"
    assert changes(
        [(load,), (fit,), (show,)], [(load,), ("df = df.dropna(how='any')",), (fit.replace("1.0", "2.0"),), (show,)]
    ) == [
        "same",
        "added",
        "changed",
        "same",
    ]
    assert changes([(load,), (fit,), (show,)], [(load,), (show,)]) == ["same", "removed", "same"]


def test_the_cell_that_moved_is_the_one_that_is_named():
    a, b, c, d = ((f"{name} = compute_{name}()",) for name in "abcd")
    assert changes([a, b, c, d], [b, c, d, a]) == ["same", "same", "same", ("same", "moved")]


def test_ten_equal_cells_are_matched_in_order():
    assert changes([("x += 1",)] * 10, [("x += 1",)] * 9) == ["same"] * 9 + ["removed"]


def test_nothing_against_something():
    assert changes([], [("x = 1",)]) == ["added"]
    assert changes([("x = 1",)], []) == ["removed"]
    assert diff_cell(cell(""), cell("# nothing")).change == "formatting"
