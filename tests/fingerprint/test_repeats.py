"""A column of few strings, met again and again, is the same content as one of as many strings of their own."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pyarrow  # noqa: F401 - the quick way is taken where it is there
import pytest

from nbledger.fingerprint import fingerprint, repeats, token
from nbledger.fingerprint.mixed import batch_content
from nbledger.fingerprint.sink import IDENTITY
from nbledger.fingerprint.text import BATCH, batch_digest
from nbledger.fingerprint.walk import Walk


class Label(str):
    """A string of a class of one's own."""

    __slots__ = ()


def column(words, length, seed=0):
    """Return an object array that refers to few objects again and again."""
    chance = random.Random(seed)
    found = np.empty(length, object)
    found[:] = [words[chance.randrange(len(words))] for _ in range(length)]
    return found


def one_by_one(items):
    """Return the encoding of a batch by its definition."""
    texts = [item for item in items if isinstance(item, str)]
    digest = batch_digest(IDENTITY, texts) if texts else b""
    if len(texts) == len(items):
        return b"s" + digest
    flags = bytes(isinstance(item, str) for item in items)
    others = b"".join(Walk(IDENTITY).encode(item) for item in items if not isinstance(item, str))
    return b"m" + IDENTITY.digest(b"mixed" + flags + digest + others)


def apart(values):
    """Return the same strings, each an object of its own."""
    found = np.empty(len(values), object)
    found[:] = [
        item.encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass") if type(item) is str else item
        for item in values
    ]
    return found


WORDS = ("alpha", "beta", "", "gämma", "δέλτα", "🙂", "a\tb", "\udcff")


@pytest.mark.parametrize("count", [1, 2, 5, 6, 8, 32, 33, 300, 1000, 1100, 5000, 9000])
@pytest.mark.parametrize("length", [BATCH, 3 * BATCH, 16 * BATCH, 17 * BATCH + 5])
def test_repeated_words_have_the_identity_of_words_of_their_own(count, length):
    words = [*WORDS, *(f"word-{index}" for index in range(count))][:count]
    values = column(words, length)
    assert fingerprint(values) == fingerprint(apart(values))
    series = [pd.Series(found, dtype=object) for found in (values, apart(values))]
    assert fingerprint(series[0]).hash == fingerprint(series[1]).hash


def test_the_quick_way_is_taken_for_few_words_and_not_for_many():
    few, many = column(["a", "b"], 8 * BATCH), apart(column(["ab", "cd"], 8 * BATCH))
    assert [len(found) for found in repeats.window_digests(Walk(IDENTITY), few, len(few))] == [8]
    assert repeats.window_digests(Walk(IDENTITY), many, len(many)) == [None]


@pytest.mark.parametrize(
    "others",
    [(None,), (float("nan"),), (None, float("nan"), pd.NA, pd.NaT), (0, 1, 2.5, -0.0, True, None, 1 << 70)],
    ids=repr,
)
@pytest.mark.parametrize(
    "words", [(), ("alpha",), ("alpha", "", "δέλτα"), tuple(f"word-{i}" for i in range(100))], ids=len
)
def test_what_stands_between_repeated_words_counts_by_its_type_and_value(others, words):
    values = column([*words, *others], 18 * BATCH)
    values[: 2 * BATCH] = words[0] if words else None
    values[2 * BATCH : 3 * BATCH] = others[0]
    digests = [one_by_one(values[i : i + BATCH].tolist()) for i in range(0, 16 * BATCH, BATCH)]
    assert repeats.window_digests(Walk(IDENTITY), values, 16 * BATCH) == [digests]
    changed = values.copy()
    changed[5 * BATCH + 3] = "another"
    assert token(values) == token(values.copy()) != token(changed)
    assert fingerprint(values).hash != fingerprint(changed).hash


@pytest.mark.parametrize(
    "odd",
    [
        None,
        float("nan"),
        1,
        True,
        1 << 70,
        b"alpha",
        ("alpha",),
        "nul\0inside",
        np.str_("beta"),
        Label("beta"),
        "x" * 600,
    ],
    ids=repr,
)
def test_a_column_with_anything_else_in_it_is_told_apart_as_before(odd):
    values = column(["alpha", "beta", odd], 9 * BATCH)
    own = fingerprint(apart(values)).hash
    assert fingerprint(values).hash == own
    text = column(["alpha", "beta", str(odd)], 9 * BATCH)
    same = isinstance(odd, str)  # a subclass of str counts as its text
    assert (fingerprint(text).hash == own) is same


