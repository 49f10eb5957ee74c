"""The extension comes up in Lab and in Notebook 7, with nothing to enable."""

from __future__ import annotations

from tests.browser.driving import run_all, shot, write_notebook


def test_the_plugins_are_active_and_a_notebook_runs(lab, page):
    folder = lab.root / "is-there"
    write_notebook(folder / "a.ipynb", "x = 1", "x + 1")
    (folder / "pyproject.toml").touch()
    lab.open(page, "is-there/a.ipynb")
    run_all(page)
    shot(page, "lab-is-there")
    assert page.locator(".jp-OutputArea-output").last.inner_text() == "2"
    assert page.evaluate("() => window.jupyterapp.hasPlugin('nbledger:plugin')")
    assert (folder / ".nbledger" / "ledger.db").exists()


def test_it_comes_up_in_notebook_7_too(start_server, page):
    server = start_server(app="notebook")
    folder = server.root
    write_notebook(folder / "a.ipynb", "x = 1", "x + 1")
    (folder / "pyproject.toml").touch()
    server.open(page, "a.ipynb")
    run_all(page)
    shot(page, "notebook-7-is-there")
    assert page.locator(".jp-OutputArea-output").last.inner_text() == "2"
    assert page.evaluate("() => window.jupyterapp.hasPlugin('nbledger:plugin')")
