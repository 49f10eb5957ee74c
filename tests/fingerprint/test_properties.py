"""Properties that hold for any value."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("hypothesis")
from hypothesis import given, settings
from hypothesis import strategies as st

from nbledger.fingerprint import fingerprint, token

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80) | st.binary(max_size=80)
keys = st.text(max_size=5) | st.integers()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=12)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=6)
        | st.sets(keys, max_size=8)
    ),
    max_leaves=30,
)
texts = st.lists(st.text(max_size=8) | st.none(), min_size=1, max_size=60)


@given(values)
def test_a_deep_copy_has_the_same_hash_and_token(value):
    other = copy.deepcopy(value)
    assert fingerprint(value).hash == fingerprint(other).hash
    assert token(value) == token(other)


@given(values, values)
def test_two_values_have_one_hash_only_if_their_typed_text_is_one(a, b):
    if fingerprint(a).hash == fingerprint(b).hash:
        assert a == b or repr(a) == repr(b)
        assert type(a) is type(b)
    assert (fingerprint(a).hash == fingerprint(b).hash) == (token(a) == token(b))


@given(st.lists(scalars, min_size=1, max_size=40), st.data())
def test_replacing_one_element_changes_the_hash(items, data):
    place = data.draw(st.integers(0, len(items) - 1))
    other = list(items)
    other[place] = ("changed",)
    assert fingerprint(items).hash != fingerprint(other).hash
    assert token(items) != token(other)


@given(st.dictionaries(keys, scalars, max_size=10), st.randoms())
def test_the_order_of_a_dict_does_not_matter(value, rng):
    items = list(value.items())
    rng.shuffle(items)
    assert fingerprint(value).hash == fingerprint(dict(items)).hash


@given(texts, texts)
def test_string_columns_are_equal_exactly_when_their_items_are(a, b):
    for dtype in (object, pd.StringDtype("python", na_value=np.nan), "string[python]"):
        one, two = pd.Series(a, dtype=dtype), pd.Series(b, dtype=dtype)
        assert (fingerprint(one).hash == fingerprint(two).hash) == (a == b)
        assert (token(one) == token(two)) == (a == b)


@given(texts)
def test_storage_of_strings_does_not_matter(items):
    pytest.importorskip("pyarrow")
    one = pd.Series(items, dtype=pd.StringDtype("python", na_value=np.nan))
    two = pd.Series(items, dtype=pd.StringDtype("pyarrow", na_value=np.nan))
    assert fingerprint(one).hash == fingerprint(two).hash


@settings(max_examples=50)
@given(st.integers(1, 3000), st.integers(1, 60), st.sampled_from(["f8", "f4", "i8", "u1", "c16"]), st.data())
def test_frames_and_arrays_of_any_shape_have_one_hash_in_both_orders_and_see_one_change(rows, columns, dtype, data):
    array = np.arange(rows * columns).reshape(rows, columns).astype(dtype)
    one, two = pd.DataFrame(array, copy=False), pd.DataFrame(np.asfortranarray(array), copy=False)
    assert fingerprint(one).hash == fingerprint(two).hash
    assert fingerprint(array).hash == fingerprint(np.asfortranarray(array)).hash
    place = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    changed = array.copy()
    changed[place] += 1
    other = pd.DataFrame(changed, copy=False)
    assert fingerprint(other).hash != fingerprint(one).hash
    assert token(other) != token(pd.DataFrame(array.copy(), copy=False))
    names = [c.hash == d.hash for c, d in zip(fingerprint(one).schema, fingerprint(other).schema, strict=True)]
    assert names.count(False) == 1
    assert not names[place[1]]
