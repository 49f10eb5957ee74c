"""Promotion is one transaction: all that stands behind it is written, or nothing; and a refusal is recorded."""

from __future__ import annotations

import importlib.metadata
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from sklearn.linear_model import Ridge

from nbledger.cli import run_in_notebook
from nbledger.ledger import Ledger, ObjectAltered
from nbledger.ledger.errors import ArtifactChanged
from nbledger.ledger.promotions import promotions
from nbledger.ledger.verification import verify
from nbledger.registry import (
    BadGate,
    GateContext,
    GateResult,
    NotApproved,
    NotWaived,
    PromotionConflict,
    PromotionRefused,
    RunDeleted,
    approve,
    judge,
    known_gates,
    parse_gate,
    promote,
    read_gates,
)
from nbledger.registry.approving import plan_approval
from nbledger.registry.gates import spec as gate_spec
from nbledger.registry.rollback import NoRollback, rollback


def ridge(slope):
    return Ridge(alpha=1e-9).fit([[0.0], [1.0], [2.0]], [0.0, slope, 2 * slope])


def slope_of(ledger, ref):
    return round(float(ledger.load(ref).predict([[1.0]])[0]))


@pytest.fixture
def ledger(fresh_ledger):
    return fresh_ledger


@pytest.fixture
def run(ledger, add_run):
    """A function that records a run with a model of its own and an accuracy."""

    def add(slope=1.0, accuracy=0.9, **more):
        return ledger.run(add_run("fit", models={"model": ridge(slope)}, metrics={"accuracy": accuracy}, **more))

    return add


def counts(ledger):
    tables = ("model_version", "alias_event", "promotion", "gate_result", "audit", "approval")
    return {table: ledger.database.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables}


# -- gates as they are asked for --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "name", "options"),
    [
        ("accuracy >= 0.9", "metric", {"condition": "accuracy >= 0.9"}),
        ("metric: metrics.accuracy>=0.9", "metric", {"condition": "metrics.accuracy>=0.9"}),
        ({"metric": "accuracy >= 0.9"}, "metric", {"condition": "accuracy >= 0.9"}),
        ("no-leakage", "no-leakage", {}),
        ({"no-leakage": None}, "no-leakage", {}),
        ("size: 5 MB", "size", {"limit": "5 MB"}),
        ("latency: ms=5, rows=100", "latency", {"ms": 5, "rows": 100}),
        ("better-than-champion: accuracy", "better-than-champion", {"metric": "accuracy"}),
        (
            {"better-than-champion": {"metric": "accuracy", "confidence": 0.99}},
            "better-than-champion",
            {"metric": "accuracy", "confidence": 0.99},
        ),
        ({"fairness": {"column": "sex", "max-gap": 0.2}}, "fairness", {"column": "sex", "max_gap": 0.2}),
        ("approval: by=ada", "approval", {"by": "ada"}),
    ],
)
def test_a_gate_is_a_name_and_options_in_text_or_yaml(item, name, options):
    found = parse_gate(item)
    assert (found.name, dict(found.options)) == (name, options)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("no-leakge", "did you mean 'no-leakage'"),
        ("better-than-champion", "it needs 'metric'"),
        ("size: limit=5, color=red", "no option 'color': it has limit"),
        ({"metric": "a >= 1", "size": 5}, "one name"),
        ("checks: all", "it has no options"),
        (["metric"], "one name"),
    ],
)
def test_a_gate_that_is_not_understood_is_refused_before_anything_is_judged(item, said):
    with pytest.raises(BadGate, match=said):
        parse_gate(item)


def test_the_gates_of_a_pipeline_file_are_read(tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text("name: churn\ngates:\n  - metric: accuracy >= 0.9\n  - no-leakage\n")
    assert [one.name for one in read_gates(path)] == ["metric", "no-leakage"]
    path.write_text("name: churn\n")
    with pytest.raises(BadGate, match="no list `gates:`"):
        read_gates(path)


def test_all_gates_of_the_documentation_are_installed():
    assert set(known_gates()) >= {
        "approval", "better-than-champion", "checks", "fairness", "latency", "metric", "no-leakage", "reproducible",
        "size",
    }  # fmt: skip


def test_nobody_else_s_gate_stands_in_for_one_of_ours(monkeypatch):
    theirs = importlib.metadata.EntryPoint("metric", "theirs:always", "nbledger.gates")
    ours = list(importlib.metadata.entry_points(group="nbledger.gates"))
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [*ours, theirs])
    found = gate_spec._entries.__wrapped__()
    assert found["metric"].value == "nbledger.registry.gates.metric:metric"


