"""What is kept comes back as it was: every dtype, checked against its version; what was altered does not come back."""

from __future__ import annotations

import datetime as dt
import json
from collections import OrderedDict
from contextlib import closing
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from nbledger.fingerprint import fingerprint
from nbledger.ledger import Ledger, content_format, exact_json, frame_file
from nbledger.ledger.errors import NotFound, ObjectAltered
from nbledger.ledger.model_format import UntrustedModel
from nbledger.ledger.snapshots import (
    BadSize,
    NotTheSame,
    SnapshotPolicy,
    keep,
    load,
    parse_size,
    snapshot,
    snapshot_file,
    wanted,
)
from nbledger.lineage.snapshots import NotStored, checkout, version_after
from nbledger.records import Facts, StoredVersion
from tests.lineage.recorded import GONE, Recorded

OBJECT = object
SERIES = {
    "int64": pd.Series([1, 2, 3]),
    "uint8": pd.Series([1, 2], dtype="uint8"),
    "float16": pd.Series(np.array([1, 2], dtype="float16")),
    "float64 with NaN and -0.0": pd.Series([1.0, np.nan, -0.0, np.inf]),
    "bool": pd.Series([True, False]),
    "Int64": pd.Series([1, None], dtype="Int64"),
    "boolean": pd.Series([True, None], dtype="boolean"),
    "Float64": pd.Series([1.5, None], dtype="Float64"),
    "ordered categories, one missing, one unused": pd.Series(
        ["a", None, "b"], dtype=pd.CategoricalDtype(["b", "a", "z"], ordered=True)
    ),
    "categories of numbers": pd.Series(pd.Categorical([1, 2, 1])),
    "categories that are intervals": pd.cut(pd.Series([1, 5, 9.0]), 3),
    "datetime of Berlin": pd.Series(pd.date_range("2024-03-31", periods=3, tz="Europe/Berlin")),
    "datetime of UTC in seconds": pd.Series(pd.date_range("2024", periods=3, tz="UTC", unit="s")),
    "datetime in seconds": pd.Series(np.array(["2024-01-01", "NaT"], dtype="M8[s]")),
    "datetime in nanoseconds": pd.Series(np.array(["2024-01-01T00:00:00.123456789", "NaT"], dtype="M8[ns]")),
    "timedelta": pd.Series(pd.to_timedelta([1, None], unit="s")),
    "interval": pd.Series(pd.interval_range(0, 3)),
    "interval of times": pd.Series(pd.interval_range(pd.Timestamp("2024", tz="UTC"), periods=3, closed="left")),
    "interval with a missing one": pd.Series(pd.arrays.IntervalArray.from_tuples([(0.0, 1.0), np.nan])),
    "period": pd.Series(pd.period_range("2024-01", periods=3, freq="M")),
    "period with a missing one": pd.Series(pd.PeriodIndex(["2024Q1", "NaT"], freq="Q-NOV")),
    "sparse": pd.Series(pd.arrays.SparseArray([0, 0, 1])),
    "sparse floats": pd.Series(pd.arrays.SparseArray([np.nan, 1.0])),
    "str": pd.Series(["a", None, "ü"], dtype="str"),
    "string": pd.Series(["a", None], dtype="string"),
    "string of Python": pd.Series(["a", None], dtype="string[python]"),
    "ArrowDtype int": pd.Series([1, None], dtype="int64[pyarrow]"),
    "ArrowDtype string": pd.Series(["a", None], dtype=pd.ArrowDtype(pa.string())),
    "ArrowDtype list": pd.Series([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    "ArrowDtype timestamp": pd.Series([dt.datetime(2024, 1, 1)], dtype=pd.ArrowDtype(pa.timestamp("s"))),
    "ArrowDtype dictionary": pd.Series(["a", "b"], dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))),
    "ArrowDtype decimal": pd.Series([Decimal("1.50"), None], dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
    "object of text and None": pd.Series(["a", None], dtype=OBJECT),
    "object of text and NaN": pd.Series(["a", np.nan], dtype=OBJECT),
    "object of all sorts": pd.Series([1, "a", (1, 2), {"k": [1.5]}, dt.date(2024, 1, 1), 1.0, True], dtype=OBJECT),
    "object of bytes": pd.Series([b"a", b"b"], dtype=OBJECT),
    "a name that is a tuple": pd.Series([1], name=("a", 1)),
    "no rows": pd.Series([], dtype="float64"),
    "an index of periods": pd.Series([1, 2], index=pd.period_range("2024", periods=2, freq="D")),
}
FRAMES = {
    "of several dtypes": pd.DataFrame({"a": [1], "b": ["x"], "c": [1.5]}),
    "numbered columns": pd.DataFrame(np.eye(3)),
    "two columns of one name": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "columns of two levels": pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["p", None])
    ),
    "an index of two levels with a missing label": pd.DataFrame(
        {"v": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", None)], names=["k", "n"])
    ),
    "an index of times": pd.DataFrame({"v": [1, 2]}, index=pd.date_range("2024", periods=2, freq="D", tz="UTC")),
    "an index of steps": pd.DataFrame({"v": [1, 2]}, index=pd.RangeIndex(5, 9, 2, name="r")),
    "a column named as an index is": pd.DataFrame({"index": [1, 2]}, index=pd.Index(["x", "y"], name="index")),
    "an object index of text": pd.DataFrame({"a": [1]}, index=pd.Index(["x"], dtype=OBJECT)),
    "no columns": pd.DataFrame(index=[1, 2, 3]),
    "no rows": pd.DataFrame({"a": pd.Series([], dtype="str")}),
    "nothing at all": pd.DataFrame(),
    "labels of several types": pd.DataFrame([[1, 2, 3]], columns=["a", 1, None]),
    "labels that are times": pd.DataFrame([[1, 2]], columns=pd.date_range("2024", periods=2)),
    "labels that are categories": pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["x", "y"])),
}
PLAIN = {
    "nested": {"a": [1, 2.5, None, True], "b": {"c": "ü"}},
    "keys that are no text": {1: "a", (1, 2): "b", None: "c"},
    "a tuple in a list": [(1, 2), {3}, frozenset({4})],
    "numbers that JSON lacks": [float("nan"), float("inf"), -0.0, 1 << 80, 2 + 3j],
    "bytes": b"\x00\xff",
    "dates": [dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.timedelta(days=1), dt.time(3, 4)],
    "ordered": OrderedDict(b=1, a=2),
    "what looks like our own mark": {"!": ["tuple", [1]]},
    "a decimal": Decimal("1.10"),
    "text with a lone surrogate": "\ud800",
}


