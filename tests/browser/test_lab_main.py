"""The tabs of JupyterLab's main area: looked at, walked by keyboard, and what they change checked in the ledger."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.browser.driving import ROOT, axe, run_command, shot, uncaught, use_theme, write_notebook

DATA = """
import numpy as np, pandas as pd
made = np.random.default_rng(0)
people = pd.DataFrame({"age": made.integers(18, 80, 600), "income": made.lognormal(10, 1, 600).round()})
people["churned"] = ((people.age < 45) & (people.income < 40000)).astype(int) ^ (made.random(600) < 0.1)
people.to_csv("people.csv", index=False)
"""
READ = """
df = pd.read_csv("people.csv")
df["log_income"] = np.log1p(df.income)
"""
SPLIT = """
from sklearn.model_selection import train_test_split
X_train, X_test, y_train, y_test = train_test_split(df[["age", "log_income"]], df.churned, random_state={seed})
"""
TRAIN = """%%track depth-{depth}
from sklearn.metrics import accuracy_score, f1_score
from sklearn.tree import DecisionTreeClassifier
model = DecisionTreeClassifier(max_depth={depth}, random_state=0)
model.fit(X_train, y_train)
predicted = model.predict(X_test)
accuracy = accuracy_score(y_test, predicted)
f1 = f1_score(y_test, predicted)
"""
MARKUP = "<img src=x onerror=window.broken=1>"
STRANGE = f"""%%track --tag "note={MARKUP}"
label = "{MARKUP}"
from sklearn.metrics import accuracy_score
accuracy = accuracy_score([0, 1], [0, 1])
"""
MANY = """
from pathlib import Path
Path("parts").mkdir(exist_ok=True)
for part in range(320):
    Path(f"parts/{part}.txt").write_text(str(part))
"""
SUM = """%%track total
total = sum(int(Path(f"parts/{part}.txt").read_text()) for part in range(320))
"""
PROMOTE = """
ledger = __import__("nbledger").open()
from nbledger.registry import promote
runs = {run.name: run for run in ledger.runs(tracked=True)}
promote(ledger, "churn", runs["depth-1"], alias="champion", gates=["accuracy >= 0.85"], waive=["metric"],
        who="ada", reason="the first one")
for depth in (2, 4):
    promote(ledger, "churn", runs[f"depth-{depth}"], alias="champion", gates=["accuracy >= 0.85"], who="ada",
            reason=f"depth {depth} is better")
"""
CELLS = (
    DATA,
    READ,
    SPLIT.format(seed=0),
    *(TRAIN.format(depth=depth) for depth in (1, 2, 4)),
    SPLIT.format(seed=7),
    TRAIN.format(depth=6),
    STRANGE,
    MANY,
    SUM,
    PROMOTE,
)
TUNE = """%%track
from sklearn.datasets import make_moons
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier
if depth == 9:
    raise ValueError("too deep")
X, y = make_moons(200, noise=0.2, random_state=0)
accuracy = accuracy_score(y, DecisionTreeClassifier(max_depth=depth, random_state=0).fit(X, y).predict(X))
"""
PATH = "main/churn.ipynb"
FRONT = ".jp-MainAreaWidget:not(.lm-mod-hidden) > .jp-nbledger-main"


def nbledger(folder, *words):
    """Run the command line in a folder, and return what it printed."""
    env = os.environ | {"PYTHONPATH": str(ROOT / "kernel_magics")}
    env.pop("NBLEDGER_DIR", None)
    command = [sys.executable, "-m", "nbledger.cli", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=180, check=False)


@pytest.fixture(scope="module")
def folder(lab):
    """A project whose notebook was executed: runs on two splits, a registered model, a strange run, many files."""
    folder = lab.root / "main"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    write_notebook(folder / "churn.ipynb", *(cell.strip() for cell in CELLS))
    done = nbledger(folder, "run", "churn.ipynb")
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def ledger(folder):
    from nbledger import open

    return open(folder)


@pytest.fixture(scope="module")
def runs(ledger):
    """The tracked runs' ids by their names."""
    return {run.name or "strange": run.id for run in ledger.runs(kind="cell", tracked=True)}


