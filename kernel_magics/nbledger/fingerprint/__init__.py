"""Value to content hash, exactness and schema.

How it works: one walk (`walk.py`) turns any value into a short, typed, canonical encoding. A `Sink` (`sink.py`)
decides what a digest is: BLAKE3 for the identity that is recorded, xxh3_128 for the change check. Nothing else
differs, but that the change check may look at memory as it lies, while the identity is free of memory layout.
Encoders are chosen by exact type; those for numpy, pandas and the like are imported when the first such value is met,
so this package itself imports nothing heavy.

The package is callable: `nbledger.fingerprint(value)` is `nbledger.fingerprint.fingerprint(value)`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from nbledger.records import Version

from .files import file_fingerprint
from .version import change_token, fingerprint, flat_fingerprint, token

__all__ = ["change_token", "file_fingerprint", "fingerprint", "flat_fingerprint", "token"]


class _Callable(ModuleType):
    """A module that can be called, so that the package and its main function share one name."""

    def __call__(self, value: Any, **options: Any) -> Version:
        return fingerprint(value, **options)


sys.modules[__name__].__class__ = _Callable
