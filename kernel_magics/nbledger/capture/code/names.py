"""Which names of a namespace a piece of code reads, writes and deletes.

Found from the bytecode that Python's own compiler made, so scoping is the compiler's and not a guess: `LOAD_NAME` and
`LOAD_GLOBAL` read, `STORE_NAME` and `STORE_GLOBAL` write, `DELETE_*` delete. Scanning the code of a cell takes
microseconds, and the namespace stays a plain dict, so the cell itself runs at full speed.

A name counts as read where a load may see the value from before the code ran. A store that every path to the load
passes hides that value. What cannot be known from the code (a branch not taken, a loop of no turns) counts as read:
the set may be too large, never too small. Which lines ran, where that is known, makes it smaller.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import pairwise
from types import CodeType
from typing import Any

from nbledger.capture.code import planted
from nbledger.capture.code.bytecode import (
    CO_OPTIMIZED,
    JUMPS,
    LOAD_NAME,
    PADDING,
    STORES,
    LineTable,
    instructions,
    nested,
    opcodes,
    selection,
)
from nbledger.capture.code.dynamic import TRIGGERS, Found
from nbledger.capture.code.flow import Event, Flow, Graph, Straight, Ways
from nbledger.capture.code.module_state import state_of
from nbledger.capture.code.reach import PLAIN, Ran, Reach, function_globals, holds_nothing, label_of, scanned
from nbledger.capture.code.resolution import Flowing, Names, Resolution, Seen, behind_chain
from nbledger.capture.code.scan import Inner, class_loads, scan
from nbledger.capture.code.still import are_pure, are_still, may_be_still, runs_in_order
from nbledger.capture.code.still_functions import REACHES_ATTRIBUTES, called, says_too_much, touched_by_each
from nbledger.capture.code.touched import Touched
from nbledger.fingerprint.syntax import compile_quietly

__all__ = ["CellCode", "Names", "compile_cell", "function_globals"]

_BRANCHES = selection(JUMPS)
_IMPORTS = selection(opcodes("IMPORT_NAME"))


def compile_cell(source: str, filename: str = "<cell>") -> CodeType:
    """Compile a cell as IPython does, with top-level `await`. Raises `SyntaxError` and `ValueError` as `compile`."""
    return compile_quietly(source, filename, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


class CellCode:
    """The compiled code of a cell, scanned once; `resolve` then says what it touches in given namespaces.

    `code` may be any code at module level: a cell's, or what `exec` or `eval` compiled. No store is sure of one that
    `may_run_elsewhere`, in a namespace of its own.
    """

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self.may_run_elsewhere = False
        self._scan = scan(code)
        self.mentions = frozenset(code.co_names)
        self._loads = list(self._scan.loads)
        self._events: list[Event] = self._scan.events
        self._maybe: list[tuple[int, str, bool]] = []
        self._last: tuple[frozenset[int], Seen] | None = None
        # What was told last of a still cell that calls functions: it depends on what their codes touch alone.
        self._told: list[tuple[Seen, tuple[str, ...], list[Touched | None], Names]] = []
        self._now: list[tuple[int, Inner]] = []
        self._defs: list[tuple[int, Inner]] = []
        if self._scan.inner:
            self._sort_inner()
        self._codes = [
            (at, CellCode(inner), binds) for at, inner, binds in (self._scan.found.codes if self._scan.found else ())
        ]
        if self._scan.found is not None:
            self._take_found(self._scan.found)
        now = [function_globals(inner.code) for _, inner in self._now]
        self.loads = frozenset(name for _, name in self._loads).union(*(touched.reads for touched in now))
        changed = (*self._events, *self._maybe)
        self.writes = frozenset(name for _, name, stored in changed if stored).union(*(made.writes for made in now))
        self.deletes = frozenset(name for _, name, stored in changed if not stored)

    def resolve(
        self,
        namespace: Mapping[str, Any],
        ran: frozenset[int] | None = None,
        ran_in: Ran | None = None,
        looked_up: tuple[str, ...] = (),
    ) -> Names:
        """Return the names that the cell touches, itself and through the notebook's functions that it mentions.

        What a function reads counts as read where the function's name is loaded: a cell that binds `df` and then
        calls a function that uses the global `df` does not read the earlier `df`.

        `ran` are the lines of this code that ran, when it is known that these and no others did. A line 0 among them
        tells that the handlers of `with` statements were watched too: -n stands for that of the `with` in line n.
        `ran_in` are the lines that ran of functions' codes that were watched; those with none were never entered.
        `looked_up` is what the method of that name told before the cell ran.
        """
        seen = self._all if ran is None else self._seen_of(ran)
        if not ran_in and self._is_simple and self._only_plain(namespace):
            return self._of_plain(seen, namespace)
        touched = touched_by_each(looked_up, self._defined, namespace) if looked_up and not ran_in else None
        if touched is None:
            return Resolution(seen, namespace, ran_in).names()
        for known in self._told:
            if known[0] is seen and known[1] == looked_up and known[2] == touched:
                return known[3]
        names = Resolution(seen, namespace, None).names()
        self._told = [(seen, looked_up, touched, names), *self._told[:1]]
        return names

    @staticmethod
    def _of_plain(seen: Seen, namespace: Mapping[str, Any]) -> Names:
        """Return what a cell touches that reaches no function: but for data in modules it is always the same."""
        if seen.names is None:
            seen.names = Resolution(seen, namespace, None).plain_names()
        if seen.chains:
            states, stored = state_of({chain for _, chain in seen.chains}, namespace)
            if states or stored:
                return seen.names._replace(attributes=frozenset(states), stored_attributes=frozenset(stored))
        return seen.names

    def _only_plain(self, namespace: Mapping[str, Any]) -> bool:
        """Tell whether no name that the cell loads can lead to a function: then it touches the same names each time."""
        if not planted.is_empty():
            return False
        if self._scan.chains and any(behind_chain(chain, namespace) for _, chain in self._scan.chains):
            return False
        values = list(map(namespace.get, self.loads))
        return PLAIN.issuperset(map(type, values)) or all(map(holds_nothing, values))

    @cached_property
    def _is_simple(self) -> bool:
        """Whether what the cell touches can depend on no value but those of functions that it loads."""
        if self._scan.found is not None or self._defs or any(inner.name for _, inner in self._now):
            return False
        inside = [inner.code for _, inner in self._now]
        return not any(function_globals(code).chains for code in inside) and all(
            TRIGGERS.isdisjoint(code.co_names) for top in inside for code in nested(top)
        )

    def _seen_of(self, ran: frozenset[int]) -> Seen:
        """Return what counts when these lines ran: for a cell that is run again these are mostly the same."""
        if self._graph is None and self._lines <= ran:
            return self._all
        if self._last is None or self._last[0] != ran:
            self._last = ran, self._view(ran)
        return self._last[1]

    @cached_property
    def _lines(self) -> frozenset[int]:
        """The lines of the code, as line events tell them."""
        return frozenset(line for _, _, line in self._code.co_lines() if line)

    def is_still(self, namespace: Mapping[str, Any]) -> bool:
        """Tell whether the cell can do nothing in this namespace but bind names to plain data, and change it.

        Functions of the notebook that do no more may be bound and called, too.
        """
        return self.looked_up(namespace) is not None

    def looked_up(self, namespace: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Return the names that the functions which a still cell may call look up, and its own; `None` if not still.

        None are returned of a cell that can call no function of the notebook.
        """
        if not self._may_be_still:
            return None
        if self._is_simple and are_still(self._touched, namespace):
            names = self._of_plain(self._all, namespace)
            beside = names.outputs or names.attributes or names.stored_attributes
            return None if beside or not are_pure(names.reads, namespace) else ()
        if REACHES_ATTRIBUTES in self.mentions or not planted.is_empty():
            return None
        return called(self.loads, self.writes, self._defined, namespace)

    @cached_property
    def _may_be_still(self) -> bool:
        defined = frozenset(code for codes in self._defined.values() for code in codes)
        return (
            self._scan.found is None
            and may_be_still(self._code, defined)
            and not any(says_too_much(inner.code) for _, inner in self._now)
        )

    @cached_property
    def _defined(self) -> dict[str, list[CodeType]]:
        """The codes of the functions that the cell binds to names, and does no more with."""
        found: dict[str, list[CodeType]] = {}
        for _, inner in self._defs:
            found.setdefault(inner.name or "", []).append(inner.code)
        return found

    @cached_property
    def _touched(self) -> frozenset[str]:
        return self.loads | self.writes | self.deletes

    @cached_property
    def in_order(self) -> bool:
        """Whether the lines run one after the other, so that the line of an error tells which ran."""
        return self._graph is None and not self._scan.inner and runs_in_order(self._code)

    def up_to(self, line: int) -> frozenset[int]:
        """Return the lines that ran of a code whose lines run `in_order`, when this was the last."""
        return frozenset(at for at in self._lines if at <= line)

    @cached_property
    def imports(self) -> frozenset[str]:
        """The modules that import statements in the code, and in what is defined in it, name."""
        return frozenset(
            code.co_names[arg] for code in nested(self._code) for _, _, arg in instructions(code, _IMPORTS)
        )

    @cached_property
    def said(self) -> frozenset[str]:
        """The names that the code mentions: itself, in what it runs at once, in functions that it makes and loads."""
        inner = [*(code for _, code in self._now), *(code for _, code in self._defs if code.name in self.loads)]
        return self.mentions.union(*(code.co_names for top in inner for code in nested(top.code)))

    @cached_property
    def gives_away(self) -> frozenset[str]:
        """What the code defines and at once has at hand itself: decorated, or mentioned again (see `label_of`)."""
        inner = [found for _, found in self._scan.inner if found.name]
        return frozenset(label_of(found.code) for found in inner if found.decorated or found.name in self.loads)

    @cached_property
    def passed_on(self) -> frozenset[str]:
        """The names of which the code only binds the value to another name (`c = d`)."""
        steps = [step for step in instructions(self._code) if step[1] not in PADDING]
        plain = [
            self._code.co_names[arg]
            for (_, op, arg), (_, after, _) in pairwise(steps)
            if op in LOAD_NAME and after in STORES
        ]
        loads = Counter(name for _, name in self._loads)
        return frozenset(name for name in plain if plain.count(name) == loads[name] and name not in self._held)

    @cached_property
    def _held(self) -> frozenset[str]:
        """The names that are mentioned by codes inside this one."""
        return frozenset(name for _, inner in self._scan.inner for code in nested(inner.code) for name in code.co_names)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The string constants of the code, and of what is defined in it."""
        return tuple(const for code in nested(self._code) for const in code.co_consts if isinstance(const, str))

    @cached_property
    def sure(self) -> frozenset[str]:
        """The names that every normal way to the end has bound anew, whatever lines run."""
        found: frozenset[str] = self._all.flow.at_exit()
        return found

    @property
    def code(self) -> CodeType:
        """The compiled code itself."""
        return self._code

    def reached_codes(self, namespace: Mapping[str, Any]) -> set[CodeType]:
        """Return the codes of the notebook's functions that the cell may reach: those worth watching while it runs."""
        if self._is_simple and self._only_plain(namespace):
            return set()
        reach = Reach(namespace, {})
        for name in self.loads:
            reach.of(name)
        for _, inner in self._scan.inner:
            reach.through([inner.code])
        for _, sub, _ in self._codes:
            reach.codes |= sub.reached_codes(namespace)
        own = {code for _, inner in self._scan.inner for code in nested(inner.code)}
        return reach.codes - own

    def _sort_inner(self) -> None:
        """Tell apart what the cell holds: what may run at once is read here, a `def` when its name is loaded."""
        for at, inner in self._scan.inner:
            if inner.name is None or inner.decorated:
                self._now.append((at, inner))
            else:
                self._defs.append((at, inner))
                if not inner.code.co_flags & CO_OPTIMIZED:
                    self._take_body(at, inner.code)

    def _take_body(self, at: int, body: CodeType) -> None:
        """Count what a class body does at once: its own loads, its lambdas and comprehensions, not its methods."""
        found = scanned(body)
        self._loads.extend((at, name) for _, name in class_loads(body, found))
        for _, inner in found.inner:
            if inner.name is None or (inner.decorated and inner.code.co_name == "<lambda>"):
                self._now.append((at, Inner(inner.code, None)))
            elif not inner.code.co_flags & CO_OPTIMIZED:
                self._take_body(at, inner.code)

    def _take_found(self, found: Found) -> None:
        """Count what constants that run as code bind as bound where they run."""
        self._maybe.extend(found.maybe)
        events = list(found.events)
        for at, sub, binds in self._codes:
            if binds:
                events.extend((at, name, True) for name in sub.sure)
                self._maybe.extend((at, name, True) for name in sub.writes - sub.sure)
                self._maybe.extend((at, name, False) for name in sub.deletes)
        if events:
            self._events = sorted([*self._events, *events], key=lambda event: event[0])

    @cached_property
    def _all(self) -> Seen:
        return self._view(None)

    @cached_property
    def _graph(self) -> Graph | None:
        code = self._code
        branches = code.co_exceptiontable or any(True for _ in instructions(code, _BRANCHES))
        return Graph(code) if branches else None

    @cached_property
    def _table(self) -> LineTable:
        return LineTable(self._code)

    def _view(self, ran: frozenset[int] | None) -> Seen:
        """Return what counts of the cell when only these lines ran."""
        table = self._table if ran is not None else None

        def kept(at: int) -> bool:
            return table is None or ran is None or table.ran(at, ran)

        if table is None:
            return self._seen(Straight(self._events) if self._graph is None else Flow(Ways(self._graph), self._events))
        assert ran is not None
        events = [event for event in self._events if kept(event[0])]
        if self._graph is None:
            return self._seen(Straight(events), kept)
        flow = Flow(self._graph.pruned(table, ran), events)
        return self._seen(flow, lambda at: kept(at) and flow.reaches(at))

    def _seen(self, flow: Flowing, kept: Callable[[int], bool] | None = None) -> Seen:
        found = self._scan.found
        seen = Seen(
            flow=flow,
            loads=self._loads,
            changed=[*self._events, *self._maybe],
            now=self._now,
            defs=self._defs,
            chains=self._scan.chains,
            codes=[(at, sub) for at, sub, _ in self._codes],
            found=found,
        )
        if kept is not None:
            seen.loads = [load for load in seen.loads if kept(load[0])]
            seen.changed = [change for change in seen.changed if kept(change[0])]
            seen.now = [inner for inner in seen.now if kept(inner[0])]
            seen.defs = [inner for inner in seen.defs if kept(inner[0])]
            seen.chains = [chain for chain in seen.chains if kept(chain[0])]
            seen.codes = [code for code in seen.codes if kept(code[0])]
            seen.found = found.only(kept) if found is not None else None
        return seen