# -- judging ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("accuracy >= 0.9", "passed"),
        ("accuracy > 0.9", "failed"),
        ("metrics.accuracy <= 1", "passed"),
        ("accuracy == 0.9", "passed"),
        ("f1 >= 0.1", "error"),
        ("accuracy >= high", "error"),
    ],
)
def test_a_metric_is_held_against_a_limit(ledger, run, condition, status):
    [found] = judge(ledger, "churn", run(), [f"metric: {condition}"])
    assert found.status == status
    assert found.detail


def test_a_metric_that_is_not_a_number_passes_no_limit(ledger, run):
    candidate = run(accuracy=float("nan"))
    assert [one.ok for one in judge(ledger, "churn", candidate, ["accuracy >= 0", "accuracy < 1"])] == [False, False]


def test_the_metric_of_a_cell_counts_for_its_notebook_s_run(ledger, add_run):
    outer = add_run("notebook", kind="notebook")
    add_run("fit", models={"model": ridge(2.0)}, parent=outer)
    add_run("judge", metrics={"accuracy": 0.8}, parent=outer)
    done = promote(ledger, "churn", ledger.run(outer), alias="champion", gates=["accuracy >= 0.8"])
    assert done.version.run == outer
    assert done.gates[0].value == 0.8


def test_a_gate_that_raises_is_an_error_and_does_not_pass(ledger, run, monkeypatch):
    def broken(context: GateContext) -> GateResult:
        raise ZeroDivisionError("oh")

    def silly(context: GateContext) -> GateResult:
        return "yes"

    monkeypatch.setattr(gate_spec, "_load", {"broken": broken, "silly": silly}.__getitem__)
    found = judge(ledger, "churn", run(), ["broken", "silly"])
    assert [(one.status, one.ok) for one in found] == [("error", False), ("error", False)]
    assert "ZeroDivisionError: oh" in found[0].detail


def test_size_is_that_of_the_stored_bytes(ledger, run):
    small, large = judge(ledger, "churn", run(), ["size: 10", "size: 1 MB"])
    assert (small.status, large.status) == ("failed", "passed")
    assert large.value == ledger.stored(ledger.generated(ledger.runs()[0].id)[0].version).size


def test_latency_is_measured_on_the_loaded_model(ledger, run):
    fast, slow = judge(ledger, "churn", run(), ["latency: 60000 ms", "latency: ms=0.000001, rows=50"])
    assert (fast.status, slow.status) == ("passed", "failed")
    assert "50 rows of made-up numbers" in slow.detail


def test_checks_are_looked_for_upstream_of_the_model(ledger, add_run):
    outer = add_run("prepare", kind="notebook", tags={"nbledger.checks": "passed"})
    fit = ledger.run(add_run("fit", models={"model": ridge(1.0)}, parent=outer))
    assert judge(ledger, "churn", fit, ["checks"])[0].status == "passed"
    ledger.tag(outer, "nbledger.checks", "failed")
    [failed] = judge(ledger, "churn", fit, ["checks"])
    assert failed.status == "failed"
    assert "prepare" in failed.detail
    alone = ledger.run(add_run("fit", models={"model": ridge(1.5)}))
    [none] = judge(ledger, "churn", alone, ["checks"])
    assert none.status == "error"
    assert "nbledger expect" in none.detail


# -- one transaction --------------------------------------------------------------------------------------------


