"""Verifying a ledger: the audit's chain, the rows that its events vouch for, and the bytes of every stored object.

What it proves: from the head back, no event was changed or taken out; every registry row and deletion is what it was
when its event was written; every number means the version that it meant; every object is what its name says; and, with
a head that was written down elsewhere, that today's audit still contains all that it contained then.

What it cannot prove: whoever may write the file can make a whole new chain that is sound in itself. Only a head that
was kept elsewhere (a signed commit, a ticket, a mail) tells that one from the old one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nbledger.ledger import audit
from nbledger.ledger.audit import AuditEvent
from nbledger.ledger.errors import ObjectAltered, ObjectMissing

if TYPE_CHECKING:
    import sqlite3

    from nbledger.ledger.ledger import Ledger

_AUDITED_ONLY = ("promotion", "approval", "model_tag")
"""Tables that are as young as the audit: without one, they must be empty."""


@dataclass(frozen=True, slots=True)
class Break:
    """One thing that does not hold: in the `chain`, the `rows`, or the `objects`; what it is, and what to do."""

    where: Literal["chain", "rows", "objects"]
    subject: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found: the `head`, how many events, rows and objects were looked at, and all that does not hold.

    `objects` is `None` where they were not looked at.
    """

    head: str | None
    events: int
    rows: int
    objects: int | None
    breaks: tuple[Break, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.breaks


def verify(ledger: Ledger, *, quick: bool = False, expect: str | None = None) -> Verification:
    """Walk the audit and, unless `quick`, the object store.

    `expect` is a head that was written down elsewhere (its first 12 digits at least): the audit must still contain it.
    The breaks come in the order of the chain, so that the first one is the first broken link.
    """
    with ledger.database.read() as connection:
        walk = _Walk(connection)
        breaks = [*walk.chain(), *walk.expected(expect), *walk.rows()]
        events, rows, head = len(walk.events), len(walk.now), walk.head
        names = [row[0] for row in connection.execute("SELECT hash FROM object ORDER BY hash")]
    if not quick:
        breaks += _objects(ledger, names)
    return Verification(head, events, rows, None if quick else len(names), tuple(breaks))


class _Walk:
    """One look at the audit and the rows that it vouches for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.events = audit.read_events(connection)
        self.altered = audit.altered(connection)
        self.head = audit.head(connection)
        self.now = audit.all_digests(connection)
        self.reached = self._reachable()

    def chain(self) -> Iterator[Break]:
        """Yield what is wrong with the events, from the first one on."""
        remedy = "Everything after it is in doubt: compare with a copy, and restore the ledger from one that verifies."
        if self.head is None and (self.events or any(key.split("/")[0] in _AUDITED_ONLY for key in self.now)):
            yield Break("chain", "head", "the audit's last event is not known (meta has no audit_head)", remedy)
        if self.head is not None and self.head not in self.events:
            yield Break("chain", self.head, f"the last event {self.head[:12]} is missing", remedy)
        for event in self._in_order():
            if event.hash in self.altered:
                what = f"event {_said(event)} was altered: its columns do not give its hash"
                yield Break("chain", event.hash, what, remedy)
            for parent in (event.previous, event.merged):
                if parent is not None and parent not in self.events:
                    what = f"the event {parent[:12]} before {_said(event)} is missing"
                    yield Break("chain", event.hash, what, remedy)
        loose = [event for event in self.events.values() if event.hash not in self.reached]
        for event in loose[:20]:
            what = f"event {_said(event)} does not lead to the last event"
            yield Break("chain", event.hash, what, "It was cut off, or put in beside the chain: compare with a copy.")

    def expected(self, expect: str | None) -> Iterator[Break]:
        """Yield that a head of before is not in the chain any more."""
        if expect is None:
            return
        text = expect.strip().lower()
        if len(text) < 12 or not any(hash.startswith(text) for hash in self.reached):
            what = f"the head {text[:12]} that was expected is not in the chain"
            remedy = "The audit was cut off or made anew since that head was written down: restore the ledger of then."
            yield Break("chain", text, what, remedy)

    def rows(self) -> Iterator[Break]:
        """Yield rows that are not what their events say, that no event knows, or that are gone; and wrong numbers."""
        if self.head is None and not self.events:
            return  # a ledger from before the audit: `chain` says where that cannot be
        said, left_out = self._vouched()
        for key, digests in said.items():
            if key not in self.now and key not in left_out:
                yield _row_break(key, "is gone, which the audit vouches for")
            elif key in self.now and self.now[key] not in digests:
                yield _row_break(key, "was altered: it is not what the audit vouches for")
        for key in self.now:
            if key not in said:
                yield _row_break(key, "has no event in the audit")
        yield from self._numbers()
        yield from self._artifacts()

    def _vouched(self) -> tuple[dict[str, set[str]], set[str]]:
        said: dict[str, set[str]] = {}
        left_out: set[str] = set()
        for event in self.events.values():
            if event.hash not in self.reached or event.hash in self.altered:
                continue
            rows = event.detail.get("rows")
            for key, digest in (rows if isinstance(rows, Mapping) else {}).items():
                said.setdefault(key, set()).add(str(digest))
            keys = event.detail.get("left_out")
            left_out.update(str(key) for key in (keys if isinstance(keys, list) else ()))
        return said, left_out

    def _numbers(self) -> Iterator[Break]:
        """Compare versions' numbers with what was last said of them in this ledger's own line of events."""
        said: dict[str, int] = {}
        event = self.events.get(self.head or "")
        seen: set[str] = set()
        while event is not None and event.hash not in seen:
            seen.add(event.hash)
            numbers = event.detail.get("numbers")
            for id, number in (numbers if isinstance(numbers, Mapping) else {}).items():
                said.setdefault(id, number)
            event = self.events.get(event.previous or "")
        for id, number in audit.numbers_of(self.connection).items():
            if id in said and said[id] != number:
                yield _row_break(f"model_version/{id}", f"was renumbered: it is {number} and was {said[id]}")

    def _artifacts(self) -> Iterator[Break]:
        """Compare the bytes that a version is loaded from with those that were promoted."""
        rows = self.connection.execute(
            """SELECT DISTINCT p.id, p.model, v.number, p.artifact, s.object FROM promotion p
            JOIN model_version v ON v.key = p.model_version
            LEFT JOIN stored_version s ON s.version = v.version
            WHERE p.outcome <> 'refused' AND NOT EXISTS (
                SELECT 1 FROM stored_version t WHERE t.version = v.version AND t.object = p.artifact)"""
        )
        for id, model, number, artifact, now in rows:
            what = (
                f"{model} version {number} is loaded from {(now or 'nothing')[:12]}, and {artifact[:12]} was promoted"
            )
            yield Break("rows", f"promotion/{id}", what, "Restore the row of stored_version from a copy.")

    def _reachable(self) -> set[str]:
        found: set[str] = set()
        waiting = [self.head] if self.head else []
        while waiting:
            event = self.events.get(waiting.pop() or "")
            if event is None or event.hash in found:
                continue
            found.add(event.hash)
            waiting += [parent for parent in (event.previous, event.merged) if parent]
        return found

    def _in_order(self) -> Iterator[AuditEvent]:
        """Yield the events so that each comes after those that it follows, however their times were set."""
        done: set[str] = set()
        for start in list(self.events):
            waiting = [start]
            while waiting:
                hash = waiting[-1]
                event = self.events[hash]
                before = [one for one in (event.previous, event.merged) if one in self.events and one not in done]
                if hash in done or not before or len(waiting) > len(self.events):
                    waiting.pop()
                    if hash not in done:
                        done.add(hash)
                        yield event
                else:
                    waiting += [one for one in before if one is not None]


def _said(event: AuditEvent) -> str:
    return f"{event.hash[:12]} ({event.action} {event.subject}, by {event.who})"


def _row_break(key: str, what: str) -> Break:
    table, _, id = key.partition("/")
    return Break("rows", key, f"the {table} {id[:12]} {what}", "Compare with a copy, and restore the row from it.")


def _objects(ledger: Ledger, names: list[str]) -> Iterator[Break]:
    for hash in names:
        try:
            ledger.objects.check(hash)
        except ObjectMissing:
            what = f"object {hash[:12]} is missing"
            yield Break("objects", hash, what, "Merge a copy or import a bundle that has it.")
        except ObjectAltered:
            what = f"object {hash[:12]} was altered: its bytes do not match its hash"
            yield Break("objects", hash, what, "`nbledger doctor --fix` sets it aside; then merge a copy that has it.")
