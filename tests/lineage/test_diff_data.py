"""Data is compared by columns, rows and values, and shifts are told in figures and words."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from nbledger.fingerprint import fingerprint
from nbledger.ledger import Ledger
from nbledger.lineage.differences import shift
from nbledger.lineage.differences.contents import Contents, Found
from nbledger.lineage.differences.data_diff import DataDiff, diff_versions
from nbledger.lineage.differences.rows_diff import diff_rows


class Given(Contents):
    """Contents that are at hand."""

    def __init__(self, *values):
        self._values = {fingerprint(value).hash: value for value in values}

    def of(self, version, name):
        value = self._values.get(version.hash)
        return Found(value) if value is not None else Found(why_not="its content was not kept")


def compared(a, b, *, kept=True):
    """Compare two values by their versions, with their contents or without; returns what `data` would show."""
    contents = Given(a, b) if kept else Given()
    versions = fingerprint(a), fingerprint(b)
    table, array, note = diff_versions(*versions, contents, names=("x", "x"))
    return DataDiff("x", "variable", "changed", kind=versions[0].kind, table=table, array=array, note=note)


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"customer_id": np.arange(100, 200), "age": rng.integers(18, 90, 100), "city": ["Rome", "Oslo"] * 50}
    )


# -- columns ------------------------------------------------------------------------------------------------------------


def test_changed_columns_are_known_from_hashes_alone(people):
    other = people.assign(age=people.age + 1, city=people.city.str.upper(), new=1).drop(columns="customer_id")
    found = compared(people, other, kept=False)
    assert found.table.columns_added == ("new",)
    assert found.table.columns_removed == ("customer_id",)
    assert [column.name for column in found.table.changed] == ["age", "city"]
    assert found.summary == "1 column added, 1 column removed, 2 columns"
    assert "not kept" in found.note
    assert "mean" in found.table.columns[0].shift.words


def test_a_changed_dtype_with_the_same_values_is_that_only(people):
    found = compared(people, people.astype({"age": "float64"}))
    [column] = found.table.changed
    assert (column.dtype_a, column.dtype_b, column.cells) == ("int64", "float64", 0)
    assert found.table.rows is None


def test_columns_in_another_order(people):
    found = compared(people, people[["city", "customer_id", "age"]])
    assert found.table.reordered
    assert found.summary == "order of columns"


def test_another_index_is_no_changed_column(people):
    found = compared(people, people.set_axis(range(1, 101)), kept=False)
    assert found.summary == "index or names, no column"


def test_without_contents_added_rows_are_no_changed_columns(people):
    found = compared(people, people.iloc[:90], kept=False)
    assert found.table.changed == ()
    assert found.summary == "rows 100 -> 90"


def test_columns_of_one_name_are_paired_in_order():
    a = pd.DataFrame([[1, 2]], columns=["a", "a"])
    found = compared(a, pd.DataFrame([[1, 3]], columns=["a", "a"]))
    assert [column.name for column in found.table.changed] == ["a (2)"]


# -- rows ---------------------------------------------------------------------------------------------------------------


def test_rows_are_paired_by_a_column_of_keys(people):
    other = people.sample(frac=1, random_state=1).reset_index(drop=True)
    other = other[other.customer_id != 105]
    other.loc[other.customer_id == 110, "age"] = 17
    other = pd.concat([other, pd.DataFrame({"customer_id": [999], "age": [30], "city": ["Rome"]})], ignore_index=True)
    rows = diff_rows(people, other)
    assert (rows.by, rows.added, rows.removed, rows.changed) == ("column customer_id", 1, 1, 1)
    assert rows.cells == {"age": 1}
    [example] = rows.examples_changed
    assert example["row"] == 110
    assert example["values"] == {"age": [int(people.age[10]), 17]}
    assert rows.examples_added[0] == {"row": 999, "values": {"age": 30, "city": "Rome"}}


def test_rows_are_paired_by_an_index_that_names_them(people):
    a = people.set_index("city", append=True).set_index("customer_id")
    b = a.drop(index=105)
    b.loc[110, "age"] = -1
    rows = diff_rows(a, b)
    assert (rows.by, rows.added, rows.removed, rows.changed) == ("index", 0, 1, 1)


def test_rows_of_equally_long_tables_without_keys_are_paired_by_position():
    a = pd.DataFrame({"v": [1.0, 1.0, 2.0, np.nan, 3.0]})
    b = a.copy()
    b.loc[2, "v"] = 9.0
    rows = diff_rows(a, b)
    assert (rows.by, rows.changed, rows.cells) == ("position", 1, {"v": 1})


def test_rows_that_nothing_tells_apart_are_counted_as_wholes():
    a = pd.DataFrame({"v": [1.0, 1.0, 2.0], "w": ["x", "x", None]})
    b = pd.DataFrame({"v": [1.0, 3.0, 1.0, 1.0], "w": ["x", "y", "x", "x"]})
    rows = diff_rows(a, b)
    assert (rows.by, rows.added, rows.removed, rows.changed) == ("whole rows", 2, 1, None)
    assert {example["values"]["v"] for example in rows.examples_added} == {1.0, 3.0}


def test_a_row_taken_from_the_middle_is_one_row_and_not_all_that_follow():
    values = np.random.default_rng(0).normal(size=50)
    a = pd.DataFrame({"v": values})
    b = pd.DataFrame({"v": np.append(np.delete(values, 10), 7.0)})
    rows = diff_rows(a, b)
    assert (rows.by, rows.added, rows.removed) == ("whole rows", 1, 1)


@pytest.mark.parametrize(
    ("a", "b", "changed"),
    [
        (pd.Series(["a", None, "c"]), pd.Series(["a", None, "d"]), 1),
        (pd.Series([1, None, 3], dtype="Int64"), pd.Series([1, 2, None], dtype="Int64"), 2),
        (pd.Series(pd.Categorical(["a", "b", "b"])), pd.Series(pd.Categorical(["a", "c", "b"])), 1),
        (pd.Series([[1], [2], None], dtype=object), pd.Series([[1], [3], None], dtype=object), 1),
        (pd.to_datetime(pd.Series(["2024", "2025", None])), pd.to_datetime(pd.Series(["2024", "2026", None])), 1),
        (pd.Series(pd.arrays.SparseArray([0, 0, 1])), pd.Series(pd.arrays.SparseArray([0, 1, 1])), 1),
        (pd.Series([1, 2, 3]), pd.Series([1.0, 2.5, 3.0]), 1),
        (pd.Series([np.zeros(2), np.ones(2), 1], dtype=object), pd.Series([np.zeros(2), np.zeros(2), 1], dtype=object), 1),
        (pd.Series(pd.date_range("2024", periods=3, tz="UTC")), pd.Series(pd.date_range("2024", periods=3)), 3),
        (pd.Series(["1", "2", "3"]), pd.Series([1, 2, 3]), 3),
    ],
    ids=["str", "Int64", "category", "lists", "times", "sparse", "int and float", "arrays", "aware and naive", "text and int"],
)  # fmt: skip
def test_values_of_every_kind_are_compared(a, b, changed):
    padding = pd.Series([0.5, 0.5, 0.5])
    rows = diff_rows(pd.DataFrame({"v": a, "w": padding}), pd.DataFrame({"v": b, "w": padding}))
    assert rows.by in {"position", "whole rows"}
    count = rows.changed if rows.changed is not None else rows.removed
    assert count == changed


def by_hand(a, b):
    """Count added, removed and changed rows by their `id`, one by one."""
    mine, other = ({row[0]: [None if pd.isna(value) else value for value in row[1:]] for row in frame.itertuples(index=False)} for frame in (a, b))  # fmt: skip
    changed = [key for key in mine if key in other and mine[key] != other[key]]
    return len(other.keys() - mine.keys()), len(mine.keys() - other.keys()), len(changed)


@pytest.mark.parametrize("seed", range(40))
def test_counts_of_rows_are_those_that_one_counts_by_hand(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 20))
    a = pd.DataFrame({"id": rng.permutation(100)[:n], "v": rng.choice([1.5, 2.5, np.nan], n), "w": rng.choice(["x", "y", None], n)})  # fmt: skip
    b = a.drop(index=rng.choice(n, 2, replace=False))
    b.iloc[int(rng.integers(len(b))), 1] = 9.5
    b.iloc[int(rng.integers(len(b))), 2] = "z"
    b = pd.concat([b, pd.DataFrame({"id": [200, 201], "v": [1.5, np.nan], "w": ["x", None]})])
    b = b.sample(frac=1, random_state=seed).reset_index(drop=True)
    rows = diff_rows(a, b)
    assert rows.by == "column id"
    assert (rows.added, rows.removed, rows.changed) == by_hand(a, b)


def test_empty_tables():
    empty = pd.DataFrame({"a": pd.Series([], dtype="int64")})
    assert not diff_rows(empty, empty).any
    assert diff_rows(empty, pd.DataFrame({"a": [1, 2]})).added == 2
    assert diff_rows(pd.DataFrame(), pd.DataFrame({"a": [1]})).any


# -- shift --------------------------------------------------------------------------------------------------------------


def test_a_shift_is_told_in_figures_and_words():
    rng = np.random.default_rng(0)
    old, same, moved = (pd.Series(rng.normal(mean, 1, 5000)) for mean in (0, 0, 1))
    none, large = shift.of_values(old, same), shift.of_values(old, moved)
    assert none.psi < 0.02
    assert none.words.startswith("hardly shifted")
    assert large.psi > 0.25
    assert large.ks == pytest.approx(0.38, abs=0.04)
    assert large.words.startswith("large shift")


def test_new_categories_are_named():
    found = shift.of_values(pd.Series(["a", "b"] * 50), pd.Series(["a", "b", "zebra"] * 40))
    assert "new values: zebra" in found.words
    assert found.ks is None


def test_profiles_tell_what_moved_without_the_data():
    found = shift.of_profiles({"missing": 0, "mean": 1.0, "min": 0}, {"missing": 3, "mean": 2.5, "min": 0})
    assert found.words == "missing 0 -> 3, mean 1 -> 2.5"
    assert shift.of_profiles({"missing": 0}, {"missing": 0}) is None


# -- arrays, series, files ----------------------------------------------------------------------------------------------


def test_arrays_tell_the_share_of_changed_values():
    a = np.zeros((10, 10))
    b = a.copy()
    b[0, :5] = 2.0
    found = compared(a, b)
    assert (found.array.changed, found.array.size, found.array.most) == (5, 100, 2.0)
    assert found.summary == "0.05 of its values"


def test_arrays_of_another_shape_or_dtype():
    assert compared(np.zeros((3, 2)), np.zeros((4, 2))).summary == "shape 3 x 2 -> 4 x 2"
    assert compared(np.zeros((3, 2)), np.zeros((4, 2)), kept=False).summary == "shape 3 x 2 -> 4 x 2"
    assert compared(np.zeros(2), np.zeros(2, dtype="float32")).summary == "dtype float64 -> float32, no value"
    assert compared(np.array(["a"]), np.array(["b"])).summary == "1 of its values"
    assert compared(np.array([1, np.nan]), np.array([2, np.nan])).array.changed == 1


def test_series_are_compared_as_columns():
    found = compared(pd.Series([1, 2, 3], name="y"), pd.Series([1, 2, 4], name="y"))
    assert [(column.name, column.cells) for column in found.table.changed] == [("y", 1)]


@pytest.fixture
def ledger(tmp_path):
    with closing(Ledger.open(tmp_path)) as ledger:
        yield ledger


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.csv", lambda frame, path: frame.to_csv(path, index=False)),
        ("t.csv.gz", lambda frame, path: frame.to_csv(path, index=False)),
        ("t.tsv", lambda frame, path: frame.to_csv(path, index=False, sep="\t")),
        ("t.parquet", lambda frame, path: frame.to_parquet(path)),
        ("t.jsonl", lambda frame, path: frame.to_json(path, orient="records", lines=True)),
    ],
)
def test_a_file_is_read_while_it_has_the_recorded_bytes(ledger, people, name, write):
    from nbledger.fingerprint import file_fingerprint

    write(people, ledger.root / name)
    version = file_fingerprint(ledger.root / name)
    assert Contents(ledger).of(version, name).value["age"].tolist() == people.age.tolist()
    write(people.head(3), ledger.root / name)
    assert "changed since" in Contents(ledger).of(version, name).why_not
    (ledger.root / name).unlink()
    assert Contents(ledger).of(version, name).value is None


def test_what_is_too_large_or_a_pickle_is_not_loaded(ledger):
    from nbledger.ledger.snapshots import snapshot
    from nbledger.records import Facts
    from tests.lineage.recorded import Recorded

    frame, objects = pd.DataFrame({"a": range(1000)}), np.array([1, "a"], dtype=object)
    run = Recorded(ledger).cell(made={"frame": frame, "objects": objects})
    stored = tuple(snapshot(ledger, value, fingerprint(value)) for value in (frame, objects))
    ledger.record(run, Facts(stored=stored))
    assert "larger" in Contents(ledger, most_bytes=100).of(fingerprint(frame), "frame").why_not
    assert "pickle" in Contents(ledger).of(fingerprint(objects), "objects").why_not
    assert len(Contents(ledger).of(fingerprint(frame), "frame").value) == 1000
