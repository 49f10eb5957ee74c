"""Waiting for a ledger to change, as every open view does."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest
from tornado.httpclient import HTTPClientError

from nbledger_lab.service import WORKERS


async def test_without_since_the_version_comes_at_once(ask, recorded):
    now = (await ask("changes")).data["now"]
    assert (await ask("changes", since="another")).data["now"] == now
    assert (await ask("changes", since=now, wait=0)).data["now"] == now


async def test_what_another_process_writes_wakes_whoever_waits(ask, project):
    now = (await ask("changes", path="copy")).data["now"]
    waiting = asyncio.ensure_future(ask("changes", path="copy", since=now, wait=20))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    code = "import sys; from nbledger.ledger import Ledger; Ledger.open(sys.argv[1]).tag(sys.argv[2], 'a', 'b')"
    await asyncio.get_running_loop().run_in_executor(
        None,
        lambda: subprocess.run(
            [sys.executable, "-c", code, str(project.folder), project.runs["first"]], check=True, timeout=60
        ),
    )
    woken = (await asyncio.wait_for(waiting, 10)).data["now"]
    assert woken != now
    assert (await ask("changes", path="copy", since=now, wait=20)).data["now"] == woken


async def test_what_the_server_itself_writes_wakes_them_too(ask, project):
    now = (await ask("changes", path="copy")).data["now"]
    waiting = asyncio.ensure_future(ask("changes", path="copy", since=now, wait=20))
    await asyncio.sleep(0.3)
    await ask(f"runs/{project.runs['first']}/tags", {"key": "a", "value": "b"}, path="copy")
    assert (await asyncio.wait_for(waiting, 10)).data["now"] != now


async def test_a_ledger_that_comes_into_being_is_a_change(ask, project, add_run_to, jp_root_dir):
    new = jp_root_dir / "new"
    new.mkdir()
    (new / "pyproject.toml").touch()
    now = (await ask("changes", path="new")).data["now"]
    waiting = asyncio.ensure_future(ask("changes", path="new", since=now, wait=20))
    await asyncio.sleep(0.3)
    project.folder = new
    add_run_to(project)("first")
    assert (await asyncio.wait_for(waiting, 10)).data["now"] != now


async def test_many_who_wait_take_no_thread_each_and_are_all_woken(ask, project, add_run_to):
    add = add_run_to(project)
    now = (await ask("changes", path="copy")).data["now"]
    waiting = [asyncio.ensure_future(ask("changes", path="copy", since=now, wait=20)) for _ in range(8)]
    await asyncio.sleep(0.5)
    assert len([one for one in threading.enumerate() if one.name.startswith("nbledger_")]) <= WORKERS
    assert (await ask("runs", path="copy")).status == 200
    add("woken")
    found = await asyncio.wait_for(asyncio.gather(*waiting), 15)
    assert len({answer.data["now"] for answer in found}) == 1


async def test_nothing_is_looked_at_any_more_when_nobody_waits(ask, recorded, jp_serverapp):
    changes = jp_serverapp.web_app.settings["nbledger_service"].changes
    now = (await ask("changes")).data["now"]
    assert (await ask("changes", since=now, wait=0.2)).data["now"] == now
    for _ in range(100):
        if not changes._watches:
            break
        await asyncio.sleep(0.05)
    assert changes.waiting == 0
    assert not changes._watches


async def test_whoever_goes_away_is_forgotten(ask, recorded, jp_fetch, jp_serverapp):
    changes = jp_serverapp.web_app.settings["nbledger_service"].changes
    now = (await ask("changes")).data["now"]
    with pytest.raises(HTTPClientError):
        await jp_fetch("nbledger", "api", "changes", params={"since": now, "wait": 20}, request_timeout=0.5)
    for _ in range(100):
        if changes.waiting == 0:
            break
        await asyncio.sleep(0.05)
    assert changes.waiting == 0


async def test_nobody_waits_longer_than_the_bound(ask, recorded):
    assert (await ask("changes", wait=31)).status == 400
    assert (await ask("changes", wait=-1)).status == 400
    assert (await ask("changes", wait="nan")).status == 400


async def test_too_many_who_wait_are_told_so(ask, recorded, monkeypatch):
    from nbledger_lab import changes

    monkeypatch.setattr(changes, "MOST_WAITING", 1)
    now = (await ask("changes")).data["now"]
    first = asyncio.ensure_future(ask("changes", since=now, wait=2))
    await asyncio.sleep(0.3)
    assert (await ask("changes", since=now, wait=2)).status == 503
    assert (await first).status == 200


async def test_the_server_answers_others_while_a_question_takes_its_time(ask, recorded, jp_serverapp):
    service = jp_serverapp.web_app.settings["nbledger_service"]
    held = threading.Event()
    slow = [asyncio.ensure_future(service.run(held.wait, slow=True)) for _ in range(5)]
    began = time.monotonic()
    assert (await ask("runs")).status == 200
    held.set()
    await asyncio.gather(*slow)
    assert not any(task.exception() for task in slow)
    assert time.monotonic() >= began
