"""What a card is made of: sections of text, names with values, tables and code. Markdown and HTML are drawn from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NOT_RECORDED = "not recorded"
#: The mark of a number that was judged on other data than what it stands beside.
NOT_COMPARED = "≠ other data"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, or several: blank lines part them."""

    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain values."""
        return {"text": self.text}


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with values, in order."""

    items: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain values."""
        return {"facts": dict(self.items)}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headers; `caption` says what they are. Numbers are given as text, in the columns named `numeric`."""

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain values."""
        return {"caption": self.caption, "rows": [dict(zip(self.headers, row, strict=True)) for row in self.rows]}


@dataclass(frozen=True, slots=True)
class Code:
    """Source code with what it is of."""

    caption: str
    source: str
    language: str = "python"

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain values."""
        return {"caption": self.caption, "source": self.source}


@dataclass(frozen=True, slots=True)
class Items:
    """Sentences, each a point of a list."""

    items: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain values."""
        return {"items": list(self.items)}


Block = Text | Items | Facts | Table | Code


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its blocks; `part` is set for one that stands within the section before it."""

    title: str
    blocks: tuple[Block, ...]
    part: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the section as plain values."""
        return {"title": self.title, "blocks": [block.to_dict() for block in self.blocks]}


@dataclass(frozen=True, slots=True)
class Card:
    """A model card: `title`, a line below it, `sections` in order; `data` has what programs read of it."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    data: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the card as plain values."""
        sections = [section.to_dict() for section in self.sections]
        return {"title": self.title, "subtitle": self.subtitle, **self.data, "sections": sections}

    def section(self, title: str) -> Section:
        """Return the section of a title. Raises `KeyError`."""
        for section in self.sections:
            if section.title == title:
                return section
        raise KeyError(title)


__all__ = ["NOT_COMPARED", "NOT_RECORDED", "Block", "Card", "Code", "Facts", "Items", "Section", "Table", "Text"]
