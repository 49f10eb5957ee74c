"""How fast fingerprints are, as ratios to the best possible in the same run.

    python tests/benchmarks/bench_fingerprint.py [--mib 1000] [--rounds 5]

Prints one row a case: time, reference, ratio, limit, and the peak of extra memory. Reference and case take turns, and
the best of each counts, so that a busy machine disturbs both alike. The limits are those of the project's issue 2; they
are printed and never asserted. BLAKE3 is taken twice: with one thread, as `blake3(data)` runs by default, and with
`max_threads=AUTO`.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from blake3 import blake3

from nbledger.fingerprint import fingerprint, token


class Row(NamedTuple):
    """One line of the table."""

    name: str
    seconds: float
    reference: str
    reference_seconds: float
    limit: float
    extra_mib: float


def status_kib(name: str) -> int:
    """Return a figure of `/proc/self/status` in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def extra_memory(call: Callable[[], Any]) -> float:
    """Return by how many MiB the resident set grew at its peak during a call (0 where the system does not tell)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        call()
        return float("nan")
    before = status_kib("VmRSS")
    call()
    return max(0, status_kib("VmHWM") - before) / 1024


def seconds(call: Callable[[], Any]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(
    name: str, call: Callable[[], Any], reference: str, other: Callable[[], Any], limit: float, rounds: int
) -> Row:
    """Measure a case against its reference, turn by turn."""
    pairs = [(seconds(other), seconds(call)) for _ in range(rounds)]
    best_other, best_call = (min(column) for column in zip(*pairs, strict=True))
    return Row(name, best_call, reference, best_other, limit, extra_memory(call))


def frames(mib: int) -> Iterator[tuple[str, pd.DataFrame, Any]]:
    """Yield (name, frame, its bytes as one flat array) for each way in which a float frame comes about."""
    rng = np.random.default_rng(0)
    for columns in (10, 100):
        rows = mib * (1 << 20) // 8 // columns
        data = rng.standard_normal((rows, columns))
        flat = data.reshape(-1).view(np.uint8)
        names = [f"c{i}" for i in range(columns)]
        yield f"{columns} columns, from a 2-D C array", pd.DataFrame(data, columns=names, copy=False), flat
        turned = pd.DataFrame({name: data[:, i] for i, name in enumerate(names)})
        yield f"{columns} columns, from a dict", turned, flat
        turned = pd.DataFrame(np.asfortranarray(data), columns=names, copy=False)
        yield f"{columns} columns, from a 2-D F array", turned, flat
        del turned
        half = columns // 2
        mixed = pd.concat(
            [
                pd.DataFrame(data[:, :half], columns=names[:half]),
                pd.DataFrame(data[:, half:].view(np.int64), columns=names[half:]),
            ],
            axis=1,
        )
        yield f"{columns} columns, half of them integers", mixed, flat
        del mixed


def frame_rows(mib: int, rounds: int) -> Iterator[Row]:
    """Yield the rows of float frames and arrays."""
    for name, frame, flat in frames(mib):
        floats = flat.view(np.float64)
        yield compare(f"token: {name}", lambda f=frame: token(f), "np.sum", lambda d=floats: np.sum(d), 1.5, rounds)
        yield from identity_rows(name, frame, flat, rounds)
    data = np.random.default_rng(0).standard_normal((mib * (1 << 20) // 80, 10))
    flat = data.reshape(-1).view(np.uint8)
    yield from identity_rows("array, C order", data, flat, rounds)
    yield from identity_rows("array, F order", np.asfortranarray(data), flat, rounds)


def identity_rows(name: str, value: Any, flat: Any, rounds: int) -> Iterator[Row]:
    """Yield the identity of a value against BLAKE3 over the same bytes, on one thread and on all."""

    def identity() -> None:
        fingerprint(value)

    yield compare(f"identity: {name}", identity, "BLAKE3, 1 thread", lambda: blake3(flat).digest(), 1.3, rounds)
    every = blake3.AUTO
    yield compare(
        f"identity: {name}", identity, "BLAKE3, AUTO", lambda: blake3(flat, max_threads=every).digest(), 1.3, rounds
    )


def checks(column: pd.Series, rounds: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the change check of a column: met for the first time, and met again (where its objects are known)."""
    if column.dtype != object and column.dtype.storage == "pyarrow":
        yield "token", lambda: token(column)
        return
    fresh = [column.copy(deep=True) for _ in range(rounds + 1)]
    yield "first token", lambda: token(fresh.pop())
    token(column)
    token(column)
    yield "token again", lambda: token(column)


