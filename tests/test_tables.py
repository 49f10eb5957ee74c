"""Plain text tables read the same in a terminal, a pipe and a notebook."""

from __future__ import annotations

import pytest

from nbledger import tables


def test_columns_are_aligned_and_numbers_go_to_the_right():
    text = tables.table(["run", "f1"], [["a", 0.5], ["bcd", 0.123456789]])
    assert text.splitlines() == ["run       f1", "a        0.5", "bcd  0.12346"]


def test_wide_characters_take_two_columns():
    lines = tables.table(["name", "x"], [["模型", "y"], ["ab", "z"]]).splitlines()
    assert [tables.display_width(line) for line in lines] == [7, 7, 7]


def test_control_characters_cannot_steer_the_terminal_or_break_a_row():
    text = tables.table(["name"], [["a\x1b[31m\nb\rc"]])
    assert "\x1b" not in text
    assert len(text.splitlines()) == 2


@pytest.mark.parametrize("width", [1, 2, 7, 8, 100])
def test_a_line_is_never_wider_than_asked_for(width):
    text = tables.table(["name", "value"], [["模型模型", "longer than that"]], width=width)
    assert all(tables.display_width(line) <= width for line in text.splitlines())


def test_an_empty_table_is_its_headers():
    assert tables.table(["a", "b"], []) == "a  b"
    assert tables.table([], []) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.0, "< 1 ms"), (0.0351, "35 ms"), (1.23, "1.2 s"), (75, "1 min 15 s"), (7500, "2 h 5 min")],
)
def test_durations_read_as_one_says_them(seconds, text):
    assert tables.span(seconds) == text


@pytest.mark.parametrize(
    ("passed", "text"), [(-5, "0 s ago"), (12, "12 s ago"), (7200, "2 h ago"), (5 * 86400, "5 d ago")]
)
def test_moments_are_told_by_how_long_ago_they_were_even_when_the_clock_went_back(passed, text):
    assert tables.ago(1e9 - passed, now=1e9) == text


@pytest.mark.parametrize(
    ("count", "text"), [(None, ""), (812, "812 B"), (1434, "1.4 KiB"), (23 << 20, "23.0 MiB"), (5 << 40, "5.0 TiB")]
)
def test_sizes_are_in_binary_units(count, text):
    assert tables.size(count) == text


def test_a_change_shows_its_sign_and_no_change_is_said():
    assert tables.change(0.91, 0.9) == "+0.01"
    assert tables.change(0.9, 0.91) == "-0.01"
    assert tables.change(0.9, 0.9) == "="
