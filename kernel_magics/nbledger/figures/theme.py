"""How figures look: colours that the colour-blind tell apart, on light and dark pages alike.

The colours are those of Okabe and Ito (2008, "Color Universal Design") in their order, the bright ones darkened until
each keeps a contrast of 3 to 1 with a white and with a dark page (WCAG 2.2, 1.4.11). Series differ in their markers and
dashes as well. Backgrounds are transparent.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import plotly.graph_objects as go

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#C66C9E", "#B07A00", "#3A8FC2")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
#: From low to high: blue to vermilion, each with the same contrast to light and dark pages.
SCALE = ((0.0, "#0072B2"), (0.5, "#8F7F86"), (1.0, "#D55E00"))
QUIET = "#808080"
HEIGHT = 380
#: The largest number that 32 bits hold, as figures do.
LARGEST = 3.4e38
#: Characters of a line below a title, and the pixels that it takes: figures are 700 pixels wide or more.
_WRAPPED, _LINE_HEIGHT = 100, 17

#: Options of plotly.js for every figure: no logo, no TeX in names, no button that sends the data elsewhere.
CONFIG: dict[str, Any] = {
    "responsive": True,
    "displaylogo": False,
    "typesetMath": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
}

#: Figures whose points are runs that can be chosen by a box or a lasso keep the buttons for it.
LINKED = CONFIG | {"modeBarButtonsToRemove": ["sendChartToCloud", "autoScale2d"]}

Theme = Literal["any", "light", "dark"]
_INK = {"any": "#7A7A7A", "light": "#1B1F24", "dark": "#E6E9ED"}
_LINE = {"any": "rgba(128,128,128,0.25)", "light": "#D0D7DE", "dark": "#3A424C"}
_FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"


def template(theme: Theme = "any") -> dict[str, Any]:
    """Return plotly's template of a theme; `any` can be read on light and dark pages where one cannot know."""
    axis = {
        "gridcolor": _LINE[theme],
        "linecolor": _LINE[theme],
        "zerolinecolor": _LINE[theme],
        "automargin": True,
        "exponentformat": "power",
        "minexponent": 5,
        "separatethousands": True,
        "title": {"standoff": 8, "font": {"size": 13}},
    }
    return {
        "layout": {
            "font": {"color": _INK[theme], "family": _FONT, "size": 13},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": list(PALETTE),
            "colorscale": {"sequential": [list(stop) for stop in SCALE]},
            "xaxis": axis,
            "yaxis": axis,
            "margin": {"l": 64, "r": 24, "t": 48, "b": 56},
            "title": {
                "font": {"size": 15},
                "x": 0,
                "xref": "container",
                "xanchor": "left",
                "y": 1,
                "yref": "container",
                "yanchor": "top",
                "pad": {"t": 10, "l": 12},
            },
            "legend": {
                "font": {"size": 12},
                "orientation": "h",
                "yref": "container",
                "y": 0,
                "yanchor": "bottom",
                "x": 0,
                "xanchor": "left",
            },
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": QUIET, "activecolor": _INK[theme]},
            "hoverlabel": {"align": "left"},
        }
    }


def series(index: int) -> dict[str, Any]:
    """Return colour, marker and dash of the series at a place; a seventh one has the first colour with another dash."""
    turn, place = divmod(index, len(PALETTE))
    return {
        "color": PALETTE[place],
        "symbol": SYMBOLS[(place + turn) % len(SYMBOLS)],
        "dash": DASHES[(place + turn) % len(DASHES)],
    }


def new_figure(
    title: str,
    description: str,
    *,
    height: int = HEIGHT,
    traces: Sequence[dict[str, Any]] = (),
    remark: str = "",
    layout: dict[str, Any] | None = None,
) -> go.Figure:
    """Return a figure with its title (already plain) and the sentence that `describe` gives.

    Large figures name their `traces`, what `say` would say and the rest of their `layout` here: plotly makes one from
    all of it in a fifth of the time that changing it part by part takes.
    """
    import plotly.graph_objects as go

    found: dict[str, Any] = {
        "template": template(),
        "title": {"text": title},
        "height": height,
        "meta": {"description": description.strip()},
    }
    if remark:
        subtitle, more = _subtitle(remark)
        found |= {"title": {"text": title, "subtitle": subtitle}, "height": height + more, "margin": {"t": 64 + more}}
    return go.Figure(list(traces), found | (layout or {}))


def described(figure: go.Figure, text: str) -> go.Figure:
    """Set the sentence that stands for the figure where it is not seen, and return the figure."""
    figure.layout.meta = _meta(figure) | {"description": text.strip()}
    return figure


def linked(figure: go.Figure, view: str) -> go.Figure:
    """Name the view that a figure belongs to, so that a front end can tell it which runs were chosen in the chart.

    Which run a point is stands in its trace's `customdata`; where a whole trace is one run, in its `meta["run"]`.
    """
    figure.layout.meta = _meta(figure) | {"nbledger": {"view": view, "points": "customdata"}}
    return figure


def config(figure: go.Figure) -> dict[str, Any]:
    """Return the options of plotly.js for a figure."""
    return LINKED if "nbledger" in _meta(figure) else CONFIG


def _meta(figure: go.Figure) -> dict[str, Any]:
    meta = figure.layout.meta
    return dict(meta) if isinstance(meta, dict) else {}


def describe(figure: go.Figure) -> str:
    """Return one or two sentences that say what a figure shows, for those who do not see it."""
    return str(_meta(figure).get("description", ""))


def say(figure: go.Figure, text: str) -> go.Figure:
    """Write below a figure's title what one must know to read it: a sample, a warning. Text must be plain already.

    Lines are broken by `<br>`, and long ones between words; the figure becomes as much higher.
    """
    before = str(figure.layout.title.subtitle.text or "").count("<br>")
    subtitle, more = _subtitle(text)
    more -= _LINE_HEIGHT * before
    figure.update_layout(title={"subtitle": subtitle})
    figure.layout.margin.t = max(figure.layout.margin.t or 0, 64) + more
    figure.layout.height = (figure.layout.height or HEIGHT) + more
    return figure


def _subtitle(text: str) -> tuple[dict[str, Any], int]:
    """Return what stands below a title, and by how many pixels it is higher than one line."""
    lines = [part for line in text.split("<br>") for part in wrap(line, _WRAPPED, break_long_words=False) or [""]]
    return {"text": "<br>".join(lines), "font": {"size": 12}}, _LINE_HEIGHT * (len(lines) - 1)


def missing(title: str, why: str) -> go.Figure:
    """Return a figure without anything but the reason why there is nothing to show. Both texts are escaped here."""
    from nbledger.figures.text import plain

    figure = new_figure(plain(title), f"{title}: {why}.", height=120)
    figure.update_layout(xaxis={"visible": False}, yaxis={"visible": False})
    words = {"text": plain(why), "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    figure.add_annotation(words)
    return figure


def drawable(values: Any) -> Any:
    """Return numbers as 64-bit floats of the same kind (array or series); what 32 bits cannot hold is not-a-number."""
    found = values.astype("float64")
    return found.where(found.abs() <= LARGEST) if hasattr(found, "where") else _kept(found)


def packed(values: Any) -> Any:
    """Return numbers for a figure at six to seven significant digits (32 bits), which plotly writes as base64."""
    import numpy as np

    return _kept(np.asarray(values, dtype="float64")).astype("float32")


def _kept(found: Any) -> Any:
    import numpy as np

    with np.errstate(invalid="ignore"):
        return np.where(np.abs(found) <= LARGEST, found, np.nan)
