"""A sweep's space: what can be written, what is drawn, and what is refused in one line that names the thing."""

from __future__ import annotations

import math

import pytest

from nbledger.pipeline.parameters import Text
from nbledger.pipeline.sweep import space as spaces
from nbledger.pipeline.sweep.space import BadSpace, Choice, Number
from nbledger.pipeline.sweep.stopping import below_median


def test_a_grid_is_every_combination_with_the_last_param_changing_fastest():
    space = spaces.from_pairs("grid", ["C=0.1,1", "kernel=rbf,linear"])
    points = list(space.grid())
    assert [tuple(point.values()) for point in points] == [
        ("0.1", "rbf"), ("0.1", "linear"), ("1", "rbf"), ("1", "linear"),
    ]  # fmt: skip
    assert spaces.size(space) == 4


def test_values_that_hold_commas_are_written_as_a_list_and_quoted_ones_stay_text():
    space = spaces.from_pairs("grid", ["layers=[[64], [64, 32]]", "name='1','a b'", "n=1"])
    assert space.domains["layers"] == Choice(([64], [64, 32]))
    assert space.domains["name"] == Choice(("1", "a b"))
    assert [type(value) for value in space.domains["name"].values] == [str, str]
    assert type(space.domains["n"].values[0]) is Text


def test_draws_are_the_same_for_the_same_seed_and_stay_within_bounds():
    space = spaces.from_pairs(
        "random", ["C=loguniform(0.01,100)", "depth=randint(2,4)", "a=uniform(-1,1)", "k=choice(x,y)"]
    )
    points = list(space.draws(7, 300))
    assert points == list(space.draws(7, 300))
    assert points != list(space.draws(8, 300))
    assert {point["depth"] for point in points} == {2, 3, 4}
    assert all(0.01 <= point["C"] <= 100 and -1 <= point["a"] <= 1 for point in points)
    below = sum(point["C"] < 1 for point in points)
    assert 100 < below < 200  # as many below 1 as above, by the logarithm
    assert {point["k"] for point in points} == {"x", "y"}


def test_optunas_ranges_have_a_logarithm_or_a_step():
    space = spaces.from_pairs("optuna", ["C=float(0.01,100,log)", "depth=int(2,10,step=2)", "k=choice(a,b)"])
    assert space.domains["C"] == Number(0.01, 100, log=True)
    assert space.domains["depth"] == Number(2, 10, whole=True, step=2)


@pytest.mark.parametrize(
    ("strategy", "text", "why"),
    [
        ("grid", "C", "write it as 'C=0.1,1,10'"),
        ("grid", "C=", "it has no values"),
        ("grid", "C=1,,2", "a value between two commas is missing"),
        ("grid", "C=1,1", "a value is there twice"),
        ("grid", "C=[1, 2", "is no list"),
        ("grid", "2C=1", "write it as"),
        ("random", "C=1,2", "'1,2' is no distribution for --random; there are uniform(low, high)"),
        ("random", "C=gauss(0,1)", "is no distribution for --random"),
        ("random", "C=uniform(1)", "uniform takes (low, high)"),
        ("random", "C=uniform(a,b)", "uniform takes (low, high)"),
        ("random", "C=uniform(2,1)", "the least value, 2, must be below the greatest, 1"),
        ("random", "C=randint(1.5,3)", "randint takes (low, high)"),
        ("random", "C=loguniform(0,1)", "a logarithm needs a least value above 0, not 0"),
        ("optuna", "C=uniform(0,1)", "there are float(low, high[, log][, step=S])"),
        ("optuna", "C=float(1,2,lag)", "float takes (low, high[, log][, step=S])"),
        ("optuna", "C=int(1,9,log,step=2)", "a step must be above 0, and does not go with log"),
        ("optuna", "C=float(nan,1)", "float takes"),
    ],
)
def test_a_bad_space_is_refused_in_one_line_that_names_it(strategy, text, why):
    with pytest.raises(BadSpace) as caught:
        spaces.from_pairs(strategy, [text])
    said = str(caught.value)
    assert why in said
    assert text in said
    assert "\n" not in said


def test_a_param_that_is_given_twice_is_refused():
    with pytest.raises(BadSpace, match="C was given before"):
        spaces.from_pairs("grid", ["C=1,2", "C=3"])


def test_a_file_holds_a_strategy_params_and_settings(tmp_path):
    file = tmp_path / "space.yaml"
    file.write_text(
        "strategy: random\ntrials: 20\nseed: 3\nmetric: f1\nparams:\n  C: loguniform(0.1, 10)\n  k: [a, b]\n  n: 3\n"
    )
    space, settings = spaces.read_file(file)
    assert settings == {"trials": 20, "seed": 3, "metric": "f1"}
    assert space.strategy == "random"
    assert space.domains == {"C": Number(0.1, 10, log=True), "k": Choice(("a", "b")), "n": Choice((3,))}
    assert spaces.from_dict(spaces.to_dict(space)) == space


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- 1", "must hold `strategy:` and `params:`"),
        ("params: {}", "must map names to values"),
        ("params: {C: [1]}\ntrails: 3", "trails: there is no such setting"),
        ("params: {C: [1]}\nstrategy: bayes", "'bayes' is none of grid, random, optuna"),
        ("params: {C: [1]}\ntrials: many", "trials: 'many' is no int"),
        ("params: {1x: [1]}", "'1x' cannot be the name of a param"),
        ("strategy: random\nparams: {C: 'uniform(2,1)'}", "params.C: the least value, 2"),
        ("params: {C: []}", "params.C: it has no values"),
        ("params: [", "expected"),
    ],
)
def test_a_bad_file_is_refused_by_its_name_and_key(tmp_path, text, why):
    file = tmp_path / "space.yaml"
    file.write_text(text)
    with pytest.raises(BadSpace) as caught:
        spaces.read_file(file)
    assert why in str(caught.value)
    assert str(file) in str(caught.value)


def test_the_median_rule_stops_what_is_worse_than_the_others_were_so_far():
    finished = [[(0, 0.5), (1, 0.7)], [(0, 0.6), (1, 0.8)], [(0, 0.1), (1, 0.2)]]
    assert below_median([(0, 0.7)], finished, minimize=False) == ""
    why = below_median([(0, 0.2), (1, 0.3)], finished, minimize=False)
    assert why == "at step 1 its best, 0.3, is worse than the others' median, 0.6"
    assert below_median([(0, 0.2)], finished, minimize=True) == ""
    assert below_median([(0, 0.9)], finished, minimize=True).startswith("at step 0")


def test_the_median_rule_is_silent_before_three_have_finished_or_got_that_far():
    assert below_median([(0, 0.0)], [[(0, 1.0)], [(0, 1.0)]], minimize=False) == ""
    short = [[(0, 1.0)], [(0, 1.0)], [(0, 1.0), (5, 1.0)]]
    assert below_median([(5, 0.0)], short, minimize=False) == ""
    assert below_median([], short, minimize=False) == ""
    assert below_median([(0, math.nan)], short, minimize=False) == ""
