"""Which of the figures that pyplot has open a cell asks for: `plt.title(...)` names none, it draws on the current one.

All of pyplot, and what draws through it (pandas, seaborn), asks one class for its figures, `Gcf`. Its two functions
that give one get a hook by code swap (docs/decisions/0004), once a figure has been left open at the end of a cell:
where none ever is, as with the backend of Jupyter that closes them, nothing is hooked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

from nbledger.capture.hooks import swap
from nbledger.capture.hooks.swap import Hook, unseen

_MODULE = "matplotlib._pylab_helpers"


class Asked:
    """What a cell asked pyplot for. `open` are the figures that were open before it, by number, `current` one of them.

    `numbers` are those of them that it asked for, by a number where `by_number`; `relied` says that it mattered which
    one is current, and `missed` are the numbers that were asked for in vain.
    """

    def __init__(self, figures: dict[Any, Any]) -> None:
        self.open = {number: id(figure) for number, figure in figures.items()}
        self.current = next(reversed(self.open), None)
        self.numbers: set[Any] = set()
        self.missed: set[Any] = set()
        self.relied = self.by_number = False

    @property
    def figures(self) -> set[int]:
        """The identities of the figures that were asked for."""
        return {self.open[number] for number in self.numbers}

    def current_is(self, manager: Any) -> None:
        """The current figure was asked for."""
        number = None if manager is None else manager.num
        if self._note(number, manager):
            self.relied = self.relied or number == self.current
        elif manager is None and not self.open:
            self.relied = True

    def numbered(self, manager: Any, number: Any) -> None:
        """A figure was asked for by its number."""
        if manager is None:
            self.missed.add(number)
        elif self._note(number, manager):
            self.by_number = True

    def _note(self, number: Any, manager: Any) -> bool:
        was_open = manager is not None and self.open.get(number) == id(manager.canvas.figure)
        if was_open:
            self.numbers.add(number)
        return was_open


_NONE = Asked({})


class _Shared:
    asked: Asked = _NONE
    listens = False
    hooked = False


class _FigureHook(Hook):
    """Tells of the figure that `Gcf` gives."""

    __slots__ = ("tell",)

    def __init__(self, original: FunctionType, tell: Callable[..., None]) -> None:
        super().__init__(original)
        self.tell = tell

    @unseen
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the original, and tell what it gave."""
        try:
            manager = self.original(*args, **kwargs)
            if _Shared.listens:
                self.tell(_Shared.asked, manager, *args[1:], *kwargs.values())
            return manager
        except BaseException as error:
            trace = error.__traceback__
            error.__traceback__ = None if trace is None else trace.tb_next
            raise


def open_figures() -> dict[Any, Any]:
    """Return the figures that pyplot has open, by number: what `plt.plot` may draw on. The last one is current."""
    helpers = sys.modules.get(_MODULE)
    managers = getattr(helpers, "Gcf", None) and helpers.Gcf.figs  # type: ignore[union-attr]
    return {number: manager.canvas.figure for number, manager in list(managers.items())} if managers else {}


def begin() -> None:
    """Take note of what is asked for from now on, if there was ever a figure to ask for."""
    figures = open_figures()
    gcf = getattr(sys.modules.get(_MODULE), "Gcf", None)
    if gcf is None or not (figures or _Shared.hooked):
        return
    for name, tell in (("get_active", Asked.current_is), ("get_fig_manager", Asked.numbered)):
        swap.swap(getattr(gcf, name).__func__, partial(_FigureHook, tell=tell))
    _Shared.hooked = True
    _Shared.asked = Asked(figures)
    _Shared.listens = True


def stop() -> None:
    """Take note no more."""
    _Shared.listens = False


def asked() -> Asked:
    """Return what the cell, or the last one, asked for."""
    return _Shared.asked


def forget() -> None:
    """Take it that the cell that comes asks for nothing."""
    _Shared.asked = _NONE