def test_a_promotion_records_all_that_stands_behind_it(ledger, run):
    first, second = run(1.0, 0.8), run(2.0, 0.9)
    promote(ledger, "churn", first, alias="champion", who="ada")
    done = promote(
        ledger, "churn", second, alias="champion", gates=["accuracy >= 0.85", "size: 1 MB"], who="bob", reason="better"
    )
    [new, old] = promotions(ledger, "churn")
    assert new.id == done.record
    assert (new.number, new.predecessor, new.alias, new.outcome) == (2, 1, "champion", "promoted")
    assert (new.who, new.reason, new.run) == ("bob", "better", second.id)
    assert new.artifact == ledger.stored(done.version.version).object
    assert new.slice is not None
    assert new.slice != old.slice
    assert new.alias_event == ledger.alias_history("churn")[-1].id
    assert [(one.gate, one.status, one.limit) for one in new.gates] == [
        ("metric", "passed", 0.85),
        ("size", "passed", 1_000_000),
    ]
    assert verify(ledger).ok


def test_a_refusal_is_recorded_and_nothing_moves(ledger, run):
    promote(ledger, "churn", run(1.0, 0.8), alias="champion")
    before = counts(ledger)
    with pytest.raises(PromotionRefused, match=r"accuracy = 0\.7, wanted >= 0\.85") as refused:
        promote(ledger, "churn", run(2.0, 0.7), alias="champion", gates=["accuracy >= 0.85", "size: 1 MB"], who="bob")
    assert refused.value.exit_code == 3
    assert ledger.aliases("churn") == {"champion": 1}
    after = counts(ledger)
    assert (after["model_version"], after["alias_event"]) == (before["model_version"], before["alias_event"])
    [record, _] = promotions(ledger, "churn")
    assert (record.outcome, record.number, record.predecessor, record.who) == ("refused", None, 1, "bob")
    assert [one.status for one in record.gates] == ["failed", "passed"]
    assert verify(ledger).ok


def test_a_refused_first_promotion_makes_no_model(ledger, run):
    with pytest.raises(PromotionRefused):
        promote(ledger, "churn", run(), alias="champion", gates=["accuracy >= 0.99"])
    assert ledger.models() == []
    assert promotions(ledger, "churn")[0].outcome == "refused"


def test_a_dry_run_writes_nothing(ledger, run):
    candidate = run()
    before = counts(ledger)
    done = promote(ledger, "churn", candidate, alias="champion", gates=["accuracy >= 0.5"], dry_run=True)
    assert (done.version.number, done.created, done.moved, done.refused) == (1, True, True, False)
    done = promote(ledger, "churn", candidate, alias="champion", gates=["accuracy >= 0.95"], dry_run=True)
    assert done.refused
    assert counts(ledger) == before


def test_a_waived_gate_is_recorded_with_who_and_why(ledger, run):
    options = {"alias": "champion", "gates": ["accuracy >= 0.95", "size: 1 MB"], "who": "bob"}
    with pytest.raises(NotWaived, match="reason"):
        promote(ledger, "churn", run(), waive=["metric"], **options)
    with pytest.raises(NotWaived, match="'latency' is not among"):
        promote(ledger, "churn", run(), waive=["latency"], reason="x", **options)
    promote(ledger, "churn", run(), waive=["metric"], reason="the labels are late", **options)
    [record] = promotions(ledger, "churn")
    assert [one.status for one in record.gates] == ["waived", "passed"]
    assert "waived by bob: the labels are late" in record.gates[0].detail


def test_of_several_gates_of_one_name_only_the_one_that_is_named_is_waived(ledger, run):
    gates = ["accuracy >= 0.95", "metric: accuracy <= 0.5", "size: 1 MB"]
    options = {"alias": "champion", "gates": gates, "reason": "the labels are late"}
    with pytest.raises(NotWaived, match=r"called 'metric': waive one of 'accuracy >= 0.95', 'accuracy <= 0.5'"):
        promote(ledger, "churn", run(), waive=["metric"], **options)
    with pytest.raises(PromotionRefused) as refused:
        promote(ledger, "churn", run(), waive=["accuracy >= 0.95"], **options)
    assert refused.value.names == "accuracy <= 0.5"
    assert "\naccuracy <= 0.5   failed  accuracy = 0.9" in refused.value.table
    done = promote(ledger, "churn", run(), waive=["accuracy >= 0.95", "accuracy <= 0.5"], **options)
    assert [one.status for one in done.gates] == ["waived", "waived", "passed"]


