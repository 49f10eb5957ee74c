"""Runs over REST, as the sidebar and the main area ask for them."""

from __future__ import annotations

import asyncio
import json
import math
import sys

import pytest


async def test_about_tells_the_ledger_and_what_this_user_may_do(ask, recorded):
    answer = await ask("about", path="train.ipynb")
    about = answer.data
    assert answer.status == 200
    assert (about["state"], about["ledger"], about["runs"]) == ("ok", ".nbledger", 3)
    assert (about["experiments"], about["experiment_count"]) == (["train"], 1)
    assert about["may"] == {"read": True, "write": True, "promote": True}
    assert about["role"] == "approver"


async def test_experiments_beyond_those_that_about_tells_are_counted_and_found(ask, project, add_run_to):
    record = add_run_to(project)
    for index in range(600):
        record(f"run {index}", experiment=f"exp {index:03}")
    about = (await ask("about", path="copy/train.ipynb")).data
    assert about["experiment_count"] == 601
    assert len(about["experiments"]) == 500
    assert about["experiments"][-1] == "train"  # the notebook's own is always told
    found = (await ask("experiments", path="copy", find="EXP 59", limit=4, offset=3)).data
    assert found == {"total": 10, "offset": 3, "items": ["exp 593", "exp 594", "exp 595", "exp 596"]}
    assert (await ask("experiments", path="copy", find="nowhere")).data["total"] == 0
    assert (await ask("experiments", path="copy")).data["total"] == 601


async def test_a_page_of_runs_has_the_latest_first_and_says_how_many_there_are(ask, recorded):
    page = (await ask("runs", path="train.ipynb", scope="notebook", limit=2)).data
    assert [run["name"] for run in page["items"]] == ["broken", "second"]
    assert (page["total"], page["offset"]) == (3, 0)
    rest = (await ask("runs", path="train.ipynb", scope="notebook", limit=2, offset=2)).data
    assert [run["name"] for run in rest["items"]] == ["first"]


async def test_runs_are_filtered_and_ordered_as_in_the_shell(ask, recorded):
    page = (await ask("runs", filter="params.C > 1", order_by="metrics.accuracy desc")).data
    assert [run["name"] for run in page["items"]] == ["second"]
    assert page["items"][0]["params"]["C"] == 5.0
    assert page["total"] == 1


async def test_a_wrong_filter_is_told_with_the_place_of_the_wrong_token(ask, recorded):
    answer = await ask("runs", filter="metrics.accuracy >")
    problem = answer.data
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == "urn:nbledger:problem:filter"
    assert problem["position"] == len("metrics.accuracy >")
    assert "\n" not in problem["detail"]


async def test_cells_that_nobody_tracked_are_listed_when_asked_for(ask, recorded):
    page = (await ask("runs", scope="ledger", untracked=True)).data
    assert page["total"] == 7
    assert any(not run["tracked"] for run in page["items"])


async def test_the_scope_of_an_experiment_is_that_of_the_notebook_unless_one_is_named(ask, recorded):
    assert (await ask("runs", path="train.ipynb", scope="experiment")).data["total"] == 3
    assert (await ask("runs", scope="experiment", experiment="other")).data["total"] == 0
    refused = await ask("runs", path="", scope="notebook")
    assert refused.status == 400
    assert "no notebook" in refused.data["detail"]


@pytest.mark.parametrize("scope", ["notebook", "experiment", "ledger"])
async def test_the_columns_to_choose_from_are_those_that_the_runs_have(ask, recorded, scope):
    columns = (await ask("columns", path="train.ipynb", scope=scope)).data
    assert {"C", "max_iter"} <= set(columns["params"])
    assert "accuracy" in columns["metrics"]
    assert "started_at" in columns["attributes"]


async def test_one_run_is_told_in_full(ask, recorded):
    run = (await ask(f"runs/{recorded.runs['second']}")).data
    assert run["code"].startswith("%%track second")
    (metric,) = run["all_metrics"]
    assert (metric["name"], metric["points"]) == ("accuracy", 1)
    assert metric["low"] is not None and metric["low"] <= metric["value"] <= metric["high"]
    assert metric["computed_on"].startswith("test[['a', 'b']], 100 rows (")
    chosen = {param["name"] for param in run["all_params"] if not param["is_default"]}
    assert chosen == {"C", "max_iter"}
    assert {("used", "train"), ("generated", "model")} <= {(use["role"], use["name"]) for use in run["data"]}
    assert run["models"] == [{"model": "churn", "version": 2, "aliases": ["champion"]}]
    assert "pandas" in run["environment"]["packages"]
    assert run["children"] == 0


