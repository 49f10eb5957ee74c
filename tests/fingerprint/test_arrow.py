"""pyarrow and polars: chunks, slices and hidden values are not content."""

from __future__ import annotations

import pytest

from nbledger.fingerprint import fingerprint, token

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

VALUES = {
    "int": ([1, None, 3, 4, 5], [1, None, 3, 4, 6], pa.int64()),
    "bool": ([True, None, False, True, True], [True, None, True, True, True], pa.bool_()),
    "float": ([1.0, None, 3.0, 0.0, 5.0], [1.0, None, 3.0, -0.0, 5.0], pa.float32()),
    "string": (["a", None, "é", "", "xyz"], ["a", "", "é", None, "xyz"], pa.string()),
    "large string": (["a", None, "é", "", "xyz"], ["a", None, "é", "", "xyy"], pa.large_string()),
    "string view": (["a", None, "é", "", "x" * 20], ["a", None, "é", "", "y" * 20], pa.string_view()),
    "binary": ([b"a", None, b"\0", b"", b"x"], [b"a", None, b"", b"", b"x"], pa.binary()),
    "decimal": ([1, None, 2, 3, 4], [1, None, 2, 3, 5], pa.decimal128(30, 2)),
    "timestamp": ([1, None, 2, 3, 4], [1, None, 2, 3, 5], pa.timestamp("us", "UTC")),
    "list": ([[1], None, [], [2, 3], [None]], [[1], [], None, [2, 3], [None]], pa.list_(pa.int64())),
    "struct": ([{"a": 1}, None, {"a": 2}, {"a": None}, {"a": 3}], [{"a": 1}, {"a": None}, {"a": 2}, {"a": None}, {"a": 3}], pa.struct({"a": pa.int64()})),
    "dictionary": (["a", None, "b", "a", "b"], ["a", None, "b", "b", "b"], pa.dictionary(pa.int32(), pa.string())),
    "map": ([[("k", 1)], None, [], [("a", 2)], []], [[("k", 2)], None, [], [("a", 2)], []], pa.map_(pa.string(), pa.int64())),
    "null": ([None] * 5, None, pa.null()),
}  # fmt: skip


def make(values, kind):
    if pa.types.is_decimal(kind) or pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(kind)
    if pa.types.is_dictionary(kind):
        return pa.array(values).dictionary_encode()
    return pa.array(values, kind)


def same(a, b):
    return fingerprint(a).hash == fingerprint(b).hash


@pytest.mark.parametrize("name", VALUES)
def test_chunks_and_slices_of_an_arrow_column_are_not_content(name):
    values, changed, kind = VALUES[name]
    whole = pa.chunked_array([make(values, kind)])
    parts = pa.chunked_array([make(values[:2], kind), make(values[2:3], kind), make(values[3:], kind)], whole.type)
    sliced = pa.chunked_array([make(values * 3, kind).slice(5, 5)])
    assert same(whole, parts)
    assert same(whole, sliced)
    assert same(whole, pa.chunked_array([make(values, kind)]))
    assert fingerprint(whole).exactness == "exact"
    assert token(whole) == token(pa.chunked_array([make(values, kind)]))
    if changed is not None:
        assert not same(whole, pa.chunked_array([make(changed, kind)]))
        assert token(whole) != token(pa.chunked_array([make(changed, kind)]))


def test_what_lies_under_a_null_is_not_content():
    import numpy as np

    one = pa.array(np.array([1, 2, 3]), mask=np.array([False, True, False]))
    two = pa.array(np.array([1, 9, 3]), mask=np.array([False, True, False]))
    assert same(one, two)
    text = pa.StringArray.from_buffers(
        3, pa.py_buffer(np.array([0, 1, 3, 4], "i4")), pa.py_buffer(b"axxb"), pa.py_buffer(b"\x05"), 1
    )
    assert same(text, pa.array(["a", None, "b"]))


