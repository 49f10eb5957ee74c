"""The sidebar in the browser: runs of the notebook, the experiment, the ledger; live, sorted, filtered, compared."""

from __future__ import annotations

import contextlib
import re
import time

import pytest

from nbledger.ledger import Ledger
from nbledger.records import Facts, Metric, Param, RunEnd, RunStart, new_id
from tests.browser.driving import axe, run_all, run_command, shot, uncaught, use_theme, write_notebook
from tests.browser.filling import add_run, fill, start_session

SIDEBAR = "#nbledger-sidebar"
ROWS = f"{SIDEBAR} .jp-nbledger-Runs-row[data-run]"
COUNT = 300
XSS = "<img src=x onerror=\"document.title='broken'\"><b>bold</b>"


@pytest.fixture(scope="module")
def project(lab):
    """A project whose ledger has 300 runs of one notebook, and a few of another one."""
    folder = lab.root / "sidebar"
    fill(folder, COUNT)
    write_notebook(folder / "churn.ipynb", "1 + 1")
    write_notebook(folder / "other.ipynb", "1 + 1")
    return folder


@pytest.fixture
def ledger(project):
    ledger = Ledger(project / ".nbledger")
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def shared(browser, lab, project):
    """One page for the tests that leave it as it was."""
    page = browser.new_page()
    errors = uncaught(page)
    lab.open(page, "sidebar/churn.ipynb")
    show(page)
    yield page
    page.close()
    assert not errors


@pytest.fixture
def view(shared):
    """The sidebar as a newcomer finds it."""
    shared.keyboard.press("Escape")
    put_back(shared)
    return shared


def show(page):
    run_command(page, "nbledger:show-runs")
    page.wait_for_selector(ROWS)


def put_back(page):
    """Undo what a test chose, by the same buttons."""
    scope(page, "Notebook")
    type_filter(page, "")
    if page.locator(f"{SIDEBAR} button:text-is('Clear')").count():
        page.locator(f"{SIDEBAR} button:text-is('Clear')").click()
    page.wait_for_selector(f"{ROWS} >> nth=10")


def scope(page, name):
    page.locator(f"{SIDEBAR} [role=radio]:text-is('{name}')").click()


def type_filter(page, text):
    box = page.locator(f"{SIDEBAR} .jp-nbledger-Filter input")
    box.fill(text)
    box.press("Escape" if text == "" and box.get_attribute("aria-expanded") == "true" else "Enter")


def counted(page, text):
    """Wait until the foot of the table says so."""
    page.wait_for_selector(f"{SIDEBAR} .jp-nbledger-Foot-count:text-is('{text}')")


def names(page, count=5):
    return [
        page.locator(f"{ROWS} .jp-nbledger-Runs-name").nth(index).get_attribute("data-name") for index in range(count)
    ]


def cells(page, column, count=8):
    return [page.locator(f"{ROWS} [data-column='{column}']").nth(index).inner_text() for index in range(count)]


def header(page, name):
    return page.locator(f"{SIDEBAR} th button", has_text=re.compile(f"^{name}"))


def test_it_shows_the_runs_of_the_notebook_the_experiment_and_the_ledger(view, ledger):
    session = start_session(ledger)
    add_run(ledger, session, 4, time.time(), notebook="other.ipynb", experiment="fraud", name="elsewhere")
    counted(view, f"{COUNT} runs")
    assert "elsewhere" not in names(view)
    scope(view, "Experiment")
    counted(view, "257 runs")
    view.locator(f"{SIDEBAR} .jp-nbledger-Experiment select").select_option("fraud")
    counted(view, "44 runs")
    scope(view, "All")
    counted(view, f"{COUNT + 1} runs")
    assert names(view, 1) == ["elsewhere"]