def string_rows(count: int, rounds: int) -> Iterator[Row]:
    """Yield the rows of string columns."""
    unique = [f"customer-{i:09d}" for i in range(count)]
    words = ["alpha", "beta", "gamma", "delta"] * (count // 4)
    shuffled = words.copy()
    random.Random(0).shuffle(shuffled)
    for kind, items in (("distinct", unique), ("4 words in turn", words), ("4 words at random", shuffled)):
        text = "".join(items).encode()
        buffers = np.frombuffer(text + bytes(8 * (len(items) + 1)), np.uint8)
        for storage in ("pyarrow", "python"):
            try:
                dtype: Any = pd.StringDtype(storage, na_value=np.nan)
                column = pd.Series(items, dtype=dtype)
            except (ImportError, TypeError):
                continue
            label = f"str column ({storage}), {kind}"
            for verb, call in checks(column, rounds):
                yield compare(f"{verb}: {label}", call, "memcpy", lambda b=buffers: b.copy(), 3, rounds)
            yield compare(
                f"identity: {label}", lambda c=column: fingerprint(c), "memcpy", lambda b=buffers: b.copy(), 3, rounds
            )
        column = pd.Series(items, dtype=object)
        label = f"object column, {kind}"
        for verb, call in (*checks(column, rounds), ("identity", lambda c=column: fingerprint(c))):
            yield compare(
                f"{verb}: {label}",
                call,
                "hash_pandas_object",
                lambda c=column: pd.util.hash_pandas_object(c, index=False),
                0.2,
                rounds,
            )


def small_rows() -> Iterator[str]:
    """Yield lines on small values: microseconds a call."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((50, 10)), columns=list("abcdefghij"))
    values = {
        "int": (5, 10.0),
        "short str": ("accuracy", 10.0),
        "list of 3": ([1, 2, 3], 10.0),
        "array of 100": (np.arange(100.0), 25.0),
        "frame 50 x 10": (frame, 150.0),
    }
    for name, (value, limit) in values.items():
        costs = []
        for call in (fingerprint, token):
            call(value)
            runs = [seconds(lambda f=call, v=value: [f(v) for _ in range(200)]) / 200 for _ in range(20)]
            costs.append(min(runs) * 1e6)
        yield f"| {name} | {costs[0]:.1f} | {costs[1]:.1f} | {limit:.0f} |"


def main() -> None:
    """Run all cases and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1000, help="size of the large frames")
    parser.add_argument("--strings", type=int, default=2_000_000, help="length of the string columns")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("| case | time | reference | its time | ratio | limit | extra memory (limit 64 MiB) |")
    print("|---|---|---|---|---|---|---|")
    for source in (frame_rows(options.mib, options.rounds), string_rows(options.strings, options.rounds)):
        for row in source:
            ratio = row.seconds / row.reference_seconds
            mark = "" if ratio <= row.limit else " (over)"
            print(
                f"| {row.name} | {row.seconds:.4f} s | {row.reference} | {row.reference_seconds:.4f} s "
                f"| {ratio:.2f}{mark} | {row.limit:g} | {row.extra_mib:.0f} MiB |",
                flush=True,
            )
    print("\n| small value | fingerprint, us | token, us | limit, us |\n|---|---|---|---|")
    for line in small_rows():
        print(line, flush=True)


if __name__ == "__main__":
    main()
