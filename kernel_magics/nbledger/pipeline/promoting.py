"""The end of a pipeline: its best run is judged by the gates and promoted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nbledger.errors import NBLedgerError
from nbledger.lineage.notebook_files import runs_below
from nbledger.pipeline.pipeline_record import STEP, identity
from nbledger.pipeline.pipeline_state import pipeline_runs
from nbledger.pipeline.resuming import origin
from nbledger.pipeline.spec import Pipeline, Promote
from nbledger.records import GateResult

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Run


class NoCandidate(NBLedgerError):
    """None of the pipeline's runs can be promoted. Fields: metric, where."""

    template = "no run of this pipeline has {metric}{where}: the step that scores the model must say it in a cell"


@dataclass(frozen=True, slots=True)
class Promoted:
    """What became of the winner. `status` is `finished`, `refused` by a gate, or `failed`; `text` says it in a line."""

    status: Literal["finished", "refused", "failed"]
    text: str
    run: str | None = None
    model: str = ""
    number: int | None = None
    gates: tuple[GateResult, ...] = ()

    @property
    def problem(self) -> str:
        """What stood in the way, empty where nothing did."""
        return "" if self.status == "finished" else self.text


def promote_best(ledger: Ledger, pipeline: Pipeline, wanted: Promote, runs: Iterable[str | None]) -> Promoted:
    """Promote the best of the runs inside these (or of those that their results were taken from), if all gates pass."""
    from nbledger.registry import PromotionRefused, promote

    try:
        best = best_of(ledger, wanted, runs)
    except NBLedgerError as error:
        return Promoted("failed", str(error), model=wanted.model)
    try:
        done = promote(
            ledger,
            wanted.model,
            best,
            alias=wanted.alias,
            which=wanted.which,
            gates=pipeline.gates,
            reason=f"pipeline {pipeline.name}: best by {wanted.best}",
        )
    except PromotionRefused as error:
        return Promoted("refused", str(error), best.id, wanted.model, None, tuple(error.results))
    except NBLedgerError as error:
        return Promoted("failed", str(error), best.id, wanted.model)
    number = done.version.number
    what = f"@{wanted.alias} is version {number} of {wanted.model}"
    text = what if done.moved else f"{what}, as before"
    return Promoted("finished", text, best.id, wanted.model, number, tuple(done.gates))


def last_runs(ledger: Ledger, pipeline: Pipeline) -> list[str]:
    """Return the ids of the steps' last finished runs, in their order; a step that never finished is left out."""
    wanted = {step.name for step in pipeline.steps}
    found: dict[str, str] = {}
    for run in pipeline_runs(ledger, identity(pipeline, ledger)):
        for child in reversed(list(ledger.children(run.id))):
            step = child.tags.get(STEP, "")
            if step in wanted and step not in found and child.status == "finished":
                found[step] = child.id
        if len(found) == len(wanted):
            break
    return [found[step.name] for step in pipeline.steps if step.name in found]


def best_of(ledger: Ledger, wanted: Promote, runs: Iterable[str | None]) -> Run:
    """Return the best run by the metric among those inside the given ones. Raises `NoCandidate`, `FilterError`."""
    from nbledger.registry import NoWinner, best_run

    done = [origin(ledger, ledger.run(run)).id for run in runs if run is not None]
    inside = [id for run in done for id in runs_below(ledger, run)]
    among = ", ".join(f"'{id}'" for id in inside) or "''"
    where = f"attributes.run_id IN ({among})" + (f" and ({wanted.where})" if wanted.where else "")
    try:
        return best_run(ledger, wanted.best, where)
    except NoWinner:
        said = f" where {wanted.where}" if wanted.where else ""
        raise NoCandidate(metric=wanted.best, where=said) from None


__all__ = ["NoCandidate", "Promoted", "best_of", "last_runs", "promote_best"]
