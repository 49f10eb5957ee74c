"""Diffs, comparisons, lineage and figures over REST."""

from __future__ import annotations

import pytest

from nbledger_lab.answers.figures import KINDS


async def test_a_diff_says_what_changed_and_what_that_changed(ask, recorded):
    found = (await ask("diff", a=recorded.runs["first"], b=recorded.runs["second"])).data
    (param,) = found["params"]
    assert param == {"name": "C", "before": 0.5, "after": 5.0}
    (cell,) = found["code"]
    assert "-C = 0.5" in cell["unified"] and "+C = 5.0" in cell["unified"]
    assert found["metrics"][0]["comparable"] is True
    assert "C" in found["conclusion"]
    assert found["a"] == recorded.runs["first"]


async def test_a_diff_of_a_run_that_is_not_there_is_a_problem(ask, recorded):
    assert (await ask("diff", a=recorded.runs["first"], b="00000000")).status == 404
    missing = await ask("diff", a=recorded.runs["first"])
    assert missing.status == 400
    assert "'b'" in missing.data["detail"]


async def test_runs_are_compared_with_the_first_one(ask, recorded):
    runs = [recorded.runs["first"], recorded.runs["second"], recorded.runs["broken"]]
    found = (await ask("compare", run=runs)).data
    assert [run["name"] for run in found["runs"]] == ["first", "second", "broken"]
    rows = {(row["kind"], row["name"]): row for row in found["rows"]}
    accuracy = rows["metric", "accuracy"]
    assert accuracy["values"][2] is None
    assert accuracy["comparable"] == [True, True, True]
    assert rows["param", "C"]["values"] == [0.5, 5.0, None]
    assert rows["param", "tol"]["note"] == "every run left it at its default"
    assert rows["data", "train"]["values"][0] == rows["data", "train"]["values"][1]
    assert rows["attribute", "status"]["values"] == ["finished", "finished", "failed"]
    assert all(len(row["values"]) == len(row["gains"]) == 3 for row in found["rows"])


async def test_a_metric_of_other_data_is_not_compared(ask, project, add_run_to):
    add = add_run_to(project)
    runs = [add("one", metrics={"f1": 0.5}, judged_on="here"), add("two", metrics={"f1": 0.9}, judged_on="there")]
    found = (await ask("compare", path="copy", run=runs)).data
    (row,) = [row for row in found["rows"] if row["name"] == "f1"]
    assert row["comparable"] == [True, False]
    assert "judged on other data" in row["note"]
    told = (await ask("diff", path="copy", a=runs[0], b=runs[1])).data["metrics"]
    assert (told[0]["comparable"], told[0]["why_not"]) == (False, "judged on other data")


async def test_too_many_runs_to_compare_are_refused(ask, recorded):
    assert (await ask("compare", run=[f"{at:032x}" for at in range(51)])).status == 400
    assert (await ask("compare")).status == 400


async def test_lineage_leads_from_a_metric_to_the_file(ask, recorded):
    found = (await ask("lineage", path="train.ipynb", of="metric:accuracy")).data
    nodes = {node["id"]: node for node in found["nodes"]}
    kinds = {node["kind"] for node in found["nodes"]}
    assert {"cell", "file", "data", "metric"} <= kinds
    (file,) = [node for node in found["nodes"] if node["kind"] == "file"]
    assert file["label"] == "data.csv"
    assert found["center"] in nodes
    for edge in found["edges"]:
        assert nodes[edge["source"]]["layer"] < nodes[edge["target"]]["layer"]
    assert "data.csv" in found["text"]
    assert found["truncated"] == ""


async def test_lineage_leads_from_a_file_to_the_alias_of_a_model(ask, recorded):
    found = (await ask("lineage", of="file:data.csv", direction="impact")).data
    assert "alias:churn@champion" in {node["id"] for node in found["nodes"]}
    back = (await ask("lineage", of="churn@champion")).data
    assert "data.csv" in {node["label"] for node in back["nodes"]}
    assert "alias:churn@champion" in {node["id"] for node in back["nodes"]}


async def test_what_nobody_recorded_is_told_so(ask, recorded):
    missing = await ask("lineage", of="var:nobody")
    assert missing.status == 404
    assert missing.data["remedy"]
    assert (await ask("lineage", of="")).status == 400
    assert (await ask("lineage", of="churn/99")).status == 404


async def test_every_kind_of_figure_is_drawn_or_says_why_not(ask, recorded):
    kinds = (await ask("figures")).data["items"]
    assert {kind["name"] for kind in kinds} == set(KINDS)
    runs = [recorded.runs["first"], recorded.runs["second"]]
    for kind in kinds:
        options = {"model": "churn"} if kind["name"] == "history" else {}
        if kind["name"] in ("distribution", "sweep_progress"):
            continue
        answer = await ask(f"figures/{kind['name']}", run=runs, **options)
        assert answer.status == 200, answer.raw
        assert answer.data["description"]
        assert {"data", "layout", "config"} == set(answer.data["figure"])


async def test_a_figure_takes_its_options_with_their_types(ask, recorded):
    scatter = await ask("figures/scatter", x="params.C", y="metrics.accuracy", log_x=True)
    assert scatter.data["figure"]["layout"]["xaxis"]["type"] == "log"
    for name, options in (
        ("scatter", {"log_x": "perhaps"}),
        ("learning", {"smoothing": 3, "run": [recorded.runs["first"]]}),
        ("learning", {"band": "wide"}),
        ("distribution", {"column": "a"}),
        ("sweep_progress", {}),
    ):
        assert (await ask(f"figures/{name}", **options)).status == 400, name
    assert (await ask("figures/nothing")).status == 404


async def test_the_distribution_of_a_column_is_drawn_from_stored_or_recorded_data(ask, recorded):
    run = (await ask(f"runs/{recorded.runs['first']}")).data
    train = next(use for use in run["data"] if use["name"] == "train")
    answer = await ask("figures/distribution", version=train["hash"], column="a")
    assert answer.status == 200
    assert answer.data["description"]
    missing = await ask("figures/distribution", version="abcd", column="a")
    assert missing.status == 404


@pytest.mark.parametrize("name", ["sweeps", "pipelines"])
async def test_without_sweeps_and_pipelines_their_lists_are_empty(ask, recorded, name):
    assert (await ask(name)).data == {"total": 0, "offset": 0, "items": []}
    assert (await ask(f"{name}/{recorded.runs['first']}")).status == 404
