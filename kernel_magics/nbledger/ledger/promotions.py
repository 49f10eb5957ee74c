"""The rows of promotions with the results of their gates, and of approvals.

A promotion's rows name the run, the content and the stored bytes by id and hash, so that they say what was decided even
where those are gone. Approvals are given to a content, not to a number: what was approved are the bytes.
"""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nbledger.ledger import audit
from nbledger.records import GateResult, new_id

if TYPE_CHECKING:
    from nbledger.ledger.ledger import Ledger

Outcome = Literal["promoted", "refused", "rolled_back"]

_PROMOTION = """SELECT p.id, p.model, v.number, p.alias, p.outcome, b.number, p.run, p.version, p.artifact, p.slice,
    p.time, p.who, p.reason, p.alias_event, p.key
    FROM promotion p LEFT JOIN model_version v ON v.key = p.model_version
    LEFT JOIN model_version b ON b.id = p.predecessor"""


@dataclass(frozen=True, slots=True)
class PromotionRecord:
    """A promotion, refusal or rollback as recorded; `number` is `None` where it was refused before it had one.

    `predecessor` is the number that the alias held before, `version` the hash of the model's content, `artifact` that
    of its stored bytes, `slice` that of the code and inputs that made it; `time` is in seconds since the epoch.
    """

    id: str
    model: str
    number: int | None
    alias: str | None
    outcome: str
    predecessor: int | None
    run: str
    version: str
    artifact: str
    slice: str | None
    time: float
    who: str
    reason: str
    alias_event: str | None
    gates: tuple[GateResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word for a model's content (`event` is `approve`), or its withdrawal (`revoke`)."""

    id: str
    model: str
    version: str
    event: str
    time: float
    who: str
    note: str


@dataclass(frozen=True, slots=True)
class NewPromotion:
    """What is written of a promotion; `predecessor` and `model_version` are ids of model versions."""

    model: str
    outcome: Outcome
    run: str
    version: str
    artifact: str
    who: str
    reason: str = ""
    alias: str | None = None
    model_version: str | None = None
    predecessor: str | None = None
    slice: str | None = None
    alias_event: str | None = None
    gates: tuple[GateResult, ...] = ()


def add_promotion(connection: sqlite3.Connection, new: NewPromotion) -> str:
    """Write a promotion and its gate results in the caller's transaction, and return its id."""
    id = new_id()
    version = None
    if new.model_version is not None:
        (version,) = connection.execute("SELECT key FROM model_version WHERE id = ?", (new.model_version,)).fetchone()
    key = connection.execute(
        "INSERT INTO promotion VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(id, new.model, version, new.alias, new.outcome, new.predecessor, new.run, new.version, new.artifact),
            *(new.slice, time.time(), new.who, new.reason, new.alias_event),
        ),
    ).lastrowid
    connection.executemany(
        "INSERT INTO gate_result VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(key, seq, one.gate, one.status, one.detail, _cell(one.value), _cell(one.limit)),
                json.dumps(dict(one.options), sort_keys=True, default=str),
            )
            for seq, one in enumerate(new.gates)
        ],
    )
    return id


def promotions(
    ledger: Ledger, model: str, alias: str | None = None, *, limit: int | None = None, id: str | None = None
) -> list[PromotionRecord]:
    """Return a model's promotions, refusals and rollbacks (of one alias, or the one with this id), the newest first."""
    rows = ledger.database.rows(
        f"""{_PROMOTION} WHERE p.model = :model AND (:alias IS NULL OR p.alias = :alias) AND (:id IS NULL OR p.id = :id)
        ORDER BY p.time DESC, p.key DESC LIMIT :limit""",
        {"model": model, "alias": alias, "id": id, "limit": -1 if limit is None else limit},
    )
    found: list[PromotionRecord] = []
    for row in rows:
        values: tuple[Any, ...] = (*row[:14], _gates(ledger, row[14]))
        found.append(PromotionRecord(*values))
    return found


def rolled_back(ledger: Ledger, model: str, alias: str) -> set[str]:
    """Return the ids of the moves of an alias that were rollbacks."""
    rows = ledger.database.rows(
        "SELECT alias_event FROM promotion WHERE model = ? AND alias = ? AND outcome = 'rolled_back'", (model, alias)
    )
    return {row[0] for row in rows}


def add_approval(ledger: Ledger, model: str, version: str, event: str, who: str, note: str, run: str) -> Approval:
    """Write an approval of a content or its withdrawal, with its audit event, in one transaction."""

    def insert(connection: sqlite3.Connection, who: str, note: str) -> Approval:
        found = Approval(new_id(), model, version, event, time.time(), who, note)
        connection.execute(
            """INSERT INTO approval SELECT NULL, :id, :model, :version, :event,
                (SELECT coalesce(max(seq), 0) + 1 FROM approval WHERE model = :model AND version = :version),
                :time, :who, :note""",
            {name: getattr(found, name) for name in found.__slots__},
        )
        detail = {"version": version, "run": run, "note": note}
        audit.append(connection, event, f"model {model}", detail, who, rows=[("approval", found.id)])
        return found

    return ledger.write(insert, who, note)


def approvals(ledger: Ledger, model: str, version: str) -> list[Approval]:
    """Return the approvals of a content that hold, one a person, the earliest first."""
    rows = ledger.database.rows(
        """SELECT id, model, version, event, time, who, note FROM approval WHERE model = ? AND version = ?
        ORDER BY seq, time, id""",
        (model, version),
    )
    last = {row[5]: Approval(*row) for row in rows}
    return sorted((one for one in last.values() if one.event == "approve"), key=lambda one: one.time)


def artifacts_of(connection: sqlite3.Connection, model: str, number: int) -> list[str]:
    """Return the hashes of the bytes that promotions of a model version speak of, those of the last one first."""
    rows = connection.execute(
        """SELECT p.artifact FROM promotion p JOIN model_version v ON v.key = p.model_version
        WHERE p.model = ? AND v.number = ? AND p.outcome <> 'refused' ORDER BY p.time DESC, p.key DESC""",
        (model, number),
    )
    return list(dict.fromkeys(row[0] for row in rows))


def _gates(ledger: Ledger, promotion: int) -> tuple[GateResult, ...]:
    rows = ledger.database.rows(
        """SELECT gate, status, detail, value, threshold, options FROM gate_result WHERE promotion = ? ORDER BY seq""",
        (promotion,),
    )
    found: list[GateResult] = []
    for row in rows:
        values: tuple[Any, ...] = (*row[:5], json.loads(row[5]))
        found.append(GateResult(*values))
    return tuple(found)


def _cell(value: Any) -> Any:
    """Return a value as SQLite holds it: a number or a text; not-a-number as its name."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if value == value else "nan"  # noqa: PLR0124 - not-a-number
    return str(value)
