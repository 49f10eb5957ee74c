"""A run is recorded in full and read back as it was."""

from __future__ import annotations

import math

import pytest

from nbledger.ledger import AmbiguousId, NotFound
from nbledger.records import (
    Artifact,
    Basis,
    Column,
    Edge,
    Environment,
    Facts,
    GitState,
    Metric,
    Param,
    RunEnd,
    RunError,
    RunStart,
    StoredVersion,
    Tag,
    Version,
    new_id,
)

from .conftest import add_run, edge, make_facts, make_session, table


def test_a_run_comes_back_as_it_was_recorded(ledger, session):
    id = new_id()
    start = RunStart(
        id, session, "cell", 1000.5, "train", "churn", "f" * 32, "nb/train.ipynb", "c1", 7, "x = 1", tracked=True
    )
    ledger.start_run(start)
    assert ledger.run(id).status == "running"
    error = RunError("ValueError", "bad", "Traceback ...")
    ledger.end_run(RunEnd(id, 1002.0, 1.5, "failed", error), make_facts({"depth": 5}, {"acc": 0.9}, {"k": "v"}))
    run = ledger.run(id)
    assert (run.id, run.session, run.kind, run.status) == (id, session, "cell", "failed")
    assert (run.started_at, run.ended_at, run.duration, run.error) == (1000.5, 1002.0, 1.5, error)
    assert (run.name, run.experiment, run.parent, run.notebook) == ("train", "churn", "f" * 32, "nb/train.ipynb")
    assert (run.cell_id, run.position, run.source, run.tracked) == ("c1", 7, "x = 1", True)
    assert (run.params, run.metrics, run.tags) == ({"depth": 5}, {"acc": 0.9}, {"k": "v"})


def test_facts_of_a_run_that_still_goes_on_are_seen(ledger, run):
    id = run(status=None)
    ledger.record(id, make_facts({"a": 1}, {"m": 0.5}, {"t": "v"}))
    found = ledger.run(id)
    assert (found.status, found.params, found.metrics, found.tags) == ("running", {"a": 1}, {"m": 0.5}, {"t": "v"})


@pytest.mark.parametrize(
    "value", [True, False, 0, 1, -5, 2**63 - 1, -(2**63), 2**63, 10**400, 0.5, -0.0, math.inf, -math.inf, "", "5",
              "ünï\x00codé", "x" * 100_000, None]
)  # fmt: skip
def test_a_param_keeps_its_value_and_type(ledger, run, value):
    for id in (run({"p": value}), run(status=None)):
        ledger.record(id, Facts(params=(Param("p", value, "literal", True),)))
        (param,) = ledger.params(id)
        assert (param.value, type(param.value), param.origin, param.is_default) == (value, type(value), "literal", True)
        assert ledger.run(id).params == {"p": value}
        assert type(ledger.run(id).params["p"]) is type(value)


def test_a_nan_param_and_a_nan_metric_survive(ledger, run):
    id = run({"p": math.nan, "s": "nan"}, {"m": math.nan, "i": math.inf})
    params = {param.name: param.value for param in ledger.params(id)}
    assert math.isnan(params["p"])
    assert params["s"] == "nan"
    found = ledger.run(id)
    assert math.isnan(found.params["p"])
    assert math.isnan(found.metrics["m"])
    assert found.metrics["i"] == math.inf
    assert math.isnan(next(metric.value for metric in ledger.metrics(id) if metric.name == "m"))


def test_values_of_numpy_and_odd_objects_are_never_refused(ledger, run):
    numpy = pytest.importorskip("numpy")
    id = run(
        {"i": numpy.int64(3), "f": numpy.float32(0.5), "b": numpy.bool_(True), "o": [1, 2], "s": "\udcff"},
        {"m": numpy.float32(0.25), "huge": 10**400, "no": "text"},
    )
    found = ledger.run(id)
    assert found.params == {"i": 3, "f": 0.5, "b": True, "o": "[1, 2]", "s": "\\udcff"}
    assert found.metrics["m"] == 0.25
    assert found.metrics["huge"] == math.inf
    assert math.isnan(found.metrics["no"])


