"""The registry's rows, and loading what they name."""

from __future__ import annotations

import threading

import pytest

from nbledger.ledger import AmbiguousId, NotFound, ObjectAltered
from nbledger.records import AliasEvent, Edge, Facts, StoredVersion, Version, new_id

from .conftest import add_run


def model_facts(ledger, data, hash, name="clf"):
    from nbledger.ledger.model_format import dump_model

    made = dump_model(data)
    object, size = ledger.objects.put_bytes(made.data)
    return Facts(
        versions=(Version(hash, "model"),),
        generated=(Edge(hash, name, "model"),),
        stored=(StoredVersion(hash, object, made.format, size, made.trusted),),
    )


def known_version(ledger, session, hash="a" * 32):
    return add_run(ledger, session, facts=Facts(versions=(Version(hash, "model"),)))


def move(ledger, alias, number, time=1.0, **more):
    ledger.set_alias(AliasEvent(more.pop("id", new_id()), "churn", alias, number, time, "me", **more))


def test_versions_of_a_model_count_from_one(ledger, session):
    run = known_version(ledger, session)
    made = [ledger.add_model_version("churn", run[:8], "a" * 32, "me") for _ in range(3)]
    assert [version.number for version in made] == [1, 2, 3]
    assert ledger.model_versions("churn") == made[::-1]
    assert ledger.model_versions("churn", limit=1, offset=1) == [made[1]]
    assert ledger.models() == ["churn"]
    assert (made[0].run, made[0].version, made[0].created_by) == (run, "a" * 32, "me")
    assert ledger.model_versions_of("a" * 32) == made


def test_many_threads_get_different_numbers(ledger, session):
    run = known_version(ledger, session)
    numbers = []
    threads = [
        threading.Thread(
            target=lambda: numbers.extend(ledger.add_model_version("m", run, "a" * 32, "me").number for _ in range(10))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 41))


def test_an_alias_stands_where_its_last_event_put_it_even_when_the_clock_was_set_back(ledger, session):
    run = known_version(ledger, session)
    for _ in range(2):
        ledger.add_model_version("churn", run, "a" * 32, "me")
    move(ledger, "champion", 1, time=2000.0)
    move(ledger, "champion", 2, time=1000.0, reason="better", run=run)
    move(ledger, "challenger", 1)
    assert ledger.aliases("churn") == {"champion": 2, "challenger": 1}
    assert ledger.model_version("churn", "@champion").aliases == ("champion",)
    assert [event.number for event in ledger.alias_history("churn", "champion")] == [1, 2]
    assert ledger.alias_history("churn")[-1].alias in ("champion", "challenger")
    move(ledger, "champion", None)
    assert ledger.aliases("churn") == {"challenger": 1}
    rows = ledger.database.rows("SELECT model, alias, number FROM current_alias")
    assert rows == [("churn", "challenger", 1)]


def test_the_same_alias_event_twice_is_one(ledger, session):
    ledger.add_model_version("churn", known_version(ledger, session), "a" * 32, "me")
    for _ in range(2):
        move(ledger, "champion", 1, id="e" * 32)
    assert len(ledger.alias_history("churn")) == 1


def test_what_is_not_registered_is_named_with_a_remedy(ledger, session):
    run = known_version(ledger, session)
    with pytest.raises(NotFound, match="nbledger promote"):
        ledger.model_version("churn", 1)
    with pytest.raises(NotFound, match="nbledger promote"):
        move(ledger, "champion", 1)
    ledger.add_model_version("churn", run, "a" * 32, "me")
    with pytest.raises(NotFound, match="'9'"):
        ledger.model_version("churn", 9)
    with pytest.raises(NotFound, match="champion"):
        ledger.model_version("churn", "champion")
    with pytest.raises(NotFound, match="version"):
        move(ledger, "champion", 9)
    with pytest.raises(NotFound, match="version"):
        ledger.add_model_version("new", run, "f" * 32, "me")
    assert ledger.models() == ["churn"]


def test_a_model_is_loaded_by_run_version_number_and_alias(ledger, session):
    model = pytest.importorskip("sklearn.linear_model").LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
    run = add_run(ledger, session, facts=model_facts(ledger, model, "ab" * 16))
    ledger.add_model_version("churn", run, "ab" * 16, "me")
    move(ledger, "champion", 1)
    for ref in (run, run[:6], "abab", "models:/churn/1", "models:/churn@champion"):
        assert ledger.load(ref).predict([[2.0]])[0] == pytest.approx(4.0)


def test_of_several_models_one_is_chosen_by_name(ledger, session):
    linear = pytest.importorskip("sklearn.linear_model")
    one = model_facts(ledger, linear.LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), "1" * 32, "one")
    two = model_facts(ledger, linear.Ridge().fit([[0.0], [1.0]], [0.0, 1.0]), "2" * 32, "two")
    both = Facts(one.versions + two.versions, (), one.generated + two.generated, stored=one.stored + two.stored)
    run = add_run(ledger, session, facts=both)
    with pytest.raises(NotFound, match="one, two"):
        ledger.load(run)
    assert type(ledger.load(run, name="two")).__name__ == "Ridge"
    with pytest.raises(NotFound, match="'three'"):
        ledger.load(run, name="three")


def test_an_altered_model_is_not_loaded(ledger, session):
    model = pytest.importorskip("sklearn.linear_model").LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
    facts = model_facts(ledger, model, "ab" * 16)
    run = add_run(ledger, session, facts=facts)
    path = ledger.objects.path(facts.stored[0].object)
    path.chmod(0o600)
    path.write_bytes(b"evil")
    with pytest.raises(ObjectAltered):
        ledger.load(run)


@pytest.mark.parametrize("ref", ["models:/churn", "models:churn/1", "models:/churn/x", "models:/../etc/1", "ffff"])
def test_a_reference_that_names_nothing_is_not_found(ledger, ref):
    with pytest.raises(NotFound):
        ledger.load(ref)


def test_a_prefix_of_both_a_run_and_a_version_is_ambiguous(ledger, session):
    add_run(ledger, session, id="abcd" + "0" * 28, facts=Facts(versions=(Version("abcd" + "1" * 28, "model"),)))
    with pytest.raises(AmbiguousId, match="abcd0000, abcd1111"):
        ledger.load("abcd")