@pytest.fixture(scope="module")
def window(browser, lab, folder):
    """One page with Lab, and the errors that its scripts did not catch."""
    page = browser.new_page()
    errors = uncaught(page)
    page.set_viewport_size({"width": 1400, "height": 1000})
    lab.open(page)
    yield page, errors
    page.close()


@pytest.fixture
def page(window):
    """The page of this file without a tab; an error that was not caught fails the test."""
    page, errors = window
    run_command(page, "application:close-all")
    page.wait_for_selector(".jp-nbledger-main", state="detached")
    yield page
    assert not errors, errors


@pytest.fixture
def view(page):
    """Open a view and wait until it stands."""

    def open_view(kind, path=PATH, **args):
        page.evaluate(
            "args => { void window.jupyterapp.commands.execute('nbledger:open-view', args); }",
            {"kind": kind, "path": path, **args},
        )
        page.wait_for_selector(f"{FRONT}[data-view={kind}] h2")
        return page.locator(FRONT)

    return open_view


def in_both_themes(page, name):
    """Keep what is in front in light and dark, and let axe-core look at both."""
    found = []
    for theme in ("light", "dark"):
        use_theme(page, theme)
        page.wait_for_timeout(600)
        shot(page, f"{name}-{theme}")
        found += [f"{theme}: {one}" for one in axe(page, FRONT)]
    use_theme(page, "light")
    return found


def test_a_run_says_what_was_executed_on_which_data_and_how_sure_its_numbers_are(page, view, runs):
    tab = view("run", id=runs["depth-4"])
    metrics = tab.get_by_role("group", name="Metrics")
    assert "accuracy" in metrics.inner_text()
    assert "\u2013" in metrics.get_by_role("row", name="accuracy").inner_text()  # from, to
    assert "max_depth" in tab.get_by_role("group", name="Params").inner_text()
    assert "min_samples_leaf" not in tab.inner_text()
    tab.get_by_role("button", name="Show 11 defaults").click()
    assert "min_samples_leaf" in tab.get_by_role("group", name="Params").inner_text()
    code = tab.get_by_role("group", name="Code as executed")
    page.wait_for_selector(f"{FRONT} .jp-nbledger-main-code span[class]")  # highlighted
    assert "DecisionTreeClassifier(max_depth=4, random_state=0)" in code.inner_text()
    assert "X_train" in tab.get_by_role("group", name="Data").inner_text()
    tab.get_by_text("Environment").click()
    tab.get_by_label("Filter packages").fill("scikit-learn")
    assert "scikit-learn" in tab.get_by_role("group", name="Packages").inner_text()
    tab.locator("h2").scroll_into_view_if_needed()
    assert in_both_themes(page, "lab-run") == []


def test_names_that_are_markup_stay_text(page, view, runs):
    tab = view("run", id=runs["strange"])
    tab.get_by_text(MARKUP).first.wait_for()
    view("compare", ids=[runs["strange"], runs["depth-4"]])
    page.locator(FRONT).get_by_text(MARKUP).first.wait_for()
    view("lineage", of=runs["strange"])
    page.wait_for_timeout(500)
    assert page.evaluate("() => window.broken") is None
    assert page.locator("img[src=x]").count() == 0


def test_a_tag_is_added_to_a_run(view, runs, ledger):
    tab = view("run", id=runs["depth-2"])
    tab.get_by_label("Tag", exact=True).last.fill("reviewed")
    tab.get_by_label("Value", exact=True).fill("by ada")
    tab.get_by_role("button", name="Add").click()
    tab.get_by_text("by ada").wait_for()
    assert ledger.run(runs["depth-2"]).tags["reviewed"] == "by ada"


