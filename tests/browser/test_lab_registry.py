"""The registry in JupyterLab with people in their roles: approving, promoting through a gate, describing, deleting."""

from __future__ import annotations

import pytest
from sklearn.linear_model import Ridge

from nbledger.ledger import Ledger, audit, model_tags
from nbledger.ledger.verification import verify
from nbledger.registry import approve, promote
from tests.browser.driving import axe, run_command, shot, uncaught, use_theme
from tests.conftest import Recording

#: A server that knows its users by name: a cookie says who asks, as only a test may.
CONFIG = """
from jupyter_server.auth.identity import IdentityProvider, User

class Named(IdentityProvider):
    def get_user(self, handler):
        found = super().get_user(handler)
        async def named():
            user = await found if hasattr(found, "__await__") else found
            return user and User(handler.get_cookie("who") or "grace")
        return named()

c.ServerApp.identity_provider_class = Named
c.ServerApp.authorizer_class = "nbledger_lab.roles.NBLedgerAuthorizer"
c.NBLedgerAuthorizer.approvers = {"ada", "grace"}
c.NBLedgerAuthorizer.contributors = {"carl"}
c.NBLedgerAuthorizer.viewers_run_nothing = False
"""
FRONT = ".jp-MainAreaWidget:not(.lm-mod-hidden) > .jp-nbledger-main"
NOTE = "read the errors on <b>new</b> customers"


def ridge(slope):
    return Ridge(alpha=1e-9).fit([[0.0], [1.0], [2.0]], [0.0, slope, 2 * slope])


@pytest.fixture(scope="module")
def server(start_server, tmp_path_factory):
    config = tmp_path_factory.mktemp("config") / "jupyter_server_config.py"
    config.write_text(CONFIG)
    return start_server(f"--config={config}")


