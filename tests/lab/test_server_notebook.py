"""What a notebook's cells show: badges, staleness, order, leakage, from a kernel that lives and from one that is gone."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from nbledger.ledger import Ledger
from tests.lab.conftest import CELLS


@pytest.fixture
def state(ask):
    async def read(path="train.ipynb"):
        found = (await ask("notebook", path=path)).data
        return found, {cell["cell_id"]: cell for cell in found["cells"]}

    return read


async def test_each_cell_shows_its_last_run_and_its_main_metric(state, recorded):
    found, cells = await state()
    fit = cells["fit"]
    assert (fit["run"]["name"], fit["runs"]) == ("second", 2)
    assert fit["metric"]["name"] == "accuracy"
    assert fit["metric"]["comparable"] is True
    assert fit["metric"]["lower_is_better"] is False
    assert fit["code"].startswith("%%track second")
    assert cells["boom"]["run"]["status"] == "failed"
    assert set(cells) == {"data", "early", "late", "fit", "leaky", "boom"}
    assert found["notebook"] == "train.ipynb"


async def test_each_cell_names_the_cells_whose_results_it_used(state, recorded):
    _, cells = await state()
    needs = {one["cell_id"]: set(one["names"]) for one in cells["fit"]["needs"]}
    assert needs == {"data": {"LogisticRegression", "accuracy_score", "test", "train"}}
    assert {one["cell_id"] for one in cells["early"]["needs"]} == {"data", "late"}
    assert all(one["files"] == [] for cell in cells.values() for one in cell["needs"])


async def test_a_cell_that_used_what_stands_below_it_is_out_of_order(state, recorded):
    _, cells = await state()
    assert "rows" in cells["early"]["out_of_order"]["reason"]
    assert "below" in cells["early"]["out_of_order"]["reason"]
    assert cells["fit"]["out_of_order"] is None


async def test_leakage_is_told_at_the_cells_that_it_takes(state, recorded):
    _, cells = await state()
    kinds = {leak["kind"] for leak in cells["leaky"]["leaks"]}
    assert "preprocessing" in kinds
    assert all(leak["message"] and leak["remedy"] for leak in cells["leaky"]["leaks"])
    assert cells["late"]["leaks"] == []


async def test_results_are_stale_when_their_file_is_another_one_and_say_what_to_run(state, recorded):
    data = recorded.folder / "data.csv"
    before = data.read_text()
    try:
        assert (await state())[1]["fit"]["stale"] is None
        data.write_text(before.replace("0,0,0", "0,1,0"))
        os.utime(data, (time.time() + 5, time.time() + 5))
        found, cells = await state()
        assert "data.csv" in cells["data"]["stale"]["reasons"][0]
        assert "stale" in cells["fit"]["stale"]["reasons"][0]
        assert cells["late"]["stale"] is None
        assert found["to_run"][0] == "data"
        assert found["to_run"].index("data") < found["to_run"].index("fit")
    finally:
        data.write_text(before)


async def test_editing_the_file_of_the_notebook_is_left_to_the_front_end(state, recorded):
    try:
        recorded.write({**CELLS, "fit": "C = 'edited'"})
        os.utime(recorded.folder / "train.ipynb", (time.time() + 5, time.time() + 5))
        assert (await state())[1]["fit"]["stale"] is None
    finally:
        recorded.write(CELLS)


async def test_a_kernel_that_lives_is_the_session_and_its_results_are_current(state, recorded):
    found, cells = await state()
    assert found["session"]
    assert all(cell["current"] for cell in cells.values())


async def test_after_the_kernel_nothing_is_current_and_nothing_stale(state, project):
    ledger = Ledger.open(project.folder)
    ledger.end_session(ledger.run(project.runs["first"]).session)
    ledger.close()
    (project.folder / "data.csv").write_text("a,b,y\n1,2,3\n")
    found, cells = await state("copy/train.ipynb")
    assert found["session"] is None
    assert cells["fit"]["run"]["name"] == "second"
    assert not any(cell["current"] or cell["stale"] for cell in cells.values())
    assert found["to_run"] == []


async def test_a_notebook_that_never_ran_has_no_cells(ask, project):
    shutil.copy(project.folder / "train.ipynb", project.folder / "new.ipynb")
    found = (await ask("notebook", path="copy/new.ipynb")).data
    assert found == {"notebook": "new.ipynb", "session": None, "cells": [], "to_run": []}


async def test_a_notebook_that_cannot_be_parsed_still_shows_its_runs(state, project):
    (project.folder / "train.ipynb").write_text('{"cells": 7}')
    _, cells = await state("copy/train.ipynb")
    assert cells["fit"]["runs"] == 2
    assert cells["early"]["out_of_order"] is None


async def test_a_server_below_the_project_finds_the_ledger_above_its_root(jp_configurable_serverapp, project):
    from nbledger_lab.places import find_place

    inner = project.folder / "notebooks"
    inner.mkdir()
    shutil.copy(project.folder / "train.ipynb", inner / "inner.ipynb")
    place = find_place(inner, "inner.ipynb")
    assert place.folder == project.folder / ".nbledger"
    assert place.shown == ".nbledger"
    assert place.notebooks() == ["notebooks/inner.ipynb"]


async def test_a_notebook_seen_through_a_linked_root_is_the_same_notebook(tmp_path, project):
    from nbledger_lab.places import find_place

    link = tmp_path / "link"
    link.symlink_to(project.folder)
    assert "train.ipynb" in find_place(link, "train.ipynb").notebooks()
