"""`diff` says what differs between two runs and what that changed, and nothing that it does not know."""

from __future__ import annotations

import json
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from nbledger.ledger import Ledger
from nbledger.ledger.errors import NotFound
from nbledger.lineage.diff import diff
from nbledger.lineage.differences.sides import CannotDiff
from nbledger.records import AliasEvent, new_id
from tests.lineage.recorded import Recorded

PACKAGES = {"pandas": "3.0.1", "scikit-learn": "1.5.0", "numpy": "2.1.0"}
TRUTH = np.array([0, 1, 1, 0])


@pytest.fixture
def ledger(tmp_path):
    with closing(Ledger.open(tmp_path / "project")) as ledger:
        yield ledger


@pytest.fixture
def notebook(ledger):
    return Recorded(ledger, PACKAGES)


def fit(C, features="X"):
    return f"%%track\n# fit it\nmodel = LogisticRegression(C={C}).fit({features}, y)\naccuracy = model.score(X, y)"


def test_a_changed_param_is_the_change_and_the_metric_its_effect(ledger, notebook):
    data = {"X": np.arange(4.0)}
    a = notebook.cell(
        fit(1.0),
        used=data,
        params={"C": 1.0, "seed": 0},
        defaults={"tol": 1e-4},
        metrics={"accuracy": 0.91},
        judged_on=TRUTH,
    )
    b = notebook.cell(
        fit(0.1),
        used=data,
        params={"C": 0.1, "seed": 0},
        defaults={"tol": 1e-4},
        metrics={"accuracy": 0.88},
        judged_on=TRUTH,
    )
    found = diff(ledger, a[:8], b[:8])
    assert [(param.name, param.old, param.new) for param in found.params] == [("C", 1.0, 0.1)]
    assert found.conclusion.splitlines() == [
        "Changed: code of cell [2]; params C 1.0 -> 0.1.",
        "Unchanged: data, environment.",
        "Effect: accuracy 0.91 -> 0.88 (-0.03).",
    ]
    text = str(found)
    assert text.endswith(found.conclusion)
    assert "-model = LogisticRegression(C=1.0).fit(X, y)" in text
    assert "tol" not in text


def test_defaults_show_only_when_they_differ_and_types_count(ledger, notebook):
    a = notebook.cell("a", params={"n": 1}, defaults={"tol": 1e-4, "only_here": 1})
    b = notebook.cell("a", params={"n": 1.0, "new": None}, defaults={"tol": 1e-3})
    assert {(param.name, param.change) for param in diff(ledger, a, b).params} == {
        ("n", "changed"),
        ("tol", "changed"),
        ("new", "added"),
    }


def test_comments_and_formatting_are_said_to_be_no_change(ledger, notebook):
    a = notebook.cell("x = f(1, 2)", made={"x": 3})
    b = notebook.cell("# three\nx = f(1,\n      2)", made={"x": 3})
    found = diff(ledger, a, b)
    assert found.same
    assert found.conclusion == "Nothing that was recorded differs. The code differs in comments and formatting only."
    assert "comments and formatting only" in str(found)
    assert "f(1" not in str(found)


def test_a_changed_metric_with_nothing_recorded_that_changed_is_said_to_be_that(ledger, notebook):
    same = {"used": {"X": np.arange(4.0)}, "params": {"C": 1.0}, "judged_on": TRUTH}
    a = notebook.cell(fit(1.0), metrics={"accuracy": 0.91}, **same)
    b = notebook.cell(fit(1.0), metrics={"accuracy": 0.90}, **same)
    unchanged, said, cause = diff(ledger, a, b).conclusion.splitlines()
    assert unchanged == "Unchanged: code, params, data, environment."
    assert said == "Nothing recorded that the result depends on changed, yet this did: accuracy 0.91 -> 0.9 (-0.01)."
    assert cause == "The cause is randomness without a seed, or something that was not recorded."


def test_where_equal_code_first_made_something_else_is_said(ledger):
    runs = []
    for value in (1, 2):
        session = Recorded(ledger, PACKAGES)
        session.cell("df = read()", made={"df": 7})
        session.cell("X, Z = shuffle(df)", used={"df": 7}, made={"X": value, "Z": value})
        session.cell("Y = X + 1", used={"X": value}, made={"Y": value + 1})
        runs.append(session.cell("m = f(Y)", used={"Y": value + 1}, metrics={"m": float(value)}))
    found = diff(ledger, *runs)
    assert found.began.names == ("X", "Z")
    assert found.conclusion.splitlines()[-1].startswith("It began in cell [2], which made another X, Z from the same:")


