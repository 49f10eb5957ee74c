"""The gate `approval`: a named person other than the author has approved the very content."""

from __future__ import annotations

from collections.abc import Sequence

from nbledger.ledger.promotions import approvals
from nbledger.records import GateResult
from nbledger.registry.gates.context import GateContext

NAME = "approval"


def approval(context: GateContext, by: str | Sequence[str] = (), count: int = 1) -> GateResult:
    """Pass when `count` people have approved, of those named in `by` if any are. The author's own word does not count.

    The author is who recorded the run, and who registered the version.
    """
    wanted = (by,) if isinstance(by, str) else tuple(by)
    authors = {context.ledger.session(context.run.session).user}
    if context.number is not None:
        authors.add(context.ledger.model_version(context.model, context.number).created_by)
    given = [one.who for one in approvals(context.ledger, context.model, context.version)]
    counted = [who for who in given if who not in authors and (not wanted or who in wanted)]
    if len(counted) >= count:
        return GateResult(NAME, "passed", f"approved by {', '.join(counted)}", len(counted), count)
    own = [who for who in given if who in authors]
    said = f"approved by {', '.join(counted) or 'nobody'}, wanted {count}"
    said += f" of {', '.join(wanted)}" if wanted else " other than the author"
    said += f" ({', '.join(own)} is the author)" if own else ""
    remedy = (
        f"`nbledger approve {context.model} --run {context.run.id[:8]}` by another person than {', '.join(authors)}"
    )
    return GateResult(NAME, "failed", f"{said}: {remedy}", len(counted), count)