def test_runs_stand_side_by_side_and_are_not_compared_where_their_data_differ(page, view, runs):
    ids = [runs[f"depth-{depth}"] for depth in (1, 2, 4, 6)]
    tab = view("compare", ids=ids)
    table = tab.get_by_role("group", name="What differs between the runs")
    accuracy = table.get_by_role("row", name="accuracy").first
    accuracy.wait_for()
    cells = accuracy.get_by_role("cell").all_inner_texts()
    assert ["best" in cell for cell in cells].count(True) == 1
    assert "+" in cells[1]
    assert "…" in cells[1]  # from, to
    assert "not comparable" in cells[3]
    assert "+" not in cells[3]
    assert "max_depth" in table.inner_text()
    assert "random_state" not in table.inner_text()
    tab.get_by_role("button", name="that are the same").click()
    table.get_by_text("random_state").wait_for()
    tab.get_by_role("button", name="Only what differs").click()
    figure = tab.locator(".jp-nbledger-main-figure .main-svg").first
    figure.wait_for()
    assert "accuracy" in tab.locator("figcaption").inner_text()
    tab.get_by_label("Figure", exact=True).select_option("parallel")
    page.wait_for_selector(f"{FRONT} .jp-nbledger-main-figure .parcoords")
    tab.locator("figcaption").scroll_into_view_if_needed()
    shot(page, "lab-compare-figure")
    tab.locator("h2").scroll_into_view_if_needed()
    assert in_both_themes(page, "lab-compare") == []
    tab.get_by_role("button", name=f"Leave out run {ids[3][:8]}").click()
    page.wait_for_selector(f"{FRONT} :text('not comparable')", state="detached")
    tab.get_by_role("button", name=f"Make run {ids[2][:8]} the baseline").click()
    table.get_by_role("columnheader").first.get_by_text("depth-4").wait_for()


def test_a_diff_says_what_changed_and_what_that_changed(page, view, runs):
    tab = view("diff", a=runs["depth-2"], b=runs["depth-4"])
    assert "max_depth 2 -> 4" in tab.locator(".jp-nbledger-main-conclusion").inner_text()
    assert tab.locator(".jp-nbledger-main-diff-added").count() == 2
    assert in_both_themes(page, "lab-diff") == []
    tab.get_by_role("button", name="Swap").click()
    tab.get_by_text("max_depth 4 -> 2").first.wait_for()


def test_a_lineage_is_walked_with_the_keyboard_alone(page, view, runs):
    tab = view("lineage", of=runs["depth-4"])
    page.wait_for_selector(f"{FRONT} .jp-nbledger-main-node.jp-mod-root")
    root = tab.locator(".jp-nbledger-main-node.jp-mod-root")
    root.focus()
    labels = {page.evaluate("() => document.activeElement.getAttribute('aria-label')")}
    for _ in range(4):
        for key in ("ArrowUp", "ArrowLeft", "ArrowRight"):
            page.keyboard.press(key)
            labels.add(page.evaluate("() => document.activeElement.getAttribute('aria-label')"))
    assert any(label.startswith("df,") for label in labels)
    page.keyboard.press("Home")
    assert page.evaluate("() => document.activeElement.classList.contains('jp-mod-root')")
    page.keyboard.press("Enter")
    chosen = tab.get_by_role("complementary", name="Chosen in the lineage")
    chosen.get_by_text("DecisionTreeClassifier").first.wait_for()
    assert in_both_themes(page, "lab-lineage") == []
    root.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{FRONT}[data-view=run] h2")


def test_a_lineage_is_searched_and_told_as_a_table(page, view, runs):
    tab = view("lineage", of=runs["depth-4"])
    search = tab.get_by_label("Find in the lineage")
    search.fill("people.csv")
    tab.get_by_text("found").wait_for()
    search.press("Enter")
    tab.get_by_role("complementary", name="Chosen in the lineage").get_by_role("heading", name="people.csv").wait_for()
    tab.get_by_role("button", name="Table").click()
    table = tab.get_by_role("group", name="Lineage as a table")
    search.fill("")
    row = table.get_by_role("row", name="df data")
    assert "log_income" in row.inner_text()  # the cell that made it
    shot(page, "lab-lineage-table")
    assert axe(page, FRONT) == []
    tab.get_by_role("button", name="What used it").click()
    page.wait_for_selector(f"{FRONT} h2:text('What used')")


def test_a_lineage_of_hundreds_of_files_is_folded_until_it_is_opened(page, view, runs):
    tab = view("lineage", of=runs["total"])
    group = tab.locator("[data-node^='group:']").first
    group.wait_for()
    assert "files" in group.get_attribute("aria-label")
    assert tab.locator("[data-node]").count() < 20
    assert "folded away" in tab.locator("header").inner_text()
    shot(page, "lab-lineage-folded")
    group.click()
    page.wait_for_function(f"() => document.querySelectorAll('{FRONT} [data-node]').length > 290")
    tab.get_by_role("button", name="Table").click()
    tab.get_by_label("Find in the lineage").fill("parts/319")
    tab.get_by_role("group", name="Lineage as a table").get_by_role("row", name="parts/319").wait_for()


