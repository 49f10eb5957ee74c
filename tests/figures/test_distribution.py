"""A column before and after: shares over the same bins, or of each value; what is left out is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nbledger.figures.distribution import distribution
from nbledger.figures.theme import describe


def test_numbers_stand_over_the_same_bins(drawn):
    before = pd.Series([1.0, 2.0, 3.0, np.nan, np.inf], name="age")
    after = pd.Series([3.0, 3.0, 9.0])
    figure = distribution(before, after, names=("a", "b"))
    one, other = drawn(figure)["data"]
    assert one["x"] == other["x"]
    assert sum(one["y"]) == pytest.approx(sum(other["y"])) == pytest.approx(1)
    assert "missing: 2, 0" in figure.layout.title.subtitle.text
    assert "a 3 rows from 1 to 3, median 2" in describe(figure)


def test_texts_are_counted_and_rare_ones_left_out(drawn):
    figure = distribution(pd.Series(["<b>x</b>"] * 5 + [str(number) for number in range(30)], name="city"))
    (bars,) = drawn(figure)["data"]
    assert bars["x"][0] == "&lt;b&gt;x&lt;/b&gt;"
    assert len(bars["x"]) == 20
    assert "the 20 most frequent of 31 values" in describe(figure).lower()


@pytest.mark.parametrize("values", [[], [None, None], [np.nan], [np.inf]])
def test_a_column_without_values_says_so(values):
    assert "no values are known" in describe(
        distribution(pd.Series(values, name="x", dtype=None if values else "float64"))
    )


def test_a_constant_and_a_column_of_truths_are_drawn(drawn):
    (bars,) = drawn(distribution(pd.Series([5, 5, 5], name="x")))["data"]
    assert max(bars["y"]) == 1
    (bars,) = drawn(distribution(pd.Series([True, False, True], name="x")))["data"]
    assert bars["x"] == ["True", "False"]