def test_another_random_state_is_a_recorded_cause(ledger, notebook):
    a = notebook.cell("x = rand()", state={"numpy.random": 1}, made={"x": 0.1}, metrics={"m": 0.1})
    b = notebook.cell("x = rand()", state={"numpy.random": 2}, made={"x": 0.2}, metrics={"m": 0.2})
    found = diff(ledger, a, b)
    assert found.state == ("numpy.random",)
    assert found.conclusion.startswith("Changed: random state of numpy.random.")


def test_metrics_judged_on_other_data_are_not_compared(ledger, notebook):
    a = notebook.cell("a", metrics={"f1": 0.8, "loss": 1.0}, judged_on=TRUTH)
    b = notebook.cell("a", metrics={"f1": 0.9, "new": 1.0}, judged_on=1 - TRUTH)
    found = diff(ledger, a, b)
    metrics = {metric.name: metric for metric in found.metrics}
    assert (metrics["f1"].same_data, metrics["f1"].change) == (False, None)
    assert "f1 0.8 -> 0.9 (not judged on the same data)" in found.conclusion
    assert "loss no longer measured" in found.conclusion
    assert "not judged on the same data" in str(found).split("metrics")[1]


def test_metrics_whose_data_was_not_recorded_are_compared_but_not_vouched_for(ledger, notebook):
    a, b = (notebook.cell("a", metrics={"f1": value}) for value in (0.8, float("nan")))
    [metric] = diff(ledger, a, b).metrics
    assert metric.same_data is None
    [metric] = diff(ledger, b, b).metrics
    assert not metric.differs


def test_environments_differ_by_distribution(ledger, notebook):
    later = Recorded(ledger, {**PACKAGES, "pandas": "3.1.0", "polars": "1.0"}, python="3.12.4")
    a, b = notebook.cell("x = 1"), later.cell("x = 1")
    environment = diff(ledger, a, b).environment
    assert environment.changed == {"pandas": ("3.0.1", "3.1.0")}
    assert environment.added == {"polars": "1.0"}
    assert environment.python == ("3.11.9", "3.12.4")
    assert "Changed: environment Python 3.11.9 -> 3.12.4, pandas 3.0.1 -> 3.1.0, polars added." in str(
        diff(ledger, a, b)
    )


def test_an_environment_that_was_not_recorded_is_not_called_unchanged(ledger, notebook):
    unknown = Recorded(ledger)
    a, b = notebook.cell("x = 1"), unknown.cell("x = 1")
    found = diff(ledger, a, b)
    assert "environment" not in found.conclusion
    assert "not recorded for both runs" in str(found)


def test_a_git_commit_is_named(ledger):
    a, b = (Recorded(ledger, PACKAGES, commit=digit * 40).cell("x = 1") for digit in "ab")
    assert "git commit aaaaaaaaaa -> bbbbbbbbbb" in diff(ledger, a, b).conclusion


# -- data -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def churn():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "customer_id": np.arange(200),
            "age": rng.integers(18, 90, 200),
            "plan": ["a", "b"] * 100,
            "left": [0, 1] * 100,
        }
    )


def test_a_changed_file_is_the_cause_with_its_columns_and_the_frame_read_from_it_the_effect(ledger, churn):
    path = ledger.root / "churn.csv"
    churn.to_csv(path, index=False)
    (ledger.root / "old").mkdir()
    sessions = []
    for frame in (churn, churn.assign(age=churn.age + 30, plan="c")):
        frame.to_csv(path, index=False)
        session = Recorded(ledger, PACKAGES)
        session.cell("df = pd.read_csv('churn.csv')", files=["churn.csv"], made={"df": frame}, keep=["df"])
        sessions.append(
            session.cell(
                "acc = f(df)",
                used={"df": frame},
                made={"acc": len(frame)},
                metrics={"accuracy": float(frame.age.mean())},
            )
        )
    found = diff(ledger, *sessions)
    [file] = found.data
    assert (file.name, file.role, file.is_input) == ("churn.csv", "file", True)
    assert "tables that were read from it" in file.note
    assert [(column.name, column.cells) for column in file.table.changed] == [("age", 200), ("plan", 200)]
    assert file.table.columns[0].shift.psi > 0.25
    assert found.conclusion.splitlines()[:2] == [
        "Changed: data churn.csv (2 columns).",
        "Unchanged: code, params, environment.",
    ]
    text = str(found)
    assert "large shift" in text
    assert "new values: c" in text


