"""Arrays as bytes in the object store: npy, compressed. Reading one executes nothing of it."""

from __future__ import annotations

import io
import zlib
from typing import Any


def packed(array: Any, most: int) -> bytes | None:
    """Return an array as bytes; `None` when they are more than `most`."""
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    data = zlib.compress(buffer.getvalue(), 1)
    return data if len(data) <= most else None


def unpacked(data: bytes) -> Any:
    """Return the array again."""
    import numpy as np

    return np.load(io.BytesIO(zlib.decompress(data)), allow_pickle=False)
