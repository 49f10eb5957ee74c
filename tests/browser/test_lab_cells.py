"""What the ledger shows under the cells of a notebook, in JupyterLab and in Notebook 7, by a real browser."""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.browser.driving import QUIET, axe, run_all, run_command, shot, uncaught, use_theme, write_notebook

SUMS = (
    "rows = [3, 1, 2]",
    "total = sum(rows)",
    "import nbledger",
    "%%track sums\nscale = 2\nnbledger.metric('score', total * scale)",
    "print(total)",
)
SAID = """path => {
  const all = [];
  for (const panel of window.jupyterapp.shell.widgets('main')) {
    if (panel.context && panel.context.localPath.endsWith(path)) { all.push(panel); }
  }
  return all[0].content.widgets.map(cell => {
    const badge = cell.layout.widgets.map(w => w.node.querySelector('.jp-nbledger-cell-badge')).find(Boolean);
    return badge ? [...badge.children].map(part => part.textContent).filter(Boolean).join(' | ') : null;
  });
}"""


class Book:
    """A notebook in a page: what its rows say, and what a user does with its cells (counted from 0)."""

    def __init__(self, page, path):
        self.page = page
        self.path = path

    def said(self):
        return self.page.evaluate(SAID, self.path)

    def until(self, right):
        """Wait until the rows are as they should be, and return them."""
        until = time.monotonic() + 30
        while not right(said := self.said()):
            assert time.monotonic() < until, said
            self.page.wait_for_timeout(50)
        return said

    def recorded(self, count):
        """Wait until so many cells have a row, and none of them goes on."""
        return self.until(
            lambda said: (
                sum(one is not None for one in said) == count and not any("running" in (one or "") for one in said)
            )
        )

    def stale(self, *cells):
        return self.until(lambda said: {at for at, one in enumerate(said) if "stale" in (one or "")} == set(cells))

    def cell(self, at):
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell").nth(at)

    def badge(self, at):
        return self.cell(at).locator(".jp-nbledger-cell-badge")

    def source(self, at, text=None):
        """Return the source of a cell, or give it another one."""
        return self.page.evaluate(
            """([at, text]) => {
              const shared = window.jupyterapp.shell.currentWidget.content.widgets[at].model.sharedModel;
              if (text !== null) { shared.setSource(text); }
              return shared.getSource();
            }""",
            [at, text],
        )

    def select(self, at):
        """Make a cell the active one, in command mode, with the focus on it."""
        self.cell(at).locator(".jp-InputPrompt").first.click()

    def type_into(self, at, text):
        """Type at the end of a cell."""
        self.cell(at).locator(".cm-content").click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.type(text, delay=20)

    def execute(self, at):
        self.select(at)
        self.page.keyboard.press("Control+Enter")

    def popover(self):
        return self.page.locator(".jp-nbledger-cell-popover")


def opened(server, page, folder, *cells, name="a.ipynb", run=True):
    """Make a notebook in a folder with a ledger of its own, open it, and run it."""
    place = server.root / folder
    write_notebook(place / name, *cells)
    (place / "pyproject.toml").touch()
    server.open(page, f"{folder}/{name}")
    book = Book(page, name)
    if run:
        run_all(page)
        book.recorded(len(cells))
    return book


@pytest.fixture(scope="module")
def shared_book(lab, browser):
    """A notebook that has run, for tests that leave the page and the kernel as they are."""
    page = browser.new_page()
    errors = uncaught(page)
    yield opened(lab, page, "cells", *SUMS)
    page.close()
    assert not errors


@pytest.fixture
def book(shared_book):
    """The shared notebook with its first sources, all run and in order."""
    page = shared_book.page
    page.bring_to_front()
    for at, source in enumerate(SUMS, start=1):
        if shared_book.source(at) != source:
            shared_book.source(at, source)
    page.wait_for_timeout(100)
    if any("stale" in (one or "") or "score 12" not in shared_book.said()[4] for one in shared_book.said()):
        run_all(page)
        shared_book.until(lambda said: "score 12" in said[4])
    shared_book.stale()
    yield shared_book
    page.keyboard.press("Escape")
    use_theme(page, "light")


def restart(page):
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")


