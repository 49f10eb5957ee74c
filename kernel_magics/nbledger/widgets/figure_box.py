"""A place for one figure among widgets: its plotly MIME bundle in an `ipywidgets.Output`, and its words beside it.

Not plotly's `FigureWidget`: that carries 5 MB of JavaScript in each instance. The front end's own plotly renderer draws
the bundle.
"""

from __future__ import annotations

import json
import uuid
from html import escape
from typing import TYPE_CHECKING, Any

from nbledger.figures import theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

PLOTLY = "application/vnd.plotly.v1+json"
#: Seen by screen readers alone (WebAIM, "CSS in action: invisible content").
_UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"

#: Text around a chart takes the front end's ink, light or dark, and has no halo of another page's colour.
_INK = (
    ".PLACE :is(.infolayer,.xaxislayer-above,.yaxislayer-above,.parcoords) text"
    "{fill:var(--jp-ui-font-color1,#7a7a7a)!important;text-shadow:none!important}"
    ".PLACE .parcoords .axis :is(path.domain,line)"
    "{stroke:var(--jp-ui-font-color2,#7a7a7a)!important;stroke-opacity:.6!important}"
)


class FigureBox:
    """Shows one figure after the other. `widget` is what goes among other widgets; the same figure is drawn once."""

    def __init__(self, *, label: str = "figure") -> None:
        import ipywidgets

        self._label = label
        self._bundle: dict[str, Any] = {}
        self._times = 0
        self._output = ipywidgets.Output()
        self._place = f"nbl-figure-{uuid.uuid4().hex[:8]}"
        self._output.add_class(self._place)
        self._words = ipywidgets.HTML(layout={"height": "0", "margin": "0", "overflow": "hidden"})
        self.widget = ipywidgets.VBox([self._output, self._words], layout={"overflow": "visible"})

    def show(self, figure: go.Figure, *, anew: bool = False) -> None:
        """Draw a figure in place of the one before; the page does not jump meanwhile.

        The same figure is sent `anew` where the box was out of sight: plotly.js shows it as a still image otherwise.
        """
        bundle = figure_bundle(figure)
        if bundle == self._bundle and not anew:
            return
        self._bundle = bundle
        self._times += 1
        height = bundle[PLOTLY]["layout"].get("height", theme.HEIGHT)
        words = escape(bundle["text/plain"] or self._label)
        self._output.layout.min_height = f"{height + 8}px"
        self._output.outputs = ({"output_type": "display_data", "data": bundle, "metadata": {"times": self._times}},)
        # plotly.js forgets a figure's height when it is resized (another theme, a sidebar) and takes that of its place.
        style = f".{self._place} .jp-RenderedPlotly{{height:{int(height)}px}}" + _INK.replace("PLACE", self._place)
        self._words.value = (
            f'<style>{style}</style><span role="img" aria-label="{words}" style="{_UNSEEN}">{words}</span>'
        )

    def clear(self) -> None:
        """Show nothing."""
        self._bundle = {}
        self._output.outputs, self._words.value, self._output.layout.min_height = (), "", None


def figure_bundle(figure: go.Figure) -> dict[str, Any]:
    """Return a figure as a MIME bundle: what plotly's renderers draw, and the sentence that says it."""
    drawn = json.loads(figure.to_json())
    return {PLOTLY: drawn | {"config": theme.config(figure)}, "text/plain": theme.describe(figure)}
