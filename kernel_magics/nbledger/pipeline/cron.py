"""Cron schedules of five fields: only whether one is right, as schedulers run them.

The fields are crontab(5)'s: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday), each `*`, a
number, a range `1-5`, a step `*/15`, or a list of those.
"""

from __future__ import annotations

import re

_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, tuple("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split())),
    ("weekday", 0, 7, tuple("SUN MON TUE WED THU FRI SAT".split())),
)
_PART = re.compile(r"(?:(?P<all>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


def cron_problem(text: str) -> str | None:
    """Return what is wrong with a schedule in words, `None` when nothing is."""
    words = text.split()
    if len(words) != len(_FIELDS):
        return f"{text!r} is no cron schedule: it has five fields, such as '0 3 * * 1' (Mondays at 3:00 UTC)"
    for word, (name, least, most, names) in zip(words, _FIELDS, strict=True):
        for part in word.split(","):
            if not _fits(part, least, most, names):
                return f"{text!r} is no cron schedule: its {name} {part!r} is not in {least} to {most}"
    return None


def _fits(part: str, least: int, most: int, names: tuple[str, ...]) -> bool:
    match = _PART.fullmatch(part)
    if match is None or match["step"] == "0" or (match["step"] and int(match["step"]) > most):
        return False
    if match["all"]:
        return True
    first = _number(match["first"], least, names)
    last = first if match["last"] is None else _number(match["last"], least, names)
    return first is not None and last is not None and least <= first <= last <= most


def _number(text: str, least: int, names: tuple[str, ...]) -> int | None:
    if text.upper() in names:
        return names.index(text.upper()) + (least if least == 1 else 0)
    return int(text) if text.isdigit() and text.isascii() else None


__all__ = ["cron_problem"]