def test_an_experiment_beyond_those_that_are_listed_is_found_by_typing(lab, page):
    folder = lab.root / "experiments"
    fill(folder, 2)
    with contextlib.closing(Ledger(folder / ".nbledger")) as ledger:
        session = start_session(ledger)
        for index in range(600):
            add_run(ledger, session, index, time.time(), experiment=f"study {index:03}", name=f"of {index}")
    write_notebook(folder / "churn.ipynb", "1 + 1")
    lab.open(page, "experiments/churn.ipynb")
    show(page)
    scope(page, "Experiment")
    choice = page.locator(f"{SIDEBAR} .jp-nbledger-Experiment select")
    assert choice.input_value() == "churn"
    assert choice.locator("option").count() == 500
    page.get_by_text("500 of 602: type to find the others").wait_for()
    box = page.get_by_label("Find an experiment")
    box.fill("STUDY 59")
    page.get_by_text("10 of 10 that fit").wait_for()
    shot(page, "sidebar-experiments")
    assert axe(page, SIDEBAR) == []
    choice.select_option("study 599")
    page.wait_for_selector(f"{ROWS} [data-name='of 599']")
    box.fill("nowhere")
    page.get_by_text("No experiment is called so").wait_for()
    box.fill("")
    page.get_by_text("500 of 602").wait_for()
    assert choice.input_value() == "study 599"


def test_only_the_rows_in_sight_are_in_the_page_and_every_row_can_be_reached(view):
    table = view.locator(f"{SIDEBAR} .jp-nbledger-Runs-table")
    assert table.get_attribute("aria-rowcount") == str(COUNT + 1)
    assert view.locator(ROWS).count() < 100
    table.focus()
    view.keyboard.press("End")
    view.wait_for_selector(f"{ROWS}[data-row='{COUNT - 1}']")
    last = view.locator(f"{ROWS}[data-row='{COUNT - 1}']")
    assert last.locator(".jp-nbledger-Runs-name").get_attribute("data-name").endswith("_0")
    assert table.get_attribute("aria-activedescendant") == last.get_attribute("id")
    view.keyboard.press("Home")
    view.wait_for_selector(f"{ROWS}[data-row='0']")


#: Jumps in one task, as frames do that follow each other at once; each callback of `then` comes right after the drawing.
JUMP = """
  const scroller = document.querySelector('#nbledger-sidebar .jp-nbledger-Runs-scroller');
  const jump = (...tops) => tops.forEach(top => {
    scroller.scrollTop = top;
    scroller.dispatchEvent(new Event('scroll'));
  });
  const rows = () => [...scroller.querySelectorAll('tr[data-row]')];
  const drawn = () => new Promise(done => {
    const observer = new MutationObserver(() => { observer.disconnect(); done(); });
    observer.observe(scroller, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-row'] });
  });
"""


def test_rows_that_fly_past_are_placeholders_that_keep_their_place_and_are_then_filled(view):
    view.wait_for_function(
        f"""async () => {{{JUMP}
          jump(7000); await new Promise(done => setTimeout(done, 200));
          jump(3600); await new Promise(done => setTimeout(done, 200));
          return rows().every(row => row.dataset.run);
        }}"""
    )
    seen = view.evaluate(
        f"""async () => {{{JUMP}
          const elements = new Set(rows());
          const next = drawn();
          jump(0, 4800, 2400);
          await next;
          return rows().map(row => [
            elements.has(row), row.classList.contains('jp-mod-loading'),
            row.getAttribute('aria-rowindex') - row.dataset.row, row.id.endsWith('-' + row.dataset.row)
          ]);
        }}"""
    )
    assert seen
    assert all(row == [True, True, 2, True] for row in seen)
    view.wait_for_selector(f"{ROWS}[data-row='110']")
    assert view.locator(f"{SIDEBAR} tr.jp-mod-loading").count() == 0


def test_pages_that_are_flown_past_are_not_asked_for(view):
    asked = []

    def note(request):
        found = re.search(r"/runs\?.*offset=(\d+)", request.url)
        if found:
            asked.append(int(found[1]))

    header(view, "accuracy").click()
    view.wait_for_selector("th[aria-sort=descending][data-header='metrics.accuracy']")
    view.wait_for_selector(f"{SIDEBAR} .jp-nbledger-Runs-table[aria-busy=false]")
    view.on("request", note)
    view.evaluate(
        f"""async () => {{{JUMP}
          for (const top of [6000, 3600, 6000]) {{
            const next = drawn();
            jump(top - 1200, top);
            await next;
          }}
          jump(3600, 0);
        }}"""
    )
    view.wait_for_selector(f"{ROWS}[data-row='0']")
    view.wait_for_timeout(200)
    assert not {100, 200} & set(asked)
    view.evaluate(f"() => {{{JUMP} jump(6000); }}")
    view.wait_for_selector(f"{ROWS}[data-row='250']")
    assert 200 in asked
    view.remove_listener("request", note)
    header(view, "accuracy").click()
    header(view, "accuracy").click()
    view.wait_for_function(
        f"() => document.querySelector('{ROWS} .jp-nbledger-Runs-name').dataset.name.endsWith('_299')"
    )


