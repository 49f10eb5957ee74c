"""numpy arrays: any dtype, any strides, one identity."""

from __future__ import annotations

import numpy as np
import pytest

from nbledger.fingerprint import fingerprint, token
from nbledger.fingerprint.buffers import LEAF

DTYPES = [
    "?", "i1", "u1", "i2", "u4", "i8", "u8", "f2", "f4", "f8", "g", "c8", "c16", "G", ">f8", ">i4", "M8[ns]", "M8[D]", "m8[s]", "U3", "S5",
    "V3", "O", [("a", "i1"), ("b", "f8")], [("a", "f4", (2,)), ("b", "U2")], [("a", [("x", "i2")]), ("b", "O")],
]  # fmt: skip


def filled(dtype, shape=(6, 4)):
    numbers = np.arange(np.prod(shape)).reshape(shape)
    dtype = np.dtype(dtype)
    array = np.zeros(shape, dtype)
    if dtype.fields:
        for name in dtype.names:
            sub = filled(dtype[name].base, shape)
            array[name] = sub[..., None] if dtype[name].shape else sub
        return array
    if dtype.kind == "V":
        return np.frombuffer(numbers.astype("u1").repeat(dtype.itemsize).tobytes(), dtype).reshape(shape).copy()
    return (numbers % 2 == 0) if dtype.kind == "b" else numbers.astype(dtype)


def changed(array, index):
    other = array.copy()
    flat = other.reshape(-1)
    old = flat[index]
    for candidate in (flat[0], flat[1], flat[2], flat[-1]):
        if candidate != old:
            flat[index] = candidate
            return other
    raise AssertionError


def layouts(array):
    yield "Fortran", np.asfortranarray(array)
    padded = np.zeros(tuple(2 * n for n in array.shape), array.dtype)
    padded[tuple(slice(None, None, 2) for _ in array.shape)] = array
    yield "every second", padded[tuple(slice(None, None, 2) for _ in array.shape)]
    yield "negative strides", array[::-1].copy()[::-1]
    longer = np.zeros((2 * len(array), *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    yield "sliced", longer[: len(array)]
    read_only = array.copy()
    read_only.flags.writeable = False
    yield "read-only", read_only
    if array.ndim == 2:
        yield "transposed twice", array.T.copy().T
        yield "negative columns", array[:, ::-1].copy()[:, ::-1]


def same(a, b):
    return fingerprint(a).hash == fingerprint(b).hash


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(6, 4), (7,), (2, 3, 5)], ids=str)
def test_another_memory_layout_has_the_same_hash(dtype, shape):
    array = filled(dtype, shape)
    for name, other in layouts(array):
        assert same(array, other), name


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_one_changed_element_has_another_hash_and_token(dtype):
    array = filled(dtype)
    for index in (0, 5, array.size - 1):
        other = changed(array, index)
        assert not same(array, other)
        assert token(array) != token(other)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_copy_has_the_same_hash_and_token(dtype):
    array = filled(dtype)
    assert same(array, array.copy())
    assert token(array) == token(array.copy())


LARGE = [(100_001,), (400, 301), (3, 100_000), (50_000, 5), (2, 70, 900), (120_000, 1)]


@pytest.mark.parametrize("shape", LARGE, ids=str)
def test_large_arrays_have_one_hash_in_every_layout(shape):
    array = np.random.default_rng(0).standard_normal(shape)
    assert array.nbytes > LEAF
    for name, other in layouts(array):
        assert same(array, other), name


