"""The view of a lineage: what is hidden, folded, searched and picked, and its three forms."""

from __future__ import annotations

import json

import pytest

from nbledger.cli import run_in_notebook
from nbledger.lineage.targets import TargetNotFound
from nbledger.widgets.lineage import LineageView
from nbledger.widgets.lineage_model import LineageModel
from tests.lineage.recorded import Recorded

XSS = "<img src=x onerror=alert(1)>"


@pytest.fixture
def ledger(fresh_ledger):
    """raw -> df -> X, y -> model, twice over; df -> summary."""
    cells = Recorded(fresh_ledger)
    cells.cell("raw = load()", made={"raw": [1]})
    cells.cell("df = clean(raw)", used={"raw": [1]}, made={"df": [2]})
    cells.cell("X = df[:1]\ny = df[1:]", used={"df": [2]}, made={"X": [3], "y": [4]})
    cells.cell("model = fit(X, y)", used={"X": [3], "y": [4]}, made={"model": [5]})
    cells.cell("summary = describe(df)", used={"df": [2]}, made={"summary": [6]})
    return fresh_ledger


def labels(model):
    return {node.label.partition(" ")[0] if node.kind == "cell" else node.label for node in model.shown()[0]}


def joined(model):
    names = {n.id: n.label.partition(" ")[0] if n.kind == "cell" else n.label for n in model.shown()[0]}
    return {(names[one], names[other]) for one, other in model.shown()[1]}


def id_of(model, label):
    return next(n.id for n in model.network.nodes if n.label == label or n.label.startswith(f"{label} "))


def test_hiding_a_kind_joins_what_lay_on_both_sides(ledger):
    model = LineageModel(ledger, "model", direction="why")
    model.hide({"cell"})
    assert labels(model) == {"raw", "df", "X", "y", "model"}
    assert joined(model) == {("raw", "df"), ("df", "X"), ("df", "y"), ("X", "model"), ("y", "model")}
    model.hide({"value"})
    assert labels(model) == {"[1]", "[2]", "[3]", "[4]", "model"}
    assert ("[3]", "[4]") in joined(model)


def test_folding_hides_what_only_leads_to_a_node_and_unfolding_brings_it_back(ledger):
    model = LineageModel(ledger, "model", direction="why")
    whole = labels(model)
    model.select(id_of(model, "df"))
    assert model.foldable
    model.fold(model.selected)
    assert labels(model) == whole - {"raw", "[1]", "[2]"}
    model.select(id_of(model, "X"))
    assert not model.foldable  # y leads to the same cells
    model.fold(id_of(model, "df"))
    assert labels(model) == whole


def test_searching_marks_names_and_code_and_picks_the_nearest(ledger):
    model = LineageModel(ledger, "model")
    model.search("DF")
    assert {model.network.node(id).label.partition(" ")[0] for id in model.matches()} == {"df", "[2]", "[3]"}
    assert model.network.node(model.selected).label.startswith("[3]")
    model.search("")
    assert model.matches() == set()


def test_another_direction_and_another_target_are_asked_for_and_a_wrong_one_changes_nothing(ledger):
    model = LineageModel(ledger, "df")
    told = []
    model.on_change(lambda: told.append(1))
    model.ask(direction="impact")
    assert labels(model) == {"df", "X", "y", "[3]", "[4]", "[5]"}
    model.center_on(id_of(model, "[4]"))
    assert model.network.node(model.network.center).label.startswith("[4]")
    before = model.network
    with pytest.raises(TargetNotFound):
        model.ask("nosuch")
    assert model.network is before
    assert len(told) == 2


def test_the_nearest_nodes_are_shown_and_more_when_asked(fresh_ledger):
    cells = Recorded(fresh_ledger)
    cells.cell("v0 = 0", made={"v0": [0]})
    for n in range(1, 60):
        cells.cell(f"v{n} = v{n - 1}", used={f"v{n - 1}": [n - 1]}, made={f"v{n}": [n]})
    view = LineageView.of(fresh_ledger, "v59")
    assert len(view.model.shown()[0]) == 60
    assert view.model.left == 60
    assert "60 more nodes further away" in view.html()
    view.model.show_more()
    assert len(view.model.shown()[0]) == 120
    assert len(view.html()) < 200_000
    # A node that is picked is seen however far away it is.
    model = LineageModel(fresh_ledger, "v59")
    model.select(id_of(model, "v0"))
    assert model.selected in {node.id for node in model.shown()[0]}


def test_names_and_code_stay_text_in_every_form(fresh_ledger):
    cells = Recorded(fresh_ledger)
    cells.cell(f"data = '{XSS}'", made={"data": [1]}, files=[], name=XSS)
    (fresh_ledger.root / XSS.replace("/", "")).write_text("1")
    cells.cell(f"out = read('{XSS}')  # {XSS}", used={"data": [1]}, files=[XSS], made={"out": [2]}, name=XSS)
    view = LineageView.of(fresh_ledger, "out")
    for picked in view.model.network.nodes:
        view.model.select(picked.id)
        assert XSS not in view.html()
        assert "onerror=alert(1)&gt;" in view.html()
        assert XSS not in view.node_html() + view.head_html() + view.foot_html()
    assert XSS in view.text()
    view.model.search(XSS)
    assert XSS not in view.html() + view.foot_html()


def test_the_verb_says_the_same_as_text_and_json(ledger):
    text = run_in_notebook(["lineage", "model", "--why"], ledger)
    assert text == LineageView.of(ledger, "model", direction="why").text()
    data = json.loads(run_in_notebook(["lineage", "model", "--impact", "--json"], ledger))
    assert [node["label"] for node in data["nodes"]] == ["model"]
    views = []
    assert run_in_notebook(["lineage", "df"], ledger, views=views) == ""
    assert isinstance(views[0], LineageView)
    assert json.loads(run_in_notebook(["lineage", "df", "--json"], ledger, views=[]))["target"]["name"] == "df"
