"""The newcomer's path through the quickstart, in Lab and in Notebook 7, in light and dark."""

from __future__ import annotations

import shutil
from contextlib import closing

import pytest

from nbledger.ledger import Ledger
from nbledger.registry import promote
from tests.browser.driving import ROOT, axe, run_all, run_command, shot, use_theme
from tests.browser.test_lab_cells import Book, restart

VIEW = ".jp-MainAreaWidget:not(.lm-mod-hidden) > .jp-nbledger-main"
SIDEBAR = "#nbledger-sidebar"


class Newcomer:
    """Somebody who opens the quickstart; keeps a picture of each thing seen, in light and dark."""

    def __init__(self, page, app):
        self.page = page
        self.app = app
        self.book = Book(page, "quickstart.ipynb")

    def looks(self, name, selector=None):
        for theme in ("dark", "light"):
            use_theme(self.page, theme)
            shot(self.page, f"newcomer-{self.app}-{name}-{theme}")
            assert selector is None or axe(self.page, selector) == []

    def view(self, kind, **args):
        """Open a view, as its menu entry and the sidebar's buttons do, and return its front."""
        self.page.evaluate(
            "args => { void window.jupyterapp.commands.execute('nbledger:open-view', args); }",
            {"kind": kind, "path": "quickstart.ipynb", **args},
        )
        self.page.wait_for_selector(f"{VIEW}[data-view={kind}] h2")
        return self.page.locator(f"{VIEW}[data-view={kind}]")

    def back(self):
        """Go back to the notebook."""
        self.page.evaluate(
            "() => { for (const one of window.jupyterapp.shell.widgets('main')) "
            "{ if (one.context) { window.jupyterapp.shell.activateById(one.id); } } }"
        )

    def at(self, source):
        """Return where in the notebook the cell is that begins so."""
        cells = self.page.evaluate(
            "() => { for (const one of window.jupyterapp.shell.widgets('main')) { if (one.context) "
            "{ return one.content.widgets.map(cell => cell.model.sharedModel.getSource()); } } }"
        )
        return next(at for at, text in enumerate(cells) if text.startswith(source))


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_a_newcomer_follows_the_quickstart(app, start_server, page):
    server = start_server(app=app)
    shutil.copy(ROOT / "notebooks" / "quickstart.ipynb", server.root)
    (server.root / "pyproject.toml").touch()
    page.set_viewport_size({"width": 1500, "height": 1000})
    server.open(page, "quickstart.ipynb")
    new = Newcomer(page, app)

    # All cells run, and each that was recorded says so.
    run_all(page)
    split, ridge = new.at("import pandas as pd"), new.at("%%track ridge")
    said = new.book.until(lambda said: "r2" in (said[ridge] or ""))
    new.page.evaluate(f"() => window.jupyterapp.shell.currentWidget.content.scrollToItem({ridge})")
    new.looks("badges")

    # An edit makes a cell stale, and what depends on it.
    new.book.source(split, new.book.source(split) + "\ny = y + 0")
    said = new.book.until(lambda said: "stale" in (said[split] or "") and "stale" in (said[ridge] or ""))
    new.looks("stale")
    new.book.select(ridge)
    assert run_command(page, "nbledger:run-needed") >= 1
    new.book.until(lambda said: "stale" not in (said[split] or "stale"))

    # Two runs are compared from the list at the side.
    run_command(page, "nbledger:show-runs")
    rows = page.locator(f"{SIDEBAR} [data-run]")
    rows.nth(1).wait_for()
    rows.nth(0).click()
    rows.nth(1).click(modifiers=["Control"])
    page.locator(f"{SIDEBAR} button:text-is('Compare')").click()
    page.wait_for_selector(f"{VIEW}[data-view=compare] h2")
    page.locator(f"{VIEW} .main-svg").first.wait_for()
    new.looks("compare", VIEW)

    # From the model back to the file.
    tab = new.view("lineage", of="progression@champion")
    tab.locator("[data-node]", has_text="diabetes.csv").first.wait_for()
    new.looks("lineage", VIEW)

    # A run is reproduced.
    with closing(Ledger.open(server.root)) as ledger:
        best = ledger.model_version("progression", "champion").run
        tracked = [run.id for run in ledger.runs(tracked=True, kind="cell")]
    tab = new.view("run", id=best)
    tab.get_by_role("button", name="Reproduce").click()
    job = tab.get_by_role("region", name="Reproduction")
    job.get_by_text("Identical").wait_for(timeout=120_000)
    new.looks("reproduced", VIEW)

    # Another run's model is promoted, and the promotion taken back.
    other = next(run for run in tracked if run != best)
    with closing(Ledger.open(server.root)) as ledger:
        assert promote(ledger, "progression", ledger.run(other), alias="challenger").version.number == 2
    tab = new.view("registry", model="progression")
    tab.get_by_role("button", name="Promote version 2").click()
    panel = tab.get_by_role("region", name="Promote version 2 of progression")
    panel.get_by_text("moves from version 1 to version 2").wait_for()
    panel.get_by_label("Why").fill("to see it move")
    panel.get_by_role("button", name="Promote...").click()
    page.get_by_role("dialog").get_by_role("button", name="Promote", exact=True).click()
    tab.locator(".jp-nbledger-main-done").get_by_text("version 2").wait_for()
    tab.get_by_role("button", name="Roll back @champion").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("seen")
    page.get_by_role("dialog").get_by_role("button", name="See what changes").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back", exact=True).click()
    tab.get_by_text("seen", exact=True).first.wait_for()
    with closing(Ledger.open(server.root)) as ledger:
        assert ledger.aliases("progression")["champion"] == 1
    new.looks("registry", VIEW)

    # A restarted kernel remembers nothing, and the rows say whose results these are; a reload changes nothing of that.
    new.back()
    restart(page)
    earlier = page.locator(".jp-nbledger-cell-badge[data-kind=earlier]")
    earlier.first.wait_for()
    said = new.book.said()
    server.open(page, "quickstart.ipynb", reset=False)
    new.book.until(lambda again: sum(one is not None for one in again) == sum(one is not None for one in said))
    earlier.first.wait_for()
    new.looks("after-a-reload")
