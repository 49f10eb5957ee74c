"""The views of lineage, data, registry and live runs in JupyterLab: looked at, clicked, and driven by keyboard alone."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.browser.driving import axe, run_all, run_command, shot, uncaught, use_theme, write_notebook

expect = pytest.importorskip("playwright.sync_api").expect

CSV = """
import numpy as np, pandas as pd
from pathlib import Path
made = np.random.default_rng(0)
people = pd.DataFrame({"age": made.integers(18, 80, 300), "income": made.lognormal(10, 1, 300).round()})
people["city"] = made.choice(["Bern", "Basel", "Genf"], 300)
people["churned"] = ((people.age < 45) & (people.income < 40000)).astype(int)
people.to_csv("people.csv", index=False)
"""
READ = """
df = pd.read_csv("people.csv")
df["log_income"] = np.log1p(df.income)
"""
SPLIT = """
from sklearn.model_selection import train_test_split
X_train, X_test, y_train, y_test = train_test_split(df[["age", "log_income"]], df.churned, random_state=0)
"""
TRAIN = """%%track depth-{depth}
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier
model = DecisionTreeClassifier(max_depth={depth}, random_state=0).fit(X_train, y_train)
accuracy = accuracy_score(y_test, model.predict(X_test))
"""
PROMOTE = """
import nbledger
from nbledger.registry import promote
ledger = nbledger.open()
for run in reversed(list(ledger.runs(tracked=True))):
    promote(ledger, "churn", run, alias="champion", gates=["accuracy >= 0.5"], who="ada", reason="better")
"""
CELLS = (CSV, READ, "df = df[df.age < 70]", SPLIT, *(TRAIN.format(depth=depth) for depth in (1, 4)), PROMOTE)
VIEWS = ("%ledger lineage accuracy", "%ledger data df", "%ledger registry", "%ledger watch")
OTHER = """
import sys
import nbledger
with nbledger.start_run("a run of another process", experiment="next door"):
    nbledger.metric("loss", 0.5)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def notebook(lab):
    """A notebook that trains and promotes, with the four views at its end."""
    folder = lab.root / "views"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    write_notebook(folder / "views.ipynb", *(cell.strip() for cell in CELLS), *VIEWS)
    return folder / "views.ipynb"


def cell_of(page, magic):
    """The cell with a magic, scrolled to the top of the page."""
    cell = page.locator(".jp-CodeCell", has_text=magic).first
    cell.evaluate("one => one.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(300)
    return cell


def view_of(page, magic):
    """The widget of a magic's view, beside which its static forms are hidden."""
    return cell_of(page, magic).locator(".nbl-view")


def kept(page, name, magic):
    """Keep a screenshot of a cell in both themes."""
    for theme in ("light", "dark"):
        use_theme(page, theme)
        cell_of(page, magic)
        page.wait_for_timeout(400)
        shot(page, f"view-{name}-{theme}")
    use_theme(page, "light")


@pytest.fixture(scope="module")
def page(browser, lab, notebook):
    """The notebook executed in Lab, one page for all tests here."""
    page = browser.new_page()
    errors = uncaught(page)
    page.set_viewport_size({"width": 1300, "height": 1200})
    lab.open(page, "views/views.ipynb")
    run_all(page)
    yield page
    page.close()
    assert errors == []


def test_the_views_are_looked_at_clicked_and_walked_by_keyboard(page, notebook):
    lineage = view_of(page, VIEWS[0])
    node = lineage.get_by_role("button", name="[5] X_train")
    node.focus()
    page.keyboard.press("Enter")
    expect(lineage.locator("pre")).to_contain_text("train_test_split(df")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(lineage.locator("h4").last).not_to_contain_text("[5]")
    lineage.get_by_placeholder("find a name or code").fill("read_csv")
    page.keyboard.press("Enter")
    expect(lineage.locator("pre")).to_contain_text("log1p")
    kept(page, "lineage", VIEWS[0])

    data = view_of(page, VIEWS[1])
    data.get_by_label("Compare with").select_option(index=1)
    expect(data.locator("pre").first).to_contain_text("rows 300 ->")
    data.get_by_label("Column").select_option("income")
    expect(data.locator(".jp-RenderedPlotly")).to_contain_text("Distribution of income")
    kept(page, "data", VIEWS[1])
    assert data.locator(".jp-RenderedPlotly").evaluate("one => one.clientHeight") > 300

    registry = view_of(page, VIEWS[2])
    registry.get_by_text("Promote", exact=True).click()
    registry.get_by_label("Gates").fill("accuracy >= 1.5")
    registry.get_by_role("button", name="Judge, and show what will change").click()
    expect(registry.get_by_text("Refused: metric did not pass.")).to_be_visible()
    kept(page, "registry-refused", VIEWS[2])
    registry.get_by_text("Roll back", exact=True).click()
    registry.get_by_role("button", name="Show what will change").click()
    expect(registry.get_by_text("@champion moves from version 2 to version 1.")).to_be_visible()
    kept(page, "registry-rollback", VIEWS[2])
    registry.get_by_role("button", name="Roll back churn@champion to version 1").click()
    expect(registry.get_by_text("Rolled back: churn@champion is version 1.")).to_be_visible()

    watch = view_of(page, VIEWS[3])
    with subprocess.Popen(
        [sys.executable, "-c", OTHER], cwd=notebook.parent, stdin=subprocess.PIPE, text=True
    ) as other:
        expect(watch.get_by_text("a run of another process")).to_be_visible()
        expect(watch.get_by_text("loss=0.5")).to_be_visible()
        kept(page, "watch", VIEWS[3])
        other.communicate("\n", timeout=30)
    expect(watch.get_by_text("nothing is running")).to_be_visible()

    assert axe(page, ".nbl-view") == []


def test_a_saved_notebook_shows_the_last_state_without_its_kernel(lab, page, notebook):
    view_of(page, VIEWS[0]).get_by_role("button", name="X_train, X_test").click()
    page.wait_for_timeout(1500)
    run_command(page, "docmanager:save")
    page.wait_for_timeout(1000)
    assert notebook.stat().st_size < 300_000
    shutil.copy(notebook, notebook.with_name("saved.ipynb"))  # a kernel of its own, which knows none of the widgets

    lab.open(page, "views/saved.ipynb")
    again = cell_of(page, VIEWS[0])
    expect(again.locator(".nbl-static")).to_contain_text("cell [")
    expect(again.locator(".nbl-static img")).to_be_visible()
    shot(page, "view-saved-lineage")
    expect(cell_of(page, VIEWS[2]).locator(".nbl-static")).to_contain_text("@champion is version 1")
    shot(page, "view-saved-registry")
