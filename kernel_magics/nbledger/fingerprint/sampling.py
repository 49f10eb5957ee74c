"""Samples of contents too large to hash in full, when the caller allows it (`sample_over`).

Deterministic and stratified: the content is cut into equal strata and one position is taken in each, at an offset
that depends on the stratum's number only. Equal contents give equal samples in every process; a difference outside
the sample is not seen, which is why the exactness then reads `sampled`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

STRATA = 65_536


def positions(n: int, strata: int = STRATA) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return sorted positions in `range(n)`, at most one a stratum; the first and the last are always among them."""
    if n <= strata:
        return np.arange(n, dtype=np.int64)
    edges = np.linspace(0, n, strata + 1).astype(np.int64)
    widths = np.diff(edges)
    # Weyl's sequence of the golden ratio: even offsets without a random generator.
    offsets = (np.arange(strata) * 0.6180339887498949) % 1.0
    picked = edges[:-1] + (offsets * widths).astype(np.int64)
    picked[0], picked[-1] = 0, n - 1
    return picked


def sample_array(value: Any) -> Any:
    """Return a stratified sample of an array's elements in C order, one-dimensional."""
    return value[np.unravel_index(positions(value.size), value.shape)]
