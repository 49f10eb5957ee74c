"""A page that is reloaded forgets which outputs its kernel may update; what is saved after that is the last state all the same."""

from __future__ import annotations

import json
import shutil

import pytest
from playwright.sync_api import expect

from tests.browser.driving import run_all, run_command, shot, uncaught, write_notebook
from tests.browser.filling import fill

#: Milliseconds: a kernel and a page start on a machine that may be busy.
PATIENCE = 30_000
MAGIC = "%ledger compare -e churn"


@pytest.fixture(scope="module")
def notebook(lab):
    """A notebook that compares thirty runs."""
    folder = lab.root / "saved"
    fill(folder, 30)
    return write_notebook(folder / "saved.ipynb", MAGIC)


def static_of(path):
    """The static form in a notebook's file, and all its outputs."""
    outputs = [one for cell in json.loads(path.read_text())["cells"] for one in cell.get("outputs", [])]
    (static,) = [one for one in outputs if "nbl-static" in str(one.get("data", {}).get("text/html", ""))]
    return "".join(static["data"]["text/html"]), outputs


def save(page):
    page.wait_for_timeout(1800)  # the static form follows within a second
    run_command(page, "docmanager:save")
    page.wait_for_timeout(1000)


def test_what_is_done_in_a_widget_after_a_reload_is_in_the_saved_notebook(lab, browser, notebook):
    page = browser.new_page()
    errors = uncaught(page)
    lab.open(page, "saved/saved.ipynb")
    run_all(page)
    view = page.locator(".nbl-compare")
    expect(view.get_by_text("page 1 of 2 · 25 runs")).to_be_visible(timeout=PATIENCE)
    save(page)
    before, outputs = static_of(notebook)
    size = notebook.stat().st_size

    lab.open(page, "saved/saved.ipynb")
    expect(view.get_by_text("page 1 of 2 · 25 runs")).to_be_visible(timeout=PATIENCE)
    view.get_by_label("Filter").fill("params.max_depth > 5")
    view.get_by_label("Filter").press("Enter")
    expect(view.get_by_text("page 1 of 1 · 8 runs")).to_be_visible(timeout=PATIENCE)
    view.get_by_role("button", name="f1", exact=True).click()
    expect(view.get_by_role("button", name="f1 ▼")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".nbl-static")).to_be_hidden()
    save(page)
    after, again = static_of(notebook)
    assert "params.max_depth &gt; 5" not in before
    assert "8 runs, of churn, where params.max_depth &gt; 5, by metrics.f1 desc" in after
    assert len(again) == len(outputs) and notebook.stat().st_size < size + 5_000
    page.close()
    assert errors == []


def test_it_is_what_one_sees_without_the_kernel(lab, browser, notebook):
    shutil.copy(notebook, notebook.with_name("copy.ipynb"))  # a kernel of its own, which knows none of the widgets
    page = browser.new_page()
    lab.open(page, "saved/copy.ipynb")
    static = page.locator(".nbl-static")
    expect(static).to_contain_text("where params.max_depth > 5, by metrics.f1 desc", timeout=PATIENCE)
    expect(page.get_by_text("Error displaying widget")).to_be_hidden(timeout=PATIENCE)
    shot(page, "saved-after-reload")
    page.close()