def test_a_second_param_of_a_name_wins_and_the_first_is_kept(ledger, run):
    id = run({"a": 1, "b": 2})
    ledger.record(id, Facts(params=(Param("a", 10), Param("a", 20))))
    assert ledger.run(id).params == {"a": 20, "b": 2}
    rows = ledger.database.rows("SELECT value, seq FROM param_earlier ORDER BY seq")
    assert rows == [(1, 0), (10, 1)]


def test_a_second_tag_of_a_key_wins_and_the_first_is_kept(ledger, run):
    id = run(tags={"stage": "dev"})
    ledger.tag(id[:8], "stage", "prod")
    assert ledger.run(id).tags == ledger.tags(id) == {"stage": "prod"}
    assert ledger.database.rows("SELECT value FROM tag_earlier") == [("dev",)]


def test_metrics_without_steps_count_up_and_nothing_is_lost(ledger, run):
    id = run(metrics={"loss": 3.0})
    ledger.record(id, Facts(metrics=(Metric("loss", 2.0), Metric("loss", 1.0))))
    assert ledger.run(id).metrics == {"loss": 1.0}
    assert [(metric.step, metric.value) for metric in ledger.metrics(id)] == [(0, 3.0), (1, 2.0), (2, 1.0)]


def test_a_single_metric_has_no_step_and_an_explicit_one_has(ledger, run):
    id = run(facts=Facts(metrics=(Metric("a", 1.0), Metric("b", 2.0, step=7), Metric("b", 3.0), Metric("b", 4.0, 7))))
    found = [(metric.name, metric.step, metric.value) for metric in ledger.metrics(id)]
    assert found == [("a", None, 1.0), ("b", 7, 2.0), ("b", 8, 3.0), ("b", 7, 4.0)]


def test_a_metric_knows_what_it_was_computed_on(ledger, run):
    versions = (table("a" * 32), table("b" * 32, "array"))
    first = Metric("acc", 0.9, basis=(Basis("y_true", "a" * 32), Basis("y_pred", "b" * 32)))
    id = run(facts=Facts(versions=versions, metrics=(first, Metric("acc", 0.8, basis=(Basis("y_true", "b" * 32),)))))
    one, two = ledger.metrics(id)
    assert set(one.basis) == set(first.basis)
    assert two.basis == (Basis("y_true", "b" * 32),)


def test_versions_edges_artifacts_notes_and_stored_models_come_back(ledger, run):
    columns = (Column("x", "int64", "1" * 32, {"min": 0}), Column("y", "str", "2" * 32))
    frame = Version("a" * 32, "table", "exact", "pandas.DataFrame", (3, 2), 48, columns)
    model = Version("b" * 32, "model", "sampled", "sklearn.svm.SVC")
    hash, size = ledger.objects.put_bytes(b"model")
    facts = Facts(
        versions=(frame, model),
        used=(Edge("a" * 32, "df"), Edge("a" * 32, "X", "X")),
        generated=(Edge("b" * 32, "clf", "model"),),
        artifacts=(Artifact("plot.png", hash, size, "image/png", "b" * 32), Artifact("raw", hash, size)),
        stored=(StoredVersion("b" * 32, hash, "skops", size, trusted=True),),
        notes=("first", "second"),
    )
    id = run(facts=facts)
    assert set(ledger.used(id)) == set(facts.used)
    assert tuple(ledger.generated(id)) == facts.generated
    assert ledger.version("aaaa") == frame
    assert ledger.version("aaaa").columns == {"x": "1" * 32, "y": "2" * 32}
    assert ledger.version("b" * 32) == model
    assert tuple(ledger.artifacts(id)) == facts.artifacts
    assert ledger.stored("b" * 32) == facts.stored[0]
    assert ledger.stored("a" * 32) is None
    assert ledger.notes(id) == ["first", "second"]


def test_a_version_is_stored_once_and_known_to_later_runs(ledger, run):
    run(facts=Facts(versions=(table("a" * 32),), generated=(edge("a" * 32),)))
    id = run(facts=Facts(used=(edge("a" * 32),)))
    run(facts=Facts(versions=(table("a" * 32),), used=(edge("a" * 32),)))
    assert ledger.used(id) == [edge("a" * 32)]
    assert ledger.database.rows("SELECT count(*) FROM version") == [(1,)]


