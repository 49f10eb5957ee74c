"""pandas frames, series and indexes: every dtype, every block layout, one identity."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from nbledger.fingerprint import fingerprint, token

TIMES = ["2020-01-01", "2020-06-01 12:00", "2021-01-01", None]
try:
    STR = pd.StringDtype("python", na_value=np.nan)
except TypeError:  # pandas 2.2 has no such dtype
    STR = "category"


def columns():
    """Return name to (values, the same with one changed)."""
    yield "int64", pd.Series([1, 2, 3, 4]), pd.Series([1, 2, 3, 5])
    yield "uint8", pd.Series([1, 2, 3, 4], dtype="u1"), pd.Series([1, 2, 3, 5], dtype="u1")
    yield "float64", pd.Series([1, 2, np.nan, 0.0]), pd.Series([1, 2, np.nan, -0.0])
    yield "float32", pd.Series([1, 2, 3, 4], dtype="f4"), pd.Series([1, 2, np.nan, 4], dtype="f4")
    yield "complex", pd.Series([1j, 2, 3, 4]), pd.Series([-1j, 2, 3, 4])
    yield "bool", pd.Series([True, False, True, True]), pd.Series([True, False, True, False])
    yield "object", pd.Series(["a", 1, None, 2.5], dtype=object), pd.Series(["a", 1, np.nan, 2.5], dtype=object)
    yield "object text", pd.Series(list("abcd"), dtype=object), pd.Series(list("abce"), dtype=object)
    yield "str", pd.Series(["a", "é", None, ""], dtype=STR), pd.Series(["a", "é", "", None], dtype=STR)
    yield "string", pd.Series(["a", "é", None, ""], dtype="string"), pd.Series(["a", "é", None, "x"], dtype="string")
    yield "Int64", pd.Series([1, None, 3, 4], dtype="Int64"), pd.Series([1, 0, 3, 4], dtype="Int64")
    yield "Float64", pd.Series([1, None, 3, 4], dtype="Float64"), pd.Series([1, None, 3, 5], dtype="Float64")
    yield (
        "boolean",
        pd.Series([True, None, False, True], dtype="boolean"),
        pd.Series([True, False, None, True], dtype="boolean"),
    )
    yield (
        "datetime",
        pd.Series(pd.to_datetime(TIMES, format="ISO8601")),
        pd.Series(pd.to_datetime(["2020-01-02", *TIMES[1:]], format="ISO8601")),
    )
    zoned = pd.Series(pd.to_datetime(TIMES, format="ISO8601", utc=True))
    yield "tz-aware", zoned, zoned.dt.tz_convert("Europe/Paris")
    yield (
        "timedelta",
        pd.Series(pd.to_timedelta([1, 2, 3, None], unit="s")),
        pd.Series(pd.to_timedelta([1, 2, 4, None], unit="s")),
    )
    yield (
        "period",
        pd.Series(pd.period_range("2020", periods=4, freq="M")),
        pd.Series(pd.period_range("2021", periods=4, freq="M")),
    )
    yield "interval", pd.Series(pd.interval_range(0, 4)), pd.Series(pd.interval_range(0, 4, closed="left"))
    yield "category", pd.Series(list("abca"), dtype="category"), pd.Series(list("abcb"), dtype="category")
    yield "sparse", pd.Series(pd.arrays.SparseArray([0, 1, 0, 2])), pd.Series(pd.arrays.SparseArray([0, 1, 0, 3]))


COLUMNS = {name: (one, two) for name, one, two in columns()}


def same(a, b):
    return fingerprint(a).hash == fingerprint(b).hash


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_has_the_same_hash_for_a_copy_a_slice_and_a_pickle(name):
    series = COLUMNS[name][0]
    doubled = pd.concat([series, series])[: len(series)]
    assert same(series, series.copy(deep=True))
    assert same(series, doubled)
    assert same(series, pickle.loads(pickle.dumps(series)))
    assert token(series) == token(series.copy(deep=True))
    assert fingerprint(series).exactness == "exact"


@pytest.mark.parametrize("name", COLUMNS)
def test_one_changed_value_changes_the_hash_the_token_and_that_column_only(name):
    one, two = COLUMNS[name]
    assert not same(one, two)
    assert token(one) != token(two)
    before = fingerprint(pd.DataFrame({"x": one, "rest": range(4)}))
    after = fingerprint(pd.DataFrame({"x": two, "rest": range(4)}))
    assert before.hash != after.hash
    assert before.columns["rest"] == after.columns["rest"]
    assert before.columns["x"] != after.columns["x"]


def test_columns_of_different_dtypes_differ_even_when_their_values_are_equal():
    series = [
        pd.Series([0, 1], dtype=d)
        for d in (
            "i1",
            "i8",
            "u8",
            "f4",
            "f8",
            "bool",
            "object",
            "Int64",
            "Float64",
            "boolean",
            "category",
            "M8[ns]",
            "M8[s]",
            "m8[ns]",
            "Sparse[int]",
        )
    ]
    assert len({fingerprint(s).hash for s in series}) == len(series)
    text = [pd.Series(["a", None], dtype=d) for d in (object, STR, "string", "category")]
    assert len({fingerprint(s).hash for s in text}) == len(text)


@pytest.fixture(params=[5, 40_000], ids=["small", "large"])
def data(request):
    return np.random.default_rng(0).standard_normal((request.param, 6))


def builds(data):
    names = list("abcdef")
    yield "from C", pd.DataFrame(data, columns=names, copy=False)
    yield "from F", pd.DataFrame(np.asfortranarray(data), columns=names, copy=False)
    yield "from a dict", pd.DataFrame({n: data[:, i] for i, n in enumerate(names)})
    one_by_one = pd.DataFrame(index=range(len(data)))
    for i, n in enumerate(names):
        one_by_one[n] = data[:, i].copy()
    yield "column by column", one_by_one
    wide = pd.DataFrame(np.hstack([data, data]), columns=names * 2, copy=False)
    yield "first columns of a wider frame", wide.iloc[:, :6]
    tall = pd.DataFrame(np.vstack([data, data]), columns=names, copy=False)
    yield "first rows of a taller frame", tall.iloc[: len(data)]
    yield "every second row", pd.DataFrame(data.repeat(2, axis=0), columns=names).iloc[::2].reset_index(drop=True)
    yield "reordered", pd.DataFrame(data[:, ::-1], columns=names[::-1])[names]


def test_a_frame_has_one_hash_however_it_was_built(data):
    frames = dict(builds(data))
    versions = {name: fingerprint(frame) for name, frame in frames.items()}
    assert len({v.hash for v in versions.values()}) == 1, {n: v.hash for n, v in versions.items()}
    assert len({tuple(v.columns.items()) for v in versions.values()}) == 1


def test_one_changed_cell_changes_hash_and_token_however_the_frame_was_built(data):
    for name, frame in builds(data):
        version, check = fingerprint(frame), token(frame)
        assert check == token(frame)
        for row, column in ((0, 0), (len(data) - 1, 5), (len(data) // 2, 3)):
            other = frame.copy()
            other.iloc[row, column] += 1e-9
            changed = fingerprint(other)
            assert changed.hash != version.hash, name
            differ = [c for c in version.columns if version.columns[c] != changed.columns[c]]
            assert differ == ["abcdef"[column]]
            in_place = frame.copy()
            before = token(in_place)
            in_place.iloc[row, column] += 1e-9
            assert token(in_place) != before


def test_names_order_and_index_of_a_frame_count():
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    others = [
        frame.rename(columns={"a": "A"}), frame[["b", "a"]], frame.set_index(pd.Index([1, 2])), frame.set_index(pd.Index([0, 1], name="i")),
        frame.rename_axis(columns="c"), frame.astype("f8"), frame.T, frame.iloc[::-1], frame.iloc[:1], frame[["a"]], frame.set_axis(["a", "a"], axis=1),
        frame.set_axis([0, 1], axis=1), frame.set_axis(["0", "1"], axis=1), frame.set_axis(pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), axis=1),
        frame.set_axis(pd.Index(["a", "b"], dtype=object), axis=1),
    ]  # fmt: skip
    hashes = {fingerprint(f).hash for f in [frame, *others]}
    assert len(hashes) >= len(others)  # pandas 2 keeps text labels as objects: the last is the first there
    assert not same(frame["a"], frame["a"].rename("A"))


def test_swapping_the_values_of_two_columns_changes_the_frame():
    assert not same(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), pd.DataFrame({"a": [3, 4], "b": [1, 2]}))


def test_attrs_are_not_content():
    frame = pd.DataFrame({"a": [1]})
    other = frame.copy()
    other.attrs["note"] = "hello"
    assert same(frame, other)


def test_duplicate_column_names_keep_one_schema_entry_each():
    frame = pd.DataFrame([[1, 2.5, "x"]], columns=["a", "a", "b"])
    version = fingerprint(frame)
    assert [c.name for c in version.schema] == ["a", "a", "b"]
    assert version.schema[0].hash != version.schema[1].hash


def test_values_under_a_nullable_mask_do_not_count():
    one = pd.Series(pd.arrays.IntegerArray(np.array([1, 2, 3]), np.array([False, True, False])))
    two = pd.Series(pd.arrays.IntegerArray(np.array([1, 9, 3]), np.array([False, True, False])))
    assert same(one, two)


def test_categories_and_their_order_count_even_when_unused():
    base = pd.Series(pd.Categorical(["a", "b"], categories=["a", "b"]))
    others = [
        pd.Series(pd.Categorical(["a", "b"], categories=["b", "a"])), pd.Series(pd.Categorical(["a", "b"], categories=["a", "b", "c"])),
        pd.Series(pd.Categorical(["a", "b"], categories=["a", "b"], ordered=True)), pd.Series(pd.Categorical([0, 1], categories=[0, 1])),
    ]  # fmt: skip
    assert len({fingerprint(s).hash for s in [base, *others]}) == 5
    assert len({token(s) for s in [base, *others]}) == 5


def test_sparse_columns_are_equal_by_meaning():
    plain = pd.arrays.SparseArray([0, 1, 0], fill_value=0, kind="integer")
    assert same(pd.Series(plain), pd.Series(pd.arrays.SparseArray([0, 1, 0], fill_value=0, kind="block")))
    assert not same(pd.Series(plain), pd.Series(pd.arrays.SparseArray([0, 1, 0], fill_value=1)))


def test_a_range_index_equals_the_same_numbers_and_nothing_else():
    assert same(pd.RangeIndex(5), pd.Index([0, 1, 2, 3, 4]))
    assert same(pd.RangeIndex(5, 0, -1), pd.Index([5, 4, 3, 2, 1]))
    assert same(pd.Series([1], index=[7]), pd.Series([1], index=pd.RangeIndex(7, 8, 5)))
    assert not same(pd.RangeIndex(5), pd.Index([0, 1, 2, 3, 5]))
    assert not same(pd.RangeIndex(5), pd.Index([0, 1, 2, 3, 4], dtype="i4"))
    assert not same(pd.RangeIndex(5), pd.RangeIndex(5, name="i"))
    large = np.arange(100_000)
    assert same(pd.RangeIndex(100_000), pd.Index(large))
    large[50_000] = 7
    assert not same(pd.RangeIndex(100_000), pd.Index(large))


def test_a_multi_index_is_its_tuples():
    tuples = [("a", 1), ("b", 2), ("a", 2), (None, 1)]
    one = pd.MultiIndex.from_tuples(tuples, names=["x", "y"])
    longer = pd.MultiIndex.from_tuples([*tuples, ("zz", 99)], names=["x", "y"])[:4]
    assert len(longer.levels[0]) > len(one.levels[0])
    assert same(one, longer)
    assert same(one, pd.MultiIndex(levels=[["b", "a"], [2, 1]], codes=[[1, 0, 1, -1], [1, 0, 0, 1]], names=["x", "y"]))
    assert not same(one, one.set_names(["x", "z"]))
    assert not same(one, one[::-1])
    assert not same(one, pd.MultiIndex.from_tuples([*tuples[:3], ("a", 1)], names=["x", "y"]))


def test_freq_of_a_datetime_index_is_not_content():
    index = pd.date_range("2020", periods=3)
    assert same(index, pd.DatetimeIndex(list(index)).as_unit(index.unit))
    assert not same(index, index.tz_localize("UTC"))


def test_scalars_of_pandas_differ():
    values = [
        pd.NA,
        pd.NaT,
        None,
        np.nan,
        pd.Timestamp("2020"),
        pd.Timestamp("2020", tz="UTC"),
        pd.Timestamp("2020", tz="Europe/Paris"),
        pd.Timedelta(1),
        pd.Interval(0, 1),
        pd.Interval(0, 1, "left"),
        pd.Period("2020", "M"),
        pd.DateOffset(days=1),
    ]
    assert len({fingerprint(v).hash for v in values}) == len(values)
    assert all(fingerprint(v).exactness == "exact" for v in values)


def test_a_frame_with_an_opaque_cell_is_opaque():
    frame = pd.DataFrame({"a": pd.Series([1, (i for i in ())], dtype=object)})
    assert fingerprint(frame).exactness == "opaque"
    assert token(frame) is None


def test_the_schema_names_dtype_hash_and_profile_of_each_column():
    frame = pd.DataFrame(
        {"f": [1.0, np.nan, 3.0], "i": [1, 2, 3], "t": pd.to_datetime(["2020-01-01", None, "2020-01-03"])}
    )
    version = fingerprint(frame)
    assert (version.kind, version.shape, version.nbytes) == ("table", (3, 3), 72)
    assert [c.dtype for c in version.schema][:2] == ["float64", "int64"]
    assert version.schema[0].profile == {"missing": 1, "min": 1.0, "max": 3.0, "mean": 2.0}
    assert version.schema[1].profile == {"missing": 0, "min": 1, "max": 3, "mean": 2.0}
    assert version.schema[2].profile["missing"] == 1
    bare = fingerprint(frame, profile=False)
    assert bare.hash == version.hash
    assert all(c.profile is None for c in bare.schema)


def test_the_profile_of_a_long_frame_says_that_it_is_a_sample():
    frame = pd.DataFrame({"f": np.arange(50_000.0), "s": "x"})
    first, second = fingerprint(frame).schema
    assert first.profile["sampled_rows"] == second.profile["sampled_rows"] == 10_000


def test_every_dtype_can_be_profiled():
    for one, _ in COLUMNS.values():
        assert fingerprint(pd.DataFrame({"x": one})).schema[0].profile["missing"] == int(one.isna().sum())


def test_empty_frames_have_hashes_that_differ():
    frames = [
        pd.DataFrame(),
        pd.DataFrame(columns=["a"]),
        pd.DataFrame(index=[1]),
        pd.DataFrame({"a": []}),
        pd.DataFrame({"a": []}, dtype="i8"),
    ]
    assert len({fingerprint(f).hash for f in frames}) == len(frames)


def test_tables_are_sampled_only_when_asked():
    frame = pd.DataFrame(np.random.default_rng(0).standard_normal((100_000, 3)), columns=list("abc"))
    sampled = fingerprint(frame, sample_over=1_000_000)
    assert (sampled.exactness, sampled.shape) == ("sampled", (100_000, 3))
    assert sampled.hash != fingerprint(frame).hash
    assert sampled.hash == fingerprint(frame.copy(), sample_over=1_000_000).hash
    assert fingerprint(frame["a"], sample_over=1000).exactness == "sampled"


def test_storage_of_a_str_column_is_not_content():
    pytest.importorskip("pyarrow")
    items = ["a", None, "é", "", "x" * 5000, "with \0 nul"] * 9000
    for na in (np.nan, pd.NA):
        one = pd.Series(items, dtype=pd.StringDtype("python", na_value=na))
        two = pd.Series(items, dtype=pd.StringDtype("pyarrow", na_value=na))
        assert same(one, two)


def test_arrow_columns_do_not_depend_on_chunks():
    pa = pytest.importorskip("pyarrow")
    for values, kind in (
        ([1, None, 3, 4], "int64"),
        (["a", None, "b", ""], "string"),
        ([True, None, False, True], "bool"),
    ):
        dtype = pd.ArrowDtype(pa.type_for_alias(kind))
        whole = pd.Series(values, dtype=dtype)
        parts = pd.concat([pd.Series(values[:1], dtype=dtype), pd.Series(values[1:], dtype=dtype)], ignore_index=True)
        assert same(whole, parts)
        assert not same(whole, whole[::-1].reset_index(drop=True))


def test_hashing_a_frame_leaves_it_and_its_later_writes_as_they_were():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    before = pickle.dumps(frame)
    fingerprint(frame)
    token(frame)
    assert pickle.dumps(frame) == before
    column = frame["a"].array
    frame.loc[0, "a"] = 5
    assert column is not None
    assert frame["a"].tolist() == [5, 2]


@pytest.mark.parametrize("rows", [0, 1, 20, 5_000])
def test_columns_added_one_by_one_are_those_of_a_frame_made_at_once(rows):
    made = {"word": ["a"] * rows}
    for at in range(4):
        made[f"number{at}"] = np.arange(rows) * at
        made[f"share{at}"] = np.where(np.arange(rows) % 3 == at, np.nan, np.arange(rows) / 7)
        made[f"small{at}"] = np.arange(rows).astype("int8")
        made[f"flag{at}"] = np.arange(rows) % 2 == 0
        made[f"day{at}"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows), unit="s")
    one_by_one = pd.DataFrame({"word": made["word"]})
    for name, values in made.items():
        one_by_one[name] = values
    at_once = one_by_one.copy()
    assert len(at_once._mgr.blocks) < len(one_by_one._mgr.blocks)
    assert fingerprint(one_by_one) == fingerprint(at_once)
    before = token(one_by_one)
    if rows:
        one_by_one.loc[rows - 1, "number2"] = -5
        assert token(one_by_one) != before
        assert fingerprint(one_by_one).hash != fingerprint(at_once).hash
