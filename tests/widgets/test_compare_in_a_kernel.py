"""The live comparison in a real kernel: clicked and typed in by the comm messages of a front end."""

from __future__ import annotations

import csv

import pytest

from tests.widgets.front_end import FrontEnd

pytestmark = pytest.mark.kernel

XSS = "<img src=x onerror=alert(1)>"
SETUP = """
import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
import nbledger
X, y = load_iris(return_X_y=True)
Xa, Xb, ya, yb = train_test_split(X, y, random_state=0)
Xc, Xd, yc, yd = train_test_split(X, y, random_state=1)
"""
TRAIN = """%%track "run {C}" -e iris --quiet
C = {C}
model = LogisticRegression(C=C, max_iter=500).fit(Xa, ya)
accuracy = accuracy_score(yb, model.predict(Xb))
for i in range(5): nbledger.metric("loss", 1 / (i + C), step=i)
"""
ELSEWHERE = """%%track elsewhere -e iris --quiet
C = 2
model = LogisticRegression(C=C, max_iter=500).fit(Xc, yc)
accuracy = accuracy_score(yd, model.predict(Xd))
"""
EVIL = f"""%%track {XSS!r} -e evil --quiet
nbledger.param({XSS!r}, {XSS!r})
nbledger.metric({XSS!r}, 1.0)
nbledger.tag({XSS!r}, {XSS!r})
"""
CELLS = ("%load_ext nbledger", SETUP, *(TRAIN.format(C=C) for C in (0.0001, 0.01, 1)), ELSEWHERE, EVIL)


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    (folder / "pyproject.toml").touch()
    front_end = FrontEnd(folder)
    for code in CELLS:
        done = front_end.run(code)
        assert done.error is None, done.traceback
    yield front_end
    front_end.stop()


@pytest.fixture
def front_end(started):
    """The kernel with one comparison of four runs, whose widgets are the only ones that are known."""
    started.models.clear()
    started.updates.clear()
    done = started.run("view = nbledger.compare(experiment='iris')\nview")
    assert done.error is None, done.traceback
    started.static = done.displays[1]
    settle(started)
    return started


def settle(front_end):
    """Wait until no interval is pending."""
    front_end.wait_until(lambda: not front_end.says("not computed yet"))


def runs(front_end):
    """The names beside the check boxes, in order."""
    boxes = next(one["children"] for one in front_end.models.values() if "nbl-runs" in (one.get("_dom_classes") or ()))
    return [front_end.models[id.removeprefix("IPY_MODEL_")]["description"].split(" ", 1)[1] for id in boxes]


def heads(front_end):
    """The names of the columns, in order."""
    buttons = next(
        one["children"] for one in front_end.models.values() if "nbl-heads" in (one.get("_dom_classes") or ())
    )
    return [front_end.models[id.removeprefix("IPY_MODEL_")]["description"] for id in buttons]


def table(front_end):
    return front_end.html("nbl-rows")


def head(front_end, name):
    (found,) = [
        id
        for id, one in front_end.models.items()
        if one.get("_model_name") == "ButtonModel" and one["description"].rstrip(" ▲▼") == name
    ]
    return found


def box(front_end, name):
    (found,) = [
        id
        for id, one in front_end.models.items()
        if one.get("_model_name") == "CheckboxModel" and one["description"].endswith(name)
    ]
    return found


def test_two_hundred_clicks_leave_two_outputs_of_the_same_size(front_end):
    size = len(str(front_end.static))
    shown = [front_end.click(head(front_end, "accuracy")) for _ in range(100)]
    mine, checked = box(front_end, "run 1"), False
    for _ in range(100):
        checked = not checked
        shown.append(front_end.change(mine, value=checked))
    assert [one.displays for one in shown] == [[]] * 200
    known = len(front_end.models)
    front_end.click(head(front_end, "accuracy"))
    assert len(front_end.models) == known  # no widget is left behind either
    front_end.wait_until(lambda: front_end.updates)
    (static,) = front_end.updates.values()
    assert len(str(static)) < size + 2_000


def test_the_runs_are_there_with_intervals_and_the_odd_one_marked(front_end):
    assert runs(front_end) == ["elsewhere", "run 1", "run 0.01", "run 0.0001"]
    assert heads(front_end) == ["run", "started", "took", "accuracy", "loss", "C"]
    assert table(front_end).count('aria-label="judged on other evaluation data') == 1
    assert table(front_end).count("<svg") == 3
    assert "<small" in table(front_end)  # the accuracies' intervals
    assert front_end.says("95 % interval of the value itself")
    assert front_end.says("was used to judge 3 times: 3 models in 3 runs")


