"""Text, colours and sparklines: what all figures share."""

from __future__ import annotations

import math
from html.parser import HTMLParser

import plotly.graph_objects as go
import pytest

from nbledger.figures.sparkline import sparkline
from nbledger.figures.text import number, plain, sentence, shortened
from nbledger.figures.theme import PALETTE, QUIET, SCALE, describe, described, linked, missing, series, template


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [*PALETTE, QUIET, *(colour for _, colour in SCALE)])
@pytest.mark.parametrize("page", ["#FFFFFF", "#111111"])
def test_every_colour_stands_out_on_light_and_dark_pages(colour, page):
    assert contrast(colour, page) >= 3


@pytest.mark.parametrize(("theme", "page", "least"), [("light", "#FFFFFF", 7), ("dark", "#14181D", 7), ("any", "#FFFFFF", 4), ("any", "#111111", 4)])  # fmt: skip
def test_text_can_be_read_in_every_theme(theme, page, least):
    assert contrast(template(theme)["layout"]["font"]["color"], page) >= least


def test_series_differ_in_more_than_colour():
    looks = [tuple(series(place).values()) for place in range(36)]
    assert len(set(looks)) == 36
    assert len({series(place)["symbol"] for place in range(6)}) == 6


def test_templates_are_plotlys():
    for theme in ("any", "light", "dark"):
        go.Figure(layout={"template": template(theme)})


@pytest.mark.parametrize(
    "name", ["<b>x</b>", '<a href="javascript:alert(1)">x</a>', "$x^2$", "%{customdata}", "a\nb\x1b[1m", "&lt;"]
)
def test_names_keep_no_markup(name):
    found = plain(name)
    assert not set("<>$%\n\x1b") & set(found)


def test_long_names_are_cut_in_the_middle():
    assert shortened("a" * 50 + "z" * 50, 11) == "aaaaa…zzzzz"
    assert shortened("short") == "short"


def test_numbers_keep_five_digits_and_their_unit():
    assert number(0.912345678) == "0.91235"
    assert number(1.2e-5, "s") == "1.2e-05 s"
    assert number(None) == number(math.nan) == "-"
    assert sentence(["one", "", "two"]) == "One; two."
    assert sentence([""]) == ""


def test_a_missing_figure_says_why():
    figure = missing("<b>t</b>", "no <i>runs</i>")
    assert figure.layout.annotations[0].text == "no &lt;i&gt;runs&lt;/i&gt;"
    assert describe(figure) == "<b>t</b>: no <i>runs</i>."


def test_a_figure_names_its_view_and_keeps_its_words():
    figure = described(linked(described(go.Figure(), "one"), "v1"), "two")
    assert figure.layout.meta["nbledger"] == {"view": "v1", "points": "customdata"}
    assert describe(linked(figure, "v2")) == "two"
    assert figure.layout.meta["nbledger"]["view"] == "v2"


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_a_sparkline_is_small_and_says_what_it_shows():
    found = sparkline([1.0, 2.0, math.nan, 4.0, *range(1000)])
    page = Reader(found)
    assert [tag for tag, _ in page.tags] == ["svg", "title", "path", "circle"]
    assert "1004 values from 1 to" in page.text
    assert len(found) < 1500


@pytest.mark.parametrize("values", [[], [None], [math.nan, math.inf]])
def test_a_sparkline_of_nothing_is_nothing(values):
    assert sparkline(values) == ""


def test_a_sparkline_of_one_value_or_a_constant_is_drawn():
    assert "nan" not in sparkline([2.0]) + sparkline([2.0, 2.0])
