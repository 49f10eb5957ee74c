"""All gates on one candidate. A gate that cannot be evaluated is an error, and an error does not pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbledger.errors import NBLedgerError
from nbledger.records import GateResult, Run
from nbledger.registry.gates.context import GateContext
from nbledger.registry.gates.spec import GateSpec, function_of, parse_gate

if TYPE_CHECKING:
    from nbledger.ledger import Ledger


def judge(
    ledger: Ledger,
    model: str,
    run: Run,
    specs: Iterable[GateSpec | str | Mapping[str, Any]],
    *,
    alias: str = "champion",
    which: str | None = None,
) -> tuple[GateResult, ...]:
    """Return what each gate says of a run's model as a candidate for an alias; nothing is written of the registry.

    Raises `NoModel`, `SeveralModels` and `BadGate`; whatever a gate itself raises is a result of status `error`.
    """
    from nbledger.registry.candidate import candidate

    return judge_in(candidate(ledger, model, run, alias=alias, which=which), specs)


def judge_in(context: GateContext, specs: Iterable[GateSpec | str | Mapping[str, Any]]) -> tuple[GateResult, ...]:
    """Return what each gate says in a context."""
    asked = [spec if isinstance(spec, GateSpec) else parse_gate(spec) for spec in specs]
    return tuple(_judged(context, spec) for spec in asked)


def _judged(context: GateContext, spec: GateSpec) -> GateResult:
    try:
        found: Any = function_of(spec.name)(context, **spec.options)
    except NBLedgerError as error:
        found = GateResult(spec.name, "error", f"could not be evaluated: {error}")
    except Exception as error:  # noqa: BLE001 - a gate of anybody's: what it raises is that it cannot be evaluated
        said = (str(error).strip() or "no message").splitlines()[0]
        found = GateResult(spec.name, "error", f"could not be evaluated: {type(error).__name__}: {said}")
    if isinstance(found, GateResult):
        detail = " ".join(str(found.detail).split())  # a line of a table, that any database can hold
        detail = detail.encode("utf-8", "backslashreplace").decode()
        return replace(found, gate=spec.name, detail=detail, options=dict(spec.options))
    detail = f"could not be evaluated: it gave {type(found).__name__}, no GateResult"
    return GateResult(spec.name, "error", detail, options=dict(spec.options))