@pytest.fixture
def ledger(tmp_path):
    with closing(Ledger.open(tmp_path / "project")) as ledger:
        yield ledger


def kept_and_back(ledger, value):
    """Keep a value under a run, read it again; returns how it was kept and what came back."""
    version = fingerprint(value)
    stored = snapshot(ledger, value, version)
    run = Recorded(ledger).cell("x = ...", made={"x": value})
    ledger.record(run, Facts(stored=(stored,)))
    return stored, load(ledger, stored)


@pytest.mark.parametrize("name", SERIES)
def test_a_series_comes_back_from_parquet(ledger, name):
    stored, found = kept_and_back(ledger, SERIES[name])
    assert (stored.format, stored.trusted) == ("parquet", True)
    pd.testing.assert_series_equal(found, SERIES[name], check_freq=False)
    assert fingerprint(found).hash == stored.version


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_comes_back_from_parquet(ledger, name):
    stored, found = kept_and_back(ledger, FRAMES[name])
    assert (stored.format, stored.trusted) == ("parquet", True)
    assert fingerprint(found).hash == stored.version == fingerprint(FRAMES[name]).hash
    assert found.dtypes.tolist() == FRAMES[name].dtypes.tolist()


@pytest.mark.parametrize("freq", ["D", "2h", "MS", "W-TUE", "B"])
def test_the_frequency_of_a_time_index_comes_back_too(ledger, freq):
    frame = pd.DataFrame({"v": range(5)}, index=pd.date_range("2024-01-02", periods=5, freq=freq, tz="Europe/Berlin"))
    _, found = kept_and_back(ledger, frame)
    pd.testing.assert_frame_equal(found, frame)
    assert found.index.freq == frame.index.freq


def test_a_frame_of_every_dtype_comes_back(ledger):
    columns = {
        name: series.reindex(range(5)) for name, series in SERIES.items() if isinstance(series.index, pd.RangeIndex)
    }
    frame = pd.DataFrame(columns)
    stored, found = kept_and_back(ledger, frame)
    assert stored.format == "parquet"
    assert fingerprint(found).hash == stored.version


def test_an_arrow_table_comes_back(ledger):
    table = pa.table({"a": pa.array([1, None], pa.int8()), "b": [["x"], None]}, metadata={"made": "by hand"})
    stored, found = kept_and_back(ledger, table)
    assert stored.format == "parquet"
    assert found.equals(table, check_metadata=True)


