"""Who may not: roles as docs/lab/roles.md configures them, and a server whose account may not read or write a ledger."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time

import pytest

from nbledger.ledger import Ledger
from tests.browser.driving import ROOT, axe, run_command, shot, uncaught, use_theme, write_notebook
from tests.browser.filling import add_run, fill, start_session
from tests.conftest import Recording

#: Takes a token for a user's name, as only a test may; the rest of the configuration is that of the docs.
NAMES = """
from jupyter_server.auth.identity import IdentityProvider, User

class Named(IdentityProvider):
    async def get_user_token(self, handler):
        name = self.get_token(handler)
        return User(name) if name in {"vera", "ada", "grace"} else await super().get_user_token(handler)

c.ServerApp.identity_provider_class = Named
"""
SIDEBAR = "#nbledger-sidebar"
ROWS = f"{SIDEBAR} .jp-nbledger-Runs-row[data-run]"
FRONT = ".jp-MainAreaWidget:not(.lm-mod-hidden) > .jp-nbledger-main"
PATH = "team/train.ipynb"


def view(page, kind, path, **args):
    page.evaluate(
        "args => { void window.jupyterapp.commands.execute('nbledger:open-view', args); }",
        {"kind": kind, "path": path, **args},
    )
    page.wait_for_selector(f"{FRONT}[data-view={kind}] h2")
    return page.locator(FRONT)


def refused(tab):
    """What cannot be used in a tab, with the reason."""
    found = tab.locator("[aria-disabled=true]").all()
    return {one.inner_text(): one.get_attribute("title") for one in found}


def row_menu(page):
    """The entries of the menu of the first run that can be seen."""
    page.locator(ROWS).first.click(button="right")
    labels = page.locator(".lm-Menu-item:not(.lm-mod-hidden) .lm-Menu-itemLabel").all_inner_texts()
    page.keyboard.press("Escape")
    return labels


# -- roles ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(start_server):
    """A server with the roles of the docs: grace approves, ada contributes, everybody else looks."""
    documented = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "lab" / "roles.md").read_text(), re.DOTALL)
    return start_server(config=documented[1] + NAMES)


@pytest.fixture(scope="module")
def project(server):
    """A project with two runs of a cell that was edited since, and a model whose champion is the second one's."""
    from sklearn.linear_model import Ridge

    from nbledger.registry import promote

    folder = server.root / "team"
    write_notebook(folder / "train.ipynb", "%%track\nfit(1)")
    book = json.loads((folder / "train.ipynb").read_text())
    book["cells"][1]["id"] = "c1"
    (folder / "train.ipynb").write_text(json.dumps(book))
    (folder / "pyproject.toml").touch()
    ledger = Ledger(folder / ".nbledger")
    record = Recording(ledger)
    for name, slope in (("first", 1.0), ("second", 2.0)):
        model = Ridge().fit([[0.0], [1.0]], [0.0, slope])
        run = record(name, metrics={"accuracy": slope / 4}, models={"model": model})
        promote(ledger, "churn", ledger.run(run), alias="champion", who="ada", reason="better")
    ledger.close()
    return folder


@pytest.fixture
def ledger(project):
    ledger = Ledger(project / ".nbledger")
    yield ledger
    ledger.close()


@pytest.fixture
def enter(browser, server, project):
    """Open the project's notebook as a user; the page, what the server refused, and no error that was not caught."""
    opened = []

    def open_as(user):
        browser.clear_cookies()
        page = browser.new_page()
        opened.append((page, uncaught(page)))
        refusals = []
        page.on("response", lambda one: refusals.append(one.url) if one.status >= 400 else None)
        server.open(page, PATH, token=user, kernel=user != "vera")
        run_command(page, "nbledger:show-runs")
        page.wait_for_selector(ROWS)
        page.wait_for_selector(".jp-nbledger-cell-badge >> text=second")
        return page, refusals

    yield open_as
    for page, errors in opened:
        page.close()
        assert not errors
    browser.clear_cookies()


