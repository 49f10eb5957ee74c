"""What made it, what used it, what no longer holds, and what it was before: asked of cells that really ran."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import pytest

from nbledger.ledger import Ledger
from nbledger.lineage.history import history
from nbledger.lineage.impact import impact
from nbledger.lineage.slicing import slice_of
from nbledger.lineage.stale import stale
from nbledger.lineage.targets import TargetNotFound
from nbledger.lineage.why import why
from tests.lineage.notebook_session import NotebookSession


@pytest.fixture
def session(tmp_path):
    """A notebook in a folder of its own."""
    session = NotebookSession(tmp_path)
    yield session
    session.close()


def run(session, *cells):
    for cell in cells:
        session.run(cell)


def positions(answer):
    return [item.run.position for item in answer]


# -- why ------------------------------------------------------------------------------------------------------------


def test_why_tells_the_chain_nearest_first_and_where_each_thing_came_from(session):
    run(session, "a = 2", "noise = 9", "b = a * 3", "c = b + a")
    answer = why(session.ledger, "c")
    assert positions(answer.steps) == [4, 3, 1]
    text = str(answer)
    assert text.splitlines()[0] == "variable c"
    assert text.index("\n[4]") < text.index("\n[3]") < text.index("\n[1]")
    assert "from a [1], b [3]" in text
    assert "noise" not in text


def test_why_of_a_thing_changed_in_place_goes_on_to_what_it_was(session):
    run(session, "rows = [1]", "rows.append(2)", "other = 5")
    answer = why(session.ledger, "rows")
    assert positions(answer.steps) == [2, 1]
    assert "made rows (changed in place)" in str(answer)


def test_what_was_made_by_hand_is_an_input_and_nothing_is_guessed(session):
    session.names["given"] = [1, 2, 3]
    run(session, "total = sum(given)")
    answer = why(session.ledger, "total")
    assert positions(answer.steps) == [1]
    assert [item.name for item in answer.inputs] == ["given"]
    assert "given: made before loading, or by hand" in str(answer)


def test_a_generator_that_was_there_before_is_one_input_however_often_it_was_drawn_from(session):
    session.run("import random")
    session.run("a = random.random()")
    session.run("b = a, random.random()")
    session.run("c = b, a, random.random()")
    for target in ("a", "b", "c"):
        [state] = [item for item in session.slice(target).inputs if item.role == "state"]
        assert (state.name, bool(state.version)) == ("random", True)


def test_what_generators_without_a_seed_started_from_is_an_input(session, tmp_path):
    from nbledger.lineage.extract import extract

    run(session, "import numpy as np", "rng = np.random.default_rng()", "np.random.RandomState(1)", "x = rng.random()")
    answer = why(session.ledger, "x")
    assert positions(answer.steps) == [4, 2, 1]
    assert "numpy.random entropy: what generators without a seed started from" in str(answer)
    assert session.slice("x").exactness == "exact"
    assert "it draws from numpy.random without a seed" in str(extract(session.ledger, "x", tmp_path / "x.ipynb"))


def test_a_value_that_something_unrecorded_changed_is_said_to_be(session):
    run(session, "a = [1]")
    session.names["a"] = [1, 2]
    run(session, "b = a + [3]", "c = 1")
    answer = slice_of(session.ledger, "b")
    assert answer.positions == (1, 2)
    assert any("a was changed between [1] and [2]" in note for note in answer.notes)


def test_why_draws_a_tree_and_a_flowchart(session):
    run(session, "a = 2", "b = a * 3", "c = a + b")
    answer = why(session.ledger, "c")
    assert answer.tree().splitlines() == [
        "variable c",
        "└── [3] c = a + b",
        "    ├── [1] a = 2",
        "    └── [2] b = a * 3",
        "        └── [1] a = 2  (above)",
    ]
    assert answer.mermaid().startswith("flowchart TB\n")
    assert "-->|a|" in answer.mermaid()


def test_why_follows_a_file_into_the_notebook_that_wrote_it(tmp_path, session):
    run(session, "from pathlib import Path", "rows = [3, 4]", "Path('rows.txt').write_text(repr(rows))")
    session.close()
    second = NotebookSession(tmp_path)
    try:
        run(second, "from pathlib import Path", "text = Path('rows.txt').read_text()", "n = len(text)")
        assert slice_of(second.ledger, "n", session=second.id).positions == (1, 2, 3)
        answer = why(second.ledger, "n", session=second.id)
        assert [step.run.source for step in answer.steps] == [
            "n = len(text)",
            "text = Path('rows.txt').read_text()",
            "from pathlib import Path",
            "Path('rows.txt').write_text(repr(rows))",
            "rows = [3, 4]",
            "from pathlib import Path",
        ]
        assert "of notebook.ipynb" in str(answer)
    finally:
        second.close()


def test_a_deleted_variable_and_an_unknown_one_get_a_remedy(session):
    run(session, "gone = 1", "del gone", "values = [1]")
    with pytest.raises(TargetNotFound, match=r"it was deleted by \[2\]; ask for gone@RUN"):
        why(session.ledger, "gone")
    first = session.ledger.runs("position = 1")[0]
    assert why(session.ledger, f"gone@{first.id[:8]}").steps[0].run.position == 1
    with pytest.raises(TargetNotFound, match="did you mean values"):
        why(session.ledger, "valeus")


def test_a_name_that_only_another_session_knows_is_found_there(session, tmp_path):
    run(session, "b = 1")
    session.close()
    later = NotebookSession(tmp_path)
    try:
        run(later, "a = 2")
        assert why(later.ledger, "b", session=later.id).steps[0].run.source == "b = 1"
        with pytest.raises(TargetNotFound) as caught:
            why(later.ledger, "version:b", session=later.id)
        assert "did you mean b" not in str(caught.value)
    finally:
        later.close()


def test_why_of_a_run_is_why_of_all_that_it_used(session):
    run(session, "a = 1", "b = 2", "c = a")
    third = session.ledger.runs("position = 3")[0]
    assert positions(why(session.ledger, third.id[:8]).steps) == [3, 1]
    assert positions(why(session.ledger, third).steps) == [3, 1]


# -- impact ---------------------------------------------------------------------------------------------------------


def test_impact_tells_all_that_used_a_variable_in_the_order_it_ran(session):
    run(session, "a = 1", "b = a + 1", "z = 0", "c = b * 2", "a = 50", "d = a")
    answer = impact(session.ledger, "b")
    assert positions(answer.runs) == [4]
    first = session.ledger.runs("position = 1")[0]
    answer = impact(session.ledger, f"run:{first.id}")
    assert positions(answer.runs) == [2, 4], "what used the later `a` is not hit by the earlier one"


def test_impact_of_a_change_in_place_reaches_what_came_after(session):
    run(session, "rows = [1]", "rows.append(2)", "n = len(rows)")
    first = session.ledger.runs("position = 1")[0]
    assert positions(impact(session.ledger, f"run:{first.id}").runs) == [2, 3]


def test_impact_of_a_file_reaches_every_session_down_to_registered_models(tmp_path, session):
    Path("data.csv").write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    run(
        session,
        "import pandas as pd\nfrom sklearn.linear_model import LogisticRegression",
        "df = pd.read_csv('data.csv')",
        "model = LogisticRegression().fit(df[['x']], df['y'])",
        "unrelated = 1",
    )
    fitted = session.ledger.runs("position = 3")[0]
    (made,) = [edge for edge in session.ledger.generated(fitted.id) if edge.name == "model"]
    session.ledger.add_model_version("churn", fitted.id, made.version, "me")
    answer = impact(session.ledger, "data.csv")
    assert positions(answer.runs) == [2, 3]
    assert answer.models == ("churn version 1",)
    assert "churn version 1" in str(answer)


# -- stale ----------------------------------------------------------------------------------------------------------


def test_what_is_said_of_several_variables_alike_is_said_once(session):
    run(session, "a, b, c = 1, 2, 3", "total = a + b + c", "a, b, c = 4, 5, 6")
    [total] = stale(session.ledger).runs
    assert total.reasons == ("a, b and c were made anew by [3] since",)


def test_a_cell_is_stale_when_what_it_used_was_bound_anew_since(session):
    run(session, "a = 1", "b = a + 1", "c = b + 1", "d = 5", "a = 10")
    answer = stale(session.ledger)
    assert positions(answer.runs) == [2, 3]
    assert answer.runs[0].reasons == ("a was made anew by [5] since",)
    assert answer.runs[1].reasons == ("b comes from [2], which is stale",)
    run(session, "b = a + 1", "c = b + 1")
    assert len(stale(session.ledger)) == 0
    assert "nothing is stale" in str(stale(session.ledger))


def test_a_later_stage_that_builds_on_the_earlier_one_makes_nothing_stale(session):
    run(session, "a = [3, None, 4]", "n = len(a)", "a = [x for x in a if x]", "m = len(a)")
    assert positions(stale(session.ledger).runs) == []


def test_a_rerun_that_gives_the_same_makes_nothing_stale(session):
    run(session, "a = 1", "b = a + 1", "a = 1")
    assert positions(stale(session.ledger).runs) == []


def test_a_changed_or_missing_file_makes_what_read_it_stale(session):
    Path("in.txt").write_text("one")
    run(session, "from pathlib import Path", "text = Path('in.txt').read_text()", "n = len(text)", "other = 1")
    assert positions(stale(session.ledger).runs) == []
    Path("in.txt").write_text("three")
    answer = stale(session.ledger)
    assert positions(answer.runs) == [2, 3]
    assert answer.runs[0].reasons == ("in.txt is another one on the disk today",)
    Path("in.txt").unlink()
    assert stale(session.ledger).runs[0].reasons == ("in.txt is gone from the disk",)


def test_a_temporary_file_that_is_another_one_today_makes_nothing_stale(session, tmp_path, monkeypatch):
    there = tmp_path.parent / f"{tmp_path.name}-temporary"
    there.mkdir()
    (there / "in.txt").write_text("one")
    run(session, "from pathlib import Path", f"text = Path({str(there / 'in.txt')!r}).read_text()")
    (there / "in.txt").write_text("three")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "elsewhere"))
    assert positions(stale(session.ledger).runs) == [2]
    monkeypatch.setattr(tempfile, "tempdir", str(there))
    assert positions(stale(session.ledger).runs) == []
    (there / "in.txt").unlink()
    assert positions(stale(session.ledger).runs) == []


def test_a_file_that_the_notebook_itself_cleans_up_makes_nothing_stale(session):
    run(
        session,
        "from pathlib import Path",
        "n = Path('part.txt').write_text('one')",
        "text = Path('part.txt').read_text()",
        "Path('part.txt').unlink()",
    )
    assert positions(stale(session.ledger).runs) == []
    run(session, "n = Path('kept.txt').write_text('one')", "kept = Path('kept.txt').read_text()")
    Path("kept.txt").unlink()
    assert stale(session.ledger).runs[-1].reasons == ("kept.txt is gone from the disk",)


def test_another_environment_is_named(tmp_path, session):
    run(session, "a = 1")
    (only,) = session.ledger.runs()
    while session.ledger.environment(only.id) is None:
        time.sleep(0.05)
    session.close()
    ledger = Ledger.open(tmp_path)
    try:
        recorded = ledger.environment(only.id)
        assert recorded is not None
        packages = {**recorded.packages, "numpy": "0.1"}
        answer = stale(ledger, environment=packages)
        assert answer.environment == (f"numpy {recorded.packages['numpy']} -> 0.1",)
    finally:
        ledger.close()


def test_a_cell_that_was_edited_or_removed_in_the_notebook_is_stale(tmp_path, session):
    from nbledger.capture.recorder import Cell

    def execute(id, source, position):
        session.recorder.begin(Cell(source, (source,), id, position), None)
        exec(source, session.names)
        session.recorder.end(None)

    execute("aa", "a = 1", 1)
    execute("bb", "b = a + 1  # a comment", 2)
    execute("cc", "c = 3", 3)
    execute("dd", "password = 'hunter2hunter2'", 4)
    assert "hunter2" not in str(session.ledger.runs()[0].source)
    cells = [("aa", "a = 2"), ("bb", "b = a+1"), ("dd", "password = 'hunter2hunter2'")]
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [{"id": i, "cell_type": "code", "source": s, "metadata": {}, "outputs": []} for i, s in cells],
    }
    (tmp_path / "notebook.ipynb").write_text(json.dumps(notebook))
    answer = stale(session.ledger)
    assert [(item.run.cell_id, item.reasons) for item in answer.runs] == [
        ("aa", ("its cell's code was changed since it ran",)),
        ("bb", ("a comes from [1], which is stale",)),
        ("cc", ("its cell is no longer in the notebook",)),
    ]


# -- history --------------------------------------------------------------------------------------------------------


def test_history_of_a_variable_shows_each_version_newest_first(session):
    run(session, "x = [1]", "x.append(2)", "x = 5", "del x")
    answer = history(session.ledger, "x")
    assert [(event.run.position, event.how) for event in answer.events] == [
        (4, "deleted"),
        (3, "made"),
        (2, "changed"),
        (1, "made"),
    ]
    assert "x.append(2)" in str(answer)


def test_history_of_a_file_shows_who_wrote_and_who_read_it(session):
    run(
        session,
        "with open('f.txt', 'w') as f: f.write('1')",
        "with open('f.txt') as f: text = f.read()",
        "with open('f.txt', 'a') as f: f.write('2')",
    )
    answer = history(session.ledger, "f.txt")
    assert [(event.run.position, event.how) for event in answer.events] == [(3, "changed"), (2, "read"), (1, "made")]
    assert answer.events[0].version != answer.events[1].version == answer.events[2].version


def test_history_of_a_cell_shows_its_runs(session):
    run(session, "x = 1", "y = 2", "x = 1")
    last = session.ledger.runs("position = 3")[0]
    answer = history(session.ledger, f"cell:{last.id[:8]}")
    assert answer.kind == "cell"
    assert [event.run.position for event in answer.events] == [3, 1]


def test_answers_have_a_form_for_programs(session):
    run(session, "a = 1", "b = a")
    for answer in (
        why(session.ledger, "b"),
        impact(session.ledger, "a"),
        stale(session.ledger),
        history(session.ledger, "b"),
        slice_of(session.ledger, "b"),
    ):
        assert json.loads(json.dumps(answer.to_dict()))


# -- honest numbers -------------------------------------------------------------------------------------------------


def test_a_gain_is_shown_with_its_interval_and_a_test_set_with_its_uses(session):
    from nbledger.capture.recorder import TrackOptions
    from nbledger.cli import run_in_notebook

    run(
        session,
        "from sklearn.datasets import load_breast_cancer\n"
        "from sklearn.tree import DecisionTreeClassifier\n"
        "from sklearn.metrics import accuracy_score\n"
        "from sklearn.model_selection import train_test_split\n"
        "A, B, a, b = train_test_split(*load_breast_cancer(return_X_y=True), random_state=0)",
    )
    session.recorder.always = TrackOptions()
    for depth in (1, 4):
        run(
            session,
            f"model = DecisionTreeClassifier(max_depth={depth}, random_state=0).fit(A, a)\n"
            "accuracy = accuracy_score(b, model.predict(B))",
        )
    one, other = session.ledger.runs(tracked=True, order_by="started_at")
    data = json.loads(run_in_notebook(["compare", one.id, other.id, "--json"], session.ledger))
    (row,) = [row for row in data["rows"] if row["name"] == "metrics.accuracy"]
    gain = row["gains"][1]
    assert gain["same_rows"]
    assert gain["n"] == 143
    assert gain["low"] <= gain["delta"] <= gain["high"]
    text = run_in_notebook(["compare", one.id, other.id], session.ledger)
    assert f"in [{gain['low']:+.3g}, {gain['high']:+.3g}]" in text
    assert "was used to judge 2 times: 2 models in 2 runs" in text


def test_why_of_a_metric_begins_with_what_it_was_judged_on(session):
    run(
        session,
        "from sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\n"
        "from sklearn.metrics import accuracy_score\nX, y = load_iris(return_X_y=True)",
        "model = LogisticRegression(max_iter=500).fit(X[::2], y[::2])",
        "predicted = model.predict(X[1::2])",
    )
    from nbledger.capture.recorder import TrackOptions

    session.recorder.always = TrackOptions()
    run(session, "truth = y[1::2]\naccuracy = accuracy_score(truth, predicted)")
    text = str(why(session.ledger, "metric:accuracy"))
    assert "accuracy_score on" in text.splitlines()[1]
    assert "predicted by predict of LogisticRegression" in text
    assert "trained on" in text