def test_an_edge_to_an_unknown_version_records_nothing_and_says_so(ledger, run):
    id = run(status=None)
    with pytest.raises(NotFound, match="version"):
        ledger.end_run(RunEnd(id, 1.0, 1.0, "finished"), make_facts({"a": 1}, used=(edge("c" * 32),)))
    assert ledger.run(id).status == "running"
    assert ledger.params(id) == []
    ledger.end_run(RunEnd(id, 1.0, 1.0, "finished"), make_facts({"a": 1}))
    assert ledger.run(id).params == {"a": 1}


def test_the_second_end_of_a_run_changes_nothing(ledger, run):
    id = run()
    ledger.end_run(RunEnd(id, 99.0, 99.0, "failed"))
    assert ledger.run(id).status == "finished"


def test_source_is_stored_once_per_distinct_text(ledger, run):
    ids = [run(source=text) for text in ("x = 1", "x = 1", "y = 2")]
    assert [ledger.run(id).source for id in ids] == ["x = 1", "x = 1", "y = 2"]
    assert ledger.database.rows("SELECT count(*) FROM source") == [(2,)]


def test_ids_may_be_shortened_until_they_are_ambiguous(ledger, run):
    run(id="abcd1" + "0" * 27)
    run(id="abcd2" + "0" * 27)
    assert ledger.run("ABCD1").id == "abcd1" + "0" * 27
    with pytest.raises(AmbiguousId, match="abcd1000, abcd2000") as caught:
        ledger.run("abcd")
    assert caught.value.candidates == ["abcd1" + "0" * 27, "abcd2" + "0" * 27]
    with pytest.raises(NotFound, match="nbledger runs"):
        ledger.run("ffff")
    with pytest.raises(NotFound, match="at least 4 digits"):
        ledger.run("abc")
    assert ledger.run_id(" ABCD1") == "abcd1" + "0" * 27
    with pytest.raises(NotFound, match=f"'{'f' * 32}'"):
        ledger.run_id("f" * 32)


def test_children_are_found_though_their_parent_is_in_another_ledger(ledger, run):
    child = run(parent="f" * 32)
    assert [one.id for one in ledger.children("f" * 32)] == [child]


def test_the_environment_is_stored_once_and_found_by_run(ledger, session, run):
    old = Environment("e1", "3.11.7", "Linux", {"numpy": "2.0"})
    new = Environment("e2", "3.11.7", "Linux", {"numpy": "2.1"})
    before = run()
    assert ledger.environment(before) is None
    ledger.set_environment(session, old, GitState("c0ffee", "main", dirty=True, diff="+x"))
    ledger.set_environment(session, new)
    after = run()
    assert ledger.environment(before) == old
    assert ledger.git(before) == GitState("c0ffee", "main", dirty=True, diff="+x")
    assert ledger.environment(after) == new
    assert ledger.git(after) is None


def test_notebooks_are_stored_relative_to_the_project(ledger, session):
    id = add_run(ledger, session, notebook=str(ledger.root / "nb" / "train.ipynb"))
    assert ledger.run(id).notebook == "nb/train.ipynb"
    other = make_session(notebook=str(ledger.root / "a.ipynb"))
    ledger.start_session(other)
    assert ledger.session(other.id[:6]).notebook == "a.ipynb"


def test_sql_and_html_in_names_stay_text(ledger, run):
    evil = "'; DROP TABLE run; -- <script>alert(1)</script> \" %_*?"
    id = run({evil: evil}, {evil: 1.0}, {evil: evil}, name=evil, experiment=evil, source=evil)
    quoted = evil.replace('"', '""')
    found = ledger.runs(f"params.\"{quoted}\" = '{evil.replace(chr(39), chr(39) * 2)}'", order_by=f'metrics."{quoted}"')
    assert [one.id for one in found] == [id]
    assert found[0].params == {evil: evil}
    assert ledger.experiments() == [evil]
    assert ledger.runs(experiment=evil)[0].name == evil


def test_runs_nest_and_children_are_listed_in_order(ledger, run):
    parent = run(kind="sweep")
    children = [run(parent=parent, kind="trial", started_at=100.0 + index) for index in range(3)]
    assert [child.id for child in ledger.children(parent[:8])] == children
    assert [child.id for child in ledger.children(parent, limit=1, offset=1)] == [children[1]]


def test_tags_keep_their_text(ledger, run):
    id = run(facts=Facts(tags=(Tag("n", 5),)))  # type: ignore[arg-type]
    assert ledger.tags(id) == {"n": "5"}