async def test_a_failed_run_tells_its_error_as_text(ask, recorded):
    run = (await ask(f"runs/{recorded.runs['broken']}")).data
    assert run["error"] == "ValueError: <b>no</b>"
    assert "line 2" in run["error_detail"]
    assert run["status"] == "failed"


async def test_a_run_is_found_by_its_first_digits_and_missed_in_words(ask, recorded):
    assert (await ask(f"runs/{recorded.runs['first'][:10]}")).data["name"] == "first"
    missing = await ask("runs/00000000")
    assert missing.status == 404
    assert missing.data["type"] == "urn:nbledger:problem:not-found"
    assert (await ask("runs/nonsense")).status == 400


async def test_the_past_of_a_cell_is_listed_latest_first(ask, recorded):
    page = (await ask("cells/fit/runs", path="train.ipynb")).data
    assert [run["name"] for run in page["items"]] == ["second", "first"]
    assert page["total"] == 2
    assert (await ask("cells/fit/runs", path="")).status == 400


async def test_children_of_a_run_are_listed_whatever_they_are(ask, project, jp_serverapp, add_run_to):
    add = add_run_to(project)
    parent = add("parent", kind="notebook")
    child = add("child", parent=parent, tracked=False)
    page = (await ask("runs", path="copy", parent=parent, filter="name = 'child' or name = 'x'")).data
    assert [run["id"] for run in page["items"]] == [child]


async def test_numbers_that_json_lacks_come_as_text(ask, project, add_run_to):
    add = add_run_to(project)
    run = add("odd", metrics={"a": math.nan, "b": math.inf, "c": -math.inf}, params={"big": 1 << 70, "none": None})
    answer = await ask(f"runs/{run}", path="copy")
    assert answer.data["metrics"] == {"a": "NaN", "b": "Infinity", "c": "-Infinity"}
    assert answer.data["params"] == {"big": str(1 << 70), "none": None}
    json.loads(answer.raw, parse_constant=pytest.fail)


async def test_an_unchanged_list_is_not_sent_again(ask, project, add_run_to):
    first = await ask("runs", path="copy")
    tag = first.headers["ETag"]
    assert (await ask("runs", path="copy", headers={"If-None-Match": tag})).status == 304
    add_run_to(project)("one more")
    again = await ask("runs", path="copy", headers={"If-None-Match": tag})
    assert again.status == 200, (first.headers["ETag"], again.headers["ETag"])
    assert again.data["total"] == first.data["total"] + 1
    assert again.headers["ETag"] != tag


async def test_a_run_whose_process_died_is_told_as_interrupted_though_nobody_wrote(ask, project, monkeypatch):
    from nbledger_lab import shelf

    monkeypatch.setattr(shelf, "OPEN_SECONDS", 0.05)
    code = """
import sys, time
from nbledger.capture.identity import current_session
from nbledger.ledger import Ledger
from nbledger.records import RunStart, new_id
ledger = Ledger.open(sys.argv[1])
session, run = current_session("test"), new_id()
ledger.start_session(session)
ledger.start_run(RunStart(run, session.id, "script", time.time(), tracked=True))
print(run, flush=True)
time.sleep(60)
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(project.folder), stdout=-1)
    run = (await process.stdout.readline()).decode().strip()
    first = await ask(f"runs/{run}", path="copy")
    process.kill()
    await process.wait()
    await asyncio.sleep(0.1)
    assert first.data["status"] == "running"
    again = await ask(f"runs/{run}", path="copy", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 200, (first.headers["ETag"], again.headers["ETag"])
    assert again.data["status"] == "interrupted"


async def test_a_page_is_never_larger_than_its_bound(ask, recorded):
    assert (await ask("runs", limit=501)).status == 400
    assert (await ask("runs", limit=500)).status == 200
    assert (await ask("runs", offset=-1)).status == 400
    assert (await ask("runs", offset="1e9")).status == 400
    assert (await ask("runs", filter="x" * 4001)).status == 400