@pytest.fixture(scope="module")
def ledger(server):
    """Two versions that ada made; the first is champion, for which another person had to approve it."""
    folder = server.root / "bank"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    (folder / "train.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    ledger = Ledger(folder / ".nbledger")
    recording = Recording(ledger)
    runs = [recording(f"slope {at}", models={"model": ridge(at)}, metrics={"accuracy": at / 10}) for at in (7, 8)]
    promote(ledger, "churn", ledger.run(runs[0]), who="ada")
    approve(ledger, "churn", 1, who="eve", note="the first one")
    gates = ["approval", "accuracy >= 0.5"]
    promote(ledger, "churn", ledger.run(runs[0]), alias="champion", gates=gates, who="ada", reason="the first one")
    promote(ledger, "churn", ledger.run(runs[1]), who="ada")
    recording("apart", metrics={"accuracy": 0.2})
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def window(browser, server, ledger):
    page = browser.new_page()
    errors = uncaught(page)
    page.set_viewport_size({"width": 1400, "height": 1000})
    server.open(page)
    yield page, errors
    page.close()


@pytest.fixture
def page(window):
    page, errors = window
    run_command(page, "application:close-all")
    page.wait_for_selector(".jp-nbledger-main", state="detached")
    yield page
    assert not errors, errors


@pytest.fixture
def view(page, server):
    """Open a view as somebody, by default as grace, an approver."""

    def open_view(kind, who="grace", path="bank/train.ipynb", **args):
        if who != page.evaluate("() => (document.cookie.match(/who=([a-z]+)/) || [])[1] || 'grace'"):
            page.context.add_cookies([{"name": "who", "value": who, "url": server.url}])
            server.open(page)
            page.wait_for_function("() => window.jupyterapp.commands.hasCommand('nbledger:open-view')")
        page.evaluate(
            "args => { void window.jupyterapp.commands.execute('nbledger:open-view', args); }",
            {"kind": kind, "path": path, **args},
        )
        page.wait_for_selector(f"{FRONT}[data-view={kind}] h2")
        return page.locator(FRONT)

    return open_view


def in_both_themes(page, name, selector):
    """Keep what is in front in light and dark, and let axe-core look at both."""
    found = []
    for theme in ("light", "dark"):
        use_theme(page, theme)
        page.wait_for_timeout(600)
        shot(page, f"{name}-{theme}")
        found += [f"{theme}: {one}" for one in axe(page, selector)]
    use_theme(page, "light")
    return found


def events(ledger):
    """Who did what, in the order of the chain."""
    known, found, at = audit.read_events(ledger.database.connection()), [], audit.head(ledger.database.connection())
    while at:
        found.append((known[at].who, known[at].action))
        at = known[at].previous
    return found[::-1]


def test_a_version_is_approved_and_then_goes_through_its_gate(page, view, ledger):
    tab = view("registry", model="churn")
    tab.get_by_role("button", name="Promote version 2").click()
    panel = tab.get_by_role("region", name="Promote version 2 of churn")
    panel.get_by_text("1 gate passed, 1 gate did not pass").wait_for()
    panel.get_by_text("approval did not pass").wait_for()
    panel.get_by_role("button", name="Cancel").click()
    before = events(ledger)

    tab.get_by_role("button", name="Approve version 2").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("grace approves churn version 2: content").wait_for()
    assert "The gate approval counts it" in dialog.inner_text()
    assert "an event of the audit are recorded as grace" in dialog.inner_text()
    dialog.get_by_role("textbox").fill(NOTE)
    assert in_both_themes(page, "lab-approve", ".jp-nbledger-main-confirm") == []
    dialog.get_by_role("button", name="Cancel").click()
    page.wait_for_selector(".jp-Dialog", state="detached")
    assert events(ledger) == before

    tab.get_by_role("button", name="Approve version 2").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(NOTE)
    page.get_by_role("dialog").get_by_role("button", name="Approve", exact=True).click()
    tab.locator(".jp-nbledger-main-done").get_by_text("grace approves version 2 of churn.").wait_for()
    row = tab.get_by_role("group", name="Versions").get_by_role("row", name="2", exact=False).first
    row.get_by_text("grace", exact=True).wait_for()
    assert NOTE in row.get_by_text("grace", exact=True).get_attribute("title")
    assert events(ledger)[len(before) :] == [("grace", "approve")]

    tab.get_by_role("button", name="Promote version 2").click()
    panel.get_by_text("2 gates passed").wait_for()
    panel.get_by_role("button", name="Promote...").click()
    page.get_by_role("dialog").get_by_role("button", name="Promote", exact=True).click()
    tab.locator(".jp-nbledger-main-done").get_by_text("version 2").wait_for()
    assert ledger.aliases("churn") == {"champion": 2}
    assert events(ledger)[-1] == ("grace", "promote")
    assert verify(ledger).ok


def test_an_author_is_told_that_the_gate_does_not_count_it_and_an_approval_is_taken_back(page, view, ledger):
    tab = view("registry", who="ada", model="churn")
    tab.get_by_role("button", name="Approve version 1").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("it wants another person than the author (ada)").wait_for()
    shot(page, "lab-approve-author")
    dialog.get_by_role("button", name="Approve", exact=True).click()
    tab.get_by_role("button", name="Take back your approval of version 1").click()
    page.get_by_role("dialog").get_by_text("ada no longer approves churn version 1").wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    tab.get_by_role("button", name="Approve version 1").wait_for()
    assert events(ledger)[-2:] == [("ada", "approve"), ("ada", "revoke")]


def test_a_version_is_described_by_a_contributor(page, view, ledger):
    tab = view("registry", who="carl", model="churn")
    assert tab.get_by_role("button", name="Approve version").count() == 0
    tab.get_by_role("button", name="Describe version 2").click()
    panel = tab.get_by_role("region", name="Describe version 2 of churn")
    panel.get_by_label("Description", exact=True).fill("steeper <i>slope</i>")
    panel.get_by_label("Stage").fill("production")
    panel.get_by_label("New tag", exact=True).fill("owner")
    panel.get_by_label("Value of the new tag").fill("risk")
    panel.get_by_role("button", name="Save").click()
    tab.get_by_text("stage: production").wait_for()
    assert model_tags.tags(ledger, "churn", 2) == {
        "description": "steeper <i>slope</i>", "owner": "risk", "stage": "production",
    }  # fmt: skip
    tab.get_by_role("button", name="Describe...", exact=True).click()
    panel = tab.get_by_role("region", name="Describe churn")
    panel.get_by_label("Description", exact=True).fill("Who leaves next month")
    panel.get_by_role("button", name="Save").click()
    tab.locator(".jp-nbledger-main-description").get_by_text("Who leaves next month").wait_for()
    tab.get_by_role("button", name="Describe version 2").click()
    tab.get_by_role("region", name="Describe version 2 of churn").get_by_label("owner").fill("")
    assert in_both_themes(page, "lab-describe", FRONT) == []
    tab.get_by_role("button", name="Save").click()
    page.wait_for_selector(f"{FRONT} :text('owner: risk')", state="detached")
    assert "owner" not in model_tags.tags(ledger, "churn", 2)
    assert events(ledger)[-3:] == [("carl", "describe")] * 3
    assert verify(ledger, quick=True).ok


def test_a_run_is_deleted_after_saying_what_that_changes_and_comes_back(page, view, ledger):
    run = ledger.model_version("churn", 1).run
    tab = view("run", who="carl", id=run)
    tab.get_by_role("button", name="Delete...").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("churn version 1 stays registered, with its model.").wait_for()
    dialog.get_by_text("event of the audit are recorded as carl").wait_for()
    shot(page, "lab-delete")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    tab.get_by_text("carl deleted this run").wait_for()
    assert run not in [one.id for one in ledger.runs()]
    assert in_both_themes(page, "lab-deleted", FRONT) == []
    tab.get_by_role("button", name="Restore").click()
    page.wait_for_selector(f"{FRONT} :text('deleted this run')", state="detached")
    tab.get_by_role("button", name="Delete...").wait_for()
    assert events(ledger)[-2:] == [("carl", "delete"), ("carl", "restore")]
    assert run in [one.id for one in ledger.runs()]


def test_a_viewer_is_offered_nothing_that_writes(view, ledger):
    tab = view("registry", who="vera", model="churn")
    tab.get_by_role("button", name="Lineage of version 2").wait_for()
    for what in ("Approve version", "Describe"):
        assert tab.get_by_role("button", name=what).count() == 0
    assert tab.get_by_role("button", name="Promote version 2").get_attribute("aria-disabled") == "true"
    tab = view("run", who="vera", id=ledger.model_version("churn", 1).run)
    assert tab.get_by_role("button", name="Delete...").count() == 0


def test_a_long_list_says_that_there_is_more_and_shows_it(page, view, server):
    folder = server.root / "long"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    ledger = Ledger(folder / ".nbledger")
    run = ledger.run(Recording(ledger)("fit", models={"model": ridge(1)}))
    with ledger.database.write():
        for at in range(405):
            ledger.add_model_version(f"m{at:03}", run.id, ledger.generated(run.id)[0].version, "ada")
    ledger.close()
    tab = view("registry", path="long")
    models = tab.get_by_role("navigation", name="Models")
    models.get_by_text("The first 200 of 405.").wait_for()
    assert "405 models" in models.inner_text()
    shot(page, "lab-long-list")
    models.get_by_role("button", name="Show 200 more").click()
    models.get_by_text("The first 400 of 405.").wait_for()
    models.get_by_role("button", name="Show 5 more").click()
    models.get_by_role("button", name="m404").wait_for()
    assert models.get_by_text("The first").count() == 0
    run_command(page, "application:close-all")
    view("registry", path="long", model="m403").get_by_role("heading", name="m403").wait_for()