@pytest.mark.parametrize("shape", LARGE, ids=str)
def test_one_changed_bit_in_a_large_array_has_another_hash_and_token(shape):
    array = np.random.default_rng(0).standard_normal(shape)
    for _, other in layouts(array):
        if not other.flags.writeable or np.shares_memory(array, other):
            continue
        before = token(other)
        for index in (0, array.size // 2, array.size - 1):
            place = np.unravel_index(index, shape)
            old = other[place]
            other[place] = np.nextafter(old, 9)
            assert not same(array, other)
            assert token(other) != before
            other[place] = old
        assert token(other) == before


def test_a_broadcast_array_equals_its_copy():
    row = np.arange(1000.0)
    wide = np.broadcast_to(row, (500, 1000))
    assert same(wide, wide.copy())
    assert token(wide) == token(np.broadcast_to(row.copy(), (500, 1000)))
    assert token(wide) != token(np.broadcast_to(row, (501, 1000)))


def test_tokens_tell_reversed_arrays_apart():
    array = np.arange(100_000.0)
    assert token(array) != token(array[::-1])
    square = np.arange(160_000.0).reshape(400, 400)
    assert token(square) != token(square.T)
    assert not same(square, square.T)


def test_shape_and_dtype_count():
    array = np.arange(12, dtype="i8")
    others = [
        array.reshape(3, 4),
        array.reshape(4, 3),
        array.reshape(1, 12),
        array.astype("u8"),
        array.view("M8[ns]"),
        array.astype(">i8"),
    ]
    assert len({fingerprint(a).hash for a in [array, *others]}) == 7
    assert len({token(a) for a in [array, *others]}) == 7
    assert not same(np.zeros(0), np.zeros((0, 2)))


def test_minus_zero_nan_and_none_differ():
    arrays = [np.array([v]) for v in (0.0, -0.0, np.nan)] + [
        np.array([v], dtype=object) for v in (0.0, -0.0, np.nan, None)
    ]
    assert len({fingerprint(a).hash for a in arrays}) == len(arrays)


def test_padding_of_a_structured_dtype_does_not_count():
    dtype = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    one = np.frombuffer(b"\x01" + b"\xff" * 7 + np.float64(2).tobytes(), dtype)
    two = np.frombuffer(b"\x01" + b"\x00" * 7 + np.float64(2).tobytes(), dtype)
    assert same(one, two)


def test_padding_of_long_doubles_does_not_count():
    one = np.ones(3, np.longdouble)
    two = np.full(one.nbytes, 255, np.uint8).view(np.longdouble)
    two[...] = 1
    assert same(one, two)


def test_values_under_a_mask_do_not_count_but_the_mask_does():
    one = np.ma.masked_array([1, 2, 3], [0, 1, 0])
    assert same(one, np.ma.masked_array([1, 99, 3], [0, 1, 0], fill_value=7))
    assert not same(one, np.ma.masked_array([1, 2, 3], [0, 0, 1]))
    assert not same(one, np.ma.masked_array([1, 2, 4], [0, 1, 0]))
    assert same(np.ma.masked_array([1, 2]), np.ma.masked_array([1, 2], [False, False]))
    big = np.arange(100_000.0)
    mask = big % 3 == 0
    hidden = np.where(mask, -1, big)
    assert same(np.ma.masked_array(big, mask), np.ma.masked_array(hidden, mask))


def test_hashing_a_masked_array_does_not_give_it_a_fill_value():
    value = np.ma.masked_array([1, 2], [0, 1])
    fingerprint(value)
    token(value)
    assert value._fill_value is None


def test_object_arrays_see_every_element_and_its_type():
    values = [
        ["a", "b"],
        ["a", None],
        ["a", np.nan],
        ["a", 1],
        ["a", True],
        ["a", 1.0],
        ["a", b"b"],
        ["ab", ""],
        ["a\0b", "c"],
        ["a", "b\0c"],
    ]
    arrays = [np.array(v, dtype=object) for v in values]
    assert len({fingerprint(a).hash for a in arrays}) == len(arrays)
    assert len({token(a) for a in arrays}) == len(arrays)


@pytest.mark.parametrize(
    "items", [["x" * 100_000 + str(i) for i in range(600)], [f"é{i}\0" for i in range(20_000)]], ids=["long", "NULs"]
)
def test_long_strings_and_strings_with_nuls_in_object_arrays(items):
    array = np.array(items, dtype=object)
    assert same(array, np.array(["".join(list(item)) for item in items], dtype=object))
    other = array.copy()
    other[-1] += "!"
    assert not same(array, other)


def test_an_object_array_that_holds_itself_is_hashed():
    array = np.array([1, None], dtype=object)
    array[1] = array
    assert fingerprint(array).exactness == "exact"


@pytest.mark.skipif(
    not hasattr(np, "dtypes") or not hasattr(np.dtypes, "StringDType"), reason="numpy 2 has variable-width strings"
)
def test_variable_width_strings():
    dtype = np.dtypes.StringDType()
    one, two = np.array(["a", "b" * 100], dtype=dtype), np.array(["a", "b" * 101], dtype=dtype)
    assert same(one, one.copy())
    assert not same(one, two)


def test_scalars_carry_their_dtype():
    values = [
        1.0,
        np.float64(1),
        np.float32(1),
        np.int64(1),
        np.bool_(True),
        np.array(1.0),
        np.array([1.0]),
        np.datetime64("2020-01-01"),
    ]
    assert len({fingerprint(v).hash for v in values}) == len(values)


class Labelled(np.ndarray):
    label = "none"


def test_subclasses_differ_but_a_memory_map_is_its_content(tmp_path):
    array = np.arange(6.0).reshape(2, 3)
    labelled = array.view(Labelled)
    assert not same(array, labelled)
    assert same(labelled, array.copy().view(Labelled))
    other = array.view(Labelled)
    other.label = "mine"
    assert not same(labelled, other)
    mapped = np.memmap(tmp_path / "m", dtype="f8", mode="w+", shape=(2, 3))
    mapped[...] = array
    assert same(array, mapped)


def test_random_generators_are_their_state():
    one, two = np.random.default_rng(1), np.random.default_rng(1)
    assert same(one, two)
    before = token(one)
    one.random()
    assert not same(one, two)
    assert token(one) != before
    assert same(np.random.RandomState(1), np.random.RandomState(1))


def test_sampling_happens_only_when_asked_and_says_so():
    array = np.arange(1_000_000.0).reshape(1000, 1000)
    assert fingerprint(array).exactness == "exact"
    one = fingerprint(array, sample_over=1_000_000)
    assert (one.exactness, one.shape) == ("sampled", (1000, 1000))
    assert one.hash == fingerprint(np.asfortranarray(array), sample_over=1_000_000).hash
    assert one.hash != fingerprint(array).hash
    assert one.hash != fingerprint(array + 1, sample_over=1_000_000).hash
    assert fingerprint([array], sample_over=1_000_000).exactness == "sampled"
    assert fingerprint(array, sample_over=10_000_000).exactness == "exact"


def test_version_describes_the_array():
    version = fingerprint(np.zeros((2, 3)))
    assert (version.kind, version.shape, version.nbytes, version.type_name) == ("array", (2, 3), 48, "numpy.ndarray")