def test_a_model_whose_bytes_were_altered_is_not_promoted(ledger, run):
    candidate = run()
    stored = ledger.stored(ledger.generated(candidate.id)[0].version)
    path = ledger.objects.path(stored.object)
    path.chmod(0o644)
    path.write_bytes(b"something else")
    with pytest.raises(ObjectAltered):
        promote(ledger, "churn", candidate, alias="champion")
    assert ledger.models() == []


# -- two at once ------------------------------------------------------------------------------------------------


def test_an_alias_that_moved_while_gates_were_judged_is_not_moved_over(ledger, run, monkeypatch):
    first, second, third = run(1.0), run(2.0), run(3.0)
    promote(ledger, "churn", first, alias="champion")

    def meanwhile(context):
        promote(ledger, "churn", second, alias="champion", who="ada")
        return GateResult("meanwhile", "passed", "")

    monkeypatch.setattr(gate_spec, "_load", {"meanwhile": meanwhile}.__getitem__)
    with pytest.raises(PromotionConflict, match=r"moved to version 2 .* against version 1"):
        promote(ledger, "churn", third, alias="champion", gates=["meanwhile"])
    assert ledger.aliases("churn") == {"champion": 2}
    assert [version.number for version in ledger.model_versions("churn")] == [2, 1]


PROMOTE = """
import sys, time
from pathlib import Path
from nbledger.ledger import Ledger
from nbledger.registry import PromotionConflict, promote
from nbledger.registry.promotion import Move
ledger = Ledger.open(sys.argv[1])
run = ledger.run(sys.argv[2])
write = Move.write
import nbledger.ledger.writing as writing
once = writing.Writer.write
def judged_first(self, action, *given):
    if getattr(action, "__func__", None) is write:
        Path(sys.argv[3]).touch()
        until = time.monotonic() + 30
        while not Path(sys.argv[4]).exists() and time.monotonic() < until:
            time.sleep(0.001)
    return once(self, action, *given)
writing.Writer.write = judged_first
try:
    promote(ledger, "churn", run, alias="champion", gates=["accuracy >= 0.5"], who=sys.argv[5])
    print("promoted")
except PromotionConflict as conflict:
    print("conflict", conflict)
"""


def test_of_two_processes_that_promote_at_once_one_wins_and_the_other_is_told(ledger, run, tmp_path):
    promote(ledger, "churn", run(1.0), alias="champion")
    runs = [run(2.0), run(3.0)]
    go = tmp_path / "go"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROMOTE, str(ledger.root), one.id, str(tmp_path / f"ready{place}"), str(go), who],
            stdout=subprocess.PIPE,
            text=True,
        )
        for place, (one, who) in enumerate(zip(runs, ("ada", "bob"), strict=True))
    ]
    until = time.monotonic() + 60
    while not all((tmp_path / f"ready{place}").exists() for place in range(2)) and time.monotonic() < until:
        time.sleep(0.01)
    go.touch()
    said = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert said[1] == "promoted"
    assert said[0].startswith("conflict @champion of churn moved to version 2")
    assert ledger.aliases("churn") == {"champion": 2}
    assert len(ledger.alias_history("churn")) == 2
    assert verify(ledger).ok


KILLED = """
import sys
from nbledger.ledger import Ledger
from nbledger.registry import promote
ledger = Ledger.open(sys.argv[1])
runs = ledger.runs(order_by="started_at asc")
print("ready", flush=True)
for _ in range(1000):
    for run in runs:
        promote(ledger, "churn", run, alias="champion", gates=["accuracy >= 0.5", "size: 1 MB"], reason="again")
        print("promoted", flush=True)
"""


