"""A comparison's static forms, its files, and how one comes to it; the live one is in test_compare_in_a_kernel.py."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from html.parser import HTMLParser

import pytest

import nbledger
from nbledger.cli import BadUsage, run_in_notebook
from nbledger.commands.common import CommandRefused
from nbledger.ledger import FilterError, NotFound
from nbledger.widgets import saved_views
from nbledger.widgets.compare import Compare, compare
from nbledger.widgets.compare_model import CompareModel
from nbledger.widgets.compare_tabs import TABS
from nbledger.widgets.figure_box import figure_bundle
from nbledger.widgets.runs_csv import NotWritten, write_csv
from nbledger.widgets.saved_views import BadViewName, ViewNotFound

XSS = "<img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """What a browser would make of a piece of HTML: its elements, its text, its tables' heads."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)


# -- static forms ---------------------------------------------------------------------------------------------------


def test_text_and_html_say_the_same_and_need_no_script(ledger, record):
    base = record("base", judged_on="a", metrics={"f1": 0.5}, steps=[3.0, 2.0, 1.0], C=1)
    record("next", judged_on="a", metrics={"f1": 0.625}, C=2)
    record("other", judged_on="b", metrics={"f1": 0.9}, C=3)
    view = Compare(CompareModel(ledger, experiment="e", baseline=base, order_by="metrics.f1 desc"))
    text, page = view.text(), Page(view.html())
    for form in (text, page.text):
        assert "3 runs, of e, by metrics.f1 desc" in form
        assert "0.9" in form and "≠" in form and "+0.125" in form
        assert "other evaluation data than the baseline" in form
    assert {"script", "link", "iframe", "img"}.isdisjoint(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert ("aria-sort", "descending") in page.attributes and ("scope", "col") in page.attributes
    assert page.tags.count("svg") == 1  # the course of the loss


def test_every_name_and_value_stays_text(ledger, record):
    params, tags = {XSS: XSS, "p": XSS}, {XSS: XSS}
    one = record(XSS, experiment=XSS, metrics={XSS: 0.5}, tags=tags, **params)
    two = record("two", experiment=XSS, metrics={XSS: 0.25}, tags={XSS: "x"}, **{**params, "p": 2, XSS: 3})
    model = CompareModel(ledger, experiment=XSS, baseline=one, selected=[two], only_differing=False)
    model.change(columns=[column.name for column in model.available()])
    model.sort(f"metrics.{XSS}")
    page = Page(Compare(model).html())
    assert "img" not in page.tags
    assert "<img src=x" in page.text  # it is there, as text


def test_a_name_with_line_breaks_and_control_characters_stays_in_its_row(ledger, record):
    record("a\nb\x1b[2Jc", metrics={"f1": 0.5})
    lines = Compare(CompareModel(ledger)).text().splitlines()
    assert any("a b [2Jc" in line and "0.5" in line for line in lines)


def test_a_thousand_runs_add_less_than_200_kB_to_a_notebook(ledger, record):
    with ledger.database.write():
        for number in range(1000):
            steps = [1 / (step + 1) for step in range(300)] if number >= 900 else ()
            values = {f"m{at}": number / 7 for at in range(8)}
            record(f"run {number}", metrics=values, steps=steps, lr=number / 3, depth=number % 9)
    view = Compare(CompareModel(ledger, page_size=100))
    for key in ("table", *(tab.key for tab in TABS)):
        view.model.change(tab=key)
        assert len(json.dumps(view._static())) < 200_000, key
        tab = view._tab()
        figure = None if tab is None else tab.figure()
        assert figure is None or len(json.dumps(figure_bundle(figure))) < 200_000, key


def test_intervals_that_would_take_too_long_are_said_to_follow(ledger, record):
    record("one", judged_on="a", metrics={"f1": 0.5})
    page = CompareModel(ledger).table(seconds=-1.0)
    assert page.pending and "not computed yet" in page.notes[-1]
    page = CompareModel(ledger).table()
    assert not page.pending and not page.notes


# -- the front door -------------------------------------------------------------------------------------------------


def test_compare_takes_runs_ids_a_filter_or_nothing(ledger, record):
    one, two = record("one", metrics={"f1": 0.1}), record("two", metrics={"f1": 0.9}, experiment="else")
    assert nbledger.compare is compare
    assert compare(ledger=ledger).model.total == 2
    assert compare("metrics.f1 > 0.5", ledger=ledger).model.total == 1
    assert compare(experiment="else", ledger=ledger).model.total == 1
    for runs in ([one, two[:8]], ledger.runs(), [ledger.run(one), two]):
        assert set(compare(runs, ledger=ledger).model.ids) == {one, two}
    assert compare(one[:8], ledger=ledger).model.ids == (one,)
    assert compare(ledger=ledger, baseline=ledger.run(one)).model.state.baseline == one
    with pytest.raises(FilterError):
        compare("f1 > 0.5", ledger=ledger)
    with pytest.raises(NotFound):
        compare(["ffffffff"], ledger=ledger)


def test_the_verb_gives_a_view_in_a_notebook_and_text_elsewhere(ledger, record):
    one, two = record("one", metrics={"f1": 0.1}), record("two", metrics={"f1": 0.9})
    views = []
    assert run_in_notebook(["compare", one, two], ledger, views=views) == ""
    assert (views[0].model.ids, views[0].model.state.baseline) == ((one, two), one)
    assert run_in_notebook(["compare"], ledger, views=views) == ""
    assert (
        run_in_notebook(["compare", "--filter", "metrics.f1 > 0.5", "--order-by", "metrics.f1"], ledger, views=views)
        == ""
    )
    assert (views[1].model.total, views[2].model.total, views[2].model.sorted_by) == (2, 1, ("metrics.f1", False))
    assert run_in_notebook(["compare", "-e", "e", "-n", "2"], ledger, views=views) == ""
    assert views[3].model.ids == (one, two)
    assert "f1" in run_in_notebook(["compare", one, two], ledger)
    assert json.loads(run_in_notebook(["compare", one, two, "--json"], ledger, views=views))["runs"] == [one, two]
    assert len(views) == 4
    with pytest.raises(BadUsage):
        run_in_notebook(["compare"], ledger)
    with pytest.raises(CommandRefused):
        run_in_notebook(["compare", one], ledger, views=views)


def test_a_terminal_shows_the_text_without_widgets(ledger, record):
    record("one", metrics={"f1": 0.5})
    code = (
        "import sys, nbledger\nfrom IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_cell('nbledger_view = __import__(\"nbledger\").compare()\\nnbledger_view')\n"
        "print({'ipywidgets', 'plotly'} & set(sys.modules))"
    )
    env = {name: value for name, value in os.environ.items() if name != "NBLEDGER_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ledger.root, capture_output=True, text=True, check=True, env=env
    )
    assert "1 run" in done.stdout and "0.5" in done.stdout
    assert done.stdout.rstrip().endswith("set()")


# -- saved views ----------------------------------------------------------------------------------------------------


def test_a_view_is_saved_under_a_name_and_shown_again(ledger, record):
    one = record("one", metrics={"f1": 0.5})
    view = Compare(CompareModel(ledger, filter="metrics.f1 > 0", selected=[one], page_size=50))
    path = view.save("best of May")
    assert path == ledger.folder / "views" / "best of May.json"
    assert saved_views.names(ledger) == ["best of May"]
    other = Compare(CompareModel(ledger))
    other.load("best of May")
    assert other.model.state == view.model.state
    saved_views.delete(ledger, "best of May")
    assert saved_views.names(ledger) == []
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".hidden", "a\x00b", "x" * 81, "trailing ", "nul:", "a\n"])
def test_a_name_that_could_be_a_path_or_no_file_is_refused(ledger, name):
    for action in (lambda: saved_views.save(ledger, name, {}), lambda: saved_views.load(ledger, name)):
        with pytest.raises(BadViewName):
            action()
    assert not (ledger.folder / "views").exists()