def test_a_polars_frame_comes_back(ledger):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, None], "b": ["x", "y"], "c": polars.Series([1.5, float("nan")])})
    stored, found = kept_and_back(ledger, frame)
    assert stored.format == "parquet"
    assert found.equals(frame) and found.schema == frame.schema
    series = polars.Series("n", [1, 2])
    stored, found = kept_and_back(ledger, series)
    assert (stored.format, found.name, found.to_list()) == ("parquet", "n", [1, 2])


def test_other_tools_read_plain_columns_under_their_own_names(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(frame_file.dumps(pd.DataFrame({"age": [1, 2], "name": ["x", "y"]})))
    table = pa.parquet.read_table(path)
    assert table.to_pydict() == {"age": [1, 2], "name": ["x", "y"]}


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array(["a", "bc"]),
        np.array(["2024-01-01", "NaT"], dtype="M8[D]"),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array(5),
        np.zeros((0, 3)),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_an_array_comes_back_from_npy(ledger, array):
    stored, found = kept_and_back(ledger, array)
    assert (stored.format, stored.trusted) == ("npy", True)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


def test_a_sparse_matrix_comes_back(ledger):
    from scipy import sparse

    stored, found = kept_and_back(ledger, sparse.random_array((5, 5), density=0.3, format="csr", rng=1))
    assert (stored.format, stored.trusted) == ("npz", True)
    assert found.format == "csr"


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_value_comes_back_from_json(ledger, name):
    stored, found = kept_and_back(ledger, PLAIN[name])
    assert (stored.format, stored.trusted) == ("json", True)
    assert fingerprint(found).hash == fingerprint(PLAIN[name]).hash


class Mine:
    def __init__(self, number):
        self.number = number


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"a": [1 + 2j]}),
        pd.DataFrame({"a": pd.Series([{1: object}], dtype=OBJECT)}),
        np.array([1, "a", None], dtype=OBJECT),
        np.ma.masked_array([1, 2], mask=[True, False]),
        Mine(3),
    ],
    ids=["complex columns", "a type in a column", "an array of objects", "a masked array", "an object"],
)
def test_what_no_safe_format_holds_is_kept_as_a_pickle_that_is_only_read_when_trusted(ledger, value):
    version = fingerprint(value)
    stored = snapshot(ledger, value, version)
    assert (stored.format, stored.trusted) == ("cloudpickle", False)
    run = Recorded(ledger).cell("x = ...", made={"x": value})
    ledger.record(run, Facts(stored=(stored,)))
    with pytest.raises(UntrustedModel, match="trust=True"):
        checkout(ledger, run, "x")
    assert fingerprint(checkout(ledger, run, "x", trust=True)).hash == version.hash


def test_a_model_is_kept_as_models_are(ledger):
    from sklearn.linear_model import Ridge

    stored, found = kept_and_back(ledger, Ridge(alpha=3.0).fit([[0.0], [1.0]], [0.0, 1.0]))
    assert (stored.format, stored.trusted) == ("skops", True)
    assert found.alpha == 3.0


def test_why_a_value_is_a_pickle_is_said():
    value = pd.DataFrame({"a": [1j]})
    assert "complex" in content_format.dump(value, fingerprint(value)).reason


def test_the_same_content_is_kept_once(ledger):
    frame = pd.DataFrame({"a": [1, 2]})
    first, _ = kept_and_back(ledger, frame)
    assert snapshot(ledger, frame.copy(), fingerprint(frame)) == first
    assert len(list(ledger.objects.hashes())) == 1


def test_altered_bytes_do_not_come_back(ledger):
    stored, _ = kept_and_back(ledger, pd.DataFrame({"a": [1, 2]}))
    path = ledger.objects.path(stored.object)
    path.chmod(0o644)
    path.write_bytes(frame_file.dumps(pd.DataFrame({"a": [1, 3]})))
    with pytest.raises(ObjectAltered):
        load(ledger, stored)


def test_a_stored_content_that_is_not_the_version_it_is_named_as_does_not_come_back(ledger):
    right, wrong = pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 3]})
    run = Recorded(ledger).cell("df = ...", made={"df": right})
    address, size = ledger.objects.put_bytes(frame_file.dumps(wrong))
    ledger.record(run, Facts(stored=(StoredVersion(fingerprint(right).hash, address, "parquet", size, True),)))
    with pytest.raises(NotTheSame, match="df is not what was recorded"):
        checkout(ledger, run, "df")


@pytest.mark.parametrize("format", ["parquet", "npy", "npz", "json", "skops", "nosuch"])
def test_bytes_that_are_no_content_are_refused_with_one_line(format):
    with pytest.raises(Exception, match=r"cannot be read|is not loaded") as caught:
        content_format.load(b"no such thing", format)
    assert "\n" not in str(caught.value)


