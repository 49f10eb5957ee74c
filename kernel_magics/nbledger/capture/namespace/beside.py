"""What a cell may change though it names none of it: by threads, in open figures, library classes, reloaded modules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from nbledger.capture.code.names import CellCode
from nbledger.capture.hooks import pyplot
from nbledger.capture.namespace.background import Background
from nbledger.capture.namespace.kinds import Kind, kind_of
from nbledger.capture.namespace.patches import watched
from nbledger.capture.namespace.sharing import Reach


class Seen(NamedTuple):
    """What happened beside a cell: what threads and tasks reach, why that cannot be told, and the classes changed."""

    threads: list[Reach]
    opaque: tuple[str, ...]
    patched: set[type]


_NOTHING = Seen([], (), set())


class Beside:
    """What is watched around a cell beside the variables that it names.

    `figures` are the identities of the open ones, `specs` those of modules by variable: `importlib.reload` gives a
    module another.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._background = Background(namespace)
        self._classes: dict[type, int] = {}
        self._watches = False
        self.figures: frozenset[int] = frozenset()
        self.specs: dict[str, Any] = {}

    @property
    def is_idle(self) -> bool:
        """Whether nothing of the user's goes on, and no figure is open."""
        return self._background.is_idle and not pyplot.open_figures()

    def before(self, codes: Iterable[CellCode]) -> None:
        """Take note of what there is before a cell runs."""
        self._watches = True
        self.figures = frozenset(map(id, pyplot.open_figures().values()))
        self._classes = watched()
        self._background.before()
        self.specs = self._specs_of_modules() if any("reload" in code.said for code in codes) else {}

    def pass_over(self) -> None:
        """Take it that the cell that comes changes nothing beside its variables."""
        self._watches = False
        self.figures = frozenset()
        self.specs = {}
        pyplot.forget()

    def after(self) -> Seen:
        """Return what happened since `before`."""
        if not self._watches:
            return _NOTHING
        threads, opaque = self._background.after()
        patched = {cls for cls, count in watched().items() if self._classes.get(cls, count) != count}
        return Seen(threads, opaque, patched)

    def _specs_of_modules(self) -> dict[str, Any]:
        values = list(self._namespace.items())
        return {name: value.__dict__.get("__spec__") for name, value in values if isinstance_of_module(value)}


def isinstance_of_module(value: Any) -> bool:
    """Tell whether a value is a module, without asking it."""
    return kind_of(type(value)) is Kind.MODULE