def test_what_is_asked_for_and_gone_is_named_before_something_else_is_shown(page, view, runs):
    tab = view("registry", model="gone")
    tab.get_by_text("The model gone is not in this ledger; showing churn.").wait_for()
    assert axe(page, FRONT) == []
    tab.locator(".jp-nbledger-main-model", has_text="churn").click()
    tab.get_by_text("is not in this ledger").wait_for(state="detached")
    page.evaluate(
        "args => { void window.jupyterapp.commands.execute('nbledger:open-view', args); }",
        {"kind": "sweeps", "path": "main", "sweep": "f" * 32},
    )
    page.locator(FRONT).get_by_text("The sweep ffffffff is not in this ledger").wait_for()


def test_a_model_is_promoted_when_the_dialog_has_said_what_changes(page, view, ledger, runs):
    tab = view("registry", model="churn")
    tab.get_by_role("button", name="Promote version 1").click()
    panel = tab.get_by_role("region", name="Promote version 1 of churn")
    panel.get_by_text("moves from version 3 to version 1").wait_for()
    gates = panel.get_by_role("group", name="Gates")
    assert "failed" in gates.inner_text()
    shot(page, "lab-promote-refused")
    panel.get_by_role("button", name="Promote...").click(force=True)  # refused: nothing happens
    assert page.locator(".jp-Dialog").count() == 0
    gates.get_by_role("checkbox").check()
    panel.get_by_text("Say why").wait_for()
    panel.get_by_label("Why").fill("complaints about <b>version 3</b>")
    panel.get_by_role("button", name="Promote...").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("@champion of churn moves from version 3 to version 1.").wait_for()
    assert "is waived" in dialog.inner_text()
    assert "complaints about <b>version 3</b>" in dialog.inner_text()
    for theme in ("light", "dark"):
        use_theme(page, theme)
        shot(page, f"lab-promote-{theme}")
        assert axe(page, ".jp-nbledger-main-confirm") == []
    use_theme(page, "light")
    dialog.get_by_role("button", name="Cancel").click()
    page.wait_for_selector(".jp-Dialog", state="detached")
    assert ledger.aliases("churn") == {"champion": 3}
    panel.get_by_role("button", name="Promote...").click()
    page.get_by_role("dialog").get_by_role("button", name="Promote", exact=True).click()
    tab.locator(".jp-nbledger-main-done").get_by_text("version 1").wait_for()
    assert ledger.aliases("churn") == {"champion": 1}
    event = ledger.alias_history("churn", "champion")[-1]
    assert event.reason == "complaints about <b>version 3</b>"
    tab.locator("h2").scroll_into_view_if_needed()
    assert in_both_themes(page, "lab-registry") == []


def test_an_alias_is_rolled_back_and_its_history_told(page, view, ledger, folder, runs):
    tab = view("registry", model="churn")
    before = ledger.alias_history("churn", "champion")
    tab.get_by_role("button", name="Roll back @champion").click()
    asked = page.get_by_role("dialog")
    asked.get_by_role("textbox").fill("too slow")
    asked.get_by_role("button", name="See what changes").click()
    page.get_by_role("dialog").get_by_text("@champion of churn moves from version").wait_for()
    shot(page, "lab-rollback")
    page.get_by_role("dialog").get_by_role("button", name="Roll back", exact=True).click()
    tab.get_by_text("too slow").first.wait_for()
    events = ledger.alias_history("churn", "champion")
    assert len(events) == len(before) + 1
    assert (events[-1].reason, events[-1].number) != ("", before[-1].number)
    band = tab.get_by_role("list", name="Versions that held @champion")
    assert band.get_by_role("listitem").count() == len(events)


