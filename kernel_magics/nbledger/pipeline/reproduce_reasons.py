"""Says in one line what outside of the cells may be why a reproduction failed or differs, and what to do about it.

Only what is recorded is told from: what the cell read from the network, which distributions were installed, which of
the things that it read came out as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from nbledger.lineage.graph import Graph

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.lineage.slicing import Slice, SliceRun
    from nbledger.pipeline.reproduce import Difference, Failure
    from nbledger.records import Environment

_MODULE = re.compile(r"No module named '([\w.]+)'")
_MISSING = re.compile(r"\[Errno 2\][^']*'([^']+)'")


def reason_of_failure(
    ledger: Ledger, cut: Slice, failure: Failure, recorded: Environment | None, packages: Mapping[str, str]
) -> str | None:
    """Return why a cell may have failed that did not when it was recorded; `packages` are those of the replay."""
    kind, message = failure.error.type, failure.error.message
    run = next((one for one in cut.runs if one.id == failure.run), None)
    module = _MODULE.search(message)
    if module is not None:
        return _of_module(module[1].partition(".")[0], recorded, packages)
    if run is None:
        return None
    if kind == "KeyError" and "environ" in run.source and message.strip("'\"") in run.source:
        return f"the environment variable {message.strip(chr(39))} is not set here: set it, and reproduce again"
    missing = _MISSING.search(message) if kind == "FileNotFoundError" else None
    if missing is not None:
        return _of_file(missing[1], cut)
    return _of_network(_addresses(ledger, [run]))


def reason_of_difference(ledger: Ledger, cut: Slice, first: Difference, unsure: Iterable[Difference]) -> str | None:
    """Return why the first difference may have come: the network, what could not be compared, or the cell itself."""
    place = next((place for place, one in enumerate(cut.runs) if one.id == first.run), None)
    if place is None:
        return None
    run = cut.runs[place]
    network = _of_network(_addresses(ledger, cut.runs[: place + 1]))
    if network is not None:
        return network
    read = {point.name for point in Graph(ledger).used(run.key)}
    before = {one.id for one in cut.runs[:place]}
    doubtful = sorted({one.what for one in unsure if one.run in before} & read)
    if doubtful:
        return f"[{run.position}] read {', '.join(doubtful)}, which may have been another: it was not compared"
    return (
        f"all that [{run.position}] read came out as it was, so what it does gives something else each time: look "
        "there for sets inside a library (PYTHONHASHSEED, set before Jupyter starts, keeps their order), memory that "
        "was never written (`np.empty`), a clock, threads, other processes or `os.urandom`"
    )


def _of_module(name: str, recorded: Environment | None, packages: Mapping[str, str]) -> str:
    wanted = name.lower().replace("_", "-")
    then = {
        one.lower().replace("_", "-"): (one, version)
        for one, version in (recorded.packages if recorded else {}).items()
    }
    if wanted in then and wanted not in {one.lower().replace("_", "-") for one in packages}:
        distribution, version = then[wanted]
        return f"{distribution} {version} was installed then and is not now: install it, or reproduce with --in-env"
    return f"there is no module {name} here: install what brings it (--in-env does), or put its folder back"


def _of_file(name: str, cut: Slice) -> str:
    if any(item.role == "file" and PurePosixPath(item.name).name == PurePosixPath(name).name for item in cut.inputs):
        return f"{name} was read from another folder than the cells ran in now: no notebook told in which they ran"
    return f"{name} was not seen to be read, so it was not copied: write its path out in the code, and it is"


def _addresses(ledger: Ledger, runs: Iterable[SliceRun]) -> list[str]:
    graph = Graph(ledger)
    return list(dict.fromkeys(point.name for run in runs for point in graph.used(run.key) if point.role == "url"))


def _of_network(addresses: list[str]) -> str | None:
    if not addresses:
        return None
    named = ", ".join(addresses[:2]) + (", ..." if len(addresses) > 2 else "")
    return f"what {named} gave is not stored, and may be another now: save it to a file of the project, and read that"


__all__ = ["reason_of_difference", "reason_of_failure"]
