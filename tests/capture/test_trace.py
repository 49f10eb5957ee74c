"""Rows keep their number through splits, transformers and plain pandas and numpy code."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nbledger.capture.found.links import is_made_of, plain
from nbledger.capture.tracing.rows import cells_of
from nbledger.capture.tracing.trace import Trace


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": rng.normal(size=300), "b": rng.integers(0, 5, 300), "c": rng.choice(["x", "y"], 300)})


@pytest.mark.parametrize(
    "picked",
    [
        lambda frame: frame.iloc[50:80],
        lambda frame: frame[["a", "b"]].iloc[50:80],
        lambda frame: frame.iloc[50:80].reset_index(drop=True),
        lambda frame: frame[["a"]].to_numpy()[50:80],
        lambda frame: frame.assign(new=1)[["new", "a"]].to_numpy()[50:80],
        lambda frame: frame["a"].to_numpy()[50:80].astype("float32"),
        lambda frame: frame[["b", "c"]].iloc[50:80],
        lambda frame: frame["a"].iloc[50:80].tolist(),
    ],
)
def test_rows_that_are_picked_out_are_known_again(frame, picked):
    trace = Trace()
    whole = trace.see(frame)
    assert trace.see(picked(frame)).ids.tolist() == whole.ids[50:80].tolist()


def test_a_column_that_counts_up_makes_no_two_tables_the_same():
    rng = np.random.default_rng(0)
    trace = Trace()
    first = trace.see(pd.DataFrame({"id": range(200), "a": rng.normal(size=200)}))
    second = trace.see(pd.DataFrame({"id": range(200), "a": rng.normal(size=200)}))
    assert not set(first.ids) & set(second.ids)


def test_parts_of_a_split_have_each_row_once_though_rows_are_equal():
    from sklearn.model_selection import train_test_split

    X = np.repeat(np.arange(40.0)[:, None], 3, axis=1).repeat(5, axis=0)
    parts = train_test_split(X, random_state=0)
    trace = Trace()
    trace.split((X,), parts)
    ids = [trace.see(part).ids for part in parts]
    assert sorted(np.concatenate(ids)) == sorted(trace.see(X).ids)


def test_a_row_drawn_twice_has_one_number(frame):
    seen = Trace().see(frame.sample(400, replace=True, random_state=0))
    assert len(set(seen.ids)) == frame.sample(400, replace=True, random_state=0).index.nunique()


def test_a_column_tells_which_transformer_it_came_through(frame):
    trace = Trace()
    source = trace.see(frame[["a"]])
    trace.derive(source, (frame[["a"]] * 2).to_numpy(), 7)
    changed = frame.assign(a=frame["a"] * 2)
    assert trace.see(changed).passed == {7}
    assert trace.see(changed[["b", "c"]].iloc[:250]).passed == frozenset()


def test_of_a_large_value_a_sample_is_followed():
    X = np.random.default_rng(0).normal(size=(150_000, 4))
    trace = Trace()
    trace.split((X,), (X[:100_000], X[100_000:]))
    whole, part = trace.see(X), trace.see(X[:100_000] + 0)
    known = part.ids >= 0
    assert 500 < known.sum() < 50_000
    assert (part.ids[known] == whole.ids[:100_000][known]).all()


def test_dense_and_sparse_rows_are_the_same():
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.random(100, 300, 0.05, format="csr", random_state=0)
    assert (cells_of(matrix).rows == cells_of(matrix.toarray()).rows).all()


def test_what_is_no_function_of_a_prediction_is_not_made_of_it():
    rng = np.random.default_rng(0)
    proba = rng.random((100, 3))
    assert is_made_of(proba.argmax(axis=1), proba)
    assert is_made_of(np.array(["a", "b", "c"])[proba.argmax(axis=1)], proba)
    assert is_made_of(plain((proba[:, 1] > 0.5).tolist()), proba)
    assert not is_made_of(rng.integers(0, 3, 100), proba)
    assert not is_made_of(np.ones(100), proba)
    assert not is_made_of(proba[:50, 0], proba)


def test_a_loop_over_like_rows_looks_at_fewer_values_in_the_end_and_the_next_cell_at_all_again():
    trace, rng = Trace(), np.random.default_rng(0)
    rare, pool = rng.normal(size=(100, 3)), rng.normal(size=(20_000, 3))
    whole = trace.see(rare)
    samples = [pool[rng.integers(0, len(pool), len(pool))] for _ in range(30)]
    for sample in samples:
        trace.see(sample)
    in_the_loop = trace.see(rare[:50].copy())
    trace.end_cell()
    in_the_next_cell = trace.see(rare[50:].copy())
    assert in_the_loop.ids.tolist() != whole.ids[:50].tolist()
    assert in_the_next_cell.ids.tolist() == whole.ids[50:].tolist()
