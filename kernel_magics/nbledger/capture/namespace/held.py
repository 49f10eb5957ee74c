"""Knowing an object again without keeping it alive, and without its being able to tell.

A weak reference does for most. Not for a numpy array: `a.resize(6)` refuses when anything refers to the array, be it
weakly. An array is the one that was seen when it stands at the same place and has the same content.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from nbledger.capture.namespace.kinds import Kind, kind_of
from nbledger.fingerprint import change_token


def is_array(value: Any) -> bool:
    """Tell whether a value is a numpy array."""
    return kind_of(type(value)) is Kind.ARRAY


class Held:
    """An object that was seen. Calling it gives the object while it lives, but never an array.

    `gone` is called when the object dies, where it can be told. One that is not `sure` is never known again. `token`
    is the change token of an array.
    """

    __slots__ = ("_ref", "token")

    def __init__(self, value: Any, gone: Callable[[], object] | None = None) -> None:
        self._ref: weakref.ref[Any] | None = None
        self.token: bytes | None = None
        if is_array(value):
            self.token = change_token(value)[0]
            return
        try:
            self._ref = weakref.ref(value, None if gone is None else lambda _: gone())
        except TypeError:
            pass

    @property
    def sure(self) -> bool:
        """Whether the object can be known again."""
        return self._ref is not None or self.token is not None

    def __call__(self) -> Any:
        """Return the object, or `None`."""
        return None if self._ref is None else self._ref()

    def is_at(self, value: Any) -> bool:
        """Tell whether a value that has the object's `id` is that object."""
        if self.token is not None:
            return is_array(value) and change_token(value)[0] == self.token
        return self._ref is not None and self._ref() is value
