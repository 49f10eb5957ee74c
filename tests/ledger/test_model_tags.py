"""Tags, descriptions and stages of models: append-only, the last one holds, and the history tells of all."""

from __future__ import annotations

import pytest
from sklearn.linear_model import Ridge

from nbledger.ledger import Ledger, NotFound, model_tags
from nbledger.registry import promote


@pytest.fixture
def ledger(fresh_ledger, add_run):
    for slope in (1.0, 2.0):
        model = Ridge(alpha=1e-9).fit([[0.0], [1.0], [2.0]], [0.0, slope, 2 * slope])
        promote(fresh_ledger, "churn", fresh_ledger.run(add_run("a", models={"model": model})))
    return fresh_ledger


def test_a_tag_of_a_model_and_one_of_its_version_are_two_things(ledger):
    model_tags.set_tags(ledger, "churn", None, {"owner": "risk"})
    model_tags.set_tags(ledger, "churn", 2, {"owner": "ada", "draft": "yes"})
    assert model_tags.tags(ledger, "churn") == {"owner": "risk"}
    assert model_tags.tags(ledger, "churn", 2) == {"draft": "yes", "owner": "ada"}
    assert model_tags.tags(ledger, "churn", 1) == {}


def test_the_last_setting_holds_and_the_history_keeps_every_one(ledger):
    for stage in ("staging", "production", "production", None, "archived"):
        model_tags.set_tags(ledger, "churn", 1, {model_tags.STAGE: stage}, who="ada")
    assert model_tags.tags(ledger, "churn", 1) == {"stage": "archived"}
    history = model_tags.history(ledger, "churn", 1, "stage")
    assert [event.value for event in history] == ["staging", "production", None, "archived"]
    assert {event.who for event in history} == {"ada"}
    assert [event.time for event in history] == sorted(event.time for event in history)


def test_what_is_not_there_or_cannot_be_kept_is_refused_and_nothing_is_written(ledger):
    for model, number in (("nosuch", None), ("churn", 9)):
        with pytest.raises(NotFound):
            model_tags.set_tags(ledger, model, number, {"a": "b"})
    for name, value in (("a b", "x"), ("", "x"), ("ok", " "), ("ok", "x" * 10_001), ("a=b", "x")):
        with pytest.raises(model_tags.BadModelTag):
            model_tags.set_tags(ledger, "churn", None, {"fine": "yes", name: value})
    assert model_tags.tags(ledger, "churn") == {}


def test_any_text_can_be_a_description(ledger):
    text = "<script>alert('x')</script>\n日本語 '; DROP TABLE model_tag; --"
    model_tags.set_tags(ledger, "churn", None, {model_tags.DESCRIPTION: text})
    assert model_tags.tags(ledger, "churn")["description"] == text


def test_each_change_is_an_event_of_the_audit(ledger):
    from nbledger.ledger import audit

    model_tags.set_tags(ledger, "churn", 1, {"stage": "production"}, who="ada")
    model_tags.set_tags(ledger, "churn", 1, {"stage": "production"}, who="bob")
    with ledger.database.read() as connection:
        events = [event for event in audit.read_events(connection).values() if event.action == "describe"]
    assert [(event.who, event.subject, event.detail["tags"]) for event in events] == [
        ("ada", "model churn", {"stage": "production"})
    ]


def test_files_of_a_version_are_kept_and_the_latest_of_a_name_holds(ledger):
    for text in (b"one", b"two"):
        address, size = ledger.objects.put_bytes(text)
        model_tags.add_artifact(ledger, "churn", 2, "signature.json", address, size, "application/json")
    kept = model_tags.artifacts(ledger, "churn", 2)
    assert ledger.objects.read(kept["signature.json"].object) == b"two"
    ledger.gc(dry_run=False, grace=0)
    assert ledger.objects.has(kept["signature.json"].object)
    assert ledger.objects.read(model_tags.artifacts(ledger, "churn", 1)["signature.json"].object) != b"two"


def test_two_registries_merged_twice_hold_the_tags_of_both_once(ledger, tmp_path):
    model_tags.set_tags(ledger, "churn", 1, {"stage": "production", "owner": "risk"})
    address, size = ledger.objects.put_bytes(b"{}")
    model_tags.add_artifact(ledger, "churn", 1, "signature.json", address, size, "application/json")
    other = Ledger.open(tmp_path / "other")
    other.merge(ledger)
    other.merge(ledger)
    assert model_tags.tags(other, "churn", 1) == {"owner": "risk", "stage": "production"}
    assert len(model_tags.history(other, "churn", 1)) == 2
    assert other.objects.read(model_tags.artifacts(other, "churn", 1)["signature.json"].object) == b"{}"
    other.close()
