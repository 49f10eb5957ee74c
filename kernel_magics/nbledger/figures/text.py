"""Text in figures: names from outside stay text, numbers keep their significant digits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from nbledger import tables
from nbledger.tables import ELLIPSIS, clean

WIDEST = 32
#: What plotly would take for markup, a template or TeX. Entities are the one escape that it knows.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", "%": "&#37;"})


def plain(text: object, width: int | None = None) -> str:
    """Return a name as plotly shows it and nothing else: no tag, no link, no TeX; cut in its middle to `width`."""
    words = clean(str(text))
    return (words if width is None else shortened(words, width)).translate(_ESCAPES)


def shortened(text: str, width: int = WIDEST) -> str:
    """Return the text cut in its middle to `width` characters: names differ at their ends."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return text[: width - 1 - tail] + ELLIPSIS + text[len(text) - tail :]


def number(value: Any, unit: str | None = None) -> str:
    """Return a number with five significant digits and its unit: `0.91234`, `1.2e-05 s`; `-` for none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    shown = tables.number(float(value) if hasattr(value, "dtype") and value.dtype.kind == "f" else value)
    return f"{shown} {unit}" if unit else shown


def sentence(words: Iterable[str]) -> str:
    """Return remarks as one sentence; empty ones are left out, and of none there is none."""
    text = "; ".join(filter(None, words))
    return f"{text[0].upper()}{text[1:]}." if text else ""
