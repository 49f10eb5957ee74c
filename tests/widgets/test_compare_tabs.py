"""The tabs of a comparison: charts of the runs that the model shows, in step with it, and what is chosen in them."""

from __future__ import annotations

import asyncio
import json
import os
import re
from types import SimpleNamespace

import pytest

from nbledger.capture.hooks import calls
from nbledger.capture.identity import current_session
from nbledger.capture.recorder import Cell, Context, Recorder, TrackOptions
from nbledger.capture.writer import Writer
from nbledger.figures.theme import describe
from nbledger.widgets import selection
from nbledger.widgets.compare_model import CompareModel
from nbledger.widgets.compare_tabs import TABS
from nbledger.widgets.compare_tabs.options import Option, named, one_of
from nbledger.widgets.figure_box import PLOTLY
from nbledger.widgets.view import View
from tests.lineage.plain_session import PlainSession
from tests.widgets.front_end import FrontEnd

XSS = "<img src=x onerror=alert(1)>"
ALL = frozenset({"tab"})
KEYS = [tab.key for tab in TABS]


def fit(c):
    return (
        f"clf = LogisticRegression(C={c}).fit(X_train, y_train)\n"
        "acc = accuracy_score(y_test, clf.predict(X_test))\n"
        "auc = roc_auc_score(y_test, clf.predict_proba(X_test)[:, 1])\n"
        f"for step in range(8):\n    nbledger.metric('loss', {c} / (step + 1), step=step)"
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A ledger with three classifiers, then other data and a classifier and a regression on that."""
    folder, before = tmp_path_factory.mktemp("trained"), os.getcwd()
    os.chdir(folder)
    session = PlainSession()
    writer = Writer(current_session("python"), folder, print)
    recorder = Recorder(session.names, writer, Context("notebook.ipynb"), dict(session.names))
    runs = []

    def run(code, name=None):
        kept = TrackOptions(name=name, quiet=True, store_model=False, snapshot=("X_train",)) if name else None
        recorder.begin(Cell(code, (code,), None, len(runs) + 1), kept)
        error = session.execute(code)
        assert error is None, error
        runs.append(recorder.end(error).start.id)

    run(
        "import nbledger, numpy as np, pandas as pd\nfrom sklearn.linear_model import LogisticRegression, Ridge\n"
        "from sklearn.metrics import accuracy_score, mean_squared_error, roc_auc_score\n"
        "rng = np.random.default_rng(0)\nX = pd.DataFrame(rng.normal(size=(200, 3)), columns=list('abc'))\n"
        "y = (X.a + rng.normal(size=200) > 0).astype(int)\n"
        "X_train, X_test, y_train, y_test = X[:120], X[120:], y[:120], y[120:]"
    )
    for c in (0.01, 1, 10):
        run(fit(c), f"C is {c}")
    run("X_train, X_test = X_train.assign(a=X_train.a * 3), X[140:]\ny_test = y[140:]")
    run(fit(5), "other data")
    run("mse = mean_squared_error(y_test, Ridge().fit(X_train, y_train).predict(X_test))", XSS)
    yield SimpleNamespace(ledger=writer.ledger, runs=[*runs[1:4], *runs[5:]])
    writer.close()
    calls.uninstall()
    os.chdir(before)


@pytest.fixture
def model(trained):
    return CompareModel(trained.ledger)


@pytest.fixture
def tab_of(model):
    """A function that gives a tab of the model by its key, which follows the model as the comparison has it do."""

    def make(key, view=None):
        (kind,) = [tab for tab in TABS if tab.key == key]
        tab = kind(model, view or View())
        model.change(tab=key)
        model.on_change(tab.refresh)
        return tab

    return make


def shown(tab):
    """Return the figure that a tab's widget shows, as a front end gets it."""
    outputs = [one for one in widgets(tab.built) if one._model_name == "OutputModel"]
    return outputs[0].outputs[0]["data"][PLOTLY]


def widgets(widget):
    """Return a widget and all below it."""
    return [widget, *(found for child in getattr(widget, "children", ()) for found in widgets(child))]


def built(tab):
    tab.built = tab.widget()
    return tab


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "state",
    [
        {},
        {"filter": "metrics.acc > 2"},
        {"filter": "metrics.mse > 0"},
        {"selected": [0, 1, 3], "baseline": 2},
        {"selected": [4], "baseline": 4},
    ],
    ids=["all", "none", "one", "selected", "a regression"],
)
def test_each_tab_has_three_forms_in_every_state(trained, model, tab_of, key, state):
    known = {name: value for name, value in state.items() if name == "filter"}
    if "selected" in state:
        known["selected"] = [trained.runs[at] for at in state["selected"]]
        known["baseline"] = trained.runs[state["baseline"]]
    model.change(**known)
    tab = built(tab_of(key))
    assert tab.text().strip()
    assert XSS not in tab.html()
    assert "<script" not in tab.html()
    figure = tab.figure()
    if figure is not None:
        assert describe(figure)
        assert shown(tab)["data"] == json.loads(figure.to_json()).get("data", [])


