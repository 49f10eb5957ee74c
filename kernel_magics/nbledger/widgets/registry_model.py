"""What a view of the registry shows, and the promotion or rollback that is prepared in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nbledger.registry.gates import GateSpec
from nbledger.registry.overview import ModelOverview, model_overview
from nbledger.registry.planned import Plan, carry_out, plan_promotion, plan_rollback

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.registry import Promotion


class RegistryModel:
    """The models of a ledger, the one that is looked at, and a plan that waits for its confirmation."""

    def __init__(self, ledger: Ledger, model: str | None = None) -> None:
        self.ledger = ledger
        self.names: list[str] = []
        self.model: ModelOverview | None = None
        self.plan: Plan | None = None
        self.done = ""
        self._observers: list[Callable[[], object]] = []
        self._read(model)

    def on_change(self, call: Callable[[], object]) -> None:
        """Have `call` called after each change."""
        self._observers.append(call)

    def refresh(self) -> None:
        """Read the registry anew."""
        self._read(self.model.name if self.model else None)
        self._tell()

    def choose(self, name: str) -> None:
        """Look at a model. Raises `NotFound`."""
        self._read(name)
        self.plan, self.done = None, ""
        self._tell()

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates that were judged last, as they are written."""
        return tuple(str(GateSpec(one.gate, one.options)) for one in (self.model.gates if self.model else ()))

    def prepare_promotion(
        self,
        *,
        model: str | None = None,
        version: int | None = None,
        run: str | None = None,
        alias: str | None = None,
        gates: str = "",
        waive: str = "",
        reason: str = "",
    ) -> Plan:
        """Judge a promotion without making it; `gates` are lines, `waive` names with commas between them.

        Raises what `promote` does.
        """
        self.plan, self.done = None, ""
        name = model or (self.model.name if self.model else "")
        try:
            self.plan = plan_promotion(
                self.ledger, name, version=version, run=run, alias=alias or None, reason=reason,
                gates=[line.strip() for line in gates.splitlines() if line.strip()],
                waive=[one.strip() for one in waive.split(",") if one.strip()],
            )  # fmt: skip
        finally:
            self._tell()
        return self.plan

    def prepare_rollback(self, alias: str, to: int | None = None) -> Plan:
        """Look at a rollback without making it. Raises what `rollback` does."""
        self.plan, self.done = None, ""
        try:
            self.plan = plan_rollback(self.ledger, self.model.name if self.model else "", alias, to=to)
        finally:
            self._tell()
        return self.plan

    def confirm(self, reason: str = "") -> Promotion:
        """Make the move that is shown. Raises `PromotionConflict` where the alias moved meanwhile."""
        plan = self.plan
        assert plan is not None, "nothing to confirm"
        self.plan = None
        try:
            made = carry_out(self.ledger, plan, reason=reason)
            verb = "Promoted" if plan.action == "promote" else "Rolled back"
            alias = f"@{plan.alias}" if plan.alias else ""
            self.done = f"{verb}: {plan.model}{alias} is version {made.version.number}."
        finally:
            self._read(plan.model if plan.model in self.ledger.models() else None)
            self._tell()
        return made

    def cancel(self) -> None:
        """Drop what was prepared."""
        self.plan = None
        self._tell()

    def _read(self, name: str | None) -> None:
        self.names = self.ledger.models()
        chosen = name or next(iter(self.names), None)
        self.model = None if chosen is None else model_overview(self.ledger, chosen)

    def _tell(self) -> None:
        for call in self._observers:
            call()


__all__ = ["RegistryModel"]