@pytest.mark.fault
def test_a_process_killed_while_it_promotes_leaves_whole_promotions_only(ledger, run):
    for slope in (1.0, 2.0, 3.0):
        run(slope)
    drawn = random.Random(4)
    for _ in range(6):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(ledger.root)], stdout=subprocess.PIPE, text=True)
        with process:
            for _ in range(drawn.randint(1, 4)):
                assert process.stdout.readline()
            time.sleep(drawn.uniform(0.0, 0.02))
            process.send_signal(signal.SIGKILL)
        with closing(Ledger.open(ledger.root)) as again:
            found = verify(again)
            assert found.ok, found.breaks
            moved = again.database.rows("SELECT id FROM alias_event ORDER BY id")
            told = again.database.rows("SELECT alias_event FROM promotion WHERE alias_event IS NOT NULL ORDER BY 1")
            gates = again.database.rows("SELECT count(*) FROM gate_result GROUP BY promotion")
            assert moved == told
            assert set(gates) <= {(2,)}
    assert counts(ledger)["promotion"] > 3


# -- rollback and time ------------------------------------------------------------------------------------------


def test_after_a_rollback_the_bytes_are_those_of_the_earlier_version(ledger, run):
    for slope in (1.0, 2.0, 3.0):
        promote(ledger, "churn", run(slope), alias="champion")
    earlier = ledger.stored(ledger.model_version("churn", 2).version).object
    assert slope_of(ledger, "models:/churn@champion") == 3
    done = rollback(ledger, "churn", "champion", who="ada", reason="version 3 fails on new customers")
    assert (done.version.number, done.previous.number, done.moved, done.created) == (2, 3, True, False)
    assert slope_of(ledger, "models:/churn@champion") == 2
    assert ledger.stored(ledger.model_version("churn", "champion").version).object == earlier
    [record, *_] = promotions(ledger, "churn")
    assert (record.outcome, record.number, record.predecessor, record.artifact) == ("rolled_back", 2, 3, earlier)
    assert verify(ledger).ok


def test_a_second_rollback_goes_on_to_what_was_before(ledger, run):
    for slope in (1.0, 2.0, 3.0):
        promote(ledger, "churn", run(slope), alias="champion")
    assert [rollback(ledger, "churn", "champion").version.number for _ in range(2)] == [2, 1]
    with pytest.raises(NoRollback, match="version 1 is the first"):
        rollback(ledger, "churn", "champion")


def test_a_rollback_goes_only_where_the_alias_has_been(ledger, run):
    promote(ledger, "churn", run(1.0), alias="champion")
    promote(ledger, "churn", run(2.0), alias="challenger")
    promote(ledger, "churn", run(3.0), alias="champion")
    with pytest.raises(NoRollback, match=r"never held version 2 \(it held 1, 3\)"):
        rollback(ledger, "churn", "champion", to=2)
    with pytest.raises(NoRollback, match="already"):
        rollback(ledger, "churn", "champion", to=3)
    with pytest.raises(NoRollback, match="never set"):
        rollback(ledger, "churn", "nobody")
    with pytest.raises(Exception, match="nosuch"):
        rollback(ledger, "nosuch", "champion")
    assert rollback(ledger, "churn", "@champion", to=1).version.number == 1


def test_a_rollback_to_bytes_that_were_altered_moves_nothing(ledger, run):
    for slope in (1.0, 2.0):
        promote(ledger, "churn", run(slope), alias="champion")
    path = ledger.objects.path(ledger.stored(ledger.model_version("churn", 1).version).object)
    path.chmod(0o644)
    path.write_bytes(b"something else")
    with pytest.raises(ObjectAltered):
        rollback(ledger, "churn", "champion")
    assert ledger.aliases("churn") == {"champion": 2}


def test_which_version_was_champion_then(ledger, run):
    first = promote(ledger, "churn", run(1.0), alias="champion")
    between = time.time()
    time.sleep(0.02)
    promote(ledger, "churn", run(2.0), alias="champion")
    assert ledger.aliases_at("churn", first.version.created_at - 60) == {}
    assert ledger.aliases_at("churn", between)["champion"].number == 1
    assert ledger.aliases_at("churn", time.time())["champion"].number == 2


def test_a_version_that_leads_to_other_bytes_than_were_promoted_is_not_loaded(ledger, run):
    for slope in (1.0, 2.0):
        promote(ledger, "churn", run(slope), alias="champion")
    first, second = (ledger.model_version("churn", number).version for number in (1, 2))
    other = ledger.stored(first)
    ledger.database.connection().execute(
        "UPDATE stored_version SET object = ?, size = ? WHERE version = (SELECT key FROM version WHERE hash = ?)",
        (other.object, other.size, second),
    )
    with pytest.raises(ArtifactChanged, match="nbledger verify"):
        ledger.load("models:/churn@champion")
    assert slope_of(ledger, "models:/churn/1") == 1


