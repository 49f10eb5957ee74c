"""A promotion or rollback that is looked at before it is made."""

from __future__ import annotations

import pytest
from sklearn.linear_model import Ridge

from nbledger.cli import run_in_notebook
from nbledger.registry import NoRollback, SeveralModels, promote
from nbledger.registry.overview import model_overview, overview, overview_text
from nbledger.registry.planned import carry_out, plan_promotion, plan_rollback
from nbledger.registry.promotion import PromotionConflict, PromotionRefused


def ridge(slope):
    return Ridge(alpha=1e-9).fit([[0.0], [1.0], [2.0]], [0.0, slope, 2 * slope])


@pytest.fixture
def ledger(fresh_ledger, add_run):
    """Two versions of a model; the second is champion."""
    for slope in (1.0, 2.0):
        run = add_run(f"slope {slope}", models={"model": ridge(slope)}, metrics={"f1": slope / 10})
        promote(fresh_ledger, "churn", fresh_ledger.run(run), alias="champion", who="ada", reason=f"s{slope}",
                gates=["f1 >= 0.05"])  # fmt: skip
    return fresh_ledger


def counts(ledger):
    tables = ("model_version", "alias_event", "promotion", "audit")
    return [ledger.database.rows(f"SELECT count(*) FROM {name}")[0][0] for name in tables]


def test_a_plan_says_what_will_change_and_writes_nothing(ledger, add_run):
    before = counts(ledger)
    run = add_run("third", models={"model": ridge(3.0)}, metrics={"f1": 0.9})
    plan = plan_promotion(ledger, "churn", run=run, alias="@champion", gates=["f1 >= 0.5"], who="bob")
    assert plan.changes == (
        f"churn gets a new version 3: the model of run {run[:8]} (third).",
        "@champion moves from version 2 to version 3.",
        "What loads models:/churn@champion gets version 3 from then on.",
        "The promotion, what 1 gate said and an event of the audit are recorded as bob.",
        "No version, model or earlier record is changed or removed.",
    )
    assert (plan.allowed, plan.created, plan.moved, plan.previous, plan.number) == (True, True, True, 2, 3)
    assert counts(ledger) == before
    done = carry_out(ledger, plan, reason="better", who="bob")
    assert (done.version.number, ledger.aliases("churn")) == (3, {"champion": 3})
    assert ledger.alias_history("churn")[-1].reason == "better"


def test_a_version_is_promoted_again_by_its_number(ledger):
    plan = plan_promotion(ledger, "churn", version=1, alias="challenger")
    assert plan.changes[:2] == (
        "churn version 1 stays as it is: the same content was registered before.",
        "@challenger moves from no version to version 1.",
    )
    carry_out(ledger, plan)
    assert ledger.aliases("churn") == {"champion": 2, "challenger": 1}


def test_what_is_so_already_changes_nothing(ledger):
    plan = plan_promotion(ledger, "churn", version=2, alias="champion")
    assert plan.is_nothing
    assert plan.said == "Nothing changes: all is so already."


def test_a_plan_that_a_gate_refuses_says_so_and_carrying_it_out_is_refused(ledger):
    plan = plan_promotion(ledger, "churn", version=1, alias="champion", gates=["f1 >= 0.15"])
    assert (plan.allowed, plan.said) == (False, "Refused: metric did not pass. Nothing changes.")
    with pytest.raises(PromotionRefused):
        carry_out(ledger, plan)
    waived = plan_promotion(ledger, "churn", version=1, alias="champion", gates=["f1 >= 0.15"], waive=["metric"],
                            reason="agreed")  # fmt: skip
    assert waived.allowed


def test_a_rollback_goes_to_the_version_before_and_says_it_first(ledger):
    before = counts(ledger)
    plan = plan_rollback(ledger, "churn", "champion")
    assert plan.changes[0] == "@champion moves from version 2 to version 1."
    assert counts(ledger) == before
    assert "dry run: nothing was written" in run_in_notebook(
        ["rollback", "churn", "--alias", "champion", "--dry-run"], ledger
    )
    assert counts(ledger) == before
    carry_out(ledger, plan, reason="fails")
    assert ledger.aliases("churn") == {"champion": 1}
    with pytest.raises(NoRollback):
        plan_rollback(ledger, "churn", "champion")


@pytest.mark.parametrize("action", ["promote", "rollback"])
def test_what_was_shown_is_not_made_when_the_alias_has_moved_since(ledger, add_run, action):
    plan = plan_rollback(ledger, "churn", "champion") if action == "rollback" else plan_promotion(
        ledger, "churn", version=1, alias="champion")  # fmt: skip
    run = add_run("third", models={"model": ridge(3.0)})
    promote(ledger, "churn", ledger.run(run), alias="champion")
    with pytest.raises(PromotionConflict, match="moved to version 3 while this promotion was judged against version 2"):
        carry_out(ledger, plan)
    assert ledger.aliases("churn") == {"champion": 3}


def test_a_run_with_several_models_needs_the_name_of_one(ledger, add_run):
    run = add_run("two", models={"a": ridge(4.0), "b": ridge(5.0)})
    with pytest.raises(SeveralModels):
        plan_promotion(ledger, "churn", run=run)
    carry_out(ledger, plan_promotion(ledger, "churn", run=run, which="b"))
    assert plan_promotion(ledger, "churn", version=3, alias="champion").which == "b"


def test_the_overview_has_versions_aliases_moves_and_gates(ledger):
    [one] = overview(ledger)
    assert (one.name, one.total, dict(one.aliases)) == ("churn", 2, {"champion": 2})
    assert [item.metrics["f1"] for item in one.versions] == [0.2, 0.1]
    assert [gate.status for gate in one.gates] == ["passed"]
    text = overview_text([model_overview(ledger, "churn")])
    for part in ("churn  2 versions", "@champion", "s2.0", "f1 = 0.2, wanted >= 0.05"):
        assert part in text