def test_a_click_on_a_header_sorts_all_runs_and_not_only_those_in_sight(view):
    header(view, "accuracy").click()
    view.wait_for_function(
        f"() => document.querySelector(\"{SIDEBAR} th[data-header='metrics.accuracy']\").ariaSort === 'descending'"
    )
    view.wait_for_function(
        f"() => parseFloat(document.querySelector(\"{ROWS} [data-column='metrics.accuracy']\").textContent) > 0.965"
    )
    found = [float(text) for text in cells(view, "metrics.accuracy")]
    assert found == sorted(found, reverse=True)
    header(view, "accuracy").click()
    view.wait_for_function(
        f"() => parseFloat(document.querySelector(\"{ROWS} [data-column='metrics.accuracy']\").textContent) < 0.802"
    )
    header(view, "accuracy").click()
    view.wait_for_function(
        f"() => document.querySelector('{ROWS} .jp-nbledger-Runs-name').dataset.name.endsWith('_299')"
    )


def test_the_filter_completes_names_operators_and_values(view):
    box = view.locator(f"{SIDEBAR} .jp-nbledger-Filter input")
    options = view.locator(f"{SIDEBAR} .jp-nbledger-Filter-list [role=option]")
    box.click()
    view.keyboard.type("mod")
    view.wait_for_selector(f"{SIDEBAR} [role=option] >> text=params.model")
    view.keyboard.press("ArrowDown")
    shot(view, "sidebar-completion")
    view.keyboard.press("Enter")
    assert box.input_value() == "params.model "
    view.wait_for_selector(f"{SIDEBAR} [role=option] >> text=ILIKE")
    view.keyboard.type("= S")
    view.wait_for_selector(f"{SIDEBAR} [role=option]:has-text(\"'SVC'\")")
    assert options.first.inner_text().startswith("'SVC'")
    view.keyboard.press("ArrowDown")
    view.keyboard.press("Enter")
    assert box.input_value() == "params.model = 'SVC' "
    view.keyboard.press("Escape")
    counted(view, "75 runs")
    assert all("SVC" in name for name in names(view))


def test_plain_words_look_for_names_and_a_wrong_filter_is_told_where(view):
    type_filter(view, "gradient")
    counted(view, "75 runs")
    type_filter(view, "metrics.accuracy >> 2")
    view.wait_for_selector(f"{SIDEBAR} .jp-nbledger-Filter-error mark:text-is('>')")
    assert "Expected a number" in view.locator(f"{SIDEBAR} .jp-nbledger-Filter-error").inner_text()
    assert view.locator(ROWS).count() > 10
    shot(view, "sidebar-wrong-filter")
    type_filter(view, "metrics.accuracy > 2")
    view.wait_for_selector(f"{SIDEBAR} >> text=No run fits the filter")
    view.locator(f"{SIDEBAR} .jp-nbledger-Problem button").click()
    counted(view, f"{COUNT} runs")


def test_a_filter_can_be_saved_and_is_offered_again(view):
    type_filter(view, "status = 'failed'")
    counted(view, "27 runs")
    view.locator(f"{SIDEBAR} button[aria-label='Saved filters']").click()
    view.locator(".lm-Menu-item:has-text('Save This Filter')").click()
    view.locator(".jp-Dialog input").fill("what failed")
    view.locator(".jp-Dialog .jp-mod-accept").click()
    view.wait_for_selector(".jp-Dialog", state="detached")
    type_filter(view, "")
    counted(view, f"{COUNT} runs")
    view.locator(f"{SIDEBAR} button[aria-label='Saved filters']").click()
    view.locator(".lm-Menu-item:has-text('what failed')").first.click()
    counted(view, "27 runs")
    run_command(view, "nbledger:remove-filter", {"name": "what failed"})
    view.locator(f"{SIDEBAR} button[aria-label='Saved filters']").click()
    assert view.locator(".lm-Menu-item:has-text('what failed')").count() == 0
    view.keyboard.press("Escape")


