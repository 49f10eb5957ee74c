"""A column of Python objects is checked once more by what it refers to, and every change is noticed still."""

from __future__ import annotations

import gc
import sys

import numpy as np
import pandas as pd
import pytest

from nbledger.fingerprint import fingerprint, references, token

ROWS = 5000


def strings(missing=None):
    """Return strings that are each an object, every tenth missing unless `missing` is a string."""
    return [missing if index % 10 == 3 else f"name {index}" for index in range(ROWS)]


def columns():
    """Return a column of each kind that refers to Python objects."""
    return {
        "object": pd.Series(strings("-"), dtype=object),
        "None": pd.Series(strings(), dtype=object),
        "NaN": pd.Series([float("nan") if item is None else item for item in strings()], dtype=object),
        "str": pd.Series(strings(), dtype=pd.StringDtype("python", na_value=np.nan)),
        "string": pd.Series(strings(), dtype=pd.StringDtype("python")),
        "frame": pd.DataFrame({"a": strings("-"), "b": strings()}, dtype=object),
    }


@pytest.mark.parametrize("kind", columns())
def test_a_column_that_is_checked_again_is_known_until_an_element_changes(kind):
    column = columns()[kind]
    before = [token(column) for _ in range(4)]
    assert before == [token(column.copy(deep=True))] * 4
    first = column.iloc[7].copy() if kind == "frame" else column.iloc[7]
    column.iloc[7] = "another"
    after = [token(column) for _ in range(4)]
    assert after == [token(column.copy(deep=True))] * 4
    assert after[0] != before[0]
    column.iloc[7] = first
    assert [token(column) for _ in range(4)] == before


def test_an_equal_string_that_is_another_object_is_the_same_content():
    column = pd.Series(strings("-"), dtype=object)
    before = [token(column) for _ in range(3)][-1]
    column.iloc[7] = " ".join(column.iloc[7].split())
    assert [token(column) for _ in range(3)] == [before] * 3


def test_a_list_among_strings_may_change_in_place_and_is_read_each_time():
    column = pd.Series(strings("-"), dtype=object)
    inside = [1, 2]
    column.iat[7] = inside
    before = [token(column) for _ in range(3)]
    inside.append(3)
    assert before == before[:1] * 3
    assert token(column) != before[0]


def test_nothing_is_held_once_the_column_is_gone():
    gc.collect()
    known = set(references._copies)
    column = pd.Series(strings("-"), dtype=object)
    text = column.iloc[7]
    alone = sys.getrefcount(text)
    for _ in range(3):
        token(column)
    assert sys.getrefcount(text) == alone + 1
    assert set(references._copies) - known
    del column
    gc.collect()
    assert sys.getrefcount(text) == alone - 1
    assert not set(references._copies) - known


def test_columns_checked_in_turn_share_the_memory_and_idle_ones_give_theirs_up(monkeypatch):
    monkeypatch.setattr(references, "_MOST", 2 * ROWS)
    monkeypatch.setattr(references, "_copies", {})
    columns = [pd.Series(strings("-"), dtype=object) for _ in range(4)]
    tokens = {token(column) for _ in range(3) for column in columns}
    assert [references._copies[id(column._values)].size() for column in columns] == [ROWS, ROWS, 0, 0]
    tokens |= {token(column) for _ in range(2) for column in columns[1:]}
    assert [references._copies[id(column._values)].size() for column in columns] == [0, ROWS, ROWS, 0]
    assert len(tokens) == 1


def test_an_array_of_ones_own_is_not_referred_to_and_can_be_resized():
    values = np.array(strings("-"), dtype=object)
    for _ in range(3):
        token(values)
        fingerprint(values)
    values.resize(6)
    assert values.shape == (6,)
