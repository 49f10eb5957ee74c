"""What was recorded, in the words of others: W3C PROV-JSON, OpenLineage events, RO-Crate (docs/standards.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from nbledger.ledger import Ledger


def write_prov(ledger: Ledger, out: IO[str] | Path | str, targets: Iterable[str] = ()) -> int:
    """Write runs as one W3C PROV-JSON document and return how many.

    `targets` are variables, files, metrics, runs or models, each with the runs that made it; without any it is the
    last session. A file at the path `out` is replaced. Raises `NothingToExport`, `TargetNotFound`.
    """
    from nbledger.lineage.standards.prov import write

    with _opened(out) as file:
        return write(ledger, file, targets)


def write_openlineage(ledger: Ledger, out: IO[str] | Path | str, targets: Iterable[str] = ()) -> int:
    """Write runs as OpenLineage run events, one a line, and return how many runs; else as `write_prov`."""
    from nbledger.lineage.standards.openlineage import write

    with _opened(out) as file:
        return write(ledger, file, targets)


def write_ro_crate(ledger: Ledger, path: Path | str, targets: Iterable[str] = ()) -> int:
    """Write runs as a Process Run Crate, a new folder or a `.zip` file, and return how many.

    Targets and errors as `write_prov`; raises `CrateExists` for a folder that holds something already.
    """
    from nbledger.lineage.standards.ro_crate import write

    return write(ledger, Path(path), targets)


@contextmanager
def _opened(out: IO[str] | Path | str) -> Iterator[IO[str]]:
    if not isinstance(out, Path | str):
        yield out
        return
    from nbledger.lineage.standards.spool import whole_file

    with whole_file(Path(out)) as raw, TextIOWrapper(raw, "utf-8", newline="\n") as file:
        yield file


__all__ = ["write_openlineage", "write_prov", "write_ro_crate"]
