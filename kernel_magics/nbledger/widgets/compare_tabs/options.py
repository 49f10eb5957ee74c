"""What can be chosen in a tab: named options, their choices, and what counts where a choice is not there any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nbledger.figures.text import shortened

Kind = Literal["one", "many", "flag", "share"]
Choice = tuple[str, Any]
#: A list of more choices than this is no list to choose from.
MOST_CHOICES = 500


@dataclass(frozen=True, slots=True)
class Option:
    """An option: one of its choices, many of them, on or off, or a share from 0 to 0.99.

    `choices` are pairs of a label and a value that JSON holds; `hint` says more where one points at it.
    """

    name: str
    label: str
    kind: Kind
    default: Any
    choices: tuple[Choice, ...] = ()
    hint: str = ""

    def checked(self, value: Any) -> Any:
        """Return the value if it can be chosen now, else the default."""
        known = [choice for _, choice in self.choices]
        if self.kind == "one":
            return value if value in known else self.default
        if self.kind == "many":
            listed = [one for one in value if one in known] if isinstance(value, list | tuple) else []
            return tuple(listed) or tuple(self.default)
        if self.kind == "flag":
            return value if isinstance(value, bool) else self.default
        number = isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124
        return min(max(float(value), 0.0), 0.99) if number else self.default


def named(columns: Iterable[str]) -> tuple[Choice, ...]:
    """Return columns as choices by their bare names, and by their full ones where two have the same."""
    found = list(columns)[:MOST_CHOICES]
    bare = [name.partition(".")[2] for name in found]
    return tuple(
        (shortened(key if bare.count(key) == 1 else name, 40), name) for key, name in zip(bare, found, strict=True)
    )


def one_of(name: str, label: str, choices: Sequence[Choice], *, default: Any = None, hint: str = "") -> Option:
    """Return an option of one choice, by default the first."""
    known = [value for _, value in choices]
    return Option(name, label, "one", default if default in known else next(iter(known), None), tuple(choices), hint)


__all__ = ["Choice", "Option", "named", "one_of"]