def test_a_pickle_in_an_npy_file_is_not_run(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([Mine(1)], dtype=OBJECT), allow_pickle=True)
    with pytest.raises(content_format.ContentUnreadable, match="pickle"):
        content_format.load(path.read_bytes(), "npy")


def test_json_that_holds_itself_is_refused():
    cycle: list = []
    cycle.append(cycle)
    with pytest.raises(exact_json.NotPlain):
        exact_json.dumps(cycle)


# -- checkout ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def notebook(ledger):
    return Recorded(ledger)


def test_checkout_gives_a_variable_as_it_was_after_each_run(ledger, notebook):
    raw, clean = pd.DataFrame({"a": [1, 2, None]}), pd.DataFrame({"a": [1.0, 2.0]})
    first = notebook.cell("df = read()", made={"df": raw}, keep=["df"])
    second = notebook.cell("df = df.dropna()", used={"df": raw}, made={"df": clean}, keep=["df"])
    third = notebook.cell("print(df)", used={"df": clean})
    fourth = notebook.cell("x = 1", made={"x": 1})
    assert len(checkout(ledger, first, "df")) == 3
    assert [len(checkout(ledger, run[:8], "df")) for run in (second, third, fourth)] == [2, 2, 2]


def test_another_sessions_variable_of_the_same_name_is_another_one(ledger, notebook):
    notebook.cell("x = 1", made={"x": 1}, keep=["x"])
    other = Recorded(ledger)
    other.cell("x = 2", made={"x": 2}, keep=["x"])
    last = notebook.cell("y = 3", made={"y": 3})
    assert checkout(ledger, last, "x") == 1


def test_a_variable_that_was_deleted_or_never_there_is_not_found(ledger, notebook):
    notebook.cell("x = 1", made={"x": 1}, keep=["x"])
    gone = notebook.cell("del x", made={"x": GONE})
    with pytest.raises(NotFound, match="deleted"):
        checkout(ledger, gone, "x")
    with pytest.raises(NotFound, match="nbledger show"):
        checkout(ledger, gone, "never")


def test_what_is_not_stored_says_how_to_get_it(ledger, notebook):
    run = notebook.cell("df = ...", made={"df": pd.DataFrame({"a": [1]})})
    with pytest.raises(NotStored, match="%%track --snapshot df") as caught:
        checkout(ledger, run, "df")
    assert caught.value.version == version_after(ledger, run, "df").hash[:8]
    assert "nbledger reproduce" in str(caught.value)


def test_what_is_not_stored_is_computed_by_the_slice_and_checked(ledger, notebook):
    run = notebook.cell("x = [1, 2]", made={"x": [1, 2]})
    asked = []

    def by_slice(ledger, run, name):
        asked.append((run, name))
        return [1, 2]

    assert checkout(ledger, run[:8], "x", by_slice=by_slice) == [1, 2]
    assert asked == [(run, "x")]
    with pytest.raises(NotTheSame, match="running its slice"):
        checkout(ledger, run, "x", by_slice=lambda *_: [1, 3])


def test_a_notebooks_run_ends_with_its_last_cell(ledger, notebook):
    whole = notebook.cell(kind="notebook")
    notebook.cell("x = 1", made={"x": 1}, keep=["x"], parent=whole)
    last = notebook.cell("x = 2; y = 5", made={"x": 2, "y": 5}, keep=["x"], parent=whole)
    notebook.cell("x = 3", made={"x": 3}, keep=["x"])
    assert checkout(ledger, whole, "x") == 2
    assert checkout(ledger, whole, "y", by_slice=lambda _, run, name: 5 if (run, name) == (last, "y") else None) == 5


def test_a_file_comes_back_from_the_store_or_from_the_disk_while_it_is_the_same(ledger, notebook):
    path = ledger.root / "data.csv"
    path.write_text("a\n1\n")
    run = notebook.cell("df = pd.read_csv('data.csv')", files=["data.csv"])
    assert checkout(ledger, run, "data.csv") == b"a\n1\n"
    stored = snapshot_file(ledger, path)
    path.write_text("a\n2\n")
    with pytest.raises(NotStored):
        checkout(ledger, run, "data.csv")
    ledger.record(run, Facts(stored=(stored,)))
    assert checkout(ledger, run, "data.csv") == b"a\n1\n"


# -- what is kept -----------------------------------------------------------------------------------------------------


class Options:
    snapshot = ("df",)