@pytest.mark.parametrize("key", KEYS)
def test_an_empty_ledger_is_said(fresh_ledger, key):
    (kind,) = [tab for tab in TABS if tab.key == key]
    tab = kind(CompareModel(fresh_ledger), View())
    tab.widget()
    assert re.search(r"\b(no|none|nothing|there is|choose|too few)\b", tab.text().lower())


def test_keys_and_titles_tell_tabs_apart():
    assert len(set(KEYS)) == len({tab.title for tab in TABS}) == len(TABS) == 12


def test_options_are_what_there_is_and_a_choice_that_is_gone_falls_back(model, tab_of):
    tab = built(tab_of("scatter"))
    (x,) = [one for one in widgets(tab.built) if getattr(one, "description", "") == "x"]
    assert ("C", "params.C") in x.options
    x.value = "metrics.acc"
    assert shown(tab)["layout"]["xaxis"]["title"]["text"] == "acc"
    assert model.state.options["scatter"] == {"x": "metrics.acc"}
    model.set_option("scatter", "x", "params.gone")
    assert shown(tab)["layout"]["xaxis"]["title"]["text"] == "C"


@pytest.mark.parametrize(
    ("value", "kept"), [(["a", "x"], ("a",)), (["x"], ("a", "b")), ("a", ("a", "b")), (None, ("a", "b"))]
)
def test_of_many_choices_those_count_that_there_are(value, kept):
    assert Option("axes", "Axes", "many", ("a", "b"), (("A", "a"), ("B", "b"))).checked(value) == kept


@pytest.mark.parametrize(("value", "kept"), [(0.5, 0.5), (7, 0.99), (-1, 0.0), (float("nan"), 0.1), ("a", 0.1), (True, 0.1)])  # fmt: skip
def test_a_share_stays_between_its_bounds(value, kept):
    assert Option("smoothing", "", "share", 0.1).checked(value) == kept


def test_columns_of_one_name_are_told_apart():
    assert named(["metrics.f1", "params.f1", "params.C"]) == (
        ("metrics.f1", "metrics.f1"),
        ("params.f1", "params.f1"),
        ("C", "params.C"),
    )
    assert one_of("x", "x", ()).checked("y") is None


def test_what_does_not_matter_is_not_drawn_again(trained, model, tab_of, monkeypatch):
    tab = built(tab_of("importance"))
    first = shown(tab)
    made = []
    monkeypatch.setattr(tab, "drawn", lambda: made.append(1))
    model.change(selected=trained.runs[:2])
    model.change(page_size=50)
    assert (made, shown(tab)) == ([], first)


def test_a_tab_that_was_out_of_sight_is_sent_anew_and_a_new_one_once(model, tab_of):
    tab = built(tab_of("scatter"))
    first = shown(tab)
    tab.refresh(frozenset({"tab"}))  # what the comparison tells a tab right after it was made
    assert shown(tab) is first
    tab.refresh(frozenset({"tab"}))
    assert shown(tab) is not first
    assert shown(tab) == first


