"""Sweeps and pipelines over REST, as they stand while others run them."""

from __future__ import annotations

import time

import jsonschema
import pytest

from nbledger.ledger import sweeps
from nbledger.records import Facts, Metric, RunEnd, RunError, RunStart, Tag, new_id
from nbledger_lab.schemas import SCHEMAS


def fits(data, name):
    jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    ).validate(data)


@pytest.fixture
def sweep(project, add_run_to):
    """A sweep of three trials: one is over, one failed, one is planned."""
    recording = add_run_to(project)
    ledger, session = recording.ledger, recording.session.id
    start = RunStart(new_id(), session, "sweep", time.time(), name="grid", notebook="train.ipynb", tracked=True)
    spec = {
        "notebook": "train.ipynb", "metric": "loss", "minimize": True, "trials": 3, "space": {"strategy": "grid"},
    }  # fmt: skip
    sweeps.plan(ledger, start, spec, [{"C": value} for value in (1, 2, 3)])
    for trial, failed in zip(sweeps.trials(ledger, start.id)[:2], (False, True), strict=True):
        attempt = new_id()
        begun = RunStart(trial.id, session, "trial", time.time(), name=f"trial {trial.number}", parent=start.id)
        sweeps.begin_attempt(ledger, begun, Facts(), attempt, "worker 1", None)
        error = RunError("ValueError", "no") if failed else None
        end = RunEnd(trial.id, time.time(), 1.0, "failed" if failed else "finished", error)
        facts = Facts() if failed else Facts(metrics=(Metric("loss", 0.25, time=time.time()),))
        sweeps.end_attempt(ledger, attempt, "failed" if failed else "finished", end=end, facts=facts)
    return start.id


async def test_a_sweep_is_listed_and_told_with_its_trials(ask, project, sweep):
    page = (await ask("sweeps", path="copy")).data
    (row,) = page["items"]
    fits(row, "SweepRow")
    assert (row["name"], row["metric"], row["minimize"], row["total"]) == ("grid", "loss", True, 3)
    assert row["counts"] == {"finished": 1, "failed": 1, "planned": 1}
    assert row["best"]["params"] == {"C": 1}
    told = (await ask(f"sweeps/{sweep}", path="copy")).data
    fits(told, "Sweep")
    assert [trial["status"] for trial in told["trials"]] == ["finished", "failed", "planned"]
    assert told["trials"][0]["value"] == 0.25
    figure = await ask("figures/sweep_progress", path="copy", run=[sweep])
    assert figure.status == 200
    assert "loss" in figure.data["description"]


async def test_trials_are_not_among_the_runs_unless_they_are_asked_for(ask, project, sweep):
    assert (await ask("runs", path="copy")).data["total"] == 3
    assert (await ask("runs", path="copy", kind="trial")).data["total"] == 2
    assert (await ask("runs", path="copy", parent=sweep)).data["total"] == 2


async def test_a_pipeline_is_told_with_its_steps(ask, project, add_run_to):
    recording = add_run_to(project)
    ledger, session = recording.ledger, recording.session.id
    run = new_id()
    ledger.start_run(RunStart(run, session, "pipeline", time.time(), name="daily", tracked=True))
    plan = b'{"steps": [{"name": "load", "notebook": "load.ipynb", "before": []}, {"name": "fit", "notebook": "fit.ipynb", "before": ["load"]}]}'
    key, size = ledger.objects.put_bytes(plan)
    from nbledger.pipeline.pipeline_record import PLAN
    from nbledger.records import Artifact

    ledger.record(run, Facts(artifacts=(Artifact(PLAN, key, size, "application/json"),), tags=(Tag("a", "b"),)))
    recording("load", kind="notebook", parent=run)
    (row,) = (await ask("pipelines", path="copy")).data["items"]
    fits(row, "PipelineRow")
    assert row["counts"] == {"finished": 1, "waiting": 1}
    told = (await ask(f"pipelines/{run}", path="copy")).data
    fits(told, "PipelineRun")
    assert [(step["name"], step["status"], step["before"], step["notebook"]) for step in told["steps"]] == [
        ("load", "finished", [], "load.ipynb"),
        ("fit", "waiting", ["load"], "fit.ipynb"),
    ]
