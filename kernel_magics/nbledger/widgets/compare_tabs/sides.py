"""Which two runs a tab of differences sets side by side, and what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError
from nbledger.widgets.compare_tabs import columns
from nbledger.widgets.compare_tabs.options import Option, one_of
from nbledger.widgets.compare_tabs.tab import Tab

if TYPE_CHECKING:
    from nbledger.lineage.diff import Diff
    from nbledger.records import Run

MOST_RUNS = 20
STYLE = """<style>
.nbl-diff{font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:var(--jp-ui-font-size1,13px);
color:var(--jp-ui-font-color1,inherit);line-height:1.45}
.nbl-diff p{margin:4px 0;max-width:60em;white-space:pre-line}
.nbl-diff h4{margin:12px 0 4px;font-size:inherit;font-weight:600;overflow-wrap:anywhere}
.nbl-diff pre{margin:0;padding:6px 8px;overflow-x:auto;border:1px solid var(--jp-border-color2,rgba(128,128,128,.4));
border-radius:3px;font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);
line-height:1.4;background:var(--jp-layout-color1,transparent);color:inherit}
.nbl-diff pre span{display:block;min-width:max-content;white-space:pre}
.nbl-diff .nbl-in{background:rgba(0,158,115,.2)}
.nbl-diff .nbl-out{background:rgba(213,94,0,.2)}
.nbl-diff .nbl-aside{color:var(--jp-ui-font-color2,#767676)}
.nbl-diff.nbl-diff.nbl-diff table{border-collapse:collapse;margin:4px 0;border:0;font-size:inherit;color:inherit}
.nbl-diff.nbl-diff.nbl-diff caption{text-align:left;color:var(--jp-ui-font-color2,#767676);padding:2px 0}
.nbl-diff.nbl-diff.nbl-diff tr{background:transparent}
.nbl-diff.nbl-diff.nbl-diff :is(th,td){padding:2px 14px 2px 0;text-align:left;vertical-align:top;border:0;
border-bottom:1px solid var(--jp-border-color2,rgba(128,128,128,.3));background:transparent;max-width:28em;
white-space:normal;overflow-wrap:anywhere;font-weight:normal}
.nbl-diff.nbl-diff.nbl-diff thead th{font-weight:600}
.nbl-diff.nbl-diff.nbl-diff .nbl-n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
</style>"""


class Sides(Tab):
    """A tab about two runs: by default the first two of those that details are shown of."""

    def options(self) -> Sequence[Option]:
        """Return the two runs."""
        runs = self.runs()
        choices = columns.run_choices(runs)
        pair = runs[:2]
        if self.model.state.baseline is None:
            pair.sort(key=lambda run: run.started_at)
        first, second = pair[0].id if pair else None, pair[-1].id if pair else None
        return (
            one_of("a", "From", choices, default=first, hint="The run that stands before"),
            one_of("b", "To", choices, default=second, hint="The run that stands after"),
        )

    def inputs(self) -> Any:
        """The runs that can be chosen."""
        return tuple(run.id for run in self.runs())

    def runs(self) -> list[Run]:
        """Return the runs to choose from: baseline and selected first, then those of the table's page."""
        found = {run.id: run for run in (*self.model.detailed(MOST_RUNS), *self.model.runs())}
        return list(found.values())[:MOST_RUNS]

    def sides(self) -> tuple[str, str] | None:
        """Return the ids of the two runs, if two different ones are chosen."""
        values = self.values()
        a, b = values["a"], values["b"]
        return (a, b) if a and b and a != b else None

    def difference(self) -> Diff | str:
        """Return what differs between the two, or why there is nothing to say."""
        sides = self.sides()
        return "Choose two different runs, here or in the table." if sides is None else self.difference_of(*sides)

    def difference_of(self, a: str, b: str) -> Diff | str:
        """Return what differs between two runs, found once for each pair; or why that cannot be said."""
        from nbledger.figures.source import MOST_BYTES
        from nbledger.lineage.diff import diff

        key = ("diff", a, b)
        if key not in self.model.cache:
            try:
                self.model.cache[key] = diff(self.model.ledger, a, b, most_bytes=MOST_BYTES)
            except NBLedgerError as error:
                self.model.cache[key] = str(error)
        found: Diff | str = self.model.cache[key]
        return found

    def page(self) -> str:
        """Return what differs as HTML."""
        raise NotImplementedError

    def html(self) -> str:
        """Return what differs, below the figure as a picture if there is one."""
        from nbledger.figures.picture import picture

        figure = self.figure()
        return (picture(figure) if figure is not None else "") + self.page()

    def framed(self, body: str) -> str:
        """Return HTML with the style that the tabs of differences share."""
        return f'{STYLE}<div class="nbl-diff">{body}</div>'


class Page:
    """A piece of HTML among a tab's parts, written when it is another one."""

    def __init__(self, tab: Sides) -> None:
        import ipywidgets

        self._tab = tab
        self.widget = ipywidgets.HTML(layout={"overflow": "visible", "max_width": "100%"})

    def refresh(self) -> None:
        """Write what the tab says now."""
        page = self._tab.page()
        if self.widget.value != page:
            self.widget.value = page


def rows(title: str, headers: Sequence[str], lines: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return a table as HTML; the columns at the places `numbers` stand to the right."""

    def cell(tag: str, text: str, at: int, more: str = "") -> str:
        kind = ' class="nbl-n"' if at in numbers else ""
        return f"<{tag}{more}{kind}>{escape(text)}</{tag}>"

    head = "".join(cell("th", text, at, ' scope="col"') for at, text in enumerate(headers))
    body = "".join(
        "<tr>"
        + "".join(cell("th" if at == 0 else "td", text, at, ' scope="row"' * (at == 0)) for at, text in enumerate(line))
        + "</tr>"
        for line in lines
    )
    return f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


__all__ = ["Page", "Sides", "rows"]