def test_what_was_confirmed_is_not_done_when_the_alias_moved_meanwhile(page, view, ledger, folder, runs):
    tab = view("registry", model="churn")
    now = ledger.aliases("churn")["champion"]
    elsewhere = next(number for number in (1, 2, 3) if number != now)
    tab.get_by_role("button", name="Roll back @champion").click()
    page.get_by_role("dialog").get_by_role("button", name="See what changes").click()
    page.get_by_role("dialog").get_by_text("@champion of churn moves").wait_for()
    run = ledger.model_version("churn", elsewhere).run
    done = nbledger(folder, "promote", "churn", "--run", run, "--alias", "champion", "--reason", "meanwhile")
    assert done.returncode == 0, done.stderr
    page.get_by_role("dialog").get_by_role("button", name="Roll back", exact=True).click()
    refused = page.get_by_role("dialog").filter(has_text="was not rolled back")
    refused.wait_for()
    shot(page, "lab-rollback-refused")
    refused.get_by_role("button").last.click()
    assert ledger.aliases("churn")["champion"] == elsewhere


def test_what_happens_elsewhere_is_seen_without_a_reload(view, folder, runs):
    tab = view("registry", model="churn")
    assert "@challenger" not in tab.inner_text()
    done = nbledger(folder, "promote", "churn", "--run", runs["depth-6"], "--alias", "challenger", "--reason", "live")
    assert done.returncode == 0, done.stderr
    tab.get_by_text("@challenger").first.wait_for()
    tab.get_by_text("live", exact=True).wait_for()


def test_a_run_is_reproduced_with_its_verdict(page, view, runs):
    tab = view("run", id=runs["depth-4"])
    tab.get_by_role("button", name="Reproduce").click()
    job = tab.get_by_role("region", name="Reproduction")
    job.get_by_role("progressbar").wait_for()
    shot(page, "lab-reproducing")
    job.get_by_text("Identical").wait_for(timeout=120_000)
    shot(page, "lab-reproduced")
    assert axe(page, FRONT) == []
    job.get_by_role("button", name="Close").click()
    page.wait_for_selector(f"{FRONT} .jp-nbledger-main-job", state="detached")


def test_a_run_is_extracted_to_a_new_notebook_which_opens(page, view, runs, folder):
    tab = view("run", id=runs["depth-2"])
    tab.get_by_role("button", name="Extract to notebook").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("slice.ipynb")
    dialog.get_by_role("button", name="Extract").click()
    page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")
    assert "max_depth" in (folder / "slice.ipynb").read_text()
    view("run", id=runs["depth-2"])
    tab.get_by_role("button", name="Extract to notebook").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("slice.ipynb")
    page.get_by_role("dialog").get_by_role("button", name="Extract").click()
    tab.get_by_text("There is a file 'slice.ipynb' already").wait_for()


def test_tabs_are_there_again_after_a_reload(lab, page, view, runs):
    view("compare", ids=[runs["depth-1"], runs["depth-2"], runs["depth-6"]])
    tab = page.locator(FRONT)
    tab.get_by_role("button", name=f"Leave out run {runs['depth-6'][:8]}").click()
    page.wait_for_selector(f"{FRONT} h2:text('2 runs')")
    tab = view("lineage", of=runs["depth-4"])
    tab.get_by_role("button", name="Table").click()
    tab.get_by_role("group", name="Lineage as a table").wait_for()
    page.wait_for_timeout(1500)  # Lab saves its layout a second after the last change
    lab.open(page, reset=False)
    tab.get_by_role("group", name="Lineage as a table").wait_for()
    assert page.locator(".jp-nbledger-main").count() == 2
    page.locator(".lm-TabBar-tab", has_text="Compare 2 runs").click()
    page.wait_for_selector(f"{FRONT} h2:text('2 runs')")


def test_the_same_thing_opens_once(page, view, runs):
    for _ in range(2):
        view("run", id=runs["depth-4"])
    view("registry")
    view("run", id=runs["depth-4"])
    assert page.locator(".jp-nbledger-main").count() == 2


def test_a_ledger_that_is_not_there_is_no_error(lab, page, view):
    (lab.root / "empty").mkdir(exist_ok=True)
    (lab.root / "empty" / "pyproject.toml").touch()
    page.evaluate(
        """() => { void window.jupyterapp.commands.execute('nbledger:open-view', {kind: 'sweeps', path: 'empty'}); }"""
    )
    page.locator(FRONT).get_by_text("No ledger here yet", exact=True).wait_for()
    assert axe(page, FRONT) == []