def test_a_click_on_a_head_sorts_and_another_one_the_other_way(front_end):
    front_end.click(head(front_end, "C"))
    assert runs(front_end) == ["elsewhere", "run 1", "run 0.01", "run 0.0001"]
    front_end.click(head(front_end, "C"))
    assert runs(front_end) == ["run 0.0001", "run 0.01", "run 1", "elsewhere"]
    assert "C ▲" in heads(front_end)
    front_end.click(head(front_end, "run"))
    assert runs(front_end)[0] == "elsewhere"


def test_a_filter_leaves_what_fits_and_a_wrong_one_shows_a_caret_and_keeps_the_table(front_end):
    text = front_end.find("Text", description="Filter")
    front_end.change(text, value="params.C < 1")
    assert runs(front_end) == ["run 0.01", "run 0.0001"]
    done = front_end.change(text, value="params.C <> > 1")
    assert (done.error, done.stderr) == (None, "")
    assert front_end.html("nbl-rows") and runs(front_end) == ["run 0.01", "run 0.0001"]
    notice = front_end.html('role="status" style')
    assert "params.C &lt;&gt; &gt; 1" in notice and "^" in notice
    assert front_end.models[text]["value"] == "params.C <> > 1"  # to be mended
    front_end.change(text, value="")
    assert not front_end.says("^")
    assert len(runs(front_end)) == 4


def test_a_pinned_baseline_gives_changes_with_intervals(front_end):
    choice = front_end.find("Dropdown", description="Baseline")
    labels = front_end.models[choice]["_options_labels"]
    front_end.change(choice, index=next(at for at, one in enumerate(labels) if one.endswith("run 0.0001")))
    settle(front_end)
    assert "▲ +0." in table(front_end)
    assert front_end.says("95 % interval of a change")
    assert any(one.startswith("◆") for one in [front_end.models[box(front_end, "run 0.0001")]["description"]])
    front_end.change(choice, index=0)
    assert "▲ +0." not in table(front_end)


def test_columns_are_hidden_shown_and_the_usual_ones_come_back(front_end):
    choice = front_end.find("Dropdown", description="Column")

    def choose(name):
        labels = [one.removeprefix("✓ ") for one in front_end.models[choice]["_options_labels"]]
        front_end.change(choice, index=labels.index(name))

    choose("metrics.loss")
    front_end.click(front_end.find("Button", description="Hide"))
    assert "loss" not in heads(front_end)
    choose("params.max_iter")
    front_end.click(front_end.find("Button", description="Show"))
    assert heads(front_end)[-1] == "max_iter"  # although it is the same in all
    front_end.change(front_end.find("Checkbox", description="Only what differs"), value=True)
    assert "max_iter" not in heads(front_end)
    front_end.click(front_end.find("Button", description="Usual columns"))
    assert heads(front_end) == ["run", "started", "took", "accuracy", "loss", "C"]


def test_pages_are_turned(front_end):
    front_end.run(
        "for number in range(12):\n    with nbledger.start_run(f'p{number}', experiment='many'):\n"
        "        nbledger.metric('f1', number)"
    )
    front_end.models.clear()
    front_end.run("many = nbledger.compare(experiment='many')\nmany")
    front_end.change(front_end.find("Dropdown", description="Runs a page"), index=0)
    first, following = (front_end.find("Button", description=word) for word in ("First", "Next"))
    assert front_end.models[first]["disabled"] and not front_end.models[following]["disabled"]
    front_end.click(following)
    assert runs(front_end) == ["p1", "p0"]
    assert front_end.says("page 2 of 2 · 12 runs")
    front_end.click(head(front_end, "f1"))
    assert runs(front_end) == [f"p{number}" for number in range(11, 1, -1)]


def test_a_ticked_run_is_selected_everywhere_and_the_static_form_follows(front_end):
    front_end.change(box(front_end, "run 1"), value=True)
    assert front_end.says("1 selected")
    assert 'class="nbl-chosen"' in table(front_end)
    front_end.wait_until(lambda: "selected</small>" in str(front_end.updates))
    assert front_end.run("[view.model.ledger.run(id).name for id in view.model.state.selected]").result == {
        "text/plain": "['run 1']"
    }
    front_end.run("view.model.select([run.id for run in view.model.runs()])")
    assert front_end.says("4 selected") and front_end.models[box(front_end, "elsewhere")]["value"]
    front_end.click(front_end.find("Button", description="Clear"))
    assert front_end.says("0 selected")


