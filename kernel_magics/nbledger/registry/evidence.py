"""What the ledger knows of a registered model: the run that made it, the fit, and every number that it was judged by.

Everything goes by content: a metric is the model's when what it was computed with is the model's version, in whichever
run and session that was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbledger.ledger.calls import read_calls
from nbledger.ledger.errors import NotFound

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Call, CallValue, ModelVersion, Run

TRUE = ("y_true", "y", "labels_true")
PREDICTED = ("y_pred", "y_score", "y_prob", "y_proba", "pred_decision", "labels_pred")
_MOST_METRICS = 200


@dataclass(frozen=True, slots=True)
class Judgement:
    """One metric of a model: the call that gave it, the run it was in, and the features that it was judged on.

    `features` is the version of `X` where it is known, `call` is `None` where the number was recorded without one.
    """

    name: str
    value: float
    run: str
    function: str = ""
    features: str | None = None
    truth: str | None = None
    call: Call | None = None

    def of_role(self, roles: Iterable[str], *, stored: bool = False) -> CallValue | None:
        """Return what the call worked on in one of these roles; with `stored` only what is in the object store."""
        values = self.call.values if self.call is not None else ()
        wanted = tuple(roles)
        return next((one for one in values if one.role in wanted and (one.object is not None or not stored)), None)


def maker(ledger: Ledger, version: ModelVersion) -> Run:
    """Return the run that generated a model version's content: the registered run or one inside it, else the last."""
    rows = ledger.database.rows(
        """SELECT g.run FROM generated g JOIN version v ON v.key = g.version JOIN run r ON r.key = g.run
        WHERE v.hash = :version AND g.run NOT IN (SELECT run FROM deleted_run)
        ORDER BY r.id = :run DESC, r.parent = :run DESC, g.run DESC LIMIT 1""",
        {"version": version.version, "run": version.run},
    )
    return ledger.reader.runs([rows[0][0]])[0] if rows else ledger.run(version.run)


def fit_of(ledger: Ledger, version: ModelVersion, run: Run | None = None) -> Call | None:
    """Return the call that fitted a model version; `None` where it was not seen, or cannot be told from another."""
    made = run or maker(ledger, version)
    type_name = ledger.version(version.version).type_name.rpartition(".")[2]
    number = _fit_number(ledger, version.version, made.session)
    calls = read_calls(ledger.database, [made.id]).get(made.id, [])
    fits = [call for call in calls if call.kind == "fit" and call.type_name == type_name]
    if number is not None:
        found = next((call for call in fits if call.number == number), None)
        if found is not None:
            return found
    data = {tuple(value.version for value in call.values) for call in fits}
    return fits[-1] if len(data) == 1 else None


def _fit_number(ledger: Ledger, version: str, session: str) -> int | None:
    """Return the number of the fit that a judged model went back to, in the session that fitted it."""
    rows = ledger.database.rows(
        """SELECT p.fit, c.fit FROM metric_basis b JOIN version n ON n.key = b.version JOIN run r ON r.key = b.run
        JOIN session s ON s.key = r.session JOIN label l ON l.key = b.name
        JOIN call c ON c.run = b.run AND c.name = l.text
        LEFT JOIN call_value v ON v.run = c.run AND v.number = c.number AND v.made_by IS NOT NULL
        LEFT JOIN call p ON p.number = v.made_by AND p.run IN (SELECT key FROM run WHERE session = r.session)
        WHERE n.hash = ? AND b.role = 'model' AND s.id = ? LIMIT 20""",
        (version, session),
    )
    numbers = {one for row in rows for one in row if one is not None}
    return int(next(iter(numbers))) if len(numbers) == 1 else None


def judgements(ledger: Ledger, version: ModelVersion) -> list[Judgement]:
    """Return every metric that was computed with a model version's content, by run, in the order of recording.

    Where none is known by content, these are the metrics of the registered run.
    """
    rows = ledger.database.rows(
        """SELECT DISTINCT r.id, l.text, m.value, b.run,
            (SELECT x.hash FROM metric_basis o JOIN version x ON x.key = o.version
             WHERE o.run = b.run AND o.name = b.name AND o.seq = b.seq AND o.role = 'X'),
            (SELECT x.hash FROM metric_basis o JOIN version x ON x.key = o.version
             WHERE o.run = b.run AND o.name = b.name AND o.seq = b.seq AND o.role IN ('y_true', 'y') LIMIT 1)
        FROM metric_basis b JOIN version n ON n.key = b.version JOIN run r ON r.key = b.run
        JOIN label l ON l.key = b.name JOIN metric m ON m.run = b.run AND m.name = b.name
        WHERE n.hash = ? AND b.role = 'model' AND b.run NOT IN (SELECT run FROM deleted_run)
        ORDER BY b.run, l.text LIMIT ?""",
        (version.version, _MOST_METRICS),
    )
    if not rows:
        run = ledger.run(version.run)
        return [Judgement(name, value, run.id) for name, value in run.metrics.items()]
    calls = read_calls(ledger.database, dict.fromkeys(row[0] for row in rows))
    found = []
    for run_id, name, value, _, features, truth in rows:
        call = _named(calls.get(run_id, []), name)
        number = float("nan") if value is None else value
        found.append(Judgement(name, number, run_id, call.function if call else "", features, truth, call))
    return found


def _named(calls: list[Call], name: str) -> Call | None:
    """Return the last call of a run that gave a metric under a name."""
    judging = [call for call in calls if call.kind in ("metric", "score") and call.name == name]
    return judging[-1] if judging else None


def stored_pair(ledger: Ledger, judged: Judgement) -> tuple[Any, Any] | None:
    """Return the stored true values and predictions of a judgement, `None` where they were not kept."""
    from nbledger.ledger.npy import unpacked

    found: list[Any] = []
    for roles in (TRUE, PREDICTED):
        value = judged.of_role(roles, stored=True)
        if value is None or value.object is None or not ledger.objects.has(value.object):
            return None
        found.append(unpacked(ledger.objects.read(value.object)))
    return (found[0], found[1]) if len(found[0]) == len(found[1]) else None


def name_of(ledger: Ledger, version: str) -> str:
    """Return the name that a version had where it was last used or made, else the first digits of its hash."""
    rows = ledger.database.rows(
        """SELECT name FROM (
            SELECT u.name, u.role, u.run FROM used u JOIN version v ON v.key = u.version WHERE v.hash = :hash
            UNION ALL
            SELECT g.name, g.role, g.run FROM generated g JOIN version v ON v.key = g.version WHERE v.hash = :hash)
        ORDER BY role = 'variable' DESC, run DESC LIMIT 1""",
        {"hash": version},
    )
    return str(rows[0][0]) if rows else version[:8]


def known(ledger: Ledger, version: str | None) -> Any:
    """Return a version's record, `None` where the ledger does not have it."""
    if version is None:
        return None
    try:
        return ledger.version(version)
    except NotFound:
        return None


__all__ = ["PREDICTED", "TRUE", "Judgement", "fit_of", "judgements", "known", "maker", "name_of", "stored_pair"]