@pytest.mark.parametrize("odd", [None, float("nan"), np.float64("nan"), 1, Label("beta")], ids=repr)
def test_strings_of_their_own_with_gaps_are_hashed_as_before(odd):
    words = [f"word-{index}" for index in range(BATCH + 5)]
    texts = [str(odd) if index % 10 == 0 else word for index, word in enumerate(words)]
    gaps = {"None": (None,), "all": (None, np.nan, pd.NA, pd.NaT), "odd": (None, odd)}
    for found in gaps.values():
        items = [found[index % len(found)] if index % 10 == 0 else word for index, word in enumerate(words)]
        values = np.empty(len(items), object)
        values[:] = items
        assert batch_content(Walk(IDENTITY), values[:BATCH]) == one_by_one(items[:BATCH])
        assert fingerprint(values).hash != fingerprint(np.array(texts, object)).hash


@pytest.mark.parametrize("odd", [float("nan"), np.float64("nan"), 2.5, 7, True, Label("beta"), b"beta"], ids=repr)
def test_gaps_that_are_each_an_object_are_hashed_as_one_by_one(odd):
    own = [odd * 1 if type(odd) in (float, np.float64) else odd for _ in range(BATCH)]
    some = [(own[index], None, odd)[index % 3] for index in range(BATCH)]
    order = random.Random(0).sample(range(BATCH), BATCH)
    for given in (own, some):
        items = [given[index] if index % 10 == 0 else f"word-{index}" for index in range(BATCH)]
        values = np.empty(len(items), object)
        values[:] = items
        for gaps in (False, True):
            assert batch_content(Walk(IDENTITY), values, gaps=gaps) == one_by_one(items)
        assert batch_content(Walk(IDENTITY), values[order]) == one_by_one([items[place] for place in order])


def test_a_wrong_guess_which_objects_are_strings_is_noticed():
    only = apart([f"word-{index}" for index in range(BATCH)])
    assert batch_content(Walk(IDENTITY), only, gaps=True) == one_by_one(only.tolist())
    huge = ["x" * 600 if index % 3 else (index, "tuple") for index in range(BATCH)]
    values = np.empty(len(huge), object)
    values[:] = huge
    assert batch_content(Walk(IDENTITY), values) == one_by_one(huge)
    values[1::3] = [float(index) for index in range(len(values[1::3]))]
    assert batch_content(Walk(IDENTITY), values) == one_by_one(values.tolist())


class Hostile:
    """An object that may not be compared."""

    def __eq__(self, other):
        raise RuntimeError

    __hash__ = None


def test_objects_among_strings_are_never_asked_whether_they_are_equal():
    items = [(None, "word", Hostile())[index % 3] for index in range(30)]
    values = np.empty(len(items), object)
    values[:] = items
    assert fingerprint(values).exactness == "exact"


def test_thousands_of_words_whose_addresses_share_bits_are_told_apart():
    words = [f"word-{index:04d}" for index in range(20_000)][::7][:2500] + [f"other-{index}" for index in range(2500)]
    values = column(words, 17 * BATCH)
    assert len(repeats.window_digests(Walk(IDENTITY), values, 16 * BATCH)[0]) == 16
    assert fingerprint(values).hash == fingerprint(apart(values)).hash
    changed = values.copy()
    changed[9 * BATCH] = "word-new"
    assert token(changed) != token(values.copy()) == token(values)
    assert fingerprint(changed).hash == fingerprint(apart(changed)).hash != fingerprint(values).hash


def test_words_met_late_in_a_column_count():
    values = column(["alpha", "beta"], 70 * BATCH)
    values[40 * BATCH :] = column(["gamma", "beta", "delta"], 30 * BATCH)
    values[60 * BATCH + 7] = None
    assert fingerprint(values).hash == fingerprint(apart(values)).hash


def test_strided_and_two_dimensional_columns_have_one_identity():
    values = column(["alpha", "beta", "gamma"], 16 * BATCH)
    strided = np.empty((len(values), 2), object)
    strided[:, 0] = values
    assert fingerprint(strided[:, 0]).hash == fingerprint(values).hash
    square = values.reshape(-1, 4)
    assert fingerprint(square).hash == fingerprint(np.asfortranarray(square)).hash