def test_a_file_whose_old_bytes_are_gone_is_said_to_differ_and_no_more(ledger):
    runs = []
    for text in ("a", "b"):
        (ledger.root / "churn.csv").write_text(text)
        runs.append(Recorded(ledger, PACKAGES).cell("open('churn.csv')", files=["churn.csv"], made={"n": text}))
    found = diff(ledger, *runs)
    assert "first one: the file changed since" in found.data[0].note
    assert "Changed: data churn.csv (content)." in found.conclusion


def test_rows_added_removed_and_changed_come_with_examples(ledger, notebook, churn):
    other = churn[churn.customer_id != 3].reset_index(drop=True)
    other.loc[0, "age"] = 1
    a = notebook.cell("f(df)", used={"df": churn}, keep=["df"])
    b = notebook.cell("f(df)", used={"df": other}, keep=["df"])
    found = diff(ledger, a, b)
    rows = found.data[0].table.rows
    assert (rows.by, rows.added, rows.removed, rows.changed) == ("column customer_id", 0, 1, 1)
    text = str(found)
    assert "rows by column customer_id: 0 added, 1 removed, 1 changed" in text
    assert f"~ 0: age {churn.age[0]} -> 1" in text
    assert "- 3: age=" in text
    assert found.data[0].summary == "1 column, 1 row removed"


def test_the_same_change_under_two_names_is_told_once(ledger, notebook):
    a, b = (notebook.cell("fit(X, Z)", used={"X": value, "Z": value}) for value in (np.zeros(3), np.ones(3)))
    assert [datum.name for datum in diff(ledger, a, b).data] == ["X"]


def test_a_file_read_from_another_place_is_paired_with_the_one_before(ledger, notebook):
    runs = []
    for name in ("v1.csv", "v2.csv"):
        (ledger.root / name).write_text(f"a\n{name}\n")
        runs.append(notebook.cell("df = read(path)", files=[name]))
    found = diff(ledger, *runs)
    [file] = found.data
    assert (file.name_a, file.name, file.change) == ("v1.csv", "v2.csv", "changed")
    assert "data v1.csv -> v2.csv (1 column)" in found.conclusion


def test_variables_of_other_names_are_not_taken_for_each_other(ledger, notebook):
    a = notebook.cell("a = zeros(3)", made={"a": np.zeros(3)})
    b = notebook.cell("b = ones(9)", made={"b": np.ones(9)})
    assert {datum.name: datum.change for datum in diff(ledger, a, b).made} == {"a": "removed", "b": "added"}


def test_data_that_only_one_run_used(ledger, notebook):
    a = notebook.cell("f(X)", used={"X": np.zeros(3)})
    b = notebook.cell("f(X, w)", used={"X": np.zeros(3), "w": np.ones((3, 3)), "df": pd.DataFrame({"a": [1]})})
    assert {datum.name: datum.change for datum in diff(ledger, a, b).data} == {"X": "same", "w": "added", "df": "added"}


# -- code of more than the cell itself ----------------------------------------------------------------------------------------


def test_the_cause_may_be_a_cell_far_before_the_one_that_was_compared(ledger):
    runs = []
    for size in (0.2, 0.5):
        session = Recorded(ledger, PACKAGES)
        session.cell("import sklearn", cell_id="imports", made={"sklearn": 1})
        session.cell("noise = 1", cell_id="noise", made={"noise": size})
        session.cell(f"X = split(df, test_size={size})", cell_id="split", made={"X": np.full(3, size)})
        runs.append(
            session.cell(
                "accuracy = score(X)", cell_id="score", used={"X": np.full(3, size)}, metrics={"accuracy": size}
            )
        )
    found = diff(ledger, *runs)
    assert [(cell.label, cell.change) for cell in found.code] == [("[3]", "changed"), ("[4]", "same")]
    assert found.conclusion.splitlines()[0] == "Changed: code of cell [3]."
    assert "accuracy 0.2 -> 0.5 (+0.3)" in found.conclusion
    assert "noise" not in str(found)


def test_the_two_runs_themselves_belong_together_however_different(ledger, notebook):
    a, b = notebook.cell("abc(1)"), notebook.cell("%%track\nfor x in range(10):\n    print(x)")
    assert [cell.change for cell in diff(ledger, a, b).code] == ["changed"]


