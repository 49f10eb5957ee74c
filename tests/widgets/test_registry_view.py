"""The view of the registry: what it shows, and what it prepares before anything moves."""

from __future__ import annotations

import json

import pytest
from sklearn.linear_model import Ridge

from nbledger.cli import run_in_notebook
from nbledger.ledger import NotFound
from nbledger.registry import NoModel, promote, rollback
from nbledger.widgets.registry import RegistryView
from nbledger.widgets.registry_model import RegistryModel

XSS = "<img src=x onerror=alert(1)>"


def ridge(slope):
    return Ridge(alpha=1e-9).fit([[0.0], [1.0], [2.0]], [0.0, slope, 2 * slope])


@pytest.fixture
def ledger(fresh_ledger, add_run):
    """Two models: one with two versions, whose champion was rolled back."""
    for slope in (1.0, 2.0):
        run = add_run(XSS, models={"model": ridge(slope)}, metrics={XSS: slope, "f1": 0.5})
        promote(fresh_ledger, "churn", fresh_ledger.run(run), alias="champion", who=XSS, reason=XSS,
                gates=["f1 >= 0.4", "size: 5 MB"])  # fmt: skip
    rollback(fresh_ledger, "churn", "champion", reason=XSS, who="ada")
    run = add_run("other", models={"model": ridge(3.0)})
    promote(fresh_ledger, "another", fresh_ledger.run(run), alias="prod")
    return fresh_ledger


def test_every_model_is_shown_with_versions_gates_and_moves(ledger):
    view = RegistryView.of(ledger, "churn")
    html = view.html()
    for part in ("2 versions; @champion is version 1", "✓ passed", "f1 = 0.5, wanted &gt;= 0.4", "@prod is version 1"):
        assert part in html
    assert html.index("<h3>churn") < html.index("<h3>another")
    text = view.text()
    assert text.index("churn  2 versions") < text.index("another  1 version")
    assert RegistryView.of(ledger).model.model.name == "another"
    with pytest.raises(NotFound):
        RegistryView.of(ledger, "nosuch")


def test_the_gates_of_last_time_can_be_given_again(ledger):
    model = RegistryModel(ledger, "churn")
    assert model.gates == ("f1 >= 0.4", "size: limit=5 MB")
    assert model.prepare_promotion(version=2, alias="champion", gates="\n".join(model.gates)).allowed


def test_a_prepared_move_is_said_in_every_form_until_it_is_made_or_dropped(ledger):
    view = RegistryView.of(ledger, "churn")
    model = view.model
    model.prepare_promotion(version=2, alias="champion", reason="again")
    for form in (view.text(), view.html()):
        assert "Promotes churn@champion to version 2." in form
        assert "@champion moves from version 1 to version 2." in form
    model.cancel()
    assert "Promotes" not in view.text()
    model.prepare_promotion(version=2, alias="champion")
    model.confirm("again")
    assert "Promoted: churn@champion is version 2." in view.html()
    assert model.model.aliases == {"champion": 2}
    model.choose("another")
    assert "Promoted" not in view.text()


def test_a_refusal_leaves_nothing_to_confirm(ledger, add_run):
    model = RegistryModel(ledger, "churn")
    model.prepare_rollback("champion", 2)
    with pytest.raises(NoModel):
        model.prepare_promotion(run=add_run("without a model"), alias="champion")
    assert model.plan is None
    model.prepare_promotion(version=2, alias="champion", gates="f1 >= 0.9")
    view = RegistryView(model)
    view.live()
    assert view._widget._confirm.disabled
    assert "✗ failed" in view._widget._plan.value


def test_a_gate_is_waived_with_a_reason_that_can_be_given_before_it_is_judged(ledger):
    view = RegistryView.of(ledger, "churn")
    view.live()
    widget = view._widget
    assert widget._reason in widget.box.children
    widget._promote.version.value = 2
    widget._promote.gates.value = "f1 >= 0.9"
    widget._promote.waive.value = "metric"
    widget._promote.preview.click()
    assert "A waived gate needs a reason" in view._notice.value
    widget._reason.value = "agreed on 3 May"
    widget._promote.preview.click()
    assert "~ waived" in widget._plan.value
    widget._confirm.click()
    assert ledger.alias_history("churn")[-1].reason == "agreed on 3 May"


def test_a_model_is_registered_from_an_empty_registry(fresh_ledger, add_run):
    view = RegistryView.of(fresh_ledger)
    assert "No model is registered yet" in view.html()
    view.live()
    run = add_run("first", models={"model": ridge(1.0)})
    view.model.prepare_promotion(model="churn", run=run[:8], alias="champion")
    view.model.confirm()
    assert view.model.names == ["churn"]
    assert view._widget._name.value == "churn"


def test_names_and_reasons_stay_text_in_every_form(ledger):
    view = RegistryView.of(ledger, "churn")
    view.model.prepare_promotion(version=2, alias="champion")
    assert XSS not in view.html()
    assert "onerror=alert(1)&gt;" in view.html()
    view.live()
    widget = view._widget
    for one in (widget._versions, widget._gates, widget._moves, widget._plan):
        assert XSS not in one.value
    assert XSS in view.text()


def test_the_verb_says_the_same_as_text_and_json(ledger):
    text = run_in_notebook(["registry", "churn"], ledger)
    assert "churn  2 versions" in text
    assert "another" not in text
    data = json.loads(run_in_notebook(["registry", "--json"], ledger))
    assert [one["model"] for one in data] == ["another", "churn"]
    assert [one["outcome"] for one in data[1]["promotions"]] == ["rolled_back", "promoted", "promoted"]
    views = []
    run_in_notebook(["registry", "churn"], ledger, views=views)
    assert views[0].model.model.name == "churn"
