"""The keyword arguments of `Ledger.runs` as conditions."""

from __future__ import annotations

from nbledger.ledger.conditions import Comparison, Condition, Name


def selection(**attributes: str | bool | None) -> list[Condition]:
    """Return `attribute = value` for each argument that is not `None`."""
    return [
        Comparison(Name("attributes", key), "=", (value,)) for key, value in attributes.items() if value is not None
    ]
