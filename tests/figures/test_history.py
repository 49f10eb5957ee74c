"""Aliases over time: a line an alias, a marker a move, and words for those who do not see it."""

from __future__ import annotations

import re

import pytest

from nbledger.figures.history import history_timeline
from nbledger.figures.theme import describe
from nbledger.records import AliasEvent

DAY = 86_400.0


@pytest.fixture
def moved():
    """A function that makes events of (alias, number), a day apart."""

    def make(*moves, reason=""):
        return [
            AliasEvent(f"{at:032x}", "churn", alias, number, at * DAY, "ada", reason)
            for at, (alias, number) in enumerate(moves, 1)
        ]

    return make


def test_an_alias_is_a_line_of_versions_and_a_rollback_points_down(moved, drawn):
    events = moved(("champion", 1), ("champion", 3), ("champion", 2))
    path, marks = drawn(history_timeline(events[::-1], until=9 * DAY))["data"]
    assert path["name"] == "@champion"
    assert path["y"] == [1, 3, 2, 2]
    assert marks["y"] == [1, 3, 2]
    assert marks["marker"]["symbol"] == ["triangle-up", "triangle-up", "triangle-down"]
    assert path["x"] == sorted(path["x"])


def test_moves_within_a_second_keep_their_order_and_their_distance(drawn):
    moves = [AliasEvent(f"{at:032x}", "churn", "champion", at, DAY + at / 1000, "ada", "") for at in (1, 2, 3)]
    path, _ = drawn(history_timeline(moves))["data"]
    assert [text[-6:] for text in path["x"]] == ["001000", "002000", "003000"]


def test_the_line_of_an_alias_that_was_taken_away_ends(moved, drawn):
    path, marks = drawn(history_timeline(moved(("a", 2), ("a", None), ("a", 3)), until=1.0))["data"]
    assert path["y"] == [2, 2, None, 3]
    assert marks["marker"]["symbol"][1] == "x-open"
    assert marks["y"][1] == 2
    told = describe(history_timeline(moved(("a", 2), ("b", 1), ("a", None))))
    assert told.startswith("History of aliases: 3 moves")
    assert "a taken away, b at version 1" in told


def test_of_many_moves_the_newest_are_drawn(moved):
    figure = history_timeline(moved(*[("champion", number) for number in range(1, 2001)]))
    assert "the newest 500 of 2,000 moves" in figure.layout.title.subtitle.text
    assert len(figure.to_json()) < 200_000
    many = history_timeline(moved(*[(f"alias{number}", 1) for number in range(30)]))
    assert "12 of 30 aliases" in many.layout.title.subtitle.text


def test_no_move_is_said():
    assert describe(history_timeline([])) == "History of aliases: no alias was ever set."


def test_names_and_reasons_stay_text(moved):
    figure = history_timeline(moved(("<b>x</b>", 1), reason="<img src=x>"), title="<script>")
    figure.layout.meta = None
    assert not re.search("<(b>|img|script)", figure.to_json().replace("<br>", ""))
