"""What the interface writes: tags, hiding, a slice as a notebook, a reproduction."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re

import pytest

from nbledger.ledger import Ledger, audit


async def test_a_tag_is_set_and_the_later_one_holds(ask, project):
    run = project.runs["first"]
    assert (await ask(f"runs/{run}/tags", {"key": "stage", "value": "<i>1</i>"}, path="copy")).data["tags"] == {
        "stage": "<i>1</i>"
    }
    assert (await ask(f"runs/{run}/tags", {"key": "stage", "value": "2"}, path="copy")).data["tags"]["stage"] == "2"
    listed = (await ask("runs", path="copy", filter="tags.stage = '2'")).data
    assert [one["id"] for one in listed["items"]] == [run]


async def test_a_list_that_is_cut_says_so(ask, project, monkeypatch):
    from nbledger_lab.answers import detail

    run = project.runs["first"]
    assert (await ask(f"runs/{run}", path="copy")).data["truncated"] == ""
    monkeypatch.setattr(detail, "MOST_DATA", 2)
    await ask(f"runs/{run}/tags", {"key": "a", "value": "b"}, path="copy")
    found = (await ask(f"runs/{run}", path="copy")).data
    assert len(found["data"]) == 2
    assert re.fullmatch(r"the first 2 of \d+ uses of data", found["truncated"])


@pytest.mark.parametrize(
    "body",
    [
        {"key": "", "value": "x"},
        {"key": "a\nb", "value": "x"},
        {"key": "a\n", "value": "x"},
        {"key": "a", "value": "x\n"},
        {"key": "a", "value": "x\r\ny"},
        {"key": "a"},
    ],
)
async def test_a_tag_that_is_none_is_refused(ask, project, body):
    assert (await ask(f"runs/{project.runs['first']}/tags", body, path="copy")).status == 400


async def test_a_hidden_run_is_not_listed_and_comes_back(ask, project):
    run = project.runs["first"]
    said = (await ask(f"runs/{run}/delete", {}, path="copy")).data["message"]
    assert "can be restored" in said and "churn version 1 stays registered" in said
    assert (await ask("runs", path="copy")).data["total"] == 2
    cells = (await ask("notebook", path="copy/train.ipynb")).data["cells"]
    assert next(cell for cell in cells if cell["cell_id"] == "fit")["runs"] == 1
    hidden = (await ask(f"runs/{run}", path="copy")).data["deleted"]
    assert "shared Jupyter login" in hidden["who"] and hidden["at"] > 0
    await ask(f"runs/{run}/restore", {}, path="copy")
    assert (await ask("runs", path="copy")).data["total"] == 3
    assert (await ask(f"runs/{run}", path="copy")).data["deleted"] is None
    assert (await ask("runs/00000000/delete", {}, path="copy")).status == 404


async def test_a_slice_is_written_beside_the_notebook_and_never_over_a_file(ask, project):
    run = project.runs["first"]
    made = await ask(f"runs/{run}/extract", {"to": "slice.ipynb"}, path="copy/train.ipynb")
    assert made.data["path"] == "copy/slice.ipynb"
    cells = json.loads((project.folder / "slice.ipynb").read_text())["cells"]
    assert any("LogisticRegression" in "".join(cell["source"]) for cell in cells)
    again = await ask(f"runs/{run}/extract", {"to": "slice.ipynb"}, path="copy/train.ipynb")
    assert again.status == 409
    assert again.data["type"] == "urn:nbledger:problem:exists"


@pytest.mark.parametrize(
    "name",
    [
        "../x.ipynb",
        "a/b.ipynb",
        ".hidden.ipynb",
        "x.py",
        "a\\b.ipynb",
        "x\n.ipynb",
        "x.ipynb\n",
        "/tmp/x.ipynb",
        "",
        "C:x.txt",
    ],
)
async def test_a_slice_goes_nowhere_else(ask, project, name):
    answer = await ask(f"runs/{project.runs['first']}/extract", {"to": name}, path="copy/train.ipynb")
    assert answer.status == 400


async def test_a_slice_does_not_follow_a_link_that_dangles(ask, project, tmp_path):
    (project.folder / "link.ipynb").symlink_to(tmp_path / "elsewhere.ipynb")
    answer = await ask(f"runs/{project.runs['first']}/extract", {"to": "link.ipynb"}, path="copy/train.ipynb")
    assert answer.status == 409
    assert not (tmp_path / "elsewhere.ipynb").exists()


@pytest.mark.kernel
async def test_a_run_is_reproduced_while_the_server_goes_on(ask, project):
    run = project.runs["second"]
    job = (await ask(f"runs/{run}/reproduce", {}, path="copy")).data
    assert job["status"] == "running"
    same = (await ask(f"runs/{run}/reproduce", {}, path="copy")).data
    assert same["id"] == job["id"]
    assert (await ask("about", path="copy")).status == 200
    for _ in range(600):
        job = (await ask(f"jobs/{job['id']}", path="copy")).data
        if job["status"] != "running":
            break
        await asyncio.sleep(0.1)
    assert (job["status"], job["verdict"], job["differences"]) == ("done", "identical", [])
    assert job["message"].startswith("identical: ")
    recorded = (await ask("runs", path="copy", kind="reproduction")).data["items"]
    assert any(one["parent"] is None and one["status"] == "finished" for one in recorded)
    # The session is of the server's account: who asked for it is in the audit.
    with contextlib.closing(Ledger.open(project.folder, create=False)) as ledger:
        events = audit.read_events(ledger.database.connection()).values()
    assert {(event.action, event.subject) for event in events} >= {("reproduce", f"run {run}")}


@pytest.mark.kernel
async def test_a_reproduction_that_is_refused_says_why_without_a_path(ask, project):
    (project.folder / "data.csv").write_text("a,b,y\n1,2,0\n3,4,1\n")
    job = (await ask(f"runs/{project.runs['second']}/reproduce", {}, path="copy")).data
    for _ in range(600):
        job = (await ask(f"jobs/{job['id']}", path="copy")).data
        if job["status"] != "running":
            break
        await asyncio.sleep(0.1)
    assert (job["status"], job["verdict"]) == ("failed", None)
    assert "data.csv" in job["message"]
    assert str(project.folder) not in job["message"]


async def test_a_job_of_another_ledger_is_not_found(ask, project, jp_serverapp, jp_root_dir):
    (jp_root_dir / "other").mkdir()
    (jp_root_dir / "other" / "pyproject.toml").touch()
    job = (await ask(f"runs/{project.runs['late']}/reproduce", {}, path="copy")).data
    assert (await ask(f"jobs/{job['id']}", path="other")).status == 404
    assert (await ask(f"jobs/{'0' * 32}", path="copy")).status == 404
