"""Ledgers with runs as people have them, written by the ledger's own calls."""

from __future__ import annotations

import random
import time
from pathlib import Path

from nbledger.ledger import Ledger, current_process
from nbledger.records import Facts, Metric, Param, RunEnd, RunError, RunStart, Session, Tag, new_id

MODELS = ("RandomForestClassifier", "GradientBoostingClassifier", "LogisticRegression", "SVC")
EXPERIMENTS = ("churn", "fraud")


def start_session(ledger: Ledger) -> str:
    """Start a session of this process in the ledger and return its id."""
    process = current_process()
    id = new_id()
    ledger.start_session(
        Session(id, "python3", process.host, process.boot_id, process.pid, process.started, "", "", "", "", time.time())
    )
    return id


def add_run(ledger: Ledger, session: str, index: int, started_at: float, **start: object) -> str:
    """Write one ended run whose params and metrics follow from its index; `start` are fields of `RunStart`."""
    chance = random.Random(index)
    model = MODELS[index % len(MODELS)]
    fields = {
        "name": f"{'train' if index % 3 else 'train_with_all_features_scaled_and_selected'}_{model}_{index}",
        "experiment": EXPERIMENTS[index % 7 == 0],
        "notebook": "churn.ipynb",
        "cell_id": f"cell-{index % 4}",
        "position": index % 4,
        "source": f"%%track\nmodel = {model}(max_depth={index % 9})",
        "tracked": True,
        **start,
    }
    run = new_id()
    ledger.start_run(RunStart(run, session, "cell", started_at, **fields))  # type: ignore[arg-type]
    failed = index % 11 == 5
    ledger.end_run(
        RunEnd(
            run,
            started_at + 1,
            chance.random() * 90,
            "failed" if failed else "cancelled" if index % 17 == 9 else "finished",
            RunError("ValueError", "could not convert string to float: 'n/a'") if failed else None,
        ),
        Facts(
            params=(
                Param("model", model),
                Param("max_depth", index % 9),
                Param("n_estimators", chance.choice([50, 100, 200, 400])),
                Param("learning_rate", round(chance.random() / 10, 4)),
                Param("random_state", index),
            ),
            metrics=()
            if failed
            else (
                Metric("accuracy", 0.8 + chance.random() / 6),
                Metric("f1", 0.7 + chance.random() / 4),
                Metric("roc_auc", 0.85 + chance.random() / 8),
                Metric("log_loss", chance.random() / 1000),
            ),
            tags=(Tag("team", "risk"),),
        ),
    )
    return run


def fill(project: Path, count: int, **start: object) -> Path:
    """Make a project with a ledger of `count` runs, a minute between two of them, and return its `ledger.db`."""
    project.mkdir(parents=True, exist_ok=True)
    (project / "pyproject.toml").touch()
    ledger = Ledger(project / ".nbledger")
    try:
        session = start_session(ledger)
        newest = time.time() - 30
        for first in range(0, count, 5000):
            with ledger.database.write():
                for index in range(first, min(first + 5000, count)):
                    add_run(ledger, session, index, newest - 60 * (count - 1 - index), **start)
        return ledger.path
    finally:
        ledger.close()