def test_each_recorded_cell_says_its_run_and_a_tracked_one_its_metric_and_the_change(book):
    first = book.said()
    assert first[0] is None, "the cell that loads the extension is not recorded"
    assert first[4].startswith("sums | score 12 ")
    book.source(1, "rows = [3, 1, 2, 9]")
    for at in (1, 2, 4):
        book.execute(at)
    said = book.until(lambda said: "score 30" in said[4])
    assert "sums | score 30 +18 | " in said[4]
    assert "Run sums, score 30 +18" in book.badge(4).get_attribute("aria-label")


def test_an_edit_makes_its_cell_and_what_depends_on_it_stale_and_taking_it_back_does_not(book):
    page = book.page
    book.type_into(1, "; rows.append(9)")
    said = book.stale(1, 2, 4, 5)
    assert said[1].endswith("stale: its code was changed since it ran")
    assert re.search(r"stale: rows comes from \[\d+\], which is stale", said[2])
    assert re.search(r"stale: total comes from \[\d+\], which is stale", said[4])
    shot(page, "cells-stale-light")
    use_theme(page, "dark")
    shot(page, "cells-stale-dark")
    book.source(1, SUMS[0])
    book.stale()
    book.source(1, SUMS[0] + "  # three of them")
    page.wait_for_timeout(1000)
    book.stale()


def test_nothing_flickers_while_somebody_types(book):
    page = book.page
    page.evaluate(
        """() => {
          window.drawn = [];
          const rows = [...document.querySelectorAll('.jp-nbledger-cell-row')];
          const tops = () => rows.map(row => row.getBoundingClientRect().height);
          window.heights = tops();
          const look = () => window.drawn.push(tops().join());
          new MutationObserver(look).observe(document.querySelector('.jp-Notebook'), { childList: true, subtree: true });
        }"""
    )
    marks = []
    book.cell(1).locator(".cm-content").click()
    page.keyboard.press("Control+End")
    for key in "2345":
        page.keyboard.type(key)
        page.wait_for_timeout(150)
        marks.append("stale" in book.said()[1])
    assert not any(marks), "what is being typed is not judged yet"
    book.stale(1, 2, 4, 5)
    heights = page.evaluate("() => window.heights.join()")
    assert {one for one in page.evaluate("() => window.drawn") if one} <= {heights}, "no row ever changed its height"


def test_run_what_this_cell_needs_runs_only_the_stale_cells_in_order(book):
    page = book.page
    counts = """() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.executionCount)"""
    before = page.evaluate(counts)
    book.source(1, "rows = [3, 1, 2, 9]")
    book.stale(1, 2, 4, 5)
    book.select(4)
    assert run_command(page, "nbledger:run-needed") == 3
    said = book.stale(5)
    assert "score 30" in said[4]
    top = max(before)
    assert page.evaluate(counts) == [before[0], top + 1, top + 2, before[3], top + 3, before[5]]
    assert f"stale: total was made anew by [{top + 2}] since" in said[5]
    assert run_command(page, "nbledger:run-stale") == 1
    book.stale()
    assert book.cell(5).locator(".jp-OutputArea-output").inner_text().strip() == "15"
    assert run_command(page, "nbledger:run-needed") == 0


def test_a_cell_that_is_moved_below_the_one_that_needs_it_is_out_of_order(book):
    page = book.page
    rows = sum(one is not None for one in book.said())
    book.select(2)
    for _ in range(2):
        run_command(page, "notebook:move-cell-down")
    said = book.until(lambda said: "out of order" in (said[3] or ""))
    assert re.search(r"out of order: total: made by \[\d+\], which stands below this cell", said[3])
    assert sum(one is not None for one in said) == rows, "each cell took its row along"
    for _ in range(2):
        run_command(page, "notebook:move-cell-up")
    book.until(lambda said: not any("out of order" in (one or "") for one in said))


