"""Results of an earlier run taken in place of running a notebook again, where that run did what this one would do.

`lookup` compares a notebook that is about to run with what the ledger holds, `restore` and `take` give its results,
`note` keeps those of a run that ends, and `explain` says why a notebook runs or does not. Nobody declares what a
notebook depends on: it is what its runs were seen to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbledger.ledger import Ledger
from nbledger.pipeline.caching.explaining import explain as explain_found
from nbledger.pipeline.caching.lookup import Hit, Miss, find, origin
from nbledger.pipeline.caching.noting import note
from nbledger.pipeline.caching.record import CACHED_TAG, KEY_TAG
from nbledger.pipeline.caching.restoring import NotRestored
from nbledger.pipeline.caching.restoring import restore as restore_writes
from nbledger.pipeline.caching.step import Step, step_of
from nbledger.pipeline.caching.taking import take


def lookup(
    ledger: Ledger,
    nb: Any,
    notebook_path: Path | str,
    params: Mapping[str, Any] | None = None,
    kernel: str | None = None,
    cwd: Path | str | None = None,
    *,
    experiment: str | None = None,
    files: Mapping[str, str] | None = None,
) -> Hit | Miss:
    """Return the earlier run whose results are those that this notebook would give now, or why there is none.

    `nb` is the notebook's node, `params` are typed (as `parameters.check` returns them), `files` as of `find`. Nothing
    is written.
    """
    return find(ledger, step_of(ledger, nb, notebook_path, params, kernel, cwd, experiment), files)


def restore(ledger: Ledger, hit: Hit, root: Path | None = None) -> tuple[str, ...]:
    """Put back the files that the earlier run wrote, where they are missing or differ; returns their names.

    Raises `NotRestored`, and has then changed nothing.
    """
    return restore_writes(ledger, hit.record.writes, root or ledger.root)


def explain(
    ledger: Ledger,
    nb: Any,
    notebook_path: Path | str,
    params: Mapping[str, Any] | None = None,
    kernel: str | None = None,
    cwd: Path | str | None = None,
    *,
    experiment: str | None = None,
) -> str:
    """Return in words why a notebook would run, or from which run its results would be taken. Nothing runs."""
    return explain_found(ledger, lookup(ledger, nb, notebook_path, params, kernel, cwd, experiment=experiment))


__all__ = [
    "CACHED_TAG",
    "KEY_TAG",
    "Hit",
    "Miss",
    "NotRestored",
    "Step",
    "explain",
    "explain_found",
    "find",
    "lookup",
    "note",
    "origin",
    "restore",
    "step_of",
    "take",
]