# -- approval ---------------------------------------------------------------------------------------------------


def test_the_author_s_own_approval_does_not_count(ledger, run):
    candidate = run()
    gates = ["approval"]
    with pytest.raises(PromotionRefused, match="nbledger approve churn --run"):
        promote(ledger, "churn", candidate, alias="champion", gates=gates, who="bob")
    approve(ledger, "churn", run=candidate.id, who="ada")  # the fixture's session is ada's
    with pytest.raises(PromotionRefused, match="ada is the author"):
        promote(ledger, "churn", candidate, alias="champion", gates=gates, who="bob")
    approve(ledger, "churn", run=candidate.id, who="eve", note="looked at the errors")
    done = promote(ledger, "churn", candidate, alias="champion", gates=gates, who="bob")
    assert done.gates[0].detail == "approved by eve"
    assert verify(ledger).ok


def test_a_shared_login_of_the_author_s_account_is_the_author(ledger, run):
    candidate = run()
    approve(ledger, "churn", run=candidate.id, who="ada (shared Jupyter login)")
    assert "is the author" in judge(ledger, "churn", candidate, ["approval"])[0].detail
    approve(ledger, "churn", run=candidate.id, who="adam (shared Jupyter login)")
    assert judge(ledger, "churn", candidate, ["approval"])[0].ok


def test_an_approval_is_shown_before_it_is_given_and_says_whether_it_counts(ledger, run):
    promote(ledger, "churn", run(), who="bob")
    version = ledger.model_version("churn", 1)
    before = ledger.database.rows("SELECT count(*) FROM audit")
    plan = plan_approval(ledger, "churn", 1, who="eve")
    assert plan.changes == (
        f"eve approves churn version 1: content {version.version[:12]}, made by run {version.run[:8]}.",
        "The gate approval counts it, wherever this very content is promoted. No alias moves by it.",
        "The approval and an event of the audit are recorded as eve.",
    )
    for author in ("ada", "bob"):
        own = plan_approval(ledger, "churn", 1, who=author)
        assert not own.counts
        assert "another person than the author (ada, bob)" in own.changes[1]
    with pytest.raises(NotApproved):
        plan_approval(ledger, "churn", 1, who="eve", revoke=True)
    assert ledger.database.rows("SELECT count(*) FROM audit") == before
    approve(ledger, "churn", 1, who="eve")
    assert "approved it already" in plan_approval(ledger, "churn", 1, who="eve").changes[0]
    assert "no longer approves" in plan_approval(ledger, "churn", "1", who="eve", revoke=True).changes[0]


def test_an_approval_is_for_the_content_and_can_be_taken_back(ledger, run):
    candidate, other = run(1.0), run(2.0)
    approve(ledger, "churn", run=candidate.id, who="eve")
    assert not judge(ledger, "churn", other, ["approval"])[0].ok
    assert judge(ledger, "churn", candidate, ["approval: eve"])[0].ok
    assert not judge(ledger, "churn", candidate, ["approval: by=bob"])[0].ok
    assert not judge(ledger, "churn", candidate, [{"approval": {"count": 2}}])[0].ok
    with pytest.raises(NotApproved, match="bob has not approved"):
        approve(ledger, "churn", run=candidate.id, who="bob", revoke=True)
    approve(ledger, "churn", run=candidate.id, who="eve", revoke=True)
    assert not judge(ledger, "churn", candidate, ["approval"])[0].ok


def test_a_registered_version_is_approved_by_its_number(ledger, run):
    candidate = run()
    promote(ledger, "churn", candidate, who="ada")
    approve(ledger, "churn", 1, who="eve")
    assert judge(ledger, "churn", candidate, ["approval"])[0].ok


# -- numbers are never reused -----------------------------------------------------------------------------------


