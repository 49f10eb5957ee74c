"""An axis of a picture: where a value stands on it, and which ticks it has."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any, Literal

from nbledger.figures.text import number, shortened

Kind = Literal["linear", "log", "date", "category"]
_TICKS = 5
WIDEST = 24


@dataclass(slots=True)
class Axis:
    """Values from `low` to `high` (of a logarithmic axis their logarithms) between two places, in pixels."""

    low: float
    high: float
    start: float
    end: float
    kind: Kind = "linear"
    names: list[str] = field(default_factory=list)
    given: list[tuple[float, str]] = field(default_factory=list)

    @classmethod
    def of(cls, layout: Any, values: Iterable[Any], start: float, end: float) -> Axis:
        """Return the axis for values that are drawn along it; `layout` is the figure's own axis."""
        every = [one for part in values if part is not None for one in part if one is not None]
        words = any(isinstance(one, str) for one in every) and layout.type != "date"
        kind: Kind = "category" if words else layout.type if layout.type in ("log", "date") else "linear"
        found = cls(0.0, 1.0, start, end, kind)
        if words:
            found.names = list(dict.fromkeys(map(str, every)))
            found.low, found.high = -0.5, len(found.names) - 0.5
            return found
        known = [one for one in map(found._number, every) if one is not None]
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        gap = 0.04 * ((high - low) or abs(high) or 1.0)
        found.low, found.high = low - gap, high + gap
        if layout.range is not None and None not in layout.range and kind == "linear":
            found.low, found.high = map(float, sorted(layout.range))
        if layout.rangemode == "tozero":
            found.low = min(0.0, low)
        if layout.tickvals is not None:
            texts = layout.ticktext if layout.ticktext is not None else map(number, layout.tickvals)
            found.given = [(float(one), unescape(str(text))) for one, text in zip(layout.tickvals, texts, strict=False)]
        return found

    def at(self, value: Any, ref: str | None = None) -> float | None:
        """Return where a value stands, `None` where it does not; with `ref` "... domain" a share of the axis."""
        if ref is not None and (ref == "paper" or "domain" in ref):
            return self.start + (self.end - self.start) * float(value)
        found = self._number(value)
        if found is None:
            return None
        return self.start + (self.end - self.start) * (found - self.low) / ((self.high - self.low) or 1.0)

    def ticks(self) -> list[tuple[float, str]]:
        """Return where ticks stand and what they say."""
        if self.kind == "category":
            pairs = [(float(at), unescape(name)) for at, name in enumerate(self.names)]
        elif self.given:
            pairs = self.given
        elif self.kind == "log":
            pairs = [(float(at), number(10.0**at)) for at in range(math.ceil(self.low), math.floor(self.high) + 1)]
        elif self.kind == "date":
            steps = [self.low + (self.high - self.low) * (at + 0.5) / 4 for at in range(4)]
            pairs = [(one, datetime.fromtimestamp(one).isoformat(" ", "minutes")) for one in steps]  # noqa: DTZ006
        else:
            pairs = [(one, number(one)) for one in _nice(self.low, self.high)]
        scale = (self.end - self.start) / ((self.high - self.low) or 1.0)
        return [(self.start + (one - self.low) * scale, shortened(text, WIDEST)) for one, text in pairs]

    def step(self, count: int) -> float:
        """Return the pixels from one of `count` evenly spread values to the next."""
        return abs(self.end - self.start) / max(len(self.names) or count, 1)

    def _number(self, value: Any) -> float | None:
        if value is None:
            return None
        if self.kind == "category":
            return float(self.names.index(str(value))) if str(value) in self.names else None
        if self.kind == "date":
            return datetime.fromisoformat(str(value)).timestamp()
        found = float(value)
        if not math.isfinite(found):
            return None
        if self.kind == "log":
            return math.log10(found) if found > 0 else None
        return found


def _nice(low: float, high: float) -> list[float]:
    """Return round numbers between two others, about five."""
    raw = (high - low) / _TICKS
    if not raw > 0 or not math.isfinite(raw):
        return [low]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= raw)
    first = math.ceil(low / step)
    return [round(at * step, 12) for at in range(first, math.floor(high / step) + 1)][: 4 * _TICKS]


__all__ = ["Axis"]
