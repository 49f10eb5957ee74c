"""Optuna's part of a sweep: its study lies in the ledger's folder, and is asked and told by the sweep's leader alone.

The ledger is what counts: each trial of the study carries the id of ours, and what the study does not know (it was
deleted, or its leader was killed before it could tell) is told to it when the sweep goes on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbledger.pipeline.executors.task import MissingExtra
from nbledger.pipeline.sweep.space import BadSpace, Choice, Domain, Space
from nbledger.pipeline.sweep.stopping import Point
from nbledger.pipeline.sweep.strategy import Known

OUR_ID = "nbledger.trial"
PRUNERS = ("median", "halving", "hyperband")


class Study:
    """A strategy that asks Optuna (its TPE sampler) for each trial."""

    def __init__(self, path: Path, space: Space, *, seed: int, minimize: bool, pruner: str | None) -> None:
        optuna = _optuna()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._optuna = optuna
        self._space = space
        self._distributions = {name: _distribution(optuna, name, domain) for name, domain in space.domains.items()}
        self._study: Any = optuna.create_study(
            storage=optuna.storages.RDBStorage(f"sqlite:///{path}"),
            study_name=path.stem,
            load_if_exists=True,
            direction="minimize" if minimize else "maximize",
            sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=_pruner(optuna, pruner),
        )
        self._trials: dict[str, Any] = {}
        self._seed = seed

    def adopt(self, known: Mapping[str, Known]) -> None:
        """Bring the study up to the ledger: what it does not know is told to it, what the ledger lacks is failed."""
        ours = set()
        for frozen in self._study.trials:
            id = frozen.user_attrs.get(OUR_ID)
            one = known.get(id)
            if one is not None:
                ours.add(id)
            if frozen.state.is_finished():
                continue
            if one is None or one.done:
                self._tell(frozen.number, one.value if one else None, stopped=bool(one and one.stopped))
            else:
                self._trials[id] = self._optuna.trial.Trial(self._study, frozen._trial_id)
        for id, one in known.items():
            if id in ours:
                continue
            if not one.done:
                self._study.enqueue_trial(self._own(one))
                self.ask(id)
            elif one.value is not None and not math.isnan(one.value):
                self._study.add_trial(self._made(id, one))
        if known:  # the same seed again would propose the same points again
            self._study.sampler = self._optuna.samplers.TPESampler(seed=self._seed + len(known))

    def _own(self, known: Known) -> dict[str, Any]:
        return {name: known.params[name] for name in self._distributions}

    def _made(self, id: str, known: Known) -> Any:
        state = self._optuna.trial.TrialState
        return self._optuna.trial.create_trial(
            state=state.PRUNED if known.stopped else state.COMPLETE,
            value=None if known.stopped else known.value,
            params=self._own(known),
            distributions=self._distributions,
            user_attrs={OUR_ID: id},
            intermediate_values=dict(known.points),
        )

    def ask(self, id: str) -> dict[str, Any]:
        """Return the params that Optuna proposes."""
        trial = self._study.ask(self._distributions)
        trial.set_user_attr(OUR_ID, id)
        self._trials[id] = trial
        return dict(trial.params)

    def tell(self, id: str, value: float | None, *, stopped: bool = False) -> None:
        """Tell Optuna how the trial ended."""
        trial = self._trials.pop(id, None)
        if trial is not None:
            self._tell(trial.number, value, stopped=stopped)

    def report(self, id: str, points: Sequence[Point]) -> str:
        """Report steps to Optuna and ask its pruner."""
        trial = self._trials.get(id)
        if trial is None:
            return ""
        for step, value in points:
            trial.report(value, step)
        if not points or not trial.should_prune():
            return ""
        return f"at step {points[-1][0]} by Optuna's {type(self._study.pruner).__name__}"

    def forget(self, id: str) -> None:
        """Keep the trial for its next attempt; the steps that it reported stay."""

    def _tell(self, number: int, value: float | None, *, stopped: bool = False) -> None:
        state = self._optuna.trial.TrialState
        if stopped:
            self._study.tell(number, state=state.PRUNED, skip_if_finished=True)
        elif value is None or math.isnan(value):
            self._study.tell(number, state=state.FAIL, skip_if_finished=True)
        else:
            self._study.tell(number, value, skip_if_finished=True)


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise MissingExtra(what="--optuna", package=error.name or "optuna", extra="sweep") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _distribution(optuna: Any, name: str, domain: Domain) -> Any:
    if isinstance(domain, Choice):
        wrong = [value for value in domain.values if not isinstance(value, bool | int | float | str | None)]
        if wrong:
            raise BadSpace(what=f"--optuna {name}", why=f"Optuna chooses among plain values only, not {wrong[0]!r}")
        return optuna.distributions.CategoricalDistribution(domain.values)
    try:
        if domain.whole:
            low, high = int(domain.low), int(domain.high)
            return optuna.distributions.IntDistribution(low, high, log=domain.log, step=int(domain.step or 1))
        return optuna.distributions.FloatDistribution(domain.low, domain.high, log=domain.log, step=domain.step)
    except ValueError as error:
        raise BadSpace(what=f"--optuna {name}", why=str(error)) from None


def _pruner(optuna: Any, name: str | None) -> Any:
    if name is None:
        return optuna.pruners.NopPruner()
    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=3)
    return optuna.pruners.HyperbandPruner() if name == "hyperband" else optuna.pruners.SuccessiveHalvingPruner()