def test_a_version_s_number_is_never_used_again_even_when_its_run_is_deleted(ledger, run):
    first = run(1.0)
    promote(ledger, "churn", first, alias="champion")
    second = run(2.0)
    promote(ledger, "churn", second)
    ledger.delete(second.id)
    swept = ledger.gc(dry_run=False, grace=0.0)
    assert swept.kept == [second.id]
    assert [version.number for version in ledger.model_versions("churn")] == [2, 1]
    assert slope_of(ledger, "models:/churn/2") == 2
    assert promote(ledger, "churn", run(3.0)).version.number == 3
    assert verify(ledger).ok


def test_a_deleted_run_is_not_promoted_and_deleting_a_registered_one_says_that_it_stays(ledger, run):
    first = run(1.0)
    promote(ledger, "churn", first, alias="champion")
    text = run_in_notebook(["delete", first.id], ledger)
    assert "is version 1 of churn: the version, its model and this run stay through gc" in text
    with pytest.raises(RunDeleted, match="nbledger restore"):
        promote(ledger, "other", first)


# -- the command line -------------------------------------------------------------------------------------------


def shell(ledger, *words):
    environ = {**os.environ, "NBLEDGER_DIR": str(ledger.root)}
    return subprocess.run(
        [sys.executable, "-m", "nbledger.cli", *words], capture_output=True, text=True, env=environ, check=False
    )


def test_a_refusal_s_exit_code_is_3_with_the_table(ledger, run):
    candidate = run()
    words = ["promote", "churn", "--run", candidate.id, "--alias", "champion", "--gate", "accuracy >= 0.95"]
    dry = shell(ledger, *words, "--dry-run")
    assert (dry.returncode, "refused" in dry.stdout, "nothing was written" in dry.stdout) == (3, True, True)
    done = shell(ledger, *words, "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["gates"][0]["status"] == "failed"
    assert "wanted >= 0.95" in done.stderr
    fine = shell(ledger, *words[:-1], "accuracy >= 0.5")
    assert fine.returncode == 0, fine.stderr
    assert "wanted >= 0.5" in fine.stdout


def test_models_tells_of_aliases_times_and_promotions(ledger, run):
    promote(ledger, "churn", run(1.0), alias="champion", gates=["accuracy >= 0.5"], who="ada", reason="first")
    with pytest.raises(PromotionRefused):
        promote(ledger, "churn", run(2.0, 0.1), alias="champion", gates=["accuracy >= 0.5"])
    text = run_in_notebook(["models", "churn", "--promotions"], ledger)
    for part in ("promoted", "refused", "version 1 as @champion", "first", "wanted >= 0.5", "passed", "failed"):
        assert part in text
    assert "@champion" in run_in_notebook(["models", "churn", "--at", "2999-01-01"], ledger)
    assert "No alias stood then" in run_in_notebook(["models", "churn", "--at", "2001-01-01T10:00"], ledger)
    assert "ada" in run_in_notebook(["models", "churn", "--alias", "champion"], ledger)
    assert "never set" in run_in_notebook(["models", "churn", "--alias", "other"], ledger)
    with pytest.raises(Exception, match="is no time"):
        run_in_notebook(["models", "churn", "--at", "yesterday"], ledger)


def test_rollback_and_approve_say_what_they_did(ledger, run):
    for slope in (1.0, 2.0):
        promote(ledger, "churn", run(slope), alias="champion")
    assert "-> version 1 (was version 2)" in run_in_notebook(["rollback", "churn", "--alias", "champion"], ledger)
    assert "eve approves" in run_in_notebook(["approve", "churn", "1", "--who", "eve"], ledger)
    assert "no longer" in run_in_notebook(["approve", "churn", "1", "--who", "eve", "--revoke"], ledger)


def test_the_views_tell_of_promotions_in_plain_sql(ledger, run):
    promote(ledger, "churn", run(), alias="champion", gates=["accuracy >= 0.5"], who="ada")
    with closing(sqlite3.connect(ledger.path)) as plain:
        assert plain.execute("SELECT model, number, alias, outcome, who FROM promotions").fetchall() == [
            ("churn", 1, "champion", "promoted", "ada")
        ]
        assert plain.execute("SELECT gate, status, value, threshold FROM gate_results").fetchall() == [
            ("metric", "passed", 0.9, 0.5)
        ]
