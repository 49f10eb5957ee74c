"""Live runs: the view's forms, and the verb in a terminal, a pipe and as JSON."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from nbledger.cli import run_in_notebook
from nbledger.ledger import FilterError
from nbledger.widgets import watch
from nbledger.widgets.watch import WatchView
from tests.pipeline.test_watching import OTHER, sweep_under_way

XSS = "<img src=x onerror=alert(1)>"
NBLEDGER = (sys.executable, "-m", "nbledger.cli")


def test_names_errors_and_params_stay_text_in_every_form(fresh_ledger, add_run):
    add_run(XSS, metrics={XSS: 1.0}, error=(XSS, XSS), experiment=XSS)
    view = WatchView(fresh_ledger)
    assert XSS not in view.html()
    assert "onerror=alert(1)&gt;" in view.html()
    assert XSS in view.text()


def test_a_sweep_is_shown_with_its_progress(fresh_ledger):
    sweep = sweep_under_way(fresh_ledger)
    view = WatchView(fresh_ledger)
    assert f"sweep {sweep[:8]}" in view.html()
    assert '<progress max="3" value="1"' in view.html()
    view.live()
    try:
        widget = view._widget
        widget.draw()
        [output] = widget._figure._output.outputs
        assert "Sweep: f1 of 2 trials" in output["data"]["text/plain"]
    finally:
        view.stop()
    view._following.join(10)


def test_the_view_follows_until_it_is_stopped(fresh_ledger):
    view = WatchView(fresh_ledger)
    view.live()
    again = WatchView(fresh_ledger)
    again.live()
    assert again.is_following
    assert not view.is_following
    assert again._widget._toggle.description == "Stop following"
    again.stop()
    assert again._widget._toggle.description == "Follow again"
    again._following.join(10)


def test_the_view_ends_where_nothing_happens_for_long(fresh_ledger, monkeypatch):
    view = WatchView(fresh_ledger)
    view.live()
    monkeypatch.setattr(watch, "LONGEST", 0.0)
    view._following.join(10)
    assert not view.is_following
    assert view._widget._toggle.description == "Follow again"


def test_the_verb_in_a_notebook_gives_the_view_and_elsewhere_how_it_stands(fresh_ledger, add_run):
    add_run("one", metrics={"f1": 0.5})
    views = []
    assert run_in_notebook(["watch"], fresh_ledger, views=views) == ""
    assert isinstance(views[0], WatchView)
    assert "one" in run_in_notebook(["watch"], fresh_ledger)
    data = json.loads(run_in_notebook(["watch", "--once", "--json"], fresh_ledger))
    assert [one["name"] for one in data["ended"]] == ["one"]
    with pytest.raises(FilterError):
        run_in_notebook(["watch", "metrics.f1 >"], fresh_ledger, views=[])


@contextmanager
def started(project, *words, **options):
    """Run the verb in a process of its own, which is gone at the end whatever happened."""
    with subprocess.Popen([*NBLEDGER, *words], cwd=project, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def other_run(project):
    return subprocess.Popen(
        [sys.executable, "-c", OTHER], cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_in_a_pipe_each_run_that_begins_or_ends_is_a_line_until_ctrl_c(fresh_ledger):
    with started(fresh_ledger.root, "watch", stdout=subprocess.PIPE, bufsize=1) as watching:
        assert watching.stdout.readline() == "nothing is running\n"
        with other_run(fresh_ledger.root) as other:
            other.stdout.readline()
            assert re.match(r"[0-9a-f]{8}  running  \w+  (outer|inner) ", watching.stdout.readline())
            other.communicate("\n", timeout=30)
        seen = ""
        while "finished" not in seen:
            seen = watching.stdout.readline()
            assert seen
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0


def test_as_json_each_state_is_a_line(fresh_ledger):
    with started(fresh_ledger.root, "watch", "--json", stdout=subprocess.PIPE, bufsize=1) as watching:
        assert json.loads(watching.stdout.readline())["running"] == []
        with other_run(fresh_ledger.root) as other:
            other.stdout.readline()
            assert json.loads(watching.stdout.readline())["running"]
            other.communicate("\n", timeout=30)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0


def test_a_terminal_is_drawn_anew(fresh_ledger):
    main, side = pty.openpty()
    with started(fresh_ledger.root, "watch", stdout=side) as watching:
        os.close(side)
        with other_run(fresh_ledger.root) as other:
            other.stdout.readline()
            text = ""
            while not re.search(r"\x1b\[\d+A\x1b\[J2 running", text):
                text += os.read(main, 4096).decode()
            assert "outer" in text
            other.communicate("\n", timeout=30)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0
    os.close(main)