def test_the_row_opens_the_history_and_the_diff_with_an_earlier_execution_by_the_keyboard(book):
    page = book.page
    book.source(4, SUMS[3].replace("scale = 2", "scale = 5"))
    book.execute(4)
    book.until(lambda said: "score 30" in said[4])
    book.select(4)
    page.keyboard.press("l")
    page.keyboard.press("h")
    book.popover().get_by_text(re.compile(r"Executed \d+ times")).wait_for()
    assert book.badge(4).get_attribute("aria-expanded") == "true"
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.className") == "jp-nbledger-cell-diff":
            break
    page.keyboard.press("Enter")
    book.popover().get_by_text("scale = 5").wait_for()
    assert "- scale = 2" in book.popover().locator("pre").inner_text().replace("\u2212", "-")
    assert axe(page, ".jp-nbledger-cell-popover") == []
    shot(page, "cells-history-light")
    use_theme(page, "dark")
    assert axe(page, ".jp-nbledger-cell-popover") == []
    assert axe(page, ".jp-nbledger-cell-row") == []
    shot(page, "cells-history-dark")
    page.keyboard.press("Escape")
    book.popover().wait_for(state="detached")
    assert page.evaluate("() => document.activeElement.className") == "jp-nbledger-cell-badge"
    page.keyboard.press("Enter")
    book.popover().wait_for()
    page.mouse.click(700, 120)
    book.popover().wait_for(state="detached")


def test_the_popover_says_why_and_runs_what_is_needed(book):
    book.source(1, "rows = [5]")
    book.stale(1, 2, 4, 5)
    book.badge(5).click()
    book.popover().get_by_text(re.compile(r"total comes from \[\d+\], which is stale")).wait_for()
    book.popover().get_by_role("button", name="Run what it needs: 3 cells").click()
    book.popover().wait_for(state="detached")
    book.stale(4)
    assert book.cell(5).locator(".jp-OutputArea-output").inner_text().strip() == "5"


def test_nothing_is_written_into_the_file_and_the_rows_are_back_after_a_reload(lab, page):
    book = opened(lab, page, "cells-reload", *SUMS)
    before = book.said()
    run_command(page, "docmanager:save")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    saved = json.loads((lab.root / "cells-reload" / "a.ipynb").read_text())
    assert [cell["metadata"] for cell in saved["cells"]] == [{}] * 6
    assert set(saved["metadata"]) == {"kernelspec", "language_info"}
    assert "score 12" not in json.dumps([cell["source"] for cell in saved["cells"]])
    lab.open(page, "cells-reload/a.ipynb")
    assert book.recorded(5) == before
    earlier = page.locator(".jp-nbledger-cell-badge[data-kind=earlier]").count()
    assert earlier == 0, "the kernel went on, and what the cells made is in its memory"


def test_after_a_restart_the_results_are_an_earlier_kernels_and_what_a_cell_needs_is_all_of_it(lab, page):
    book = opened(lab, page, "cells-restart", *SUMS)
    restart(page)
    page.wait_for_function("() => document.querySelectorAll('.jp-nbledger-cell-badge[data-kind=earlier]').length === 5")
    assert "not in the memory of the kernel" in book.badge(4).get_attribute("title")
    shot(page, "cells-restarted")
    book.select(4)
    assert run_command(page, "nbledger:run-needed") == 5, "with the cell that loads the extension, without the last one"
    page.wait_for_function("() => document.querySelectorAll('.jp-nbledger-cell-badge[data-kind=earlier]').length === 1")
    assert "score 12" in book.said()[4]
    # Another kernel altogether, and none.
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.changeKernel({ name: 'python3' }).then(() => null)"
    )
    page.wait_for_function("() => document.querySelectorAll('.jp-nbledger-cell-badge[data-kind=earlier]').length === 5")
    book.select(1)
    assert run_command(page, "nbledger:run-needed") == 2
    page.wait_for_function("() => document.querySelectorAll('.jp-nbledger-cell-badge[data-kind=earlier]').length === 4")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.wait_for_function("() => document.querySelectorAll('.jp-nbledger-cell-badge[data-kind=earlier]').length === 5")


