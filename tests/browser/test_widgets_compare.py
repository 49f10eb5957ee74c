"""The comparison in JupyterLab: its table by mouse and by keyboard, its charts above it, and what a saved notebook keeps."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import expect

from nbledger.ledger import Ledger
from nbledger.records import Facts, Metric, Param
from tests.browser.driving import axe, run_all, run_command, shot, uncaught, use_theme, write_notebook
from tests.browser.filling import add_run, start_session

#: Milliseconds: the first chart imports plotly in the kernel and in the page, on a machine that may be busy.
PATIENCE = 30_000
XSS = "<img src=x onerror=\"document.body.dataset.pwned='yes'\">"
TRAIN = """%%track "forest {trees}" -e wine --quiet
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
import nbledger
X, y = load_wine(return_X_y=True, as_frame=True)
Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.5, random_state={split})
model = RandomForestClassifier(n_estimators={trees}, max_depth=2, random_state=0).fit(Xa, ya)
accuracy = accuracy_score(yb, model.predict(Xb))
f1 = f1_score(yb, model.predict(Xb), average="macro")
for step in range(10): nbledger.metric("loss", 1 / (step + {trees}), step=step)
"""
MAGIC = "%ledger compare -e wine"


@pytest.fixture(scope="module")
def folder(lab):
    made = lab.root / "compare"
    made.mkdir()
    (made / "pyproject.toml").touch()
    cells = [TRAIN.format(trees=trees, split=split) for trees, split in ((1, 0), (3, 0), (20, 0), (8, 7))]
    write_notebook(made / "compare.ipynb", *cells, MAGIC)
    return made


@pytest.fixture(scope="module")
def page(browser, lab, folder):
    """The notebook executed in Lab, one page for all tests here."""
    page = browser.new_page()
    errors = uncaught(page)
    page.set_viewport_size({"width": 1400, "height": 1100})
    lab.open(page, "compare/compare.ipynb")
    run_all(page)
    yield page
    page.close()
    assert errors == []


@pytest.fixture
def view(page):
    """The live comparison, scrolled to the top of the page."""
    cell = page.locator(".jp-CodeCell", has_text=MAGIC)
    cell.evaluate("one => one.scrollIntoView({block: 'start'})")
    return cell.locator(".nbl-compare")


def kept(page, name):
    for theme in ("light", "dark"):
        use_theme(page, theme)
        page.wait_for_timeout(800)
        shot(page, f"compare-{name}-{theme}")
    use_theme(page, "light")


def names(view):
    return [text.split(" ", 1)[1] for text in view.locator(".nbl-runs label.widget-label-basic").all_inner_texts()]


def test_the_table_is_sorted_filtered_and_compared_with_a_baseline(page, view):
    expect(view.get_by_text("page 1 of 1 · 4 runs")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".nbl-static")).to_be_hidden(timeout=PATIENCE)
    assert names(view) == ["forest 8", "forest 20", "forest 3", "forest 1"]
    view.get_by_role("button", name="loss").click()
    expect(view.get_by_role("button", name="loss ▼")).to_be_visible(timeout=PATIENCE)
    view.get_by_role("button", name="loss ▼").click()
    expect(view.get_by_role("button", name="loss ▲")).to_be_visible(timeout=PATIENCE)
    assert names(view) == ["forest 20", "forest 8", "forest 3", "forest 1"]
    view.get_by_label("Baseline", exact=True).select_option(index=4)
    expect(view.get_by_text("95 % interval of a change")).to_be_visible(timeout=PATIENCE)
    expect(view.get_by_role("img", name="judged on other evaluation data").first).to_be_visible(timeout=PATIENCE)
    view.get_by_role("checkbox", name="forest 20").check()
    expect(view.get_by_text("1 selected")).to_be_visible(timeout=PATIENCE)
    kept(page, "table")
    view.get_by_label("Filter").fill("metrics.loss << 1")
    view.get_by_label("Filter").press("Enter")
    notice = page.locator(".nbl-view [role=status]", has_text="Expected a number")
    expect(notice).to_contain_text("metrics.loss << 1", timeout=PATIENCE)
    shot(page, "compare-refused")
    view.get_by_label("Filter").fill("params.n_estimators > 2")
    view.get_by_label("Filter").press("Enter")
    expect(view.get_by_text("page 1 of 1 · 3 runs")).to_be_visible(timeout=PATIENCE)
    expect(notice).to_have_count(0, timeout=PATIENCE)


def test_rows_and_heads_stand_beside_their_cells(view):
    tops = view.locator(".nbl-runs > *").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    rows = view.locator(".nbl-rows tbody tr").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    assert len(tops) == len(rows) == 3
    assert max(abs(top - row) for top, row in zip(tops, rows, strict=True)) < 2
    right = "all => all.map(one => one.getBoundingClientRect().right)"
    heads = view.locator(".nbl-heads > *").evaluate_all(right)[1:]
    cells = view.locator(".nbl-rows tbody tr").first.locator("td").evaluate_all(right)
    assert max(abs(head - cell) for head, cell in zip(heads, cells, strict=True)) < 2


def test_the_keyboard_reaches_and_works_everything(page, view):
    view.get_by_role("button", name="accuracy").focus()
    page.keyboard.press("Enter")
    expect(view.get_by_role("button", name="accuracy ▼")).to_be_focused(timeout=PATIENCE)
    box = view.get_by_role("checkbox", name="forest 3")
    box.focus()
    page.keyboard.press("Space")
    expect(box).to_be_checked(timeout=PATIENCE)
    expect(view.get_by_text("2 selected")).to_be_visible(timeout=PATIENCE)
    view.get_by_label("Filter").focus()
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate("() => document.activeElement.innerText || document.activeElement.labels?.[0]?.innerText")
        )
    assert {"Refresh", "accuracy ▼", "Only what differs", "Select page", "Save", "Write CSV"} <= seen


def test_charts_stand_above_the_table_and_mark_the_selected_runs(page, view):
    for name in ("Scatter", "Learning curves", "Confusion"):
        view.get_by_role("button", name=name).click()
        expect(view.locator(".js-plotly-plot")).to_have_count(1, timeout=PATIENCE)
        page.wait_for_timeout(800)
        shot(page, f"compare-{name.lower().replace(' ', '-')}")
    view.get_by_role("button", name="Table", exact=True).click()
    expect(view.locator(".js-plotly-plot")).to_have_count(0, timeout=PATIENCE)


def test_nothing_in_it_is_a_barrier(page, view):
    expect(view).to_be_visible(timeout=PATIENCE)
    assert axe(page, ".nbl-compare") == []


def test_a_saved_notebook_shows_the_last_state_without_its_kernel(lab, page, view, folder):
    expect(view.get_by_text("2 selected")).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(1500)
    run_command(page, "docmanager:save")
    page.wait_for_timeout(1000)
    assert (folder / "compare.ipynb").stat().st_size < 200_000
    shutil.copy(
        folder / "compare.ipynb", folder / "saved.ipynb"
    )  # a kernel of its own, which knows none of the widgets
    lab.open(page, "compare/saved.ipynb")
    cell = page.locator(".jp-CodeCell", has_text=MAGIC)
    static = cell.locator(".nbl-static")
    expect(static).to_contain_text(
        "3 runs, of wine, where params.n_estimators > 2, by metrics.accuracy desc", timeout=PATIENCE
    )
    expect(static.locator("tr.nbl-chosen")).to_have_count(2, timeout=PATIENCE)
    expect(cell.get_by_text("Error displaying widget")).to_be_hidden(timeout=PATIENCE)
    kept(page, "saved")


def test_names_from_outside_run_nothing_and_many_runs_are_paged(lab, browser):
    folder = lab.root / "many"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    ledger = Ledger.open(folder)
    session = start_session(ledger)
    for number in range(300):
        add_run(ledger, session, number, 1.7e9 + 60 * number)
    evil = add_run(ledger, session, 300, 1.7e9 + 60 * 300, name=XSS, experiment=XSS)
    ledger.record(evil, Facts(params=(Param(XSS, XSS),), metrics=(Metric(XSS, 1.0),)))
    ledger.close()
    write_notebook(folder / "many.ipynb", "%ledger compare", f"import nbledger\nnbledger.compare(experiment={XSS!r})")
    page = browser.new_page()
    page.set_viewport_size({"width": 1400, "height": 1100})
    lab.open(page, "many/many.ipynb")
    run_all(page)
    many = page.locator(".nbl-compare").first
    expect(many.get_by_text("page 1 of 16 · 301 runs")).to_be_visible(timeout=PATIENCE)
    many.get_by_role("button", name="Next", exact=True).click()
    expect(many.get_by_text("page 2 of 16")).to_be_visible(timeout=PATIENCE)
    kept(page, "many")
    alone = page.locator(".nbl-compare").last
    alone.evaluate("one => one.scrollIntoView({block: 'start'})")
    expect(alone.locator(".nbl-runs")).to_contain_text("<img src=x", timeout=PATIENCE)
    for tab in ("Metrics", "Parallel coordinates", "Scatter", "Code"):
        alone.get_by_role("button", name=tab, exact=True).click()
        page.wait_for_timeout(700)
    assert page.evaluate("() => document.body.dataset.pwned") is None
    assert page.locator(".nbl-view img[src=x]").count() == 0
    shot(page, "compare-evil")
    page.close()
