"""Typed errors with fields.

Each message is one line that names the thing and says what to do. Each error keeps its fields as attributes and
survives pickling, so that it can cross a process border.
"""

from __future__ import annotations

from typing import Any


class NBLedgerError(Exception):
    """The base of all errors that nbledger raises on purpose.

    Subclasses pass their fields by keyword; `message` builds the text from them.
    """

    template = "{detail}"
    exit_code = 1
    """What the command line ends with."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(self.template.format(**fields))

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["fields"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.fields)


def _rebuild(cls: type[NBLedgerError], fields: dict[str, Any]) -> NBLedgerError:
    return cls(**fields)
