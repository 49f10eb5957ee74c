"""A card as Markdown that every code host draws; text from outside stays text."""

from __future__ import annotations

import re

from nbledger.registry.card.page import Block, Card, Code, Facts, Items, Section, Table, Text
from nbledger.tables import clean

_SPECIAL = re.compile(r"([\\`*_\[\]{}<>|~#$])")


def to_markdown(card: Card) -> str:
    """Return a card as Markdown."""
    lines = [f"# {escaped(card.title)}", "", escaped(card.subtitle)]
    for section in card.sections:
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return text as Markdown that shows it and nothing else: no markup, no HTML, no link, no line break."""
    safe = _SPECIAL.sub(r"\\\1", clean(text)).replace("&", "&amp;")
    safe = re.sub(r"^(\s*)([-+=]|\d+[.)])(?=\s)", r"\1\\\2", safe)
    return re.sub(
        r"(?i)\b(https?|ftp)://|\bwww\.", lambda found: found[0].replace(":", "&#58;").replace(".", "&#46;"), safe
    )


def _section(section: Section) -> list[str]:
    lines = [f"{'###' if section.part else '##'} {escaped(section.title)}"]
    for block in section.blocks:
        lines += ["", *_block(block)]
    return lines


def _block(block: Block) -> list[str]:
    if isinstance(block, Text):
        paragraphs = re.split(r"\n\s*\n", block.text.strip())
        return "\n\n".join(escaped(" ".join(part.split())) for part in paragraphs).split("\n")
    if isinstance(block, Items):
        return [f"- {escaped(item)}" for item in block.items]
    if isinstance(block, Facts):
        return [f"- {escaped(name)}: {escaped(value)}" for name, value in block.items]
    if isinstance(block, Table):
        return _table(block)
    return _code(block)


def _table(block: Table) -> list[str]:
    rule = ["---:" if at in block.numeric else "---" for at in range(len(block.headers))]
    return [
        *([escaped(block.caption), ""] if block.caption else []),
        _row(tuple(map(escaped, block.headers))),
        _row(tuple(rule)),
        *(_row(tuple(map(escaped, row))) for row in block.rows),
    ]


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(block: Code) -> list[str]:
    longest = max((len(run) for run in re.findall(r"`+", block.source)), default=0)
    fence = "`" * max(3, longest + 1)
    return [escaped(block.caption), "", f"{fence}{block.language}", *block.source.splitlines(), fence]


__all__ = ["escaped", "to_markdown"]
