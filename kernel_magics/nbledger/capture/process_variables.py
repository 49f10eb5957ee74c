"""The environment variables that change results: what a session's process started with, and how to start one so again.

A short list of names, none of which holds a secret: how text is hashed, how many threads add up numbers (in another
order, sums come out otherwise in the last digits), which instructions they use, time zone and language.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

HASH_SEED = "PYTHONHASHSEED"
RANDOM = "random"
"""Stands for a hash seed that the process drew by itself: nobody can know it, nor set it again."""

RESULT_VARIABLES = (
    HASH_SEED,
    "BLIS_NUM_THREADS",
    "CUBLAS_WORKSPACE_CONFIG",
    "LANG",
    "LC_ALL",
    "LOKY_MAX_CPU_COUNT",
    "MKL_CBWR",
    "MKL_NUM_THREADS",
    "NPY_DISABLE_CPU_FEATURES",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "PYTHONOPTIMIZE",
    "PYTHONUTF8",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TZ",
    "VECLIB_MAXIMUM_THREADS",
)


def result_variables() -> dict[str, str]:
    """Return those that are set, and always the hash seed, which is `random` where the process drew its own."""
    found = {name: os.environ[name] for name in RESULT_VARIABLES if name in os.environ}
    return {**found, HASH_SEED: _hash_seed()}


def started_as(recorded: Mapping[str, str] | None, environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for a process with these variables as they were recorded, if they were."""
    found = dict(environ)
    for name in RESULT_VARIABLES if recorded is not None else ():
        value = (recorded or {}).get(name)
        if value is None:
            found.pop(name, None)
        elif (name, value) != (HASH_SEED, RANDOM):
            found[name] = value
    return found


def set_again(recorded: Mapping[str, str] | None, environ: Mapping[str, str]) -> str | None:
    """Return a sentence that names the variables which `started_as` sets otherwise than they are here."""
    then = started_as(recorded, environ)
    changed = [name for name in RESULT_VARIABLES if then.get(name) != environ.get(name)]
    if not changed:
        return None
    said = [f"{name} {_told(then.get(name))} (here {_told(environ.get(name))})" for name in changed]
    return f"environment variables are as recorded: {', '.join(said)}"


def _told(value: str | None) -> str:
    return "not set" if value is None else value or "empty"


def _hash_seed() -> str:
    """Return the seed that the process started with: what a cell writes into `os.environ` later has no effect."""
    try:
        entries = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:  # no such system
        given = os.environ.get(HASH_SEED, "")
    else:
        start = f"{HASH_SEED}=".encode()
        given = next((os.fsdecode(entry[len(start) :]) for entry in entries if entry.startswith(start)), "")
    return given if given.isdigit() else RANDOM


__all__ = ["HASH_SEED", "RANDOM", "RESULT_VARIABLES", "result_variables", "set_again", "started_as"]