def test_what_is_selected_in_the_table_stands_out_in_every_chart(trained, model, tab_of):
    scatter, bars, curves, parallel = (built(tab_of(key)) for key in ("scatter", "bars", "curves", "parallel"))
    for tab in (scatter, bars, curves, parallel):
        tab.refresh(ALL)
    chosen = trained.runs[1]
    model.change(selected=[chosen], baseline=trained.runs[0])
    assert [one["customdata"] for one in shown(scatter)["data"] if one["name"] == "selected"] == [[chosen]]
    assert "baseline" in [one["name"] for one in shown(scatter)["data"]]
    (points,) = [one for one in shown(bars)["data"] if chosen in one["customdata"]]
    assert points["marker"]["size"][points["customdata"].index(chosen)] == max(points["marker"]["size"])
    assert [one["meta"]["run"] for one in shown(curves)["data"] if one["opacity"] == 1] == [chosen]
    (lines,) = shown(parallel)["data"]
    assert "cmin" in lines["line"]  # the others stand below the scale


def test_charts_name_their_view_so_that_runs_can_be_chosen_in_them(tab_of):
    view = View()
    figure = shown(built(tab_of("scatter", view)))
    assert figure["layout"]["meta"]["nbledger"] == {"view": view.id, "points": "customdata"}
    assert figure["layout"]["clickmode"] == "event+select"
    assert "lasso2d" not in figure["config"]["modeBarButtonsToRemove"]
    roc = shown(built(tab_of("roc", view)))
    assert "nbledger" not in roc["layout"]["meta"]
    assert "lasso2d" in roc["config"]["modeBarButtonsToRemove"]


def told(view, runs, how="replace", **more):
    """Tell the kernel's side of a choice, as a front end does."""
    selection._opened(None, {"content": {"data": {"view": view.id, "runs": runs, "how": how, **more}}})


def test_what_was_chosen_in_a_chart_is_selected_and_not_drawn_again(trained, model, tab_of):
    view = View()
    tab = built(tab_of("scatter", view))
    before = shown(tab)
    told(view, trained.runs[:2])
    assert model.state.selected == tuple(trained.runs[:2])
    assert shown(tab) is before
    model.change(selected=trained.runs[1:2])
    assert shown(tab) is not before


def test_a_click_on_a_curve_turns_its_run_on_and_off(trained, model, tab_of):
    view = View()
    tab = built(tab_of("curves", view))
    told(view, [trained.runs[0]], "toggle")
    assert [one["opacity"] for one in shown(tab)["data"]].count(1) == 1
    told(view, [trained.runs[1]], "toggle")
    told(view, [trained.runs[0]], "toggle")
    assert model.state.selected == (trained.runs[1],)


def test_brushes_are_kept_while_they_are_what_is_selected(trained, model, tab_of):
    view = View()
    tab = built(tab_of("parallel", view))
    before = shown(tab)
    told(view, trained.runs[:2], brushes={"params.C": [[-3, 0.1]], "bad": [[1, "x"]], "worse": 7})
    assert shown(tab) is before  # the chart shows its brushes itself
    saved = json.loads(json.dumps(model.state_data()))
    model.change(selected=trained.runs[2:3])
    assert "constraintrange" not in shown(tab)["data"][0]["dimensions"][0]
    assert "cmin" in shown(tab)["data"][0]["line"]
    model.restore(saved)
    assert shown(tab)["data"][0]["dimensions"][0]["constraintrange"] == [[-3, 0.1]]
    assert "cmin" not in shown(tab)["data"][0]["line"]
    model.change(selected=trained.runs[2:3])
    told(view, trained.runs[:2], brushes={"params.C": [[-3, 0.1]]})  # others were marked: drawn again, with the brush
    assert "constraintrange" in shown(tab)["data"][0]["dimensions"][0]


@pytest.mark.parametrize(
    "data",
    [None, [], {}, {"view": 1}, {"runs": ["a"], "how": "replace"}, {"runs": "a", "how": "replace"}, {"runs": [1], "how": "replace"},
     {"runs": [], "how": "burn"}, {"runs": ["a"] * 10_001, "how": "replace"}],
)  # fmt: skip
def test_a_message_that_is_none_does_nothing(trained, model, tab_of, data):
    view = View()
    built(tab_of("scatter", view))
    model.change(selected=trained.runs[:1])
    if isinstance(data, dict) and "view" not in data:
        data = {**data, "view": view.id} if len(data.get("runs", ())) != 1 or data["runs"] != ["a"] else data
    selection._opened(None, {"content": {"data": data}})
    assert model.state.selected == (trained.runs[0],)


