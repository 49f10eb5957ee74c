"""The report: one file that fetches nothing, says what is compared and how fairly, and keeps every name as text."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import subprocess
from contextlib import closing
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from plotly.offline import get_plotlyjs

from nbledger.capture.hooks import calls
from nbledger.capture.identity import current_session
from nbledger.capture.recorder import Cell, Context, Recorder, TrackOptions
from nbledger.capture.writer import Writer
from nbledger.cli import run_in_notebook
from nbledger.errors import NBLedgerError
from nbledger.figures import source
from nbledger.figures.report import report
from nbledger.figures.report_page import page_html, page_markdown
from nbledger.figures.report_tables import comparison_table
from nbledger.figures.runs_charts import scatter
from nbledger.figures.theme import describe
from nbledger.ledger.calls import read_calls
from nbledger.records import Facts, Metric
from tests.lineage.plain_session import PlainSession

CHROMIUM = shutil.which("chromium")
EVIL = "</script><img src=x onerror=alert(1)>"


class Reader(HTMLParser):
    """Reads a page as a browser would: its tags, ids and texts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.text = [], {}, ""
        self._script = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "script":
            self._script = found.get("id", "code")
            self.scripts[self._script] = ""

    def handle_endtag(self, tag):
        if tag == "script":
            self._script = None

    def handle_data(self, data):
        if self._script is not None:
            self.scripts[self._script] += data
        else:
            self.text += data

    @property
    def figures(self):
        return [json.loads(text) for id, text in self.scripts.items() if id.startswith("figure-")]