def test_named_variables_are_kept_and_with_a_limit_all_data_up_to_it(monkeypatch):
    small, large = fingerprint(np.zeros(10)), fingerprint(np.zeros(1000))
    model = fingerprint({"a": 1})
    bare = SnapshotPolicy()
    assert bare.wanted("df", large, Options())
    assert not bare.wanted("other", small, Options())
    assert not bare.wanted("df", large, None)
    limited = SnapshotPolicy(limit_bytes=100)
    assert [limited.wanted("x", version, Options()) for version in (small, large, model)] == [True, False, False]
    assert limited.wanted("df", large, Options())
    monkeypatch.setenv("NBLEDGER_SNAPSHOT_LIMIT", "1KB")
    assert wanted("x", small, Options()) and not wanted("x", large, Options())


@pytest.mark.parametrize(
    ("text", "size"), [("10MB", 10_000_000), ("10 MiB", 10 << 20), ("1.5k", 1500), ("200", 200), ("2GB", 2 * 10**9)]
)
def test_sizes(text, size):
    assert parse_size(text) == size


def test_a_wrong_size_says_what_to_write():
    with pytest.raises(BadSize, match="such as 10MB"):
        SnapshotPolicy.from_environment({"NBLEDGER_SNAPSHOT_LIMIT": "lots"})


# -- the verb ---------------------------------------------------------------------------------------------------------


def verb(ledger, *args):
    """Run `checkout` as `%ledger` would; returns its output."""
    from click.testing import CliRunner

    from nbledger.commands.checkout import checkout as command
    from nbledger.commands.common import State

    done = CliRunner().invoke(command, list(args), obj=State(given=ledger, notebook=True), catch_exceptions=False)
    return done.output


@pytest.mark.parametrize("suffix", ["csv", "parquet", "npy", "json", "pkl"])
def test_checkout_writes_a_file_as_its_suffix_says(ledger, notebook, tmp_path, suffix):
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    run = notebook.cell("df = ...", made={"df": frame}, keep=["df"])
    path = tmp_path / f"df.{suffix}"
    text = verb(ledger, run, "df", "-o", str(path))
    assert f"df after {run[:8]} is in" in text
    read = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "npy": lambda p: pd.DataFrame(np.load(p), columns=["a", "b"]),
        "json": pd.read_json,
        "pkl": pd.read_pickle,
    }
    pd.testing.assert_frame_equal(read[suffix](path), frame)


def test_checkout_replaces_a_file_only_by_force_and_refuses_an_unknown_suffix(ledger, notebook, tmp_path):
    from nbledger.lineage.value_files import CannotWrite

    run = notebook.cell("x = 5", made={"x": 5}, keep=["x"])
    path = tmp_path / "x.json"
    path.write_text("mine")
    with pytest.raises(CannotWrite, match="--force"):
        verb(ledger, run, "x", "-o", str(path))
    assert path.read_text() == "mine"
    verb(ledger, run, "x", "-o", str(path), "--force")
    assert path.read_text() == "5"
    with pytest.raises(CannotWrite, match=r"\.parquet"):
        verb(ledger, run, "x", "-o", str(tmp_path / "x.docx"))
    with pytest.raises(CannotWrite, match=r"\.pkl takes any value"):
        verb(ledger, run, "x", "-o", str(tmp_path / "x.csv"))


def test_checkout_shows_a_value_and_says_the_same_as_json(ledger, notebook):
    run = notebook.cell("df = ...", made={"df": pd.DataFrame({"a": [1, 2]})}, keep=["df"])
    text = verb(ledger, run, "df")
    assert text.startswith(f"df after {run[:8]}: pandas.DataFrame, 2 x 1")
    assert json.loads(verb(ledger, run, "df", "--json"))["shape"] == [2, 1]


def test_what_a_cell_asked_for_is_kept_and_what_could_not_be_is_said(ledger):
    class Stubborn:
        def __reduce__(self):
            raise RuntimeError("never")

    values = {name: (value, fingerprint(value)) for name, value in [("df", np.zeros(3)), ("other", np.ones(3))]}
    stored, problems = keep(ledger, values, Options(), SnapshotPolicy())
    assert [(one.version, one.format) for one in stored] == [(values["df"][1].hash, "npy")]
    assert problems == []
    assert keep(ledger, {}, Options(), SnapshotPolicy())[1] == ["snapshot df: no variable of that name after the cell"]
    thing = Stubborn()
    stored, [problem] = keep(ledger, {"df": (thing, fingerprint(thing))}, Options(), SnapshotPolicy())
    assert stored == []
    assert problem.startswith("snapshot df: ModelNotStorable")