def test_a_run_that_is_gone_is_refused_calmly(trained, model, tab_of):
    view = View()
    view._live = object()
    import ipywidgets

    view._notice = ipywidgets.HTML()
    built(tab_of("scatter", view))
    told(view, ["f" * 32])
    assert "ffffffff" in view._notice.value
    assert model.state.selected == ()


def test_intervals_other_data_and_how_often_it_was_used_are_in_the_bars(trained, model, tab_of):
    model.change(baseline=trained.runs[0])
    tab = built(tab_of("bars"))
    figure = shown(tab)
    assert [one["marker"]["symbol"] for one in figure["data"]] == ["circle", "x-open"]
    assert "error_x" in figure["data"][0]
    assert "was used to judge" in tab.text()


def test_without_a_baseline_the_odd_one_out_is_marked_in_bars_and_curves_as_in_the_table(trained, model, tab_of):
    bars = shown(built(tab_of("bars")))
    same, other = bars["data"]
    assert (len(same["y"]), other["customdata"]) == (3, [trained.runs[3]])
    roc = built(tab_of("roc"))
    marked = [one["meta"]["run"] for one in shown(roc)["data"] if "≠" in one["name"]]
    assert marked == [trained.runs[3]]
    assert "≠ judged on other evaluation data" in roc.text()
    model.change(baseline=trained.runs[3], selected=trained.runs[:1])
    assert [one["meta"]["run"] for one in shown(roc)["data"] if "≠" in one["name"]] == trained.runs[:1]


def test_curves_of_equal_params_become_one_line(model, tab_of):
    tab = built(tab_of("curves"))
    model.set_option("curves", "group", "name")
    assert {"C is 1", "other data"} <= {one.get("name") for one in shown(tab)["data"]}
    model.set_option("curves", "smoothing", 0.5)
    assert "Smoothed by 0.5" in tab.text()


def test_predictions_are_those_of_the_selected_runs(trained, model, tab_of):
    tab = built(tab_of("roc"))
    assert len(shown(tab)["data"]) == 4
    model.change(selected=trained.runs[:1])
    (line,) = shown(tab)["data"]
    assert line["meta"]["run"] == trained.runs[0]
    model.change(tab="confusion")
    matrix = built(tab_of("confusion"))
    model.change(selected=[trained.runs[4]])
    assert "no predicted classes" in matrix.text()


def test_code_is_shown_as_it_differs(trained, model, tab_of):
    model.change(baseline=trained.runs[0], selected=[trained.runs[1]])
    tab = built(tab_of("code"))
    page = tab.html()
    assert '<span class="nbl-out">-clf = LogisticRegression(C=0.01)' in page
    assert '<span class="nbl-in">+clf = LogisticRegression(C=1)' in page
    assert '<th scope="row">C</th><td>0.01</td><td>1</td>' in page
    assert tab.figure() is None
    model.set_option("code", "b", trained.runs[0])
    assert "Choose two different runs" in tab.text()
    model.set_option("code", "b", trained.runs[4])
    assert "&lt;img" in tab.html()


def test_data_is_shown_by_column_before_and_after(trained, model, tab_of):
    model.change(baseline=trained.runs[0], selected=[trained.runs[3]])
    tab = built(tab_of("data"))
    assert tab.value("column") == "X_train\na"
    before, after = shown(tab)["data"]
    assert before["type"] == after["type"] == "bar"
    assert "Recorded of a" in tab.html()
    model.set_option("data", "b", trained.runs[1])
    assert "no column of the data differs" in tab.text()


def test_content_that_was_not_kept_is_said(trained, model, tab_of):
    model.change(baseline=trained.runs[0], selected=[trained.runs[3]])
    tab = built(tab_of("data"))
    found = [value for _, value in next(one for one in tab.options() if one.name == "column").choices]
    kept = [value for value in found if not value.startswith("X_train")]
    if kept:
        model.set_option("data", "column", kept[0])
        assert "no distribution" in tab.text()


