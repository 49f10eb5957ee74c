"""Tell the user's own source files from those of installed packages and the standard library."""

from __future__ import annotations

import os

_FOLDERS = ("site-packages", "dist-packages")
_STANDARD_LIBRARY = os.path.join(os.path.dirname(os.__file__), "")  # noqa: PTH118, PTH120  (a Path drops the separator)


def is_library(filename: str) -> bool:
    """Tell whether a source file belongs to an installed package or the standard library."""
    return filename.startswith((_STANDARD_LIBRARY, "<frozen ")) or any(part in filename for part in _FOLDERS)