def test_columns_are_chosen_hidden_moved_and_resized(view):
    view.locator(f"{SIDEBAR} button[aria-label='Columns']").click()
    chooser = view.locator(f"{SIDEBAR} .jp-nbledger-Chooser")
    chooser.locator("input[type=text]").fill("max")
    chooser.locator("label:has-text('max_depth') input").check()
    chooser.locator("input[type=text]").fill("")
    shot(view, "sidebar-columns")
    assert axe(view, f"{SIDEBAR} .jp-nbledger-Chooser") == []
    view.keyboard.press("Escape")
    headers = view.locator(f"{SIDEBAR} th[data-header]")
    assert [one.get_attribute("data-header") for one in headers.all()] == ["metrics.accuracy", "params.max_depth"]
    headers.nth(1).click(button="right")
    view.locator(".lm-Menu-item:has-text('Move Column Left')").click()
    assert headers.nth(0).get_attribute("data-header") == "params.max_depth"

    before = headers.nth(0).bounding_box()["width"]
    headers.nth(0).locator("button").focus()
    view.keyboard.press("Shift+ArrowRight")
    assert headers.nth(0).bounding_box()["width"] == pytest.approx(before + 16, abs=1)
    edge = headers.nth(0).bounding_box()
    view.mouse.move(edge["x"] + edge["width"] - 3, edge["y"] + 10)
    view.mouse.down()
    view.mouse.move(edge["x"] + edge["width"] + 27, edge["y"] + 10, steps=3)
    view.mouse.up()
    assert headers.nth(0).bounding_box()["width"] == pytest.approx(before + 46, abs=3)
    # The table is wider than its view now: the names stay in sight, also those of selected rows.
    name = view.locator(f"{ROWS} .jp-nbledger-Runs-name").first
    at = name.bounding_box()["x"]
    view.evaluate(f"() => document.querySelector('{SIDEBAR} .jp-nbledger-Runs-scroller').scrollBy(60, 0)")
    assert name.bounding_box()["x"] == at
    ground = name.evaluate("cell => getComputedStyle(cell).backgroundImage")
    name.click()
    assert ground == "none"
    assert "gradient" in name.evaluate("cell => getComputedStyle(cell).backgroundImage")
    view.keyboard.press("Escape")
    view.evaluate(f"() => document.querySelector('{SIDEBAR} .jp-nbledger-Runs-scroller').scrollTo(0, 0)")

    wide = headers.nth(0).bounding_box()["width"]
    headers.nth(0).click(button="right", position={"x": wide - 20, "y": 10})
    view.locator(".lm-Menu-item:has-text('Hide Column')").click()
    assert [one.get_attribute("data-header") for one in headers.all()] == ["metrics.accuracy"]
    view.locator(f"{SIDEBAR} button[aria-label='Columns']").click()
    chooser.locator("button:has-text('Whatever fits')").click()
    view.keyboard.press("Escape")


def test_a_long_name_shows_both_its_ends_and_the_whole_on_hover(view):
    row = view.locator(
        f"{ROWS} .jp-nbledger-Runs-name[data-name='train_with_all_features_scaled_and_selected_SVC_291']"
    )
    text = row.locator(".jp-nbledger-Runs-text").inner_text()
    assert text.startswith("train") and text.endswith("_291") and "…" in text
    assert "train_with_all_features_scaled_and_selected_SVC_291" in row.get_attribute("title")
    run_command(view, "nbledger:wrap-names")
    view.wait_for_timeout(200)
    assert len(row.locator(".jp-nbledger-Runs-text").inner_text()) > len(text)
    run_command(view, "nbledger:wrap-names")


