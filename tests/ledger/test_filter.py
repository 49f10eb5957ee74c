"""The filter language as text: what parses, and where the caret points when something does not."""

from __future__ import annotations

import pickle

import pytest

from nbledger.ledger.conditions import Comparison, Group, Name, Not, Order
from nbledger.ledger.errors import FilterError
from nbledger.ledger.filter import parse, parse_order


def metric(name, operator, *values):
    return Comparison(Name("metrics", name), operator, values)


def test_an_empty_filter_is_no_condition():
    assert parse("") is parse("  \n") is None


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("metrics.a > 0.9", metric("a", ">", 0.9)),
        ("metric.a==1e-3", metric("a", "=", 1e-3)),
        ("metrics.val/f1.macro <> -5", metric("val/f1.macro", "!=", -5)),
        ("metrics.`a b` <= .5", metric("a b", "<=", 0.5)),
        ("params.\"max depth\" = 'it''s'", Comparison(Name("params", "max depth"), "=", ("it's",))),
        ('tag.k = "v"', Comparison(Name("tags", "k"), "=", ("v",))),
        ("attributes.run_name LIKE 'a%'", Comparison(Name("attributes", "name"), "LIKE", ("a%",))),
        ("status = 'FINISHED'", Comparison(Name("attributes", "status"), "=", ("finished",))),
        ("params.a NOT IN (1, 'x', true)", Not(Comparison(Name("params", "a"), "IN", (1, "x", True)))),
        ("params.a is not null", Not(Comparison(Name("params", "a"), "NULL"))),
        ("not tags.a ilike '%X'", Not(Comparison(Name("tags", "a"), "ILIKE", ("%X",)))),
        ("start_time > 1700000000000", Comparison(Name("attributes", "started_at"), ">", (1.7e9,))),
        ("params.p99.5 = 1", Comparison(Name("params", "p99.5"), "=", (1,))),
    ],
)
def test_a_comparison_parses(text, tree):
    assert parse(text) == tree


def test_and_binds_closer_than_or_and_parentheses_closest():
    a, b, c = metric("a", ">", 1), metric("b", ">", 2), metric("c", ">", 3)
    assert parse("metrics.a > 1 or metrics.b > 2 and metrics.c > 3") == Group("OR", (a, Group("AND", (b, c))))
    assert parse("(metrics.a > 1 OR metrics.b > 2) AND metrics.c > 3") == Group("AND", (Group("OR", (a, b)), c))
    assert parse("NOT (metrics.a > 1 AND metrics.b > 2)") == Not(Group("AND", (a, b)))


def test_times_may_be_written_as_dates():
    import datetime

    tree = parse("started_at >= '2026-05-03'")
    assert isinstance(tree, Comparison)
    assert tree.values == (datetime.datetime(2026, 5, 3).timestamp(),)


@pytest.mark.parametrize(
    ("text", "under", "says"),
    [
        ("accuracy > 0.9", "accuracy", "metrics.accuracy"),
        ("metrics.a > 'x'", "'x'", "without quotes"),
        ("metrics.a > 1 metrics.b", "metrics", "AND or OR"),
        ("metrics.a > 1 and", "", "Expected a name"),
        ("metrics.a ~ 1", "~", "Expected one of ="),
        ("params.a = abc", "abc", "quoted text: 'abc'"),
        ("params.a = 'abc", "'", "not closed"),
        ("params.a = NULL", "NULL", "IS NULL"),
        ("params.a IN (1, 2", "", "')'"),
        ("params.a IN 1", "1", "'('"),
        ("(params.a = 1", "", "')'"),
        ("params.a = 1)", ")", "Unexpected ')'"),
        ("metrcs.a = 1", "metrcs", "perhaps 'metrics'"),
        ("attributes.stauts = 'x'", "stauts", "perhaps 'status'"),
        ("duraton > 5", "duraton", "the attribute 'duration'"),
        ("status = 'done'", "'done'", "running, finished"),
        ("started_at > 'tomorrow'", "'tomorrow'", "Expected a time"),
        ("duration > 'long'", "'long'", "without quotes"),
        ("tags.a LIKE 5", "5", "quoted pattern"),
        ("tags.a IS 5", "5", "NULL after IS"),
        ("tags. = 5", "=", "after 'tags.'"),
    ],
)
def test_a_bad_filter_points_at_the_wrong_token(text, under, says):
    with pytest.raises(FilterError) as caught:
        parse(text)
    message, shown, caret = str(caught.value).split("\n")
    assert says in message
    assert shown == f"  {text}"
    at = caret.index("^")
    if under:
        assert shown[at : at + len(under)] == under
    else:
        assert at == len(shown)


def test_deep_nesting_is_refused_with_a_caret_and_not_a_recursion_error():
    with pytest.raises(FilterError, match="too deeply"):
        parse("(" * 5000 + "metrics.a > 1")


def test_a_filter_that_is_too_long_for_sqlite_is_refused_with_a_caret():
    assert parse(" or ".join(["metrics.a > 1"] * 500)) is not None
    with pytest.raises(FilterError, match="more than 500 conditions"):
        parse(" or ".join(["metrics.a > 1"] * 501))
    with pytest.raises(FilterError, match="more than 10,000 values"):
        parse(f"params.a in ({', '.join(['1'] * 10_001)})")


def test_an_order_that_is_wrong_is_told_what_may_follow_a_name():
    with pytest.raises(FilterError, match="Unexpected 'sideways': ASC or DESC may follow"):
        parse_order("metrics.a sideways")


def test_a_filter_error_crosses_a_process_border():
    with pytest.raises(FilterError) as caught:
        parse("a = 1")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert copy.position == 0


def test_orders_parse_from_text_and_lists():
    expected = (Order(Name("metrics", "a"), True), Order(Name("attributes", "started_at")))
    assert parse_order("metrics.a DESC, start_time") == expected
    assert parse_order(["metrics.a desc", "attributes.start_time asc"]) == expected
    assert parse_order(None) == parse_order([]) == ()


def test_a_bad_order_points_at_the_wrong_token():
    with pytest.raises(FilterError, match=r"metrics\.accuracy"):
        parse_order("accuracy desc")
    with pytest.raises(FilterError, match="Unexpected 'down'"):
        parse_order("metrics.accuracy down")
