"""A piece of data: its columns and how they are spread, and the versions that it had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbledger.lineage.dataset import NotData, column_values, dataset


@pytest.fixture
def session(notebook_session):
    """A table that was read from a file and changed twice."""
    Path("people.csv").write_text("age,city\n" + "\n".join(f"{n % 50},{'ab'[n % 3 == 0]}" for n in range(100)))
    for cell in (
        'import pandas as pd\ndf = pd.read_csv("people.csv")',
        "df = df[df.age > 9]",
        'df["double"] = df.age * 2.0',
        "total = df.double.sum()",
    ):
        assert notebook_session.run(cell) is None
    return notebook_session


def test_columns_have_their_recorded_profiles_without_the_content(session):
    found = dataset(session.ledger, "df")
    age, _, double = found.columns
    assert (age.name, age.missing, age.low, age.high) == ("age", 0, 10, 49)
    assert double.mean == pytest.approx(59.0)
    assert "not kept" in found.why_not
    assert found.made_by.position == 3
    assert [run.position for run in found.used_by] == [4]


def test_histograms_come_from_a_file_that_has_not_changed_since(session):
    age, city = dataset(session.ledger, "people.csv").columns
    assert sum(age.bins) == 100
    assert dict(city.values) == {"a": 0.66, "b": 0.34}
    assert age.bars in str(dataset(session.ledger, "people.csv"))
    Path("people.csv").write_text("age,city\n1,2\n")
    changed = dataset(session.ledger, "people.csv")
    assert changed.why_not == "the file changed since, or is gone"
    assert all(column.bins == () for column in changed.columns)


def test_a_variable_that_still_is_the_same_is_read_and_another_one_is_not(session):
    live = dict(session.names)
    assert sum(dataset(session.ledger, "df", live=live).columns[0].bins) == 80
    changed = dataset(session.ledger, "df", live={"df": live["df"].head(3)})
    assert "not kept" in changed.why_not
    version = dataset(session.ledger, "df").version.hash
    assert column_values(session.ledger, version, "df", "age", live).max() == 49
    assert column_values(session.ledger, version, "df", "age") is None


def test_past_versions_say_what_changed(session):
    found = dataset(session.ledger, "df")
    assert [one.event.run.position for one in found.past] == [3, 2, 1]
    assert [one.change for one in found.past] == ["1 column added", "rows 100 -> 80", ""]
    assert found.past[0].event.version == found.version.hash
    assert "1 column added" in str(found)


def test_a_value_is_data_and_a_model_or_a_run_is_refused_with_what_to_ask_for(session):
    assert dataset(session.ledger, "total").columns == ()
    run = dataset(session.ledger, "df").made_by.id
    with pytest.raises(NotData, match=r"is a run, not a piece of data: it used or made df"):
        dataset(session.ledger, run)


def test_it_is_plain_data(session):
    data = json.loads(json.dumps(dataset(session.ledger, "people.csv").to_dict()))
    assert data["columns"][0]["name"] == "age"
    assert data["past"][0]["how"] == "read"
