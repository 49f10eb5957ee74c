"""A ledger filled by hand: runs with the values that they used and made, as a kernel would have recorded them."""

from __future__ import annotations

import os
import time

from nbledger.fingerprint import file_fingerprint, fingerprint
from nbledger.ledger import Ledger
from nbledger.ledger.snapshots import snapshot
from nbledger.records import (
    ABSENT,
    Basis,
    Edge,
    Environment,
    Facts,
    GitState,
    Metric,
    Param,
    RunEnd,
    RunStart,
    Session,
    new_id,
)

GONE = object()


class Recorded:
    """One kernel's life. `cell(...)` records a cell's run and returns its id."""

    def __init__(self, ledger: Ledger, packages=None, python="3.11.9", commit=None):
        self.ledger = ledger
        self.id = new_id()
        self._position = 0
        ledger.start_session(
            Session(
                id=self.id, frontend="test", host="here", boot_id="", pid=os.getpid(), process_started=0.0, user="ada",
                python=python, platform="linux", nbledger="0", started_at=time.time(),
            )
        )  # fmt: skip
        if packages is not None:
            hash = fingerprint([python, packages]).hash
            git = GitState(commit, "main", False) if commit else None
            ledger.set_environment(self.id, Environment(hash, python, "linux", packages), git)

    def cell(
        self, source="", *, used=(), made=(), files=(), roles=(), state=(), params=(), defaults=(), metrics=(),
        judged_on=None, models=(), keep=(), cell_id=None, name=None, parent=None, kind="cell", derived=(),
    ):  # fmt: skip
        """Record a run: `used` and `made` map names to values, `files` paths used, `keep` names what is stored."""
        self._position += 1
        run = new_id()
        versions, stored, edges = {}, [], {"used": [], "made": []}

        def edge(side, key, value, role):
            version = ABSENT if value is GONE else fingerprint(value)
            versions[version.hash] = version
            edges[side].append(Edge(version.hash, key, role, derived=key in derived))
            if key in keep:
                stored.append(snapshot(self.ledger, value, version))

        for side, values in (("used", dict(used)), ("made", dict(made))):
            for key, value in values.items():
                edge(side, key, value, dict(roles).get(key, "variable"))
        for key, value in dict(models).items():
            edge("made", key, value, "model")
        for key, value in dict(state).items():
            edge("used", key, value, "state")
        for path in files:
            version = file_fingerprint(self.ledger.root / path)
            versions[version.hash] = version
            edges["used"].append(Edge(version.hash, path, "file", time=1.0))
        basis = ()
        if judged_on is not None:
            version = fingerprint(judged_on)
            versions[version.hash] = version
            basis = (Basis("y_true", version.hash),)
        self.ledger.start_run(
            RunStart(
                run, self.id, kind, time.time(), name=name, parent=parent, cell_id=cell_id, source=source,
                position=self._position if kind == "cell" else None, tracked=bool(params or metrics or models),
            )
        )  # fmt: skip
        facts = Facts(
            versions=tuple(versions.values()),
            used=tuple(edges["used"]),
            generated=tuple(edges["made"]),
            params=(
                *(Param(key, value, "literal") for key, value in dict(params).items()),
                *(Param(key, value, "estimator", is_default=True) for key, value in dict(defaults).items()),
            ),
            metrics=tuple(Metric(key, value, time=time.time(), basis=basis) for key, value in dict(metrics).items()),
            stored=tuple(stored),
        )
        self.ledger.end_run(RunEnd(run, time.time(), 0.1, "finished"), facts)
        return run