def made(ledger, ids, **options):
    page = report(ledger, [ledger.run(id) for id in ids], **options)
    return SimpleNamespace(page=page, html=Reader(page_html(page)), raw=page_html(page), markdown=page_markdown(page))


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A ledger with tracked cells: three classifiers on one test set, one on another, one regression."""
    folder = tmp_path_factory.mktemp("judged")
    session = PlainSession()
    writer = Writer(current_session("python"), folder, print)
    recorder = Recorder(session.names, writer, Context("notebook.ipynb"), dict(session.names))
    runs = []

    def run(code, tracked):
        recorder.begin(Cell(code, (code,), None, len(runs) + 1), tracked)
        outcome = recorder.end(session.execute(code))
        runs.append(outcome.start.id)

    run(
        "from sklearn.datasets import make_classification\nfrom sklearn.linear_model import LogisticRegression, Ridge\n"
        "from sklearn.metrics import accuracy_score, mean_squared_error, roc_auc_score\n"
        "X, y = make_classification(300, 4, flip_y=0.1, random_state=0)",
        None,
    )
    options = TrackOptions(quiet=True, store_model=False)
    for c, rows in ((0.01, 100), (1.0, 100), (10.0, 100), (1.0, 80)):
        run(
            f"clf = LogisticRegression(C={c}).fit(X[:200], y[:200])\n"
            f"acc = accuracy_score(y[-{rows}:], clf.predict(X[-{rows}:]))\n"
            f"auc = roc_auc_score(y[-{rows}:], clf.predict_proba(X[-{rows}:])[:, 1])",
            options,
        )
    run("mse = mean_squared_error(X[:, 0], Ridge().fit(X[:, 1:], X[:, 0]).predict(X[:, 1:]))", options)
    run(
        "import numpy as np, pandas as pd\nfrom nbledger.figures.importance import importance\n"
        "frame = pd.DataFrame({'params.a': np.arange(30.0), 'metrics.f1': np.arange(30.0)})\n"
        "drawn = importance(frame, 'metrics.f1')",
        options,
    )
    yield SimpleNamespace(ledger=writer.ledger, runs=runs[1:6], drawing=runs[6])
    writer.close()
    calls.uninstall()


def test_stored_predictions_are_found_by_their_kind(judged):
    first = source.predictions(judged.ledger, judged.runs[0])
    assert (first.kind, first.classes) == ("classification", (0, 1))
    assert len(first.y_true) == len(first.y_pred) == len(first.y_score) == 100
    assert source.predictions(judged.ledger, judged.runs[4]).kind == "regression"
    assert source.predictions(judged.ledger, judged.runs[0], "auc").y_pred is None


def test_what_a_figure_computes_is_not_recorded_as_the_cells_own(judged):
    assert read_calls(judged.ledger.database, [judged.drawing]) == {}
    assert dict(judged.ledger.run(judged.drawing).params) == {}


def test_a_report_says_how_fair_the_comparison_is(judged):
    found = made(judged.ledger, judged.runs[:4])
    assert "≠ other data" in found.html.text
    assert "was used to judge" in found.html.text
    assert re.search(r"[-+][\d.e-]+ \[[-+][\d.e-]+, [-+][\d.e-]+\]", found.html.text)
    titles = [figure["layout"]["title"]["text"] for figure in found.html.figures]
    assert titles[:2] == ["acc", "auc"]
    assert {"ROC", "Precision and recall", "Calibration"} < set(titles)
    marks = [trace["marker"]["symbol"] for trace in found.html.figures[0]["data"]]
    assert marks == ["circle", "x-open"]


def test_a_report_shows_what_changed_from_the_first_run_to_the_second(judged):
    found = made(judged.ledger, judged.runs[:2])
    assert "+clf = LogisticRegression(C=1.0)" in found.html.text
    assert "+clf = LogisticRegression(C=1.0)" in found.markdown


def test_a_regression_shows_its_residuals(judged):
    titles = [figure["layout"]["title"]["text"] for figure in made(judged.ledger, judged.runs[4:]).html.figures]
    assert titles[:2] == ["mse", "Residuals"]


def test_a_report_is_one_file_that_fetches_nothing(judged):
    found = made(judged.ledger, judged.runs[:3])
    assert len(found.raw.encode()) < 5_000_000
    assert gzip.decompress(base64.b64decode(found.html.scripts["plotly-js"])).decode() == get_plotlyjs()
    links = [
        value for _, attrs in found.html.tags for name, value in attrs.items() if name in ("src", "href", "srcset")
    ]
    assert all(link.startswith("#") for link in links)
    (policy,) = [attrs["content"] for tag, attrs in found.html.tags if tag == "meta" and "http-equiv" in attrs]
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy
    options = json.loads(found.html.scripts["options"])
    assert options["showSendToCloud"] is False


def test_a_report_can_be_read_without_seeing_it(judged):
    found = made(judged.ledger, judged.runs[:3])
    tags = found.html.tags
    plots = [attrs for tag, attrs in tags if attrs.get("class") == "plot"]
    assert len(plots) == len(found.html.figures) > 0
    assert all(attrs["role"] == "img" and len(attrs["aria-label"]) > 20 for attrs in plots)
    assert [tag for tag, _ in tags if tag in ("h1", "h2", "h3")].count("h1") == 1
    assert all("scope" in attrs for tag, attrs in tags if tag == "th")
    assert [tag for tag, _ in tags].count("table") == [tag for tag, _ in tags].count("caption")
    assert all(drawing.description in found.html.text for drawing in found.page.drawings)


def test_markdown_has_the_same_tables_and_says_what_figures_show(judged):
    found = made(judged.ledger, judged.runs[:4])
    assert "# Report of 4 runs" in found.markdown
    assert "≠ other data" in found.markdown
    assert found.markdown.count("Figure: ") == len(found.page.drawings)
    assert "<" not in re.sub(r"```.*?```", "", found.markdown, flags=re.DOTALL)


def test_names_from_outside_stay_text(fresh_ledger, add_run):
    ids = [
        add_run(
            EVIL, params={EVIL: number, "a": EVIL + str(number % 3)}, metrics={EVIL: 0.1 * number, "f1": 0.2 * number},
            tags={EVIL: EVIL + str(number)}, data=[(EVIL, str(number))], experiment=EVIL, source=EVIL + str(number),
        )
        for number in range(10)
    ]  # fmt: skip
    found = made(fresh_ledger, ids)
    known = {"html", "head", "meta", "title", "style", "body", "main", "header", "h1", "p", "nav", "ul", "li", "a",
             "noscript", "h2", "dl", "dt", "dd", "div", "table", "caption", "thead", "tr", "th", "tbody", "td", "span",
             "figure", "figcaption", "script", "pre", "code"}  # fmt: skip
    assert {tag for tag, _ in found.html.tags} <= known
    assert EVIL in found.html.text
    assert not [attrs for _, attrs in found.html.tags if any(name.startswith("on") for name in attrs)]
    assert len(found.html.figures) == len(found.page.drawings) >= 4
    assert "<img" not in re.sub(r"(`{3,}).*?\1", "", found.markdown, flags=re.DOTALL).replace("\\<", "")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: what a browser makes of the report is not tested")
def test_a_browser_draws_every_figure_and_runs_no_name(tmp_path, fresh_ledger, add_run):
    ids = [
        add_run(EVIL, params={EVIL: number, "a": EVIL * (number % 2)}, metrics={EVIL: 0.1 * number, "f1": number % 3})
        for number in range(10)
    ]
    found = made(fresh_ledger, ids)
    (tmp_path / "report.html").write_text(found.raw, encoding="utf-8")
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=20000", "--dump-dom", f"file://{tmp_path / 'report.html'}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=180)
    page = Reader(done.stdout)
    assert [attrs["data-drawn"] for tag, attrs in page.tags if tag == "body"] == [str(len(found.page.drawings))]
    assert "main-svg" in done.stdout
    assert not [attrs for tag, attrs in page.tags if "onerror" in attrs or attrs.get("src") == "x"]


def test_learning_curves_are_drawn_where_metrics_have_steps(fresh_ledger, add_run):
    ids = [add_run(f"run {number}", metrics={"acc": 0.5 + number / 10}) for number in range(3)]
    for id in ids[:2]:
        points = tuple(Metric("loss", 1 / (step + 1), step=step, time=1000.0 + step) for step in range(5))
        fresh_ledger.record(id, Facts(metrics=points))
    curves = source.curves(fresh_ledger, ids, "loss")
    assert curves["run"].unique().tolist() == ids[:2]
    assert curves["time"].tolist()[:5] == [0, 1, 2, 3, 4]
    titles = [figure["layout"]["title"]["text"] for figure in made(fresh_ledger, ids).html.figures]
    assert "loss" in titles


def test_many_runs_are_a_table_of_the_best_and_figures_of_all(fresh_ledger, add_run):
    ids = [add_run(params={"lr": 0.001 * (1 + number % 40)}, metrics={"f1": number % 37}) for number in range(120)]
    found = made(fresh_ledger, ids)
    assert "50 of 120 runs are shown, the best by f1." in found.html.text
    assert "Importance of params for f1" in [figure["layout"]["title"]["text"] for figure in found.html.figures]
    assert all(len(json.dumps(figure)) < 200_000 for figure in found.html.figures)
    rows = found.page.parts[0].blocks[1].rows
    assert rows[0][0] == ids[0][:8]
    assert rows[1][1].startswith("★ 36")


def test_a_picture_of_runs_that_were_judged_on_other_data_says_how_many(fresh_ledger, add_run):
    for number in range(5):
        add_run(params={"C": number}, metrics={"f1": number}, judged_on="old" if number == 2 else "new")
    add_run(params={"C": 9}, metrics={"f1": 9})
    found = source.runs_frame(fresh_ledger, None)
    said = "1 run judged on other data than most for f1, not comparable with them"
    assert source.note(fresh_ledger, found, "params.C", "metrics.f1", "metrics.f1", None) == said
    assert source.note(fresh_ledger, found, "params.C", "metrics.g") == ""
    assert said in describe(scatter(found.frame, "params.C", "metrics.f1", note=said))


def test_a_frame_of_runs_is_sampled_evenly_and_says_so(fresh_ledger, add_run):
    ids = [add_run(metrics={"f1": number}) for number in range(25)]
    found = source.runs_frame(fresh_ledger, None, limit=10)
    assert (len(found.frame), found.total, found.sampled) == (9, 25, True)
    assert "9 of 25 runs" in found.said
    assert list(found.frame.index) == ids[::3]
    assert not source.runs_frame(fresh_ledger, "metrics.f1 > 20").sampled


def test_a_report_of_runs_without_anything_still_reads(fresh_ledger, add_run):
    found = made(fresh_ledger, [add_run(error=("ValueError", "x")), add_run(metrics={"f1": float("nan")})])
    assert "did not finish" in found.html.text
    alone = made(fresh_ledger, [add_run()])
    assert "No run has a metric." in alone.html.text
    assert "plotly-js" not in alone.html.scripts


def test_the_verb_writes_html_and_markdown(project, fresh_ledger, add_run):
    ids = [add_run(metrics={"f1": 0.1 * number}, params={"C": number}) for number in range(3)]
    with closing(fresh_ledger):
        said = run_in_notebook(["report", *ids, "-o", "out/report.html"], fresh_ledger)
        assert said.startswith("out/report.html: 3 runs, ")
        assert (project / "out" / "report.html").read_text().startswith("<!DOCTYPE html>")
        data = json.loads(run_in_notebook(["report", "-e", "exp", "-o", "report.md", "--json"], fresh_ledger))
        assert data["runs"] == ids
        assert (project / "report.md").read_text().startswith("# Report of 3 runs\n")
        run_in_notebook(["report", "-e", "exp", "-n", "2", "-o", "report.md"], fresh_ledger)
        assert (project / "report.md").read_text().startswith("# Report of 2 runs, of 3\n")
        assert not list(project.glob("**/*.part"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["report", "-o", "a.pdf", "-e", "exp"], "not as 'a.pdf'"),
        (["report"], "Say which runs"),
        (["report", "-e", "exp", "-o", "file/report.md"], "cannot be written"),
        (["report", "-e", "nothing"], "no run found"),
        (["report", "-e", "exp", "--metric", "none"], "none of these runs has metrics.none"),
    ],
)
def test_what_cannot_be_reported_is_refused_and_nothing_is_written(project, fresh_ledger, add_run, line, said):
    (project / "file").touch()
    add_run(metrics={"f1": 0.1})
    with pytest.raises(NBLedgerError, match=re.escape(said)):
        run_in_notebook(line, fresh_ledger)
    assert not list(project.glob("**/*report*"))


def test_a_table_of_few_runs_stands_side_by_side(fresh_ledger, add_run):
    from nbledger.figures.compared import compared

    runs = [fresh_ledger.run(add_run(name, params={"C": value})) for name, value in (("one", 1), ("two", 2))]
    table, left = comparison_table(runs, compared(fresh_ledger, runs), None)
    assert [header[9:] for header in table.headers[1:]] == ["one", "two"]
    assert ("params.C", "1", "2") in table.rows
    assert "more are the same" in left


def test_data_that_changed_is_drawn_before_and_after(tmp_path):
    from tests.lineage.notebook_session import NotebookSession

    (tmp_path / "people.csv").write_text("age,city\n1,a\n2,b\n3,c\n")
    session = NotebookSession(tmp_path)
    try:
        session.run("import pandas as pd\npeople = pd.read_csv('people.csv')\nshare = people['age'].mean()")
        first = session.outcomes[-1].start.id
        (tmp_path / "more.csv").write_text("age,city\n1,a\n2,b\n30,c\n")
        session.run("import pandas as pd\npeople = pd.read_csv('more.csv')\nshare = people['age'].mean()")
        page = made(session.ledger, [first, session.outcomes[-1].start.id])
    finally:
        session.close()
    assert "Distribution of more.csv.age" in [figure["layout"]["title"]["text"] for figure in page.html.figures]
