"""Figures that stay open from cell to cell, as hidden state: the next cell's `plt.title(...)` draws on them.

With the backend of Jupyter pyplot's figures are closed at the end of each cell. With others (`matplotlib.use("Agg")`,
as scripts do), after `plt.ioff()` and with `InlineBackend.close_figures = False` they stay. Each is a hidden state, and
so is which one is current, which numbers there are, and that choice itself. What a figure shows is not compared: a cell
that asked for one may have drawn on it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from typing import Any, Protocol

from nbledger.capture.hooks import pyplot
from nbledger.records import ABSENT, Version

_CURRENT, _NUMBERS, _CHOICE = "matplotlib.pyplot.gcf()", "matplotlib.pyplot.get_fignums()", "matplotlib.backend"
_ASKS_NUMBERS = frozenset({"get_fignums", "fignum_exists", "get_figlabels", "number"})
_ASKS_ALL = frozenset({"get_all_fig_managers", "figs"})
_CHOOSES = frozenset(
    {"use", "switch_backend", "ioff", "ion", "interactive", "run_line_magic", "close_figures", "backend"}
)


class Edges(Protocol):
    """Where the edges of hidden state are collected."""

    def use(self, name: str, version: Version) -> None:
        """The cell used a state."""

    def generate(self, name: str, version: Version, *, derived: bool) -> None:
        """The cell made a state."""


class Figures:
    """The figures that pyplot has open, around each cell. `version` gives the version of a value."""

    def __init__(self, version: Callable[[Any], Version]) -> None:
        self._version = version
        self._made: dict[str, Version] = {}
        self._chosen: tuple[Any, ...] | None = None

    def begin(self, said: Collection[str]) -> None:
        """Take note of what is open before a cell that says these names."""
        pyplot.forget()
        pyplot.begin()
        self._chosen = None if _CHOOSES.isdisjoint(said) else _choice()

    def end(self, found: Edges, said: Collection[str], touched: Collection[int]) -> None:
        """Collect what the cell did with figures; `touched` are the identities of those that its variables reach."""
        made = dict(self._made)
        if self._chosen is not None and (chosen := _choice()) != self._chosen:
            self._make(found, _CHOICE, self._version(chosen), derived=True)
        now, asked = pyplot.open_figures(), pyplot.asked()
        if not (now or made):
            return
        before = asked.open
        gone_on = set(asked.numbers) if _ASKS_ALL.isdisjoint(said) else set(before)
        gone_on.update(number for number, figure in before.items() if figure in touched)
        used = {_name(number) for number in gone_on | asked.missed}
        if asked.relied:
            used.add(_CURRENT)
        if asked.by_number or not _ASKS_NUMBERS.isdisjoint(said):
            used.add(_NUMBERS)
        if gone_on:
            used.add(_CHOICE)
        for name in sorted(used & made.keys()):
            found.use(name, made[name])
        self._opened(found, before, now, gone_on)
        current = next(reversed(now), None)
        if (current, id(now.get(current))) != (asked.current, before.get(asked.current, id(None))):
            fell_back = current in before and asked.current not in now
            self._make(found, _CURRENT, self._version(repr(current)), derived=fell_back)
        if now.keys() != before.keys():
            self._make(found, _NUMBERS, self._version(sorted(map(repr, now))), derived=True)

    def _opened(self, found: Edges, before: dict[Any, int], now: dict[Any, Any], gone_on: Collection[Any]) -> None:
        for number, figure in now.items():
            is_new = before.get(number) != id(figure)
            if is_new or number in gone_on:
                self._make(found, _name(number), self._version(figure), derived=not is_new)
        for number in before.keys() - now.keys():
            self._make(found, _name(number), ABSENT, derived=False)

    def _make(self, found: Edges, name: str, version: Version, *, derived: bool) -> None:
        self._made[name] = version
        found.generate(name, version, derived=derived)


def _name(number: Any) -> str:
    return f"matplotlib.pyplot.figure({number!r})"


def _choice() -> tuple[Any, ...]:
    """Return what decides whether figures stay open: the backend that was chosen, and when figures are closed."""
    params = getattr(sys.modules.get("matplotlib"), "rcParams", {})
    backend = dict.get(params, "backend")  # asking the parameters themselves would choose one
    inline = getattr(sys.modules.get("matplotlib_inline.config"), "InlineBackend", None)
    closes = inline.instance().close_figures if inline is not None and inline.initialized() else True
    return str(backend).lower() if type(backend) is str else None, bool(dict.get(params, "interactive")), closes
