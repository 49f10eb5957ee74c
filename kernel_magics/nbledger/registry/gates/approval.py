"""The gate `approval`: a named person other than the author has approved the very content."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from nbledger.ledger.promotions import approvals
from nbledger.records import GateResult
from nbledger.registry.gates.context import GateContext

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.records import Run

NAME = "approval"


def approval(context: GateContext, by: str | Sequence[str] = (), count: int = 1) -> GateResult:
    """Pass when `count` people have approved, of those in `by` if it names any; an author's own word is not counted."""
    wanted = (by,) if isinstance(by, str) else tuple(by)
    authors = authors_of(context.ledger, context.run, context.model, context.number)
    given = [one.who for one in approvals(context.ledger, context.model, context.version)]
    own = [who for who in given if is_author(who, authors)]
    counted = [who for who in given if who not in own and (not wanted or who in wanted)]
    if len(counted) >= count:
        return GateResult(NAME, "passed", f"approved by {', '.join(counted)}", len(counted), count)
    said = f"approved by {', '.join(counted) or 'nobody'}, wanted {count}"
    said += f" of {', '.join(wanted)}" if wanted else " other than the author"
    said += f" ({', '.join(own)} {'are authors' if len(own) > 1 else 'is the author'})" if own else ""
    command = f"nbledger approve {context.model} --run {context.run.id[:8]}"
    remedy = f"`{command}` by another person than {', '.join(sorted(authors))}"
    return GateResult(NAME, "failed", f"{said}: {remedy}", len(counted), count)


def authors_of(ledger: Ledger, run: Run, model: str, number: int | None = None) -> set[str]:
    """Return the authors of a model: who recorded the run that made it, and who registered its version `number`."""
    authors = {ledger.session(run.session).user}
    if number is not None:
        authors.add(ledger.model_version(model, number).created_by)
    return authors


def is_author(who: str, authors: Collection[str]) -> bool:
    """Tell whether a name is an author's; what stands behind it in parentheses only says how it is known."""
    return _plain(who) in {_plain(one) for one in authors}


def _plain(who: str) -> str:
    return who.partition(" (")[0]
