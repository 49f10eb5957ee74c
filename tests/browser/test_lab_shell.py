"""nbledger in the application: launcher, palette, menu, shortcuts, settings, status bar, `ledger.db`, and its messages."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import pytest
from playwright.sync_api import TimeoutError as NotThere
from sqlite_utils import Database

from nbledger.ledger import Ledger, schema
from tests.browser.driving import ROOT, axe, run_command, shot, uncaught, use_theme, write_notebook
from tests.browser.filling import add_run, fill, start_session
from tests.conftest import as_an_older_nbledger_left_it

SIDEBAR = "#nbledger-sidebar"
ROWS = ".jp-nbledger-Runs-row[data-run]"


def project(server, name, runs=5):
    folder = server.root / name
    if runs:
        fill(folder, runs)
    else:
        folder.mkdir(parents=True)
        (folder / "pyproject.toml").touch()
    write_notebook(folder / "churn.ipynb", "1 + 1")
    return folder


def open_sidebar(server, page, name):
    server.open(page, f"{name}/churn.ipynb")
    run_command(page, "nbledger:show-runs")


def message(page, kind):
    """Wait for a message, and return it."""
    page.wait_for_selector(f"{SIDEBAR} .jp-nbledger-Problem[data-kind={kind}]")
    return page.locator(f"{SIDEBAR} .jp-nbledger-Problem[data-kind={kind}]").inner_text()


def everywhere(page, kind, remedy):
    """Hold that a cell and a tab say the same as the sidebar: what is the matter, and what to do."""
    assert remedy in message(page, kind)
    run_command(page, "nbledger:cell-history")
    cell = page.locator(".jp-nbledger-cell-popover")
    cell.locator(f"[data-kind={kind}]").wait_for()
    assert remedy in cell.inner_text()
    shot(page, f"message-{kind}-cell")
    page.keyboard.press("Escape")
    run_command(page, "nbledger:open-models")
    tab = page.locator(f"#jp-main-dock-panel .jp-nbledger-Problem[data-kind={kind}]")
    tab.wait_for()
    assert remedy in tab.inner_text()
    shot(page, f"message-{kind}")


# -- the application -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown(browser, lab):
    page = browser.new_page()
    errors = uncaught(page)
    project(lab, "shell", 30)
    open_sidebar(lab, page, "shell")
    page.wait_for_selector(f"{SIDEBAR} {ROWS}")
    yield page
    page.close()
    assert not errors


def test_the_launcher_has_a_card_that_opens_the_ledger_of_its_folder(shown):
    shown.evaluate("() => { window.jupyterapp.commands.execute('launcher:create', { cwd: 'shell' }); }")
    shown.locator(".jp-LauncherCard[title*='All runs of the ledger']").click()
    shown.wait_for_selector(f"#jp-main-dock-panel {ROWS}")
    assert shown.locator("#jp-main-dock-panel .jp-nbledger-Foot-count").inner_text() == "30 runs"
    shot(shown, "ledger-tab")


def test_the_palette_and_the_menu_offer_every_command_with_words_for_it(shown):
    found = shown.evaluate(
        """() => {
          const { commands } = window.jupyterapp;
          return commands.listCommands().filter(id => id.startsWith('nbledger:'))
            .map(id => [id, commands.label(id), commands.caption(id)]);
        }"""
    )
    assert len(found) > 20
    assert [id for id, label, caption in found if not label or not caption] == []
    described = shown.evaluate(
        """async () => {
          const { commands } = window.jupyterapp;
          const without = [];
          for (const id of commands.listCommands().filter(id => id.startsWith('nbledger:'))) {
            const description = await commands.describedBy(id);
            if (!description.args) without.push(id);
          }
          return without;
        }"""
    )
    assert described == []
    shown.locator(".lm-MenuBar-item:has-text('Ledger')").click()
    labels = shown.locator(".lm-Menu-item .lm-Menu-itemLabel").all_inner_texts()
    assert {"Show Runs", "Open Ledger", "Compare Runs", "Open Models", "Open Sweeps", "Open Pipelines"} <= set(labels)
    shot(shown, "ledger-menu")
    shown.keyboard.press("Escape")
    shown.keyboard.press("Escape")
    run_command(shown, "apputils:activate-command-palette")
    shown.locator(".lm-CommandPalette-input").fill("ledger models")
    shown.wait_for_selector(".lm-CommandPalette-itemLabel:has-text('Open Models')")
    shown.keyboard.press("Escape")


REACHED = """() => {
  // As the application does it: a binding counts when its selector fits the focused element or one around it. Two collide
  // when their keys are the same, or one's are the beginning of the other's. What is bound on the body is always reached.
  const around = [];
  for (let node = document.activeElement; node; node = node.parentElement) around.push(node);
  const { keyBindings } = window.jupyterapp.commands;
  const begins = (a, b) => a.length <= b.length && a.every((key, index) => key === b[index]);
  const said = ({ keys, command, selector }) => `${keys.join(' ')}: ${command} (${selector})`;
  const reached = keyBindings.filter(({ selector }) => around.some(node => node.matches(selector)));
  const ours = reached.filter(({ command }) => command.startsWith('nbledger:'));
  const found = [];
  for (const one of ours) {
    for (const other of one.selector === 'body' ? keyBindings : reached) {
      if (other !== one && (begins(one.keys, other.keys) || begins(other.keys, one.keys))) {
        found.push(`${said(one)} and ${said(other)}`);
      }
    }
  }
  const all = keyBindings.filter(({ command }) => command.startsWith('nbledger:'));
  return { ours: ours.map(said), found, all: all.map(said), others: keyBindings.length - all.length };
}"""


def collisions(page):
    """Each of our shortcuts that shares its keys with another one where both are reached, wherever ours are."""
    reached, found = set(), []
    for mode in ("command", "edit"):
        page.evaluate("() => { const { shell } = window.jupyterapp; shell.activateById(shell.currentWidget.id); }")
        run_command(page, f"notebook:enter-{mode}-mode")
        page.wait_for_selector(
            f".jp-Notebook.jp-mod-{mode}Mode .jp-Cell.jp-mod-active :focus, .jp-Cell.jp-mod-active:focus"
        )
        here = page.evaluate(REACHED)
        reached |= set(here["ours"])
        found += here["found"]
        if mode == "edit":
            assert [one for one in here["ours"] if "Alt" not in one] == []  # these are letters that one types
    run_command(page, "nbledger:show-runs")
    page.locator(f"{SIDEBAR} .jp-nbledger-Runs-table").focus()
    here = page.evaluate(REACHED)
    assert reached | set(here["ours"]) == set(here["all"])
    assert len(here["all"]) >= 9 and here["others"] > 50
    return found + here["found"]


def test_no_shortcut_collides_with_one_of_the_running_application(shown):
    assert collisions(shown) == []


def test_the_shortcuts_of_the_table_do_what_they_say(shown):
    run_command(shown, "filebrowser:activate")
    shown.keyboard.press("Alt+Shift+L")
    shown.wait_for_selector(f"{SIDEBAR}:not(.lm-mod-hidden) {ROWS}")
    shown.locator(f"{SIDEBAR} .jp-nbledger-Runs-table").focus()
    shown.keyboard.press("/")
    shown.wait_for_function(
        f"() => document.activeElement === document.querySelector('{SIDEBAR} .jp-nbledger-Filter input')"
    )
    assert shown.locator(f"{SIDEBAR} .jp-nbledger-Filter input").input_value() == ""


def test_every_setting_has_a_title_and_a_description(shown):
    found = shown.evaluate(
        """async () => {
          const answer = await fetch('/lab/api/settings?token=' + new URLSearchParams(location.search).get('token'));
          const { settings } = await answer.json();
          return settings.filter(one => one.id.startsWith('nbledger:')).map(one => one.schema);
        }"""
    )
    assert len(found) >= 1
    for one in found:
        assert one["title"] and one["description"]
        for name, setting in one["properties"].items():
            assert setting.get("title"), name
            assert setting.get("description"), name
    run_command(shown, "nbledger:show-runs")
    shown.evaluate("() => { window.jupyterapp.commands.execute('nbledger:open-settings'); }")
    shown.wait_for_selector(".jp-SettingsPanel, .jp-SettingsForm", timeout=60_000)
    shown.wait_for_timeout(800)
    shot(shown, "settings")
    shown.evaluate("() => window.jupyterapp.shell.currentWidget.close()")


def test_the_status_bar_counts_the_runs_and_can_be_switched_off(shown, lab):
    item = shown.locator(".jp-nbledger-StatusItem button")
    item.wait_for()
    assert item.inner_text().strip() == "30 runs"
    ledger = Ledger(lab.root / "shell" / ".nbledger")
    add_run(ledger, start_session(ledger), 3, time.time())
    ledger.close()
    shown.wait_for_selector(".jp-nbledger-StatusItem button:has-text('31 runs')")
    assert axe(shown, ".jp-nbledger-StatusItem") == []
    run_command(shown, "filebrowser:activate")
    item.click()
    shown.wait_for_selector(f"{SIDEBAR}:not(.lm-mod-hidden)")


def test_a_ledger_opens_by_double_click_without_being_fetched_and_comes_back_after_a_reload(lab, page):
    folder = project(lab, "shell-copy", 12)
    (folder / "kept").mkdir()
    shutil.copy(folder / ".nbledger" / "ledger.db", folder / "kept" / "ledger.db")
    lab.open(page, "shell-copy/churn.ipynb")
    fetched: list[str] = []
    page.on(
        "request",
        lambda one: fetched.append(one.url) if "api/contents" in one.url and "ledger.db" in one.url else None,
    )
    run_command(page, "filebrowser:activate")
    page.locator(".jp-DirListing-item:has-text('kept')").dblclick()
    page.locator(".jp-DirListing-item:has-text('ledger.db')").dblclick()
    page.wait_for_selector(f"#jp-main-dock-panel {ROWS}")
    assert page.locator("#jp-main-dock-panel .jp-nbledger-Foot-count").inner_text() == "12 runs"
    assert fetched and all("content=0" in url or "/checkpoints" in url for url in fetched)
    shot(page, "ledger-db")
    page.wait_for_timeout(1500)  # the application writes its layout down after a moment
    page.reload()
    page.wait_for_selector(f"#jp-main-dock-panel {ROWS}")


def test_the_tab_of_a_ledger_comes_back_after_a_reload(lab, page):
    project(lab, "shell-tab", 4)
    lab.open(page, "shell-tab/churn.ipynb")
    run_command(page, "nbledger:open-ledger", {"path": "shell-tab"})
    page.wait_for_selector(f"#jp-main-dock-panel {ROWS}")
    page.wait_for_timeout(1500)  # the application writes its layout down after a moment
    page.reload()
    page.wait_for_selector(f"#jp-main-dock-panel {ROWS}")
    assert page.locator("#jp-main-dock-panel .jp-nbledger-Foot-count").inner_text() == "4 runs"


def test_the_sidebar_is_there_in_notebook_7_and_its_shortcuts_collide_with_nothing(start_server, page):
    server = start_server(app="notebook")
    project(server, "seven", 6)
    server.open(page, "seven/churn.ipynb")
    run_command(page, "nbledger:show-runs")
    page.wait_for_selector(f"{SIDEBAR} {ROWS}")
    assert page.locator(f"{SIDEBAR} .jp-nbledger-Foot-count").inner_text() == "6 runs"
    assert page.locator(".lm-MenuBar-item:has-text('Ledger')").count() == 1
    shot(page, "sidebar-notebook-7")
    assert collisions(page) == []


# -- messages ------------------------------------------------------------------------------------------------------------


def test_no_ledger_yet_says_how_to_start_one(lab, page):
    project(lab, "shell-none", 0)
    open_sidebar(lab, page, "shell-none")
    assert "%load_ext nbledger" in message(page, "none")
    for theme in ("light", "dark"):
        use_theme(page, theme)
        assert axe(page, SIDEBAR) == []
        shot(page, f"message-none-{theme}")


def as_a_newer_nbledger_leaves_it(path):
    """Apply one more migration than this nbledger knows."""
    ledger = sqlite3.connect(path)
    later = schema.Step("9999_later", ("CREATE TABLE later (run INTEGER PRIMARY KEY, what TEXT NOT NULL) STRICT",))
    schema.migrations((*schema.STEPS, later)).apply(Database(ledger))
    ledger.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    ledger.commit()
    ledger.close()


def test_a_ledger_of_an_older_nbledger_is_left_as_it_is_until_the_remedy_is_taken(lab, page):
    folder = project(lab, "shell-older")
    path = folder / ".nbledger" / "ledger.db"
    as_an_older_nbledger_left_it(path)
    before = path.read_bytes()
    open_sidebar(lab, page, "shell-older")
    assert "older" in message(page, "older") and "nbledger doctor" in message(page, "older")
    shot(page, "message-older")
    assert path.read_bytes() == before
    env = os.environ | {"PYTHONPATH": str(ROOT / "kernel_magics")}
    doctor = [sys.executable, "-m", "nbledger.cli", "doctor"]
    done = subprocess.run(doctor, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with contextlib.suppress(NotThere):  # the view may have come back by itself
        page.locator(f"{SIDEBAR} button:has-text('Try again')").click(timeout=2_000)
    page.wait_for_selector(f"{SIDEBAR} {ROWS} >> nth=4")


def test_a_ledger_of_a_newer_nbledger_is_left_as_it_is_and_asks_for_an_upgrade(lab, page):
    path = project(lab, "shell-newer") / ".nbledger" / "ledger.db"
    as_a_newer_nbledger_leaves_it(path)
    before = path.read_bytes()
    open_sidebar(lab, page, "shell-newer")
    assert "newer" in message(page, "newer")
    everywhere(page, "newer", "Upgrade nbledger")
    assert path.read_bytes() == before


def test_a_locked_ledger_says_so_and_is_shown_as_soon_as_it_is_free(lab, page):
    folder = project(lab, "shell-locked")
    holder = sqlite3.connect(folder / ".nbledger" / "ledger.db", isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("PRAGMA journal_mode = DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        open_sidebar(lab, page, "shell-locked")
        assert "holds this ledger" in message(page, "locked")
        everywhere(page, "locked", "goes on by itself as soon as that process is done")
        page.wait_for_selector(".jp-nbledger-StatusItem button:has-text('ledger locked')")
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    page.wait_for_selector(f"{SIDEBAR} {ROWS}", timeout=60_000)


def test_a_damaged_ledger_names_the_doctor_and_is_left_as_it_is(lab, page):
    folder = project(lab, "shell-corrupt", 0)
    (folder / ".nbledger").mkdir()
    damaged = b"SQLite format 3\0" + os.urandom(20_000)
    (folder / ".nbledger" / "ledger.db").write_bytes(damaged)
    open_sidebar(lab, page, "shell-corrupt")
    everywhere(page, "corrupt", "nbledger doctor")
    use_theme(page, "dark")
    shot(page, "message-corrupt-dark")
    assert axe(page, "#jp-main-dock-panel .jp-nbledger-Problem") == []
    assert (folder / ".nbledger" / "ledger.db").read_bytes() == damaged


def test_a_server_without_rights_for_the_user_says_whom_to_ask(start_server, page):
    server = start_server(
        "--ServerApp.authorizer_class=nbledger_lab.roles.NBLedgerAuthorizer", "--NBLedgerAuthorizer.default_role=none"
    )
    project(server, "rights")
    server.open(page, "rights")
    run_command(page, "nbledger:show-runs")
    text = message(page, "forbidden")
    shot(page, "message-forbidden")
    assert "role" in text


def test_a_lost_connection_keeps_the_rows_and_goes_on_by_itself(start_server, page):
    server = start_server()
    folder = project(server, "lost")
    open_sidebar(server, page, "lost")
    page.wait_for_selector(f"{SIDEBAR} {ROWS}")
    run_command(page, "nbledger:open-models")
    page.wait_for_selector("#jp-main-dock-panel .jp-nbledger-main >> text=No model is registered yet")
    server.stop()
    try:
        text = message(page, "lost")
        assert "goes on by itself" in text
        assert page.locator(f"{SIDEBAR} {ROWS}").count() == 5
        strip = page.locator("#jp-main-dock-panel .jp-nbledger-Problem[data-kind=lost]")
        assert "goes on by itself" in strip.inner_text()
        shot(page, "message-lost")
        assert axe(page, f"{SIDEBAR} .jp-nbledger-Problem") == []
        ledger = Ledger(folder / ".nbledger")
        add_run(ledger, start_session(ledger), 3, time.time(), name="meanwhile")
        ledger.close()
    finally:
        server.start()
    page.wait_for_selector(f"{SIDEBAR} {ROWS} [data-name=meanwhile]", timeout=60_000)
    page.wait_for_selector(f"{SIDEBAR} .jp-nbledger-Problem", state="detached")