TEXTS = {
    "of one length": lambda i: f"{i:08d}",
    "in turn": lambda i: ("red", "green", "blue", "grey")[i % 4],
    "of one word": lambda i: "red",
    "sorted": lambda i: f"group-{i // 50_000}",
    "some missing": lambda i: None if i % 7 == 0 else f"{i:x}",
    "missing in turn": lambda i: (None, "", "é", "\0")[i % 4],
    "other text of the same lengths": lambda i: "ab"[i // 70_000] * (i % 4),
    "other lengths of the same text": lambda i: "x" * (i % 3 if i < 70_000 else 2 - i % 3),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_have_one_identity_in_every_layout(name):
    import numpy as np
    import pandas as pd

    items = [TEXTS[name](i) for i in range(100_000)]
    own = pd.Series(items, dtype=pd.StringDtype("python", na_value=np.nan))
    column = pd.Series(items, dtype="str")
    hash = fingerprint(own).hash
    assert fingerprint(column).hash == hash
    few, many = ([column.iloc[i : i + step] for i in range(0, 100_000, step)] for step in (30_000, 900))
    assert fingerprint(pd.concat(few, ignore_index=True)).hash == hash
    assert fingerprint(pd.concat(many, ignore_index=True)).hash == hash
    assert fingerprint(column.repeat(2).iloc[1::2].reset_index(drop=True)).hash == hash
    narrow = pa.array(items, pa.string())
    assert same(narrow, pa.chunked_array([narrow[:3], narrow[3:50_000], narrow[50_000:]]))
    encoded = narrow.dictionary_encode()
    assert same(
        encoded, pa.chunked_array([part.dictionary_encode() for part in (narrow[:7], narrow[7:])], encoded.type)
    )
    hidden = pa.Array.from_buffers(
        pa.string(),
        len(items),
        [pa.py_buffer(np.packbits(np.arange(100_000) % 3 > 0, bitorder="little")), *narrow.buffers()[1:]],
    )
    assert same(hidden, pa.array([item if i % 3 else None for i, item in enumerate(narrow.fill_null("").to_pylist())]))
    few = pa.DictionaryArray.from_arrays(
        pa.array([None if i % 5 == 0 else i % 4 for i in range(100_000)], pa.int32()), pa.array(["", None, "é", "x\0"])
    )
    one = pa.array(few.to_pylist()).dictionary_encode()
    assert one.dictionary != few.dictionary
    assert same(few, pa.chunked_array([one[:33], one[33:40_000], one[40_000:]]))
    again = pd.Series(few.to_pylist(), dtype=pd.StringDtype("python", na_value=np.nan))
    assert fingerprint(again).hash == fingerprint(again.astype("str")).hash
    changed = column.copy()
    changed.iloc[77_777] = "other"
    assert fingerprint(changed).hash != hash
    assert token(changed) != token(column)


def test_large_chunked_tables_have_one_hash_and_one_hash_for_each_column():
    table = pa.table({"i": list(range(100_000)), "s": [f"s{i}" for i in range(100_000)]})
    parts = pa.concat_tables([table.slice(0, 33_333), table.slice(33_333)])
    one, two = fingerprint(table), fingerprint(parts)
    assert one.hash == two.hash
    assert one.columns == two.columns
    assert (one.kind, one.shape) == ("table", (100_000, 2))
    other = fingerprint(table.set_column(0, "i", pa.array([*range(99_999), 0])))
    assert other.columns["s"] == one.columns["s"]
    assert other.columns["i"] != one.columns["i"]
    assert not same(table, table.rename_columns(["i", "t"]))
    assert not same(table, table.select(["s", "i"]))


def test_polars_frames_are_their_content():
    from datetime import date, datetime, timedelta
    from decimal import Decimal

    values = {
        "i": [1, None, 3], "f": [1.0, None, 2.0], "b": [True, None, False], "s": ["x", None, "é"], "d": [date(2020, 1, 1), None, date(2020, 1, 3)],
        "t": [datetime(2020, 1, 1), None, datetime(2020, 1, 2)], "l": [[1], None, []], "st": [{"a": 1}, {"a": None}, {"a": 2}],
        "td": [timedelta(1), None, timedelta(2)], "de": [Decimal("1.5"), None, Decimal("2.5")],
    }  # fmt: skip
    frame = pl.DataFrame(values).with_columns(c=pl.Series(["u", "v", "u"], dtype=pl.Categorical))
    chunked = pl.concat([frame[:1], frame[1:]], rechunk=False)
    one, two = fingerprint(frame), fingerprint(chunked)
    assert one.hash == two.hash
    assert one.exactness == "exact"
    assert (one.kind, one.shape) == ("table", (3, 11))
    assert token(frame) == token(frame.clone())
    for name in values:
        other = fingerprint(frame.with_columns(pl.col(name).reverse()))
        assert [c for c in one.columns if one.columns[c] != other.columns[c]] == [name]
    assert same(frame["s"], frame["s"].clone())
    assert not same(frame["s"], frame["s"].rename("z"))
    assert not same(frame["i"], frame["i"].cast(pl.Int32))


def test_a_lazy_frame_is_a_plan_and_opaque():
    assert fingerprint(pl.LazyFrame({"a": [1]})).exactness == "opaque"


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_many_small_chunks_are_checked_together_and_every_change_in_them_shows(kind):
    items = [None if index % 9 == 4 else f"word {index % 700}" for index in range(40_000)]
    changed = [*items[:39_990], "another", *items[39_991:]]
    whole, other = pa.array(items, kind), pa.array(changed, kind)
    small = [
        pa.chunked_array([array.slice(i, 90) for i in range(0, len(array), 90)], type=kind) for array in (whole, other)
    ]
    assert fingerprint(small[0]).hash == fingerprint(pa.chunked_array([whole], type=kind)).hash
    assert fingerprint(small[1]).hash == fingerprint(pa.chunked_array([other], type=kind)).hash
    tokens = [[token(column) for _ in range(2)] for column in small]
    assert tokens[0][0] == tokens[0][1] != tokens[1][0] == tokens[1][1]