def test_runs_are_selected_by_mouse_and_keyboard_and_compared(view):
    rows = view.locator(ROWS)
    rows.nth(1).click()
    rows.nth(4).click(modifiers=["Control"])
    rows.nth(6).locator("input").click()
    counted(view, "3 selected")
    rows.nth(2).click()
    rows.nth(5).click(modifiers=["Shift"])
    counted(view, "4 selected")
    view.keyboard.press("Escape")
    counted(view, f"{COUNT} runs")
    view.keyboard.press("Home")
    view.keyboard.press(" ")
    view.keyboard.press("ArrowDown")
    view.keyboard.press("ArrowDown")
    view.keyboard.press(" ")
    counted(view, "2 selected")
    chosen = [rows.nth(index).get_attribute("data-run") for index in (0, 2)]
    view.locator(f"{SIDEBAR} button:text-is('Compare')").click()
    view.wait_for_selector("#jp-main-dock-panel .lm-TabBar-tabLabel:text-is('Compare runs')")
    opened = view.evaluate("() => window.jupyterapp.shell.currentWidget.content.args.ids")
    assert opened == chosen
    view.evaluate("() => window.jupyterapp.shell.currentWidget.close()")


def test_enter_and_a_double_click_open_a_run(view):
    view.locator(ROWS).nth(3).dblclick()
    view.wait_for_function("() => window.jupyterapp.shell.currentWidget.content?.kind === 'run'")
    opened = view.evaluate("() => window.jupyterapp.shell.currentWidget.content.args.id")
    assert opened == view.locator(ROWS).nth(3).get_attribute("data-run")
    view.evaluate("() => window.jupyterapp.shell.currentWidget.close()")


def test_the_row_below_the_pointer_has_a_menu(view):
    row = view.locator(ROWS).nth(2)
    row.click(button="right")
    items = view.locator(".lm-Menu-item:not([data-type=separator])").all_inner_texts()
    assert [item.split("\t")[0].strip() for item in items][:3] == ["Open Run", "Show Lineage", "Go to Cell"]
    view.locator(".lm-Menu-item:has-text('Delete Runs')").click()
    view.locator(".jp-Dialog button:has-text('Delete')").click()
    counted(view, f"{COUNT - 1} runs")
    view.locator(".Toastify button:has-text('Restore')").click()
    counted(view, f"{COUNT} runs")


def test_a_run_that_another_process_writes_appears_and_what_one_looks_at_stays_in_place(view, ledger):
    scroller = view.locator(f"{SIDEBAR} .jp-nbledger-Runs-scroller")
    session = start_session(ledger)
    add_run(ledger, session, 7, time.time(), name="just now")
    view.wait_for_selector(f"{ROWS} [data-name='just now']")

    scroller.evaluate("one => { one.scrollTop = 2400; }")
    view.wait_for_selector(f"{ROWS}[data-row='110']")
    seen = view.locator(f"{ROWS}[data-row='105']").get_attribute("data-run")
    at = view.locator(f"{ROWS}[data-run='{seen}']").bounding_box()["y"]
    run = add_run(ledger, session, 8, time.time(), name="later")
    view.wait_for_selector(f"{ROWS}[data-row='106'][data-run='{seen}']")
    assert view.locator(f"{ROWS}[data-run='{seen}']").bounding_box()["y"] == pytest.approx(at, abs=1)
    scroller.evaluate("one => { one.scrollTop = 0; }")
    view.wait_for_selector(f"{ROWS}[data-row='0'][data-run='{run}']")


def test_a_run_that_goes_on_says_so_until_it_ends(view, ledger):
    session = start_session(ledger)
    run = new_id()
    start = RunStart(run, session, "cell", time.time(), "long one", "churn", notebook="churn.ipynb", tracked=True)
    ledger.start_run(start)
    view.wait_for_selector(f"{ROWS}[data-run='{run}'] svg[aria-label=running]")
    ledger.end_run(RunEnd(run, time.time(), 1.0, "finished"), Facts())
    view.wait_for_selector(f"{ROWS}[data-run='{run}'] svg[aria-label=finished]")


