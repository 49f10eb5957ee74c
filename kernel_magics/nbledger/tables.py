"""Plain text tables and the small formats that fill them: they read the same in a terminal, a pipe and a notebook."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

GAP = "  "
ELLIPSIS = "…"
_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))
#: Unicode's control characters (category Cc), which become blanks.
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, width: int | None = None, indent: str = "") -> str:
    """Return rows under headers as aligned columns; columns whose cells are all numbers go to the right.

    With `width` the lines are cut to that many columns (a terminal's); without it nothing is cut. Line breaks and
    control characters in a cell are shown as spaces, so that a cell never breaks its row or steers the terminal.
    """
    body = [[cell if isinstance(cell, str) else number(cell) for cell in row] for row in rows]
    cells = [[clean(cell) for cell in line] for line in [list(headers), *body]]
    if not cells[0]:
        return ""
    widths = [max(display_width(line[column]) for line in cells) for column in range(len(headers))]
    right = [all(_is_number(line[column]) for line in cells[1:]) for column in range(len(headers))]
    lines = []
    for line in cells:
        text = indent + GAP.join(
            pad(cell, size, right=flag) for cell, size, flag in zip(line, widths, right, strict=True)
        )
        lines.append(cut(text.rstrip(), width))
    return "\n".join(lines)


def pairs(items: Iterable[tuple[str, Any]], *, indent: str = "  ", width: int | None = None) -> str:
    """Return names and values as two columns, one pair a line."""
    rows = [(clean(name), clean(value if isinstance(value, str) else number(value))) for name, value in items]
    size = max((display_width(name) for name, _ in rows), default=0)
    return "\n".join(cut(f"{indent}{pad(name, size)}{GAP}{value}".rstrip(), width) for name, value in rows)


def clean(text: str) -> str:
    """Return the text on one line without control characters."""
    return text if text.isprintable() else text.translate(_CONTROLS)


def display_width(text: str) -> int:
    """Return how many terminal columns a text takes; wide East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


def pad(text: str, size: int, *, right: bool = False) -> str:
    """Return the text filled with spaces to `size` columns."""
    spaces = " " * (size - display_width(text))
    return spaces + text if right else text + spaces


def cut(text: str, width: int | None) -> str:
    """Return the text, with an ellipsis at its end when it is wider than `width`."""
    if width is None or display_width(text) <= width:
        return text
    kept = text
    while display_width(kept) > width - 1:
        kept = kept[: max(width - 1, 0) if len(kept) > width else -1]
        if width <= 1:
            break
    return kept + ELLIPSIS


def number(value: Any) -> str:
    """Return a value as a table shows it: floats to five significant digits, nothing for `None`."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)
    return f"{value:.5g}"


def many(count: int, what: str) -> str:
    """Return a count with its noun: `1 run`, `3 runs`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def change(value: float, base: float) -> str:
    """Return the difference to a base with its sign: `+0.0069`, `=` when there is none."""
    difference = value - base
    return "=" if difference == 0 else f"{difference:+.3g}"


def ago(moment: float | None, now: float | None = None) -> str:
    """Return how long ago a moment (seconds since the epoch) was: `12 s ago`, `3 h ago`, `5 d ago`."""
    if moment is None:
        return ""
    passed = max((time.time() if now is None else now) - moment, 0.0)
    for size, unit in _UNITS:
        if passed >= size:
            return f"{passed / size:.0f} {unit} ago"
    return f"{passed:.0f} s ago"


def when(moment: float | None) -> str:
    """Return a moment (seconds since the epoch) as local date and time to the second."""
    return "" if moment is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))


def span(seconds: float | None) -> str:
    """Return a duration: `< 1 ms`, `35 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None:
        return ""
    if seconds < 0.001:
        return "< 1 ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def size(count: int | None) -> str:
    """Return a number of bytes in binary units: `812 B`, `1.4 KiB`, `23 MiB`."""
    if count is None:
        return ""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def _is_number(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True