@pytest.fixture(scope="module")
def going(folder):
    """A sweep of three trials, of which one fails, and two runs of a pipeline."""
    import nbformat

    tune = write_notebook(folder / "sweep" / "tune.ipynb", "depth = 3", TUNE)
    book = nbformat.read(tune, 4)
    book.cells[1].metadata["tags"] = ["parameters"]
    nbformat.write(book, tune)
    pipe = folder / "pipe"
    write_notebook(pipe / "1_data.ipynb", 'open("raw.csv", "w").write("x\\n1\\n2\\n")')
    write_notebook(pipe / "2_left.ipynb", 'open("left.csv", "w").write(open("raw.csv").read())')
    write_notebook(pipe / "2_right.ipynb", 'open("right.csv", "w").write(open("raw.csv").read())')
    write_notebook(pipe / "3_join.ipynb", 'both = open("left.csv").read() + open("right.csv").read()\n1 / 0')
    return folder


def test_a_sweep_is_followed_while_it_goes(page, view, going):
    view("sweeps", path="main")
    tab = page.locator(FRONT)
    tab.get_by_text("There are none yet").wait_for()
    env = os.environ | {"PYTHONPATH": str(ROOT / "kernel_magics")}
    words = ["sweep", "sweep/tune.ipynb", "--grid", "depth=1,3,9", "--metric", "accuracy"]
    command = [sys.executable, "-m", "nbledger.cli", *words]
    process = subprocess.Popen(command, cwd=going, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        tab.get_by_role("progressbar", name="Progress").wait_for()
        tab.get_by_text("running").first.wait_for()
        tab.get_by_text("3 of 3: 2 finished, 1 failed").wait_for(timeout=120_000)
    finally:
        process.kill()
        process.wait()
    tab.get_by_text("ValueError: too deep").wait_for()
    tab.locator(".main-svg").first.wait_for()
    assert in_both_themes(page, "lab-sweeps") == []
    for box in tab.get_by_role("checkbox").all()[:2]:
        box.check()
    tab.get_by_role("button", name="Compare 2 trials").click()
    page.wait_for_selector(f"{FRONT}[data-view=compare] h2")


def test_a_pipeline_shows_its_steps_and_what_they_wait_for(page, view, going):
    assert nbledger(going, "pipeline", "run", "pipe").returncode == 1
    tab = view("pipelines", path="main")
    steps = tab.get_by_role("group", name="Steps", exact=True)
    assert "2_left, 2_right" in steps.get_by_role("row", name="3_join").inner_text()
    assert "ZeroDivisionError" in tab.inner_text()
    tab.get_by_role("button", name="3_join, failed").wait_for()
    assert in_both_themes(page, "lab-pipelines") == []
    tab.get_by_role("button", name="3_join, failed").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{FRONT}[data-view=run] h2")


@pytest.fixture
def apart(browser):
    """A page of its own, whose own server comes and goes: what Lab itself cannot fetch then is no error of ours."""
    page = browser.new_page()
    page.set_viewport_size({"width": 1400, "height": 900})
    yield page
    page.close()


def one_run(folder):
    """A project of one run."""
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    write_notebook(folder / "one.ipynb", "%%track first\nx = 1")
    assert nbledger(folder, "run", "one.ipynb").returncode == 0


def test_a_view_opens_below_the_notebook_in_notebook_7(start_server, apart):
    server = start_server(app="notebook")
    one_run(server.root / "seven")
    server.open(apart, "seven/one.ipynb")
    run_command(apart, "nbledger:open-models")
    apart.locator(".jp-nbledger-main").get_by_text("No model is registered yet").wait_for()
    assert apart.locator(".jp-nbledger-main").bounding_box()["height"] > 300
    shot(apart, "notebook-registry")


def test_a_lost_connection_leaves_the_view_and_goes_on_by_itself(start_server, apart):
    server = start_server()
    one_run(server.root / "lost")
    server.open(apart)
    apart.evaluate(
        """() => { void window.jupyterapp.commands.execute('nbledger:open-view', {kind: 'registry', path: 'lost'}); }"""
    )
    tab = apart.locator(FRONT)
    tab.get_by_text("No model is registered yet").wait_for()
    server.stop()
    tab.get_by_text("No connection").first.wait_for(timeout=60_000)
    assert "No model is registered yet" in tab.inner_text()
    shot(apart, "lab-lost")
    server.start()
    apart.wait_for_selector(f"{FRONT} :text('No connection')", state="detached", timeout=90_000)