def test_names_from_a_ledger_stay_text(view, ledger):
    session = start_session(ledger)
    run = new_id()
    ledger.start_run(
        RunStart(run, session, "cell", time.time(), XSS, "churn", notebook="churn.ipynb", source="1", tracked=True)
    )
    facts = Facts(params=(Param(XSS, XSS),), metrics=(Metric(XSS, 1.0),))
    ledger.end_run(RunEnd(run, time.time(), 1.0, "finished"), facts)
    view.wait_for_selector(f"{ROWS}[data-run='{run}']")
    run_command(view, "nbledger:wrap-names")
    view.locator(f"{SIDEBAR} button[aria-label='Columns']").click()
    view.locator(f"{SIDEBAR} .jp-nbledger-Chooser label:has-text('bold')").first.wait_for()
    view.keyboard.press("Escape")
    view.locator(f"{SIDEBAR} .jp-nbledger-Filter input").fill("bold")
    view.wait_for_selector(f"{SIDEBAR} [role=option]:has-text('bold')")
    view.keyboard.press("Escape")
    run_command(view, "nbledger:wrap-names")
    assert view.locator(f"{SIDEBAR} b, {SIDEBAR} img").count() == 0
    assert "broken" not in view.title()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_looks_right_and_is_accessible(view, theme):
    use_theme(view, theme)
    view.locator(ROWS).nth(1).click()
    view.locator(ROWS).nth(3).click(modifiers=["Control"])
    shot(view, f"sidebar-{theme}")
    assert axe(view, SIDEBAR) == []
    run_command(view, "nbledger:open-ledger")
    view.wait_for_selector("#jp-main-dock-panel .jp-nbledger-Runs-row[data-run]")
    view.wait_for_timeout(400)
    shot(view, f"ledger-tab-{theme}")
    assert axe(view, "#jp-main-dock-panel .jp-nbledger-Runs") == []
    view.evaluate("() => window.jupyterapp.shell.currentWidget.close()")
    use_theme(view, "light")


def test_what_was_chosen_survives_a_reload(lab, project, page):
    lab.open(page, "sidebar/churn.ipynb")
    show(page)
    scope(page, "Experiment")
    page.locator(f"{SIDEBAR} .jp-nbledger-Experiment select").select_option("churn")
    type_filter(page, "params.model = 'SVC'")
    counted(page, "64 runs")
    for _ in range(2):
        header(page, "accuracy").click()
        page.wait_for_selector(f"{SIDEBAR} table[aria-busy=false]")
    page.locator(ROWS).nth(1).click()
    counted(page, "1 selected")
    chosen = page.locator(ROWS).nth(1).get_attribute("data-run")
    page.wait_for_timeout(1500)  # the application writes its state down after a moment
    page.reload()
    page.wait_for_selector(f"{ROWS}[data-run='{chosen}'][aria-selected=true]")
    assert page.locator(f"{SIDEBAR} [role=radio][aria-checked=true]").inner_text() == "Experiment"
    assert page.locator(f"{SIDEBAR} .jp-nbledger-Filter input").input_value() == "params.model = 'SVC'"
    assert page.locator(f"{SIDEBAR} th[data-header='metrics.accuracy']").get_attribute("aria-sort") == "ascending"


def test_a_cell_that_is_run_appears_by_itself_and_leads_back_to_its_cell(lab, page):
    folder = lab.root / "sidebar-live"
    write_notebook(folder / "live.ipynb", "%%track first\nlimit = 3", "limit + 1")
    (folder / "pyproject.toml").touch()
    lab.open(page, "sidebar-live/live.ipynb")
    run_command(page, "nbledger:show-runs")
    page.wait_for_selector(f"{SIDEBAR} .jp-nbledger-Problem[data-kind=none]")
    shot(page, "sidebar-no-ledger")
    run_all(page)
    page.wait_for_selector(f"{ROWS} [data-name='first']", timeout=60_000)
    counted(page, "1 run")
    run_command(page, "nbledger:show-untracked")
    page.wait_for_selector(f"{ROWS} >> nth=1")
    page.locator(f"{ROWS} [data-name='first']").click()
    run_command(page, "nbledger:go-to-cell")
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 1")