def test_a_viewer_sees_everything_and_is_offered_nothing_that_would_be_refused(enter, ledger, project):
    page, refusals = enter("vera")
    assert page.locator(".jp-nbledger-cell-row").count() == 1
    assert page.locator(ROWS).count() == 2
    assert page.locator(".jp-Dialog").count() == 0  # JupyterLab's own, about a kernel that it may not start
    assert {"Tag Runs…", "Delete Runs…"}.isdisjoint(row_menu(page))
    assert page.locator("[data-command='nbledger:track-cell']:visible").count() == 0
    page.locator(".jp-nbledger-cell-badge >> text=second").click()
    popover = page.locator(".jp-nbledger-cell-popover")
    assert "lets you look but not run" in popover.inner_text()
    assert popover.get_by_role("button", name=re.compile("^Run")).count() == 0
    shot(page, "viewer-cell")
    page.keyboard.press("Escape")

    runs = [one.id for one in ledger.runs(tracked=True)]
    tab = view(page, "run", PATH, id=runs[0])
    reasons = refused(tab)
    for what in ("Reproduce", "Extract to notebook..."):
        assert reasons[what] == "Your role on this server, viewer, lets you look but not run."
    assert tab.get_by_label("Tag", exact=True).count() == 0
    for kind, args in (("lineage", {"of": runs[0]}), ("compare", {"ids": runs}), ("sweeps", {}), ("pipelines", {})):
        assert refused(view(page, kind, PATH, **args)) == {}
    tab = view(page, "registry", PATH)
    tab.get_by_text("@champion → 2").first.wait_for()
    tab.get_by_role("button", name=re.compile("^Promote version")).first.wait_for()
    assert set(refused(tab)) == {"Roll back @champion...", "Promote..."}
    assert set(refused(tab).values()) == {"Your role on this server, viewer, may not promote: an approver does."}
    for theme in ("light", "dark"):
        use_theme(page, theme)
        shot(page, f"viewer-models-{theme}")
        assert axe(page, FRONT) == []
    write_notebook(project / "empty.ipynb", "1 + 1")
    page.evaluate("() => { void window.jupyterapp.commands.execute('docmanager:open', { path: 'team/empty.ipynb' }); }")
    hint = page.locator(f"{SIDEBAR} .jp-nbledger-Problem[data-kind=empty]")
    hint.get_by_text("No runs of this notebook yet").wait_for()
    assert "lets you look but not run" in hint.inner_text()
    assert "%%track" not in hint.inner_text()
    hint.get_by_role("button", name="Show all runs of the ledger").click()
    page.wait_for_selector(f"{ROWS} >> nth=1")
    # JupyterLab itself makes a checkpoint of each notebook that it opens.
    assert [one for one in refusals if "/checkpoints" not in one] == []


def test_a_contributor_sees_what_the_gates_say_and_cannot_promote(enter, ledger):
    page, refusals = enter("ada")
    assert {"Tag Runs…", "Delete Runs…"} <= set(row_menu(page))
    tab = view(page, "registry", PATH)
    tab.get_by_role("button", name="Promote version 1").click()
    form = tab.locator("form")
    form.get_by_text("@champion of churn moves from version 2 to version 1").wait_for()
    form.get_by_label("Why").fill("I want it")
    form.get_by_role("button", name="Promote...").click(force=True)
    assert "Your role on this server, contributor, may not promote" in form.inner_text()
    assert set(refused(tab)) == {"Roll back @champion...", "Promote..."}
    shot(page, "contributor-promote")
    assert page.locator(".jp-Dialog").count() == 0
    assert refusals == []
    status = page.evaluate(
        """async () => {
          const { serviceManager } = window.jupyterapp;
          const { baseUrl } = serviceManager.serverSettings;
          const xsrf = document.cookie.match(/_xsrf=([^;]*)/)[1];
          const answer = await fetch(`${baseUrl}nbledger/api/models/churn/promote?path=team`, {
            method: 'POST', headers: { 'X-XSRFToken': xsrf, 'Content-Type': 'application/json' },
            body: JSON.stringify({ version: 1, alias: 'champion', why: 'anyway', dry_run: false })
          });
          return answer.status;
        }"""
    )
    assert status == 403
    assert len(list(ledger.alias_history("churn"))) == 2


