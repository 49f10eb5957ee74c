"""Two runs of the same slice are compared as a careful person would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nbledger.fingerprint import fingerprint
from nbledger.lineage.comparison import (
    compare_metrics,
    compare_values,
    compare_versions,
    is_timing,
    timings_in,
    worst,
)
from nbledger.lineage.temporary import holds_text


@pytest.mark.parametrize(
    "name", ["refit_time_", "mean_fit_time", "std_score_time", "elapsed", "fit_seconds", "train_duration", "fitTime"]
)
def test_times_and_durations_are_known_by_their_names(name):
    assert is_timing(name)


@pytest.mark.parametrize("name", ["accuracy", "timestep", "runtime_error", "estimator", "sometimes", "coef_"])
def test_other_names_are_no_times(name):
    assert not is_timing(name)


def test_metrics_are_identical_equivalent_or_different_with_the_gap():
    found = compare_metrics(
        {"a": [1.0], "b": [1.0], "c": [1.0], "nan": [float("nan")], "fit_time": [0.1], "gone": [1.0]},
        {"a": [1.0], "b": [1.0 + 1e-12], "c": [1.1], "nan": [float("nan")], "fit_time": [9.9], "new": [2.0]},
        1e-9,
    )
    verdicts = {name: one.verdict for name, one in found.items()}
    assert verdicts == {
        "a": "identical", "b": "equivalent", "c": "different", "nan": "identical", "fit_time": "not compared",
        "gone": "different", "new": "not compared",
    }  # fmt: skip
    assert found["b"].largest == pytest.approx(1e-12, rel=1e-3)
    assert found["c"].largest == pytest.approx(0.1)


def test_the_tolerance_grows_with_numbers_above_one():
    assert compare_values(1e6, 1e6 + 1e-4, 1e-9).verdict == "equivalent"
    assert compare_values(1e-3, 1e-3 + 1e-4, 1e-9).verdict == "different"


@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        ({"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 3.0}]}, "['a'][1]['b']"),
        ([1, 2], [1, 2, 3], ""),
        ({"a": 1}, {"b": 1}, ""),
        ("x", "y", ""),
        (1, "1", ""),
        ({1, 2}, {1, 3}, ""),
        (True, False, ""),
        (np.array([1.0, 2.0]), np.array([1.0, np.nan]), ""),
        (np.array([1, 2]), np.array([1.0, 2.0]), ""),
        (pd.DataFrame({"a": ["x"]}), pd.DataFrame({"a": ["y"]}), "['a']"),
        (pd.Series([1], index=["a"]), pd.Series([1], index=["b"]), ".index"),
        (pd.Series([1, 2], dtype="category"), pd.Series([2, 1], dtype="category"), ""),
    ],
)
def test_a_difference_is_found_and_its_place_told(one, other, where):
    found = compare_values(one, other, 1e-9)
    assert found.verdict == "different" and found.why
    assert found.where.startswith(where)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1.5, None, "x"], 2: {3}},
        np.array([1.0, np.nan, np.inf]),
        np.array(["a", None], dtype=object),
        np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
        pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.to_datetime(["2020-01-01", "2021-01-01"])}),
        pd.Series([1, None], dtype="Int64"),
    ],
)
def test_a_copy_is_identical(value):
    import copy

    assert compare_values(value, copy.deepcopy(value), 0.0).verdict == "identical"


def test_small_gaps_in_arrays_and_frames_are_equivalent_and_the_largest_is_named():
    one, other = np.linspace(0, 1, 5), np.linspace(0, 1, 5)
    other[2] += 1e-11
    other[3] += 3e-11
    found = compare_values({"a": pd.DataFrame({"x": one})}, {"a": pd.DataFrame({"x": other})}, 1e-9)
    assert found.verdict == "equivalent"
    assert found.largest == pytest.approx(3e-11, rel=1e-3)
    assert "['a']['x']" in found.where and "2 of 5" in found.where


def test_a_search_with_other_fit_times_is_identical_and_one_with_other_scores_is_not():
    import copy

    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import GridSearchCV

    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(RandomForestClassifier(n_estimators=3, random_state=0), {"max_depth": [1, 2]}, cv=3)
    one, other = copy.deepcopy(search).fit(X, y), copy.deepcopy(search).fit(X, y)
    assert one.refit_time_ != other.refit_time_
    found = compare_values(one, other, 1e-9)
    assert found.verdict == "identical"
    assert "refit_time_" in found.left_out and "mean_fit_time" in found.left_out
    assert "refit_time_" in timings_in(one)
    other.cv_results_["mean_test_score"][0] += 0.1
    found = compare_values(one, other, 1e-9)
    assert found.verdict == "different" and "mean_test_score" in found.where


def test_models_are_compared_attribute_by_attribute():
    from sklearn.tree import DecisionTreeClassifier

    X, y = np.arange(20.0).reshape(-1, 1), np.arange(20) > 9
    one, same = (DecisionTreeClassifier(random_state=0).fit(X, y) for _ in range(2))
    other = DecisionTreeClassifier(random_state=0).fit(X, np.arange(20) > 5)
    assert compare_values(one, same, 1e-9).verdict == "identical"
    assert compare_values(one, other, 1e-9).verdict == "different"


def test_paths_in_the_scratch_folder_are_the_ones_they_stand_for():
    def there(text):
        return text.replace("/tmp/scratch", "/home/me")

    assert compare_values("/home/me/a.csv", "/tmp/scratch/a.csv", 0.0, translate=there).verdict == "identical"
    assert compare_values("/home/me/a.csv", "/tmp/scratch/b.csv", 0.0, translate=there).verdict == "different"


def test_paths_made_by_chance_are_left_out_and_others_are_not():
    def by_chance(text):
        return text.startswith("/tmp/")

    one, other = {"a": 1.0, "cache": Path("/tmp/a1")}, {"a": 1.0, "cache": Path("/tmp/b2")}
    found = compare_values(one, other, 0.0, by_chance=by_chance)
    assert (found.verdict, found.left_out) == ("identical", ("['cache']",))
    assert compare_values(one, other, 0.0).verdict == "different"
    assert compare_values(one, {**other, "a": 2.0}, 0.0, by_chance=by_chance).verdict == "different"
    assert compare_values("/tmp/a1", "/home/b2", 0.0, by_chance=by_chance).verdict == "different"
    assert holds_text(one, by_chance) and not holds_text({"a": ["/home"]}, by_chance)


def test_versions_tell_which_column_differs():
    one = fingerprint(pd.DataFrame({"a": [1.0, 2.0], "b": [1, 2]}))
    other = fingerprint(pd.DataFrame({"a": [1.0, 2.5], "b": [1, 2]}))
    found = compare_versions(one, other, 1e-9)
    assert found.verdict == "different" and "column a" in found.why
    assert found.largest == pytest.approx(0.5)
    assert compare_versions(one, one, 1e-9).verdict == "identical"


def test_a_table_whose_timing_columns_alone_differ_is_not_called_different():
    one = fingerprint(pd.DataFrame({"fit_time": [1.0, 2.0], "b": [1, 2]}))
    other = fingerprint(pd.DataFrame({"fit_time": [1.1, 2.5], "b": [1, 2]}))
    assert compare_versions(one, other, 1e-9).verdict == "not compared"


def test_opaque_values_are_not_compared():
    one, other = fingerprint(x for x in "a"), fingerprint(x for x in "b")
    assert compare_versions(one, other, 1e-9).verdict == "not compared"


def test_what_holds_itself_is_compared_all_the_same():
    one: list = [1]
    one.append(one)
    other: list = [1]
    other.append(other)
    assert compare_values(one, other, 1e-9).verdict == "identical"


def test_the_worst_verdict_stands_for_all():
    assert worst(["identical", "not compared"]) == "identical"
    assert worst(["identical", "equivalent"]) == "equivalent"
    assert worst(["equivalent", "different", "identical"]) == "different"