def test_a_view_that_is_missing_damaged_or_of_another_format_says_so(ledger):
    with pytest.raises(ViewNotFound, match="none is saved yet"):
        saved_views.load(ledger, "mine")
    path = saved_views.save(ledger, "mine", CompareModel(ledger).state_data())
    with pytest.raises(ViewNotFound, match="there are mine"):
        saved_views.load(ledger, "yours")
    for text in ("{", "[]", '{"format": 2, "state": {}}', '{"format": 1, "state": 3}'):
        path.write_text(text)
        with pytest.raises(ViewNotFound, match=r"mine\.json"):
            saved_views.load(ledger, "mine")
    path.write_text('{"format": 1, "state": {"page_size": 3}}')
    with pytest.raises(nbledger.NBLedgerError):
        Compare(CompareModel(ledger)).load("mine")


def test_an_unknown_tab_in_a_saved_view_shows_the_table(ledger, record):
    record("one")
    view = Compare(CompareModel(ledger))
    view.model.restore({**view.model.state_data(), "tab": "no longer there"})
    assert "1 run" in view.text() and "1 run" in view.html()


# -- CSV ------------------------------------------------------------------------------------------------------------


def test_all_runs_that_fit_are_written_in_the_order_of_the_table(ledger, record, tmp_path):
    for number in range(30):
        record(f"run {number}", metrics={"f1": number / 3}, C=number)
    view = Compare(CompareModel(ledger, filter="metrics.f1 >= 1", order_by="metrics.f1 asc", page_size=10))
    assert view.to_csv(tmp_path / "out" / "runs.csv") == 27
    with (tmp_path / "out" / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["run_id", "name", "started_at", "metrics.f1", "params.C"]
    assert [row["name"] for row in rows] == [f"run {number}" for number in range(3, 30)]
    assert float(rows[1]["metrics.f1"]) == 4 / 3  # in full
    assert rows[0]["started_at"].endswith("+00:00")


def test_a_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(ledger, record, tmp_path):
    record("=1+1", formula="@SUM(A1)", number=-1, metrics={"f1": -0.5})
    write_csv(CompareModel(ledger), tmp_path / "runs.csv")
    with (tmp_path / "runs.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["name"], row["params.formula"]) == ("'=1+1", "'@SUM(A1)")
    assert (row["params.number"], row["metrics.f1"]) == ("-1", "-0.5")


def test_a_file_that_is_there_stays_unless_asked(ledger, record, tmp_path):
    record("one")
    path = tmp_path / "runs.csv"
    path.write_text("mine")
    with pytest.raises(NotWritten, match="it is there already"):
        write_csv(CompareModel(ledger), path)
    assert path.read_text() == "mine"
    assert write_csv(CompareModel(ledger), path, overwrite=True) == 1
    (tmp_path / "file").touch()
    with pytest.raises(NotWritten):
        write_csv(CompareModel(ledger), tmp_path / "file" / "runs.csv")
    assert not [one for one in tmp_path.iterdir() if one.name.endswith(".part")]