def test_a_tab_shows_its_chart_above_the_table_and_only_that_one_exists(front_end):
    tabs = front_end.find("ToggleButtons")
    labels = front_end.models[tabs]["_options_labels"]
    before = len(front_end.models)
    front_end.change(tabs, index=labels.index("Scatter"))
    assert len(front_end.models) > before
    outputs = [one for one in front_end.models.values() if one.get("_model_name") == "OutputModel"]
    assert len(outputs) == 1
    assert "application/vnd.plotly.v1+json" in outputs[0]["outputs"][0]["data"]
    front_end.change(tabs, index=0)
    count = len(front_end.models)
    front_end.change(tabs, index=labels.index("Scatter"))
    assert len(front_end.models) == count  # made once
    assert len(runs(front_end)) == 4  # the table stays


def test_every_tab_opens_without_a_refusal_and_has_its_words(front_end):
    tabs = front_end.find("ToggleButtons")
    for at in range(len(front_end.models[tabs]["_options_labels"])):
        front_end.change(tabs, index=at)
        assert not front_end.says("unexpected:"), front_end.models[tabs]["_options_labels"][at]
    assert front_end.run("print(view.text())").error is None


def test_a_view_is_saved_opened_and_deleted_by_its_name(front_end):
    name = front_end.find("Combobox", description="View")
    front_end.change(front_end.find("Text", description="Filter"), value="params.C < 1")
    front_end.change(name, value="small C")
    front_end.click(front_end.find("Button", description="Save"))
    assert front_end.says("saved as small C")
    assert list(front_end.models[name]["options"]) == ["small C"]
    front_end.change(front_end.find("Text", description="Filter"), value="")
    front_end.click(front_end.find("Button", description="Open"))
    assert runs(front_end) == ["run 0.01", "run 0.0001"]
    assert front_end.models[front_end.find("Text", description="Filter")]["value"] == "params.C < 1"
    front_end.click(front_end.find("Button", description="Delete"))
    assert list(front_end.models[name]["options"]) == []
    front_end.click(front_end.find("Button", description="Open"))
    assert front_end.says("No saved view &#x27;small C&#x27;")


def test_the_runs_are_written_as_csv_beside_the_notebook_once(front_end):
    front_end.change(front_end.find("Text", description="File"), value="iris.csv")
    front_end.click(front_end.find("Button", description="Write CSV"))
    assert front_end.says("4 runs in iris.csv")
    with (front_end.folder / "iris.csv").open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["elsewhere", "run 1", "run 0.01", "run 0.0001"]
    front_end.click(front_end.find("Button", description="Write CSV"))
    assert front_end.says("iris.csv was not written: it is there already")


def test_new_runs_come_with_refresh(front_end):
    front_end.run("%%track late -e iris --quiet\nC = 3")
    assert len(runs(front_end)) == 4
    front_end.click(front_end.find("Button", description="Refresh"))
    assert runs(front_end)[0] == "late"
    front_end.run("view.model.ledger.delete(view.model.runs()[0].id, who='ada')")


def test_looking_is_not_recorded_as_the_doing_of_a_cell(front_end):
    front_end.run("%%track looks -e looks --quiet\nother = nbledger.compare(experiment='iris')\nother.text()")
    done = front_end.run(
        "run = nbledger.open().runs(experiment='looks')[0]\n"
        "print(dict(run.params), dict(run.metrics), [edge.name for edge in nbledger.open().used(run.id)])"
    )
    assert done.stdout.strip() == "{'experiment': 'iris'} {} ['nbledger']"  # what the cell itself says, and no more


def test_names_from_outside_stay_text_in_every_widget(front_end):
    front_end.models.clear()
    done = front_end.run("evil = nbledger.compare(experiment='evil')\nevil.model.change(only_differing=False)\nevil")
    assert XSS not in done.displays[1]["text/html"]
    front_end.run("evil.model.change(columns=[column.name for column in evil.model.available()])")
    front_end.run(f"evil.model.sort('metrics.{XSS}')")
    tabs = front_end.find("ToggleButtons")
    for at in range(len(front_end.models[tabs]["_options_labels"])):
        front_end.change(tabs, index=at)
        for one in front_end.models.values():
            if one.get("_model_name") == "HTMLModel":
                assert XSS not in one["value"]
            assert not one.get("description_allow_html", False)
    front_end.run("evil.model.change(tab='table')")
