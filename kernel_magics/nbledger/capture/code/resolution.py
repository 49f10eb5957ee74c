"""What a scanned cell touches in one namespace: its own names, and those of the functions that it reaches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple, Protocol

from nbledger.capture.code import planted
from nbledger.capture.code.bytecode import nested
from nbledger.capture.code.dynamic import Found, names_in_query
from nbledger.capture.code.module_state import state_of
from nbledger.capture.code.reach import (
    PLAIN,
    Ran,
    Reach,
    codes_behind,
    function_globals,
    holds_nothing,
    label_of,
    value_of,
)
from nbledger.capture.code.scan import Chain, Inner
from nbledger.capture.code.touched import Touched

_NOTHING: frozenset[str] = frozenset()
_HOLDERS = frozenset({FunctionType, list, tuple, set, dict})
_is_output = re.compile(r"_{1,3}|_\d+").fullmatch


class Names(NamedTuple):
    """The names that a code reads (before writing them itself), writes and deletes.

    `sure` are the names that every normal way to the end has bound anew; a write that is not among them may not have
    happened. `outputs` are reads of IPython's output history (`_`, `_3`, `Out[3]`, or `Out` for any). `attributes` are
    data in modules that is looked at (`os.environ`, `config.DEBUG`), `stored_attributes` those assigned or deleted.
    `commands` are shell commands and the files that magics name. `strangers` are the notebook's functions that ran
    though nothing in the code leads to them (see `label_of`). `opaque` says why these sets cannot be complete (`exec`,
    `eval`, `%%sql`), or is empty.
    """

    reads: frozenset[str] = _NOTHING
    writes: frozenset[str] = _NOTHING
    deletes: frozenset[str] = _NOTHING
    opaque: tuple[str, ...] = ()
    sure: frozenset[str] = _NOTHING
    outputs: frozenset[str] = _NOTHING
    attributes: frozenset[str] = _NOTHING
    stored_attributes: frozenset[str] = _NOTHING
    commands: tuple[str, ...] = ()
    strangers: frozenset[str] = _NOTHING


def union(found: list[Names]) -> Names:
    """Return the union of what several codes touch, where a later one may read what an earlier one wrote."""
    if len(found) < 2:
        return found[0] if found else Names()
    joined: dict[str, Any] = {}
    for part in Names._fields:
        every: set[str] = set().union(*(getattr(names, part) for names in found))
        joined[part] = tuple(sorted(every)) if part in ("opaque", "commands") else frozenset(every)
    return Names(**joined)


def behind_chain(chain: Chain, namespace: Mapping[str, Any]) -> list[CodeType]:
    """Return the codes of functions that the notebook has put into a module, where a chain looks."""
    module = namespace.get(chain.root)
    if type(module) is not ModuleType or chain.stored:
        return []
    value = module.__dict__.get(chain.path[0])
    return codes_behind(value, namespace) if type(value) in _HOLDERS and not holds_nothing(value) else []


class Flowing(Protocol):
    """What is surely stored where in a code."""

    def surely_stored(self, name: str, offset: int) -> bool:
        """Tell whether every way to `offset` stores `name` and does not delete it afterwards."""

    def reaches(self, offset: int) -> bool:
        """Tell whether control may come to `offset`."""

    def at_exit(self) -> frozenset[str]:
        """Return the names that are surely stored at every normal end of the code."""


class Resolvable(Protocol):
    """A code of its own inside another one: a constant that runs."""

    def resolve(self, namespace: Mapping[str, Any], ran: None = None, ran_in: Ran | None = None) -> Names:
        """Return the names that the code touches."""


@dataclass(slots=True)
class Seen:
    """What of a cell counts: all of it, or what the lines that ran touch. Each thing with its offset."""

    flow: Flowing
    loads: list[tuple[int, str]]
    changed: list[tuple[int, str, bool]]
    now: list[tuple[int, Inner]]
    defs: list[tuple[int, Inner]]
    chains: list[tuple[int, Chain]]
    codes: list[tuple[int, Resolvable]] = field(default_factory=list)
    found: Found | None = None
    names: Names | None = None


class Resolution:
    """One answer in the making."""

    def __init__(self, seen: Seen, namespace: Mapping[str, Any], ran_in: Ran | None) -> None:
        self._seen = seen
        self._namespace = namespace
        self._ran_in = ran_in
        self._loads = list(seen.loads)
        self._touched = Touched()
        self._outputs = [(at, name, name) for at, name in seen.loads if name[:1] == "_" and _is_output(name)]
        self._chains = {chain for _, chain in seen.chains}
        self._writes = {name for _, name, stored in seen.changed if stored}
        self._deletes = {name for _, name, stored in seen.changed if not stored}
        defs: dict[str, list[CodeType]] = {}
        for _, inner in (*seen.defs, *(now for now in seen.now if now[1].name)):
            defs.setdefault(inner.name or "", []).append(inner.code)
        self._reach = Reach(namespace, defs, ran_in)
        self._defs = defs
        self._strangers: set[str] = set()

    def plain_names(self) -> Names:
        """Return all that the cell touches when no name that it loads leads to a function, but data in modules."""
        for at, inner in self._seen.now:
            self._through(at, function_globals(inner.code))
        self._chains = set()
        return self._made()

    def names(self) -> Names:
        """Return all that the cell touches."""
        for at, inner in self._seen.now:
            self._through(at, self._reach.through([inner.code]))
        for at, sub in self._seen.codes:
            self._sub(at, sub.resolve(self._namespace, None, self._ran_in))
        if self._seen.found is not None:
            self._spelled(self._seen.found)
        self._follow()
        if self._ran_in:
            self._entered(self._ran_in)
        return self._made()

    def _follow(self) -> None:
        """Follow the loads of names that stand for the notebook's functions."""
        namespace = self._namespace
        reached: dict[str, Touched | None] = {}
        for at, name in list(self._loads):
            first = name not in reached
            if first:
                plain = planted.is_empty() and name not in self._defs and type(value_of(name, namespace)) in PLAIN
                reached[name] = None if plain else self._reach.of(name)
            touched = reached[name]
            if touched is not None:
                self._through(at, touched, first=first)
        for at, chain in self._seen.chains:
            codes = behind_chain(chain, namespace)
            if codes:
                self._through(at, self._reach.through(codes))

    def _through(self, at: int, touched: Touched, *, first: bool = True) -> None:
        """Count what functions touch as touched at `at`; `first` says that they were not before."""
        for name in touched.reads:
            self._loads.append((at, name))
            if name[:1] == "_" and _is_output(name):
                self._outputs.append((at, name, name))
        if touched.weak:
            self._loads.extend((at, name) for name in self._existing(touched.weak))
        if touched.outputs:
            self._outputs.extend((at, output, name) for output, name in touched.outputs)
        if touched.everything:
            self._loads.extend((at, name) for name in self._namespace)
        if touched.queries:
            self._queries([at], touched.reads)
        if first:
            self._chains |= touched.chains
            self._touched.add(touched)

    def _sub(self, at: int, names: Names) -> None:
        self._loads.extend((at, name) for name in names.reads)
        self._outputs.extend((at, output, output.partition("[")[0]) for output in names.outputs)
        self._touched.opaque.update(names.opaque)
        self._touched.commands.update(names.commands)
        self._touched.states |= names.attributes
        self._touched.stored_states |= names.stored_attributes

    def _spelled(self, found: Found) -> None:
        self._loads.extend((at, name) for at, name in found.weak if name in self._namespace or name in self._deletes)
        for at in found.everything:
            self._loads.extend((at, name) for name in self._namespace)
        self._outputs.extend(found.outputs)
        self._chains.update(Chain(root, path, stored) for _, root, path, stored in found.chains)
        self._touched.opaque.update(reason for _, reason in found.opaque)
        self._touched.commands.update(text for _, text in found.commands)
        if found.queries:
            self._queries(found.queries, {name for _, name in self._loads})

    def _queries(self, offsets: Iterable[int], names: Iterable[str]) -> None:
        """Look into the strings that variables hold: any of them may be given to a query."""
        texts = [value for name in names for value in (self._namespace.get(name),) if type(value) is str]
        found = {name for text in texts for name in self._existing(names_in_query(text))}
        self._loads.extend((at, name) for at in offsets for name in found)

    def _entered(self, ran_in: Ran) -> None:
        """Count functions that ran, though no name that the cell loads leads to them, as called at its start."""
        inner = {code for _, held in (*self._seen.now, *self._seen.defs) for code in nested(held.code)}
        known = {code for top in self._reach.codes for code in nested(top)} - self._reach.behind_shell()
        strangers = set()
        for code, lines in ran_in.items():
            if lines and code not in known:
                if code in inner and code.co_name.startswith("<"):
                    continue
                self._through(0, self._reach.through([code]))
                if code not in inner:
                    strangers.add(code)
        if strangers:
            self._strangers.update(map(label_of, strangers))
            self._loads.extend((0, name) for name in self._reach.holders(strangers))

    def _existing(self, names: Iterable[str]) -> Iterator[str]:
        return (name for name in names if name in self._namespace or name in self._deletes)

    def _made(self) -> Names:
        touched = self._touched
        stored = self._seen.flow.surely_stored
        writes = self._writes
        states, stored_states = state_of(self._chains, self._namespace)
        return Names(
            reads=frozenset({name for at, name in self._loads if name not in writes or not stored(name, at)}),
            writes=frozenset(writes | touched.writes),
            deletes=frozenset(self._deletes | touched.deletes),
            opaque=tuple(sorted(touched.opaque)),
            sure=self._seen.flow.at_exit() - touched.deletes,
            outputs=frozenset({shown for at, shown, name in self._outputs if not stored(name, at)}),
            attributes=frozenset(states | touched.states),
            stored_attributes=frozenset(stored_states | touched.stored_states),
            commands=tuple(sorted(touched.commands)),
            strangers=frozenset(self._strangers),
        )
