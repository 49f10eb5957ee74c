"""What the card under a cell says, in its three forms."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from nbledger.capture.outcome import ModelSaved, Outcome
from nbledger.ledger import Ledger
from nbledger.records import (
    Basis,
    Column,
    Edge,
    Facts,
    Metric,
    Param,
    RunEnd,
    RunError,
    RunStart,
    Session,
    Version,
    new_id,
)
from nbledger.widgets.card import card, format_bytes, format_number, payload, text
from nbledger.widgets.card_html import html

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger.open(tmp_path)
    opened.start_session(
        Session("0" * 32, "python", "host", "boot", 1, 0.0, "ada", "3.13", "linux", "0.1", started_at=0.0)
    )
    yield opened
    opened.close()


def table(columns: dict[str, str], rows: int = 3) -> Version:
    schema = tuple(Column(name, "int64", hash) for name, hash in columns.items())
    return Version(
        ("".join(columns.values()) + str(rows)).rjust(32, "0"), "table", shape=(rows, len(columns)), schema=schema
    )


def recorded(ledger: Ledger, *, status="finished", error=None, models=(), problems=(), **facts) -> Outcome:
    start = RunStart(new_id(), "0" * 32, "cell", 1.0, name="cell", experiment="e", cell_id="c1", tracked=True)
    end = RunEnd(start.id, 2.0, 1.25, status, error)
    kept = Facts(**facts)
    ledger.start_run(start)
    ledger.end_run(end, kept)
    return Outcome(start, end, kept, tuple(models), tuple(problems), recorded=True, shown=True)


def test_a_card_says_what_was_recorded(ledger):
    model = ModelSaved("clf", "sklearn.linear_model.LogisticRegression", "v", "skops", 5400, trusted=True)
    shown = text(
        card(
            recorded(
                ledger,
                params=(Param("C", 0.5), Param("tol", 1e-4, is_default=True)),
                metrics=(Metric("accuracy", 0.9375),),
                models=[model],
            ),
            ledger,
        )
    )
    assert "cell  1.2 s" in shown
    assert "C=0.5" in shown and "tol" not in shown
    assert "accuracy 0.9375" in shown
    assert "clf LogisticRegression, skops 5.4 kB" in shown


def test_the_change_since_the_previous_run_and_to_the_best_is_said(ledger):
    for value in (0.9, 0.8):
        recorded(ledger, metrics=(Metric("accuracy", value), Metric("rmse", 1 - value)))
    outcome = recorded(ledger, metrics=(Metric("accuracy", 0.85), Metric("rmse", 0.05)))
    accuracy, rmse = card(outcome, ledger).metrics
    assert accuracy.previous == 0.8
    assert (accuracy.best, accuracy.is_best, accuracy.to_best) == (0.9, False, "-0.05 to the best")
    assert rmse.is_best
    page = html(card(outcome, ledger))
    assert page.count('class="nbl-up"') == 2  # more accuracy and less error are both better


def test_a_metric_judged_on_other_data_than_before_says_so(ledger):
    def judged(truth: str) -> Outcome:
        version = Version(truth, "column")
        return recorded(
            ledger, versions=(version,), metrics=(Metric("accuracy", 0.9, basis=(Basis("y_true", truth),)),)
        )

    judged("a" * 32)
    assert card(judged("a" * 32), ledger).metrics[0].comparable
    other = card(judged("b" * 32), ledger)
    assert not other.metrics[0].comparable
    assert "other data" in text(other) and "other data" in html(other)


def test_the_columns_that_changed_since_the_previous_run_are_named(ledger):
    before, after = table({"age": "1", "income": "2", "old": "3"}), table({"age": "1", "income": "9", "new": "4"})
    recorded(ledger, versions=(before,), used=(Edge(before.hash, "df"),))
    (line,) = card(recorded(ledger, versions=(after,), used=(Edge(after.hash, "df"),)), ledger).data
    assert line.change == "changed: income; added: new; removed: old"


def test_more_rows_are_said_as_the_shape_it_was(ledger):
    before, after = table({"age": "1"}, rows=3), table({"age": "2"}, rows=4)
    recorded(ledger, versions=(before,), used=(Edge(before.hash, "df"),))
    (line,) = card(recorded(ledger, versions=(after,), used=(Edge(after.hash, "df"),)), ledger).data
    assert line.change == "changed, was 3x1"


def test_a_failed_cell_shows_its_error(ledger):
    shown = card(recorded(ledger, status="failed", error=RunError("ValueError", "no good\nat all")), ledger)
    assert "failed" in text(shown) and "ValueError: no good" in text(shown)
    assert "nbl-failed" in html(shown)


def test_what_was_not_recorded_is_said(ledger):
    model = ModelSaved("m", "pkg.Model", "v", reason="TypeError: cannot pickle a lock")
    outcome = recorded(ledger, models=[model], problems=["param depth: no variable of that name after the cell"])
    for form in (text(card(outcome, ledger)), html(card(outcome, ledger))):
        assert "cannot pickle a lock" in form
        assert "param depth" in form
    lost = card(outcome._replace(recorded=False), None)
    assert "not in the ledger" in text(lost) and "not in the ledger" in html(lost)


def test_everything_from_outside_is_escaped(ledger):
    version = table({"c": "1"})
    outcome = recorded(
        ledger,
        status="failed",
        error=RunError(EVIL, EVIL),
        params=(Param(EVIL, EVIL),),
        metrics=(Metric(EVIL, 1.0),),
        versions=(version,),
        used=(Edge(version.hash, EVIL),),
        models=[ModelSaved(EVIL, EVIL, "v", None, reason=EVIL)],
        problems=[EVIL],
    )
    start = replace(outcome.start, name=EVIL, experiment=EVIL)
    page = html(replace(card(outcome, ledger), name=EVIL, experiment=EVIL))
    assert start.name == EVIL
    assert "<script" not in page
    assert page.count("&lt;script") >= 8


def test_the_json_form_is_json_even_for_nan(ledger):
    outcome = recorded(ledger, metrics=(Metric("loss", float("nan")),), params=(Param("p", None),))
    assert json.loads(json.dumps(payload(card(outcome, ledger)), allow_nan=False))["metrics"][0]["value"] == "nan"


def test_numbers_and_sizes_are_in_the_unit_that_reads_best():
    assert [format_number(v) for v in (0.5, 123.456, 0.0000123, 1e9, 0.0)] == [
        "0.5000",
        "123.4560",
        "1.23e-05",
        "1e+09",
        "0",
    ]
    assert [format_bytes(v) for v in (12, 5400, 2_000_000, 3_000_000_000)] == ["12 B", "5.4 kB", "2.0 MB", "3.0 GB"]