def test_two_notebooks_at_once_keep_their_rows_apart(lab, page):
    one = opened(lab, page, "cells-two", "x = 1", "y = x")
    write_notebook(lab.root / "cells-two" / "b.ipynb", "x = 1", "y = x", "z = y")
    page.evaluate(
        """() => void window.jupyterapp.commands.execute(
          'docmanager:open', { path: 'cells-two/b.ipynb', options: { mode: 'split-right' } })"""
    )
    page.wait_for_function(
        """() => { const now = window.jupyterapp.shell.currentWidget;
          return now.context.localPath.endsWith('b.ipynb') && now.sessionContext.session?.kernel?.status === 'idle'; }"""
    )
    other = Book(page, "b.ipynb")
    run_all(page)
    other.recorded(3)
    other.source(1, "x = 2")
    other.stale(1, 2, 3)
    one.stale()
    shot(page, "cells-two-notebooks")
    # The same notebook in a second view: both show the same.
    page.evaluate("() => void window.jupyterapp.commands.execute('docmanager:clone')")
    page.wait_for_function(
        """() => {
          const said = [...window.jupyterapp.shell.widgets('main')].filter(one => one.context?.localPath.endsWith('b.ipynb'))
            .map(one => [...one.node.querySelectorAll('.jp-nbledger-cell-badge')].map(badge => badge.textContent).join());
          return said.length === 2 && said[0].includes('stale') && said[0] === said[1];
        }"""
    )


def test_the_button_in_the_cells_toolbar_tracks_the_cell_and_stops_tracking_it(lab, page):
    book = opened(lab, page, "cells-track", "x = 1", "%%bash\necho hello", run=False)
    book.select(1)
    button = book.cell(1).locator("[data-jp-item-name=nbledger-track]").get_by_role("button")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert book.source(1) == "%%track\nx = 1"
    page.wait_for_function(
        "() => document.querySelector('.jp-Cell.jp-mod-active [data-jp-item-name=nbledger-track] [aria-pressed=true]')"
    )
    shot(page, "cells-track-button")
    button.click()
    assert book.source(1) == "x = 1"
    book.select(2)
    page.keyboard.press("l")
    page.keyboard.press("t")
    assert book.source(2) == "%%track\n%%bash\necho hello"
    run_command(page, "notebook:undo-cell-action")


def test_leakage_is_said_at_the_cell_that_it_concerns(lab, page):
    book = opened(
        lab,
        page,
        "cells-leak",
        "from sklearn.datasets import make_classification\nfrom sklearn.linear_model import LogisticRegression\n"
        "from sklearn.metrics import accuracy_score\nfrom sklearn.model_selection import train_test_split\n"
        "from sklearn.preprocessing import StandardScaler",
        "X, y = make_classification(200, 5, random_state=0)\nscaled = StandardScaler().fit_transform(X)",
        "X_train, X_test, y_train, y_test = train_test_split(scaled, y, random_state=0)",
        "%%track leaky\nmodel = LogisticRegression().fit(X_train, y_train)\n"
        "accuracy = accuracy_score(y_test, model.predict(X_test))",
    )
    said = book.until(lambda said: "leakage" in (said[4] or ""))
    assert "accuracy" in said[4]
    book.badge(4).click()
    book.popover().get_by_text("preprocessing leakage").wait_for()
    assert axe(page, ".jp-nbledger-cell-popover") == []
    shot(page, "cells-leakage-light")
    use_theme(page, "dark")
    shot(page, "cells-leakage-dark")
    use_theme(page, "light")


def test_names_are_text_and_long_ones_do_not_push_the_marks_away(lab, page):
    name = "<img src=x onerror=window.hacked=1>" + "long-" * 40
    book = opened(lab, page, "cells-xss", "x = 1", f'%%track "{name}"\nimport nbledger\nnbledger.metric("<b>m", x)')
    assert "<b>m 1" in book.said()[2]
    book.source(1, "x = 2")
    book.stale(1, 2)
    book.badge(2).click()
    book.popover().locator("h2").wait_for()
    assert page.evaluate("() => window.hacked") is None
    row = book.cell(2).locator(".jp-nbledger-cell-row").bounding_box()
    mark = book.cell(2).locator(".jp-nbledger-cell-mark").bounding_box()
    assert row["height"] == 20
    assert mark["width"] > 60
    assert mark["x"] + mark["width"] <= row["x"] + row["width"] + 1
    shot(page, "cells-long-names")


@pytest.fixture(scope="module")
def windowed(start_server):
    """A server of its own, whose Lab takes cells that are out of sight off the page."""
    server = start_server()
    settings = QUIET | {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "full"}}
    (server.folder / "settings" / "overrides.json").write_text(json.dumps(settings))
    return server