def test_runs_of_notebooks_are_compared_by_all_their_cells(ledger):
    runs = []
    for C, extra in ((1.0, ()), (2.0, ("print(model)",))):
        session = Recorded(ledger, PACKAGES)
        whole = session.cell(kind="notebook", params={"C": C})
        session.cell("import sklearn", parent=whole, made={"sklearn": 1}, cell_id="i")
        session.cell(
            f"model = Ridge({C}).fit(X, y)", parent=whole, params={"alpha": C}, metrics={"r2": 1 / C}, cell_id="f"
        )
        for source in extra:
            session.cell(source, parent=whole)
        runs.append(whole)
    found = diff(ledger, *runs)
    assert [cell.change for cell in found.code] == ["same", "changed", "added"]
    assert [(param.name, param.old, param.new) for param in found.params] == [("C", 1.0, 2.0), ("alpha", 1.0, 2.0)]
    assert [(metric.name, metric.new) for metric in found.metrics] == [("r2", 0.5)]
    assert found.a.startswith("notebook run")


def test_of_very_many_other_cells_some_are_shown_and_the_rest_counted(ledger):
    runs = []
    for letter, count in (("a", 1), ("b", 40)):
        session = Recorded(ledger, PACKAGES)
        whole = session.cell(kind="notebook")
        for number in range(count):
            session.cell(f"{letter * 9}{number}()", parent=whole)
        runs.append(whole)
    text = str(diff(ledger, *runs))
    assert text.count("only in b") == 20 - text.count("  changed") - text.count("only in a")
    assert "more cells (--json has all)" in text


def test_what_two_cells_of_a_notebook_call_the_same_is_told_apart_by_their_names(ledger):
    runs = []
    for value in (1.0, 2.0):
        session = Recorded(ledger, PACKAGES)
        whole = session.cell(kind="notebook")
        session.cell("a", name="ridge", parent=whole, metrics={"r2": 1.0})
        session.cell("b", name="lasso", parent=whole, metrics={"r2": value})
        runs.append(whole)
    assert [(metric.name, metric.change) for metric in diff(ledger, *runs).metrics] == [
        ("ridge.r2", 0.0),
        ("lasso.r2", 1.0),
    ]


# -- models and versions ---------------------------------------------------------------------------------------------------------


def test_models_are_compared_by_class_content_and_size(ledger, notebook):
    from sklearn.linear_model import Lasso, Ridge

    X, y = [[0.0], [1.0]], [0.0, 1.0]
    a = notebook.cell("m = Ridge()", models={"m": Ridge().fit(X, y), "same": Ridge().fit(X, y)}, keep=["m"])
    b = notebook.cell("m = Lasso()", models={"m": Lasso().fit(X, y), "same": Ridge().fit(X, y)}, keep=["m"])
    found = {model.name: model for model in diff(ledger, a, b).models}
    assert (found["m"].class_a, found["m"].class_b, found["m"].change) == ("Ridge", "Lasso", "changed")
    assert found["m"].size_a > 100
    assert found["same"].change == "same"
    assert "Ridge -> Lasso" in str(diff(ledger, a, b))


@pytest.fixture
def registered(ledger, notebook):
    """Two runs whose models are versions 1 (champion) and 2 of churn."""
    runs = [
        notebook.cell(fit(C), params={"C": C}, models={"model": {"fitted": C}}, metrics={"f1": C}) for C in (1.0, 2.0)
    ]
    for number, run in enumerate(runs, 1):
        [edge] = [edge for edge in ledger.generated(run) if edge.role == "model"]
        ledger.add_model_version("churn", run, edge.version, "ada")
        if number == 1:
            ledger.set_alias(AliasEvent(new_id(), "churn", "champion", 1, 1.0, "ada"))
    return runs


@pytest.mark.parametrize("refs", [("models:/churn/1", "models:/churn/2"), ("churn@champion", "churn/2")])
def test_registered_models_stand_for_their_runs(ledger, registered, refs):
    found = diff(ledger, *refs)
    assert found.ids == tuple(registered)
    assert refs[0] in str(found)


def test_records_stand_for_themselves(ledger, registered):
    a, b = ledger.run(registered[0]), ledger.model_version("churn", 2)
    assert diff(ledger, a, b).ids == tuple(registered)