def test_new_runs_are_drawn_after_a_refresh(ledger, record):
    model = CompareModel(ledger)
    (kind,) = [tab for tab in TABS if tab.key == "scatter"]
    for number in range(3):
        record(f"r{number}", metrics={"f1": number / 3, "seconds": 1.0 + number}, lr=10.0**-number)
    tab = built(kind(model, View()))
    model.on_change(tab.refresh)
    model.refresh()
    assert len(shown(tab)["data"][0]["customdata"]) == 3
    record("late", metrics={"f1": 0.5, "seconds": 2.0}, lr=0.5)
    model.refresh()
    assert len(shown(tab)["data"][0]["customdata"]) == 4


def test_a_forest_grows_in_a_thread_and_its_figure_follows(ledger, record):
    for number in range(12):
        record(f"r{number}", metrics={"f1": number / 12}, lr=float(number), depth=number % 3)
    model = CompareModel(ledger)
    (kind,) = [tab for tab in TABS if tab.key == "importance"]

    async def looked_at():
        tab = built(kind(model, View()))
        model.change(tab="importance")
        said = tab.text()
        for _ in range(600):
            if "being computed" not in tab.text():
                break
            await asyncio.sleep(0.05)
        return said, tab

    said, tab = asyncio.run(looked_at())
    assert said == "Importance: being computed."
    assert tab.text().startswith("Importance of params for f1, from 12 runs")
    assert shown(tab)["data"][0]["type"] == "bar"


def test_a_figure_is_exported_beside_the_notebook(tab_of, project):
    view = View()
    tab = built(tab_of("scatter", view))
    every = widgets(tab.built)
    (name,) = [one for one in every if getattr(one, "description", "") == "Export as"]
    (button,) = [one for one in every if getattr(one, "description", "") == "Export"]
    name.value = "mine.html"
    button.click()
    assert "<html" in (project / "mine.html").read_text()
    assert any("written: mine.html" in getattr(one, "value", "") for one in every if one._model_name == "HTMLModel")


def test_figures_of_a_thousand_runs_stay_small(ledger, record):
    for number in range(60):
        record(
            f"trial {number}", metrics={"f1": (number * 7 % 60) / 60, "seconds": 1.0 + number}, lr=10.0 ** -(number % 5)
        )
    model = CompareModel(ledger)
    for kind in TABS:
        tab = kind(model, View())
        figure = tab.figure()
        if figure is not None:
            assert len(figure.to_json()) < 20_000, kind.key  # of 60 runs; of 1,000 in tests/figures


@pytest.fixture
def front_end(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    started = FrontEnd(tmp_path)
    yield started
    started.stop()


@pytest.mark.kernel
def test_a_choice_in_a_chart_reaches_a_real_kernel(front_end):
    filled = (
        "import nbledger\nfor number in range(4):\n    with nbledger.start_run(f'r{number}'):\n"
        "        nbledger.param('lr', 10.0**-number)\n        nbledger.metric('f1', number / 4)"
    )
    cells = ("%load_ext nbledger", filled, "view = nbledger.compare()\nview.model.change(tab='scatter')\nview")
    for cell in cells:
        done = front_end.run(cell)
        assert done.error is None, done.traceback
    (output,) = [one for one in front_end.models.values() if one.get("_model_name") == "OutputModel"]
    figure = output["outputs"][0]["data"][PLOTLY]
    data = {
        "view": figure["layout"]["meta"]["nbledger"]["view"],
        "runs": figure["data"][0]["customdata"][:2],
        "how": "replace",
    }
    opened = {"comm_id": "c" * 32, "target_name": selection.TARGET, "data": data}
    done = front_end._ask("comm_open", opened, 60)
    assert (done.error, done.stderr) == (None, "")
    assert front_end.says("2 selected")
    assert front_end.run(f"view.model.state.selected == {tuple(data['runs'])}").result["text/plain"] == "True"
    front_end._ask("comm_open", {**opened, "comm_id": "d" * 32, "data": {**data, "view": "gone"}}, 60)
    assert front_end.says("2 selected")