def test_rows_are_there_when_cells_come_into_sight_and_outputs_stay_as_they_are(windowed, page):
    frame = "from IPython.display import HTML\nHTML('<iframe srcdoc=\"<p>hello</p>\" height=60></iframe>')"
    cells = ["x0 = 0", *(f"x{n} = x{n - 1} + 1\nprint(x{n})" for n in range(1, 60))]
    book = opened(windowed, page, "many", frame, *cells, run=False)
    run_all(page)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.scrollToItem(0)")
    page.wait_for_selector(".jp-nbledger-cell-badge")
    page.evaluate("() => { document.querySelector('iframe').contentWindow.marked = true; }")
    for item in (60, 30, 0, 60, 0):
        page.evaluate(
            "item => window.jupyterapp.shell.currentWidget.content.scrollToItem(item, 'center')",
            item,
        )
        page.wait_for_function(
            """item => {
              const cell = window.jupyterapp.shell.currentWidget.content.widgets[item];
              const frame = window.jupyterapp.shell.currentWidget.content.node.getBoundingClientRect();
              const box = cell.node.getBoundingClientRect();
              const rows = cell.node.querySelectorAll('.jp-nbledger-cell-row');
              return box.bottom > frame.top && box.top < frame.bottom && (item === 0 || rows.length === 1);
            }""",
            arg=item,
        )
    order = """() => [...window.jupyterapp.shell.currentWidget.content.widgets[1].node.children]
      .map(node => node.className.match(/jp-Cell(Header|-inputWrapper|-outputWrapper|Footer)/)?.[1]).filter(Boolean)"""
    assert page.evaluate(order) == ["Header", "-inputWrapper", "-outputWrapper", "Footer"]
    assert page.evaluate("() => document.querySelector('iframe').contentWindow.marked"), "the output was not made anew"
    book.source(2, "x0 = 100")
    book.until(lambda said: "stale" in (said[3] or ""))


def test_the_rows_of_a_notebook_that_had_some_have_their_place_before_the_server_answers(windowed, page):
    book = opened(windowed, page, "cells-place", *SUMS)
    run_command(page, "docmanager:save")
    page.wait_for_timeout(1500)  # JupyterLab keeps its own state with a delay
    held = []
    page.route("**/nbledger/api/notebook?*", lambda route: held.append(route))
    windowed.open(page, "cells-place/a.ipynb", reset=False)
    page.wait_for_function("() => document.querySelectorAll('.jp-nbledger-cell-row').length === 5")
    tops = "() => [...document.querySelectorAll('.jp-Cell')].map(cell => cell.getBoundingClientRect().top).join()"
    assert page.locator(".jp-nbledger-cell-badge:visible").count() == 0
    page.wait_for_function("() => document.querySelectorAll('.jp-OutputArea-output').length === 2")
    page.wait_for_timeout(500)
    before = page.evaluate(tops)
    page.unroute("**/nbledger/api/notebook?*")  # lets what is held go on
    page.wait_for_function("() => document.querySelectorAll('.jp-nbledger-cell-badge:not([hidden])').length === 5")
    assert book.recorded(5)
    assert page.evaluate(tops) == before


def test_notebook_7_shows_the_same(start_server, page):
    server = start_server(app="notebook")
    book = opened(server, page, "seven", *SUMS)
    book.source(1, "rows = [1]")
    book.stale(1, 2, 4, 5)
    shot(page, "cells-notebook-7")
    book.badge(4).click()
    book.popover().get_by_role("button", name="Run what it needs: 3 cells").click()
    book.stale(5)
    assert axe(page, ".jp-nbledger-cell-row") == []


def test_two_people_in_one_notebook_see_the_same_rows(start_server, page, browser):
    server = start_server(rtc=True)
    book = opened(server, page, "shared", *SUMS)
    second = browser.new_page()
    try:
        server.open(second, "shared/a.ipynb")
        theirs = Book(second, "a.ipynb")
        theirs.recorded(5)
        page.bring_to_front()
        book.source(1, "rows = [7]")
        book.stale(1, 2, 4, 5)
        second.bring_to_front()
        theirs.stale(1, 2, 4, 5)
        assert run_command(second, "nbledger:run-stale") == 4
        theirs.stale()
        page.bring_to_front()
        book.until(lambda said: "score 14" in (said[4] or ""))
        book.stale()
    finally:
        second.close()