def test_two_versions_are_compared_without_any_run(ledger, notebook):
    frames = [pd.DataFrame({"a": [1, 2], "b": [3.0, 4.0]}), pd.DataFrame({"a": [1, 2], "b": [3.0, 5.0]})]
    runs = [notebook.cell("x", made={"df": frame}, keep=["df"]) for frame in frames]
    hashes = [ledger.generated(run)[0].version for run in runs]
    found = diff(ledger, hashes[0][:10], hashes[1])
    assert found.data[0].table.rows.cells == {"b": 1}
    assert found.conclusion == "Changed: df (1 column)."
    assert diff(ledger, hashes[0], hashes[0]).same
    with pytest.raises(CannotDiff, match="two runs"):
        diff(ledger, hashes[0], runs[0])


def test_what_nothing_has_is_not_found(ledger, notebook):
    run = notebook.cell("x")
    with pytest.raises(NotFound, match="nbledger runs"):
        diff(ledger, run, "ffffffff")


# -- text, JSON, cost -----------------------------------------------------------------------------------------------------------


def verb(ledger, *args):
    from click.testing import CliRunner

    from nbledger.commands.common import State
    from nbledger.commands.diff import diff as command

    return CliRunner().invoke(
        command, list(args), obj=State(given=ledger), catch_exceptions=False, standalone_mode=False
    )


def test_json_has_everything_but_the_whole_code(ledger, notebook, churn):
    a = notebook.cell("f(df)\nsecret = 1", used={"df": churn}, keep=["df"], metrics={"m": float("nan")})
    b = notebook.cell("g(df)\nsecret = 1", used={"df": churn.assign(age=0)}, keep=["df"], metrics={"m": 1.0})
    data = json.loads(verb(ledger, a, b, "--json").output)
    assert data["ids"] == [a, b]
    assert data["code"][0]["statements"][0]["diff"] == ["-f(df)", "+g(df)"]
    assert "secret" not in json.dumps(data["code"])
    assert data["data"][0]["table"]["rows"]["cells"] == {"age": 200}
    assert data["data"][0]["summary"] == "1 column"
    assert data["metrics"][0]["old"] == "nan"
    assert data["conclusion"].startswith("Changed: code")


def test_the_exit_code_tells_a_difference_when_asked(ledger, notebook):
    a, b = notebook.cell("x = 1"), notebook.cell("x = 2")
    assert verb(ledger, a, b).return_value is None
    assert verb(ledger, a, b, "--exit-code").return_value == 3
    assert verb(ledger, a, a, "--exit-code").return_value is None


def test_colours_are_only_put_in_when_asked_and_code_never_steers_the_terminal(ledger, notebook):
    a, b = notebook.cell("x = '\x1b[31m'"), notebook.cell("x = '\x1b[32m'")
    found = diff(ledger, a, b)
    assert "\x1b" not in str(found)
    assert "\x1b[31m" in found.text(colour=True)
    assert all(len(line) <= 40 for line in found.text(width=40).split("\n\n")[1].splitlines())


def test_only_what_the_two_runs_need_is_read(ledger, notebook):
    statements = []
    for number in range(300):
        notebook.cell(f"x{number} = {number}", made={f"x{number}": number})
    a, b = (notebook.cell("y = x7 + 1", used={"x7": 7}, made={"y": 8}) for _ in range(2))
    connection = ledger.database.connection()
    connection.set_trace_callback(statements.append)
    try:
        found = diff(ledger, a, b)
    finally:
        connection.set_trace_callback(None)
    assert [cell.label for cell in found.code] == ["[8]", "[302]"]
    assert len(statements) < 100


def test_two_runs_of_real_cells(notebook_session):
    run = notebook_session.run
    run("import pandas as pd")
    run("df = pd.DataFrame({'a': [1, 2, 3], 'b': [1.0, 2.0, 3.0]})")
    run("mean = df['b'].mean()")
    run("df['b'] *= 2")
    run("mean = df['b'].mean()")
    runs = list(notebook_session.ledger.runs(order_by="started_at asc"))
    found = diff(notebook_session.ledger, runs[2].id, runs[4].id)
    assert [(cell.label, cell.change) for cell in found.code if cell.change != "same"] == [("[4]", "added")]
    [frame] = [datum for datum in found.data if datum.name == "df"]
    assert [column.name for column in frame.table.changed] == ["b"]
    assert found.conclusion.splitlines()[0] == "Changed: code of cell [4] added."


def test_what_was_not_hashed_in_full_says_so(ledger, notebook):
    generators = [(n for n in range(3)) for _ in range(2)]
    a, b = (notebook.cell("fit()", models={"model": one}, metrics={"m": 1.0}) for one in generators)
    found = diff(ledger, a, b)
    assert not found.models[0].exact
    assert "another model model (not hashed in full)" in found.conclusion
    assert "as far as it was hashed" in str(found)
