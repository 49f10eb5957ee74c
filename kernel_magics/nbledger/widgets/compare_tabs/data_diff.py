"""How the data of two runs differs: which pieces, which columns, and how a column is spread before and after."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from nbledger.figures import source, theme
from nbledger.figures.text import number, shortened
from nbledger.widgets.compare_tabs import columns
from nbledger.widgets.compare_tabs.options import Option, one_of
from nbledger.widgets.compare_tabs.sides import Page, Sides, rows

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from nbledger.lineage.differences.data_diff import ColumnDiff, DataDiff

MOST_DATA, MOST_COLUMNS = 40, 100
_PROFILE = ("missing", "min", "max", "mean", "categories")


class DataDiffTab(Sides):
    """Data that was used, by column."""

    key = "data"
    title = "Data"

    def options(self) -> Sequence[Option]:
        """Return the two runs and the column."""
        sides = super().options()
        found = self._pairs({one.name: one.checked(self.model.option(self.key, one.name)) for one in sides})
        choices = [
            (shortened(f"{data.name} · {column.name}", 48), f"{data.name}\n{column.name}") for data, column in found
        ]
        return (*sides, one_of("column", "Column", choices, hint="A column that differs"))

    def drawn(self) -> go.Figure:
        """Draw the chosen column before and after, as far as the contents are kept."""
        from nbledger.figures.distribution import distribution

        found = self._chosen_pair()
        if found is None:
            return theme.missing(self.title, self._nothing())
        data, column = found
        tables = [
            source.data(self.model.ledger, version or "", name)
            for version, name in ((data.hash_a, data.name_a or data.name), (data.hash_b, data.name))
        ]
        title = f"{data.name}, {column.name}"
        kept = [one[column.name] for one in tables if not isinstance(one, source.Missing) and column.name in one]
        if len(kept) < 2:
            why = next((one.why for one in tables if isinstance(one, source.Missing)), "the column is not there")
            return theme.missing(title, f"no distribution: {why}")
        runs = {run.id: columns.called(run) for run in self.runs()}
        a, b = self.sides() or ("", "")
        return distribution(kept[0], kept[1], name=title, names=(runs.get(a, a), runs.get(b, b)))

    def parts(self) -> list[Any]:
        """Return the figure, then the tables."""
        return [*super().parts(), Page(self)]

    def page(self) -> str:
        """Return what differs as tables."""
        found = self.difference()
        if isinstance(found, str):
            return self.framed(f"<p>{escape(found)}</p>")
        changed = [("used", one) for one in found.data if one.change != "same"]
        changed += [("made", one) for one in found.made if one.change != "same"]
        if not changed:
            return self.framed("<p>Both runs used and made the same data.</p>")
        lines = [
            (one.name, way, one.kind, _WAYS.get(one.change, one.summary), one.note) for way, one in changed[:MOST_DATA]
        ]
        body = rows("Data that differs", ("name", "", "kind", "what differs", "note"), lines)
        if len(changed) > MOST_DATA:
            body += f'<p class="nbl-aside">{len(changed) - MOST_DATA} more: %ledger diff shows all.</p>'
        chosen = self._chosen_pair()
        if chosen is not None:
            words = theme.describe(self.figure() or self.drawn())
            body += self._columns(chosen[0]) + self._profile(*chosen) + f'<p class="nbl-aside">{escape(words)}</p>'
        return self.framed(body)

    def text(self) -> str:
        """Return it as text, the chosen column in words at the end."""
        found = self.difference()
        if isinstance(found, str):
            return found
        lines = [
            f"{one.name} ({way}): {_WAYS.get(one.change, one.summary)}"
            for way, every in (("used", found.data), ("made", found.made))
            for one in every
            if one.change != "same"
        ]
        return "\n".join([*(lines or ["both runs used and made the same data"]), "", super().text()])

    def _columns(self, data: DataDiff) -> str:
        """Return the columns of one piece of data that differ, with how they shifted."""
        assert data.table is not None
        lines = [
            (
                one.name,
                one.dtype_b if one.dtype_a == one.dtype_b else f"{one.dtype_a} -> {one.dtype_b}",
                "" if one.cells is None else f"{one.cells:,}",
                one.shift.words if one.shift else "",
            )
            for one in data.table.columns[:MOST_COLUMNS]
        ]
        return rows(f"Columns of {data.name} that differ", ("column", "dtype", "values", "shift"), lines, (2,))

    def _profile(self, data: DataDiff, column: ColumnDiff) -> str:
        """Return what was recorded of a column on both sides; there is something even where no content is kept."""
        tables = [source.columns(self.model.ledger, version) for version in (data.hash_a, data.hash_b) if version]
        if len(tables) < 2 or not all(column.name in one.index for one in tables):
            return ""
        before, after = (one.loc[column.name] for one in tables)
        lines = [
            (name, shortened(number(before[name])), shortened(number(after[name])))
            for name in _PROFILE
            if before[name] is not None or after[name] is not None
        ]
        return rows(f"Recorded of {column.name}", ("", "from", "to"), lines, (1, 2)) if lines else ""

    def _pairs(self, sides: dict[str, Any]) -> list[tuple[DataDiff, ColumnDiff]]:
        """Return the columns that differ, with the data that they are of: what was used before what was made."""
        if not sides["a"] or not sides["b"] or sides["a"] == sides["b"]:
            return []
        found = self.difference_of(sides["a"], sides["b"])
        if isinstance(found, str):
            return []
        tables = [one for one in (*found.data, *found.made) if one.change != "same" and one.table is not None]
        pairs = [(one, column) for one in tables if one.table for column in one.table.changed or one.table.columns]
        return pairs[:MOST_COLUMNS]

    def _chosen_pair(self) -> tuple[DataDiff, ColumnDiff] | None:
        values = self.values()
        wanted = values["column"]
        pairs = self._pairs(values)
        return next((pair for pair in pairs if f"{pair[0].name}\n{pair[1].name}" == wanted), None)

    def _nothing(self) -> str:
        found = self.difference()
        return found.rstrip(".") if isinstance(found, str) else "no column of the data differs"


_WAYS = {"added": "only in the second", "removed": "only in the first"}

__all__ = ["DataDiffTab"]