@pytest.mark.parametrize("place", [0, 16 * BATCH - 1, 16 * BATCH, 17 * BATCH - 1, 17 * BATCH + 3])
def test_one_changed_word_changes_the_token_and_the_identity(place):
    values = column(["alpha", "beta"], 17 * BATCH + 5)
    changed = values.copy()
    assert token(values) == token(changed)
    changed[place] = "beta" if values[place] == "alpha" else "alpha"
    assert token(values) != token(changed)
    assert fingerprint(values).hash != fingerprint(changed).hash


def test_a_long_column_has_one_token_whichever_thread_comes_first():
    parts = [np.array(words, object)[np.arange(1 << 20) % 3] for words in (["a", "b", None], ["c", None, "b"])]
    values = np.concatenate([*parts, *parts[::-1]])
    assert len({token(values) for _ in range(5)}) == 1
    assert len({fingerprint(values).hash for _ in range(3)}) == 1


@pytest.mark.parametrize("na", [np.nan, pd.NA], ids=repr)
def test_the_token_of_a_column_of_python_strings_is_of_its_content(na):
    dtype = pd.StringDtype("python", na_value=na)
    series = pd.Series(column(["alpha", "", None], 9 * BATCH + 3), dtype=dtype)
    assert token(series) == token(series.copy())
    for place, other in ((0, "beta"), (9 * BATCH + 2, "gamma"), (BATCH, None if series[BATCH] == "alpha" else "alpha")):
        changed = series.copy()
        changed[place] = other
        assert token(changed) != token(series)
        assert fingerprint(changed).hash != fingerprint(series).hash
    many = pd.Series([f"word-{index}" for index in range(9 * BATCH)], dtype=dtype)
    assert token(many) == token(many.copy()) != token(series)


def test_a_word_that_takes_the_memory_of_another_is_noticed():
    values = np.empty(8 * BATCH, object)
    values[:] = word = b"alpha".decode()
    address, before = id(word), token(values)
    values[:] = word = None
    others = [(b"w%04d" % number).decode() for number in range(1000)]
    values[:] = next((other for other in others if id(other) == address), others[0])
    assert token(values) != before


@pytest.mark.parametrize("missing", [np.nan, pd.NA], ids=repr)
@pytest.mark.parametrize("length", [1, BATCH - 1, BATCH + 1, 5 * BATCH + 7])
@pytest.mark.parametrize("odd", ["", "nul\0inside", "δέλτα", "\udcff", "x" * 20_000], ids=len)
def test_python_strings_have_the_identity_of_arrow_s_wherever_values_are_missing(missing, length, odd):
    items = [odd if index % 97 == 5 else f"word {index}" for index in range(length)]
    gaps = [items, [missing if i % 10 == 3 else item for i, item in enumerate(items)], [missing, *items[1:-1], missing]]
    for given in gaps:
        column = pd.Series(given, dtype=pd.StringDtype("python", na_value=missing))
        if "\udcff" in items:
            assert fingerprint(column) == fingerprint(column.iloc[::-1].iloc[::-1])
            continue
        assert fingerprint(column).hash == fingerprint(column.astype(pd.StringDtype("pyarrow", na_value=missing))).hash


@pytest.mark.parametrize("kinds", [(float,), (np.float64,), (float, np.float64)], ids=len)
def test_nans_that_are_each_an_object_between_repeated_words_count_by_type_and_value(kinds):
    length = 17 * BATCH
    values = column(["alpha", "beta"], length)
    for place in range(0, length, 7):
        values[place] = kinds[place % len(kinds)]("nan")
    values[BATCH * 3 : BATCH * 4] = [-float("nan") for _ in range(BATCH)]
    values[BATCH * 5 : BATCH * 6] = [f"more {index}" for index in range(500)] * 16 + ["alpha"] * (BATCH - 8000)
    digests = [one_by_one(values[i : i + BATCH].tolist()) for i in range(0, 16 * BATCH, BATCH)]
    assert repeats.window_digests(Walk(IDENTITY), values, 16 * BATCH) == [digests]
    assert token(values) == token(values.copy())
    values[1] = 2.5
    assert repeats.window_digests(Walk(IDENTITY), values, BATCH)[0] == [one_by_one(values[:BATCH].tolist())]