def test_an_approver_promotes_and_the_audit_names_her(enter, ledger):
    page, refusals = enter("grace")
    tab = view(page, "registry", PATH)
    assert refused(tab) == {}
    tab.get_by_role("button", name="Promote version 1").click()
    form = tab.locator("form")
    form.get_by_text("@champion of churn moves from version 2 to version 1").wait_for()
    form.get_by_label("Why").fill("the simpler one")
    form.get_by_role("button", name="Promote...").click()
    page.get_by_role("dialog").get_by_role("button", name="Promote", exact=True).click()
    tab.get_by_text("@champion → 1").first.wait_for()
    last = list(ledger.alias_history("churn"))[-1]
    assert (last.who, last.number, last.reason) == ("grace", 1, "the simpler one")
    assert refusals == []


# -- files ---------------------------------------------------------------------------------------------------------------

#: Root may read and write everywhere, unless the kernel is told to ask it like everybody else.
BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]


@pytest.fixture(scope="module")
def bound_server(start_server, tmp_path_factory):
    """A server for which the modes of files count, though the tests may run as root."""
    before = BOUND if os.geteuid() == 0 else []
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0)
    able = not before or shutil.which("setpriv")
    if not able or subprocess.run([*before, "ls", str(closed)], capture_output=True, check=False).returncode == 0:
        pytest.skip("root may read and write everywhere, and setpriv is not there or not allowed to change that")
    return start_server(before=before)


@pytest.fixture
def closed(bound_server):
    """Make a project's ledger files of some mode; in the end they are as they were."""
    changed = []

    def close(name, mode):
        folder = bound_server.root / name / ".nbledger"
        for path in (folder, *folder.rglob("*")):
            changed.append((path, path.stat().st_mode))
            path.chmod(mode if path.is_dir() else mode & 0o666)
        return folder

    yield close
    for path, mode in reversed(changed):
        if path.exists():
            path.chmod(mode)


def test_a_ledger_that_the_server_may_not_read_says_which_right_is_missing(bound_server, closed, page):
    for name, mode in (("folder", 0), ("file", 0o311)):  # the folder closed; its names known and the file closed
        fill(bound_server.root / name, 3)
        write_notebook(bound_server.root / name / "churn.ipynb", "1 + 1")
        folder = closed(name, mode)
        bound_server.open(page, f"{name}/churn.ipynb")
        run_command(page, "nbledger:show-runs")
        message = page.locator(f"{SIDEBAR} .jp-nbledger-Problem[data-kind=unreadable]")
        message.wait_for()
        assert "Give the server's account the right to read the folder .nbledger" in message.inner_text()
        page.wait_for_selector(".jp-nbledger-StatusItem button:has-text('ledger not readable')")
        run_command(page, "nbledger:open-models", {"path": name})
        page.locator(f"{FRONT} .jp-nbledger-Problem[data-kind=unreadable]").wait_for()
        shot(page, f"message-unreadable-{name}")
        folder.chmod(0o700)
        (folder / "ledger.db").chmod(0o600)
    message.get_by_role("button", name="Try again").click()
    page.wait_for_selector(ROWS)


def test_a_ledger_that_the_server_may_only_read_is_shown_live_and_says_why_nothing_can_be_changed(
    bound_server, closed, page
):
    path = fill(bound_server.root / "shared", 3)
    write_notebook(bound_server.root / "shared" / "churn.ipynb", "1 + 1")
    folder = closed("shared", 0o555)
    bound_server.open(page, "shared/churn.ipynb")
    run_command(page, "nbledger:show-runs")
    page.wait_for_selector(f"{ROWS} >> nth=2")
    note = page.locator(f"{SIDEBAR} .jp-nbledger-Foot [role=note]")
    assert note.inner_text() == "read-only"
    reason = note.get_attribute("title")
    assert "give its account the right to write to the folder .nbledger" in reason
    assert {"Tag Runs…", "Delete Runs…"}.isdisjoint(row_menu(page))
    tab = view(page, "run", "shared/churn.ipynb", id=page.locator(ROWS).first.get_attribute("data-run"))
    assert set(refused(tab).values()) == {reason}
    shot(page, "message-read-only")
    assert axe(page, SIDEBAR) == []

    # Somebody whose account may write does so; the server's sees it.
    folder.chmod(0o755)
    path.chmod(0o644)
    writer = Ledger(folder)
    session = start_session(writer)
    folder.chmod(0o555)
    path.chmod(0o444)
    try:
        add_run(writer, session, 7, time.time(), name="by somebody else")
        page.wait_for_selector(f"{ROWS} [data-name='by somebody else']")
        assert note.inner_text() == "read-only"
    finally:
        writer.close()
