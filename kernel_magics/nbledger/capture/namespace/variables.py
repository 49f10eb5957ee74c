"""What each variable of a namespace was after the last cell, and what a cell did to them.

After a cell, every variable that its code touched is compared with its last known change token; so is every variable
that shares an object or a buffer with one of those that changed, or that cannot be told to be as it was. A name that is
bound to another object was bound anew; one whose object changed was changed in place, and is *derived*: it also depends
on the version that it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any

from nbledger.capture.code.names import CellCode, Names
from nbledger.capture.code.planted import plant_all
from nbledger.capture.code.reach import Ran, value_of
from nbledger.capture.code.resolution import union
from nbledger.capture.hooks import pyplot
from nbledger.capture.namespace import exports
from nbledger.capture.namespace.beside import Beside, isinstance_of_module
from nbledger.capture.namespace.bindings import Bindings, is_in_history
from nbledger.capture.namespace.changes import Changes
from nbledger.capture.namespace.kinds import Kind, content_of, kind_of
from nbledger.capture.namespace.known import Known, KnownVariables, flat_reach, reach_in
from nbledger.capture.namespace.patches import concerns
from nbledger.capture.namespace.reached import reached_through
from nbledger.capture.namespace.sharing import NOTHING, Reach, is_atom, widened
from nbledger.capture.namespace.versions import Token, Versions, isinstance_of_library_class
from nbledger.records import Version

__all__ = ["Changes", "Variables"]

_OUTPUTS = re.compile(r"_{1,3}$|_\d+$|_oh$|Out$").match
_MISSING = object()
_LAYOUTS = frozenset({"table", "column", "array", "sparse", "tensor"})
"""Kinds of which another change token may only mean another layout in memory."""
_FLAT = frozenset({list, set, bytearray})
_PLAIN = frozenset({int, float, bool, str, type(None)})


class Variables:
    """The variables of one namespace, as nbledger last knew them.

    `hidden` maps the names that are not the user's to their values, for as long as they are bound to these.
    """

    def __init__(
        self, namespace: Mapping[str, Any], versions: Versions, hidden: Mapping[str, Any] | None = None
    ) -> None:
        self._namespace = namespace
        self._versions = versions
        self._hidden = hidden or {}
        self._known = KnownVariables()
        self._bindings = Bindings(namespace, is_in_history)
        self._gone: set[str] = set()
        self._expected: dict[CellCode, Names] = {}
        self._beside = Beside(namespace)
        self._lends = self.still = False
        self._shown = frozenset[str]()
        self._looked_up: tuple[str, ...] = ()
        self.reaching = self._known.reaching

    def before(self, codes: Iterable[CellCode], *, alone: bool = False) -> list[Names]:
        """Take note of the namespace before a cell runs, and fingerprint what it will read for the first time.

        Returns what each code touches, as far as can be told before it runs. `alone` says that nothing but these codes
        will run: then `still` tells whether they can do nothing but bind names to plain data, and change it.
        """
        self._shown = frozenset[str]()
        self._bound_by_hand(*self._bindings.changed())
        codes = list(codes)
        looked_up = codes[0].looked_up(self._namespace) if alone and len(codes) == 1 and self._beside.is_idle else None
        if looked_up is not None:
            self.still, self._looked_up = True, looked_up
            self._beside.pass_over()
        else:
            self.watch(codes)
        return self.learn_reads(codes)

    def watch(self, codes: Iterable[CellCode]) -> None:
        """Take note of what a cell may change beside the variables that it names: it is not `still`."""
        self.still, self._looked_up = False, ()
        self._beside.before(codes)

    def learn_reads(self, codes: Iterable[CellCode]) -> list[Names]:
        """Fingerprint the variables that these codes read and that are not known as they are now."""
        codes = list(codes)
        found = [code.resolve(self._namespace, looked_up=self._looked_up) for code in codes]
        self._shown |= self._bindings.shown_as({output for names in found for output in names.outputs})
        self._learn_new(self._shown)
        for names in found:
            if names.reads:
                self._learn_new(names.reads)
                self._through(names.reads)
        self._expected.update(zip(codes, found, strict=True))
        return found

    def after(
        self,
        codes: Iterable[CellCode],
        ran: frozenset[int] | Sequence[frozenset[int] | None] | None = None,
        ran_in: Ran | None = None,
        *,
        failed: bool = False,
    ) -> Changes:
        """Compare the namespace with what it was, and return what the cell used and generated.

        `ran` are the lines that ran, where that is known: of the one code, or for each of `codes`; `ran_in` those of
        functions (see `CellCode.resolve`). Of a cell that `failed` no store is sure.
        """
        codes = list(codes)
        lines = ran if isinstance(ran, (list, tuple)) else [ran] * len(codes)
        names = union([self._resolve(code, of, ran_in) for code, of in zip(codes, lines, strict=True)])
        self._expected.clear()
        names = names._replace(reads=names.reads | self._shown) if self._shown else names
        moved, gone = ({name for name in some if self._is_users(name)} for some in self._bindings.changed())
        threads, opaque, patched = self._beside.after()
        if not (moved or gone or threads or patched or names.reads or names.writes or names.outputs):
            return Changes(names=names, opaque=opaque)
        cell = _Cell(self, names, self._bindings, gone, failed=failed)
        cell.changes.opaque = opaque
        cell.loose = any("base" in code.mentions for code in codes)
        cell.patched = patched
        cell.passed_on = frozenset().union(*(code.passed_on for code in codes))
        cell.run(moved, gone, threads)
        if self._gone:
            self._gone = {name for name in self._gone if name not in cell.now}
        return cell.changes

    def _resolve(self, code: CellCode, ran: frozenset[int] | None, ran_in: Ran | None) -> Names:
        """Return what a code touched. What a function read that the cell has bound anew is known from before only."""
        names = code.resolve(self._namespace, ran, ran_in, self._looked_up)
        names = names._replace(sure=frozenset()) if code.may_run_elsewhere else names
        expected = self._expected.get(code)
        if expected is None or expected.reads <= names.reads:
            return names
        if ran is None and not code.loads.isdisjoint(code.writes | code.deletes):
            names = names._replace(reads=names.reads | expected.reads)
        return names

    def version(self, name: str) -> Version | None:
        """Return the last known version of a variable."""
        known = self._known.get(name)
        return known.version if known else None

    def _is_users(self, name: str) -> bool:
        """Tell whether a name is the user's (not IPython's history or machinery)."""
        if name[:1] == "_" and is_in_history(name):
            return False
        hidden = self._hidden.get(name, _MISSING)
        return hidden is _MISSING or self._namespace.get(name, hidden) is not hidden

    def _bound_by_hand(self, moved: Iterable[str], gone: Iterable[str]) -> None:
        """Take in what was bound or deleted between two cells."""
        for name in (one for one in moved if one in self._known):
            self._learn(name)
        for name in gone:
            self._known.pop(name, None)

    def _learn_new(self, names: Iterable[str]) -> None:
        for name in names:
            ident = self._bindings.idents.get(name)
            known = self._known.get(name)
            unknown = ident is not None and (known is None or known.ident != ident) and self._is_users(name)
            if unknown and id(self._namespace.get(name)) == ident:  # else the cell has bound it anew by now
                self._learn(name)

    def _through(self, reads: Iterable[str]) -> set[str]:
        """Return the names that notebook functions read which are held by values, where the code does not tell."""
        return reached_through(reads, self._namespace, self._known, self._learn_new)

    def _learn(self, name: str) -> Known:
        value = self._namespace[name]
        if type(value) in _PLAIN:
            token, version = self._versions.of(value)
            known = self._known[name] = Known(id(value), token, version, NOTHING)
            return known
        self._lends = self._lends or type(value) in exports.LENDERS
        flat = None if type(value) is FunctionType else self._versions.of_flat(value)
        if flat is not None:
            known = self._known[name] = Known(id(value), flat.hash, flat, flat_reach(value))
            return known
        token, version = self._versions.of(content_of(value))
        if kind_of(type(value)) is Kind.VIEW:
            _, version = self._versions.of(value)
        known = self._known[name] = Known(id(value), token, version, self._reach(value))
        return known

    def _reach(self, value: Any, *, scan: bool = True) -> Reach:
        return reach_in(value, self._namespace, scan=scan)


class _Cell:
    """What is found out about one cell that has run."""

    def __init__(
        self, variables: Variables, names: Names, bindings: Bindings, gone: Iterable[str], *, failed: bool
    ) -> None:
        self.variables = variables
        self.namespace = variables._namespace
        self.known = variables._known
        self.now = bindings.idents
        self.new = bindings.new
        self.gone = frozenset(gone)
        self.changes = Changes(names=names)
        self.sure = frozenset() if failed else names.sure
        self.loose = False
        self.held: dict[str, frozenset[int]] = {}
        self.looked: set[str] = set()
        self.patched: set[type] = set()
        self.passed_on: frozenset[str] = frozenset()
        self.tokens: dict[int, tuple[Token, bool]] = {}
        # Marks of what may have changed, and of what surely has not.
        self.reach: set[int] = set()
        self.same: set[int] = set()
        self.everything = bool(names.opaque)

    def run(self, moved: set[str], gone: set[str], threads: list[Reach]) -> None:
        """Fill in `changes`, from the names that are bound to other objects than before, and those that are gone."""
        names, now, variables = self.changes.names, self.now, self.variables
        reads = names.reads | variables._through(names.reads)
        reads = self._with_holders(reads, gone) if variables._lends else reads
        moved = moved | self._rebound(names.writes - moved - self.sure)
        same = (self.sure & names.writes) - moved
        written = moved | {name for name in same if name in now and variables._is_users(name)}
        ended = {name for name in written | gone if name in self.known and self.known[name].reach.ends}
        self._use(reads | ended)
        threads = [*threads, *(self.known[name].reach for name in ended)]
        for name in (written | gone) & reads:
            if name in self.known:
                self._spread(self.known[name].reach)
        by_threads = frozenset().union(*(reach.calls for reach in threads))
        for name in sorted(reads | names.writes | by_threads):
            if name in now and name not in written:
                self._touch(name)
        self._touch_builtins(name for name in reads if name not in now)
        self._delete(gone)
        fresh: set[int] = set()
        for name in sorted(written):
            known = variables._learn(name)
            self.looked.add(name)
            self.changes.generated[name] = known.version
            if name in by_threads and name not in names.writes:
                self.changes.derived.add(name)
            if known.reach is not NOTHING:
                fresh |= known.reach.marks
                self.everything |= not known.reach.bounded
        for reach in threads:
            self._spread(reach)
        self._look_at_reloaded()
        self._look_beside(fresh, variables._beside.figures)

    def _with_holders(self, reads: frozenset[str], gone: set[str]) -> frozenset[str]:
        """Add the variables that hold a buffer of these; takes note of what the cell may let go."""
        self.held = exports.held_by(reads | self.changes.names.writes | gone, self.known)
        return reads | exports.holders(reads, self.namespace, self.known)

    def _look_beside(self, fresh: set[int], figures: frozenset[int]) -> None:
        """Look at what may show the changes, among it these figures that were open, and at what was patched."""
        if figures:
            self.reach |= pyplot.asked().figures
        self._look_at_shared(fresh)
        for name in exports.let_go(self.held, self.known, self.namespace) if self.held else ():
            self._generate(name, self.variables._learn(name))
        if figures:
            self.changes.figures = figures if self.everything else figures & self.reach
        if self.patched:
            self._look_at_patched()

    def _rebound(self, names: Iterable[str]) -> set[str]:
        """Return those bound to another number or text, at the address of the one that was freed for it."""
        now = {name: self.namespace[name] for name in names if name in self.now and name in self.known}
        atoms = {name: value for name, value in now.items() if kind_of(type(value)) is Kind.ATOM}
        return {name for name in atoms if self.variables._versions.of(atoms[name])[0] != self.known[name].token}

    def _use(self, reads: Iterable[str]) -> None:
        changes, variables = self.changes, self.variables
        for name in sorted(reads):
            if name in self.gone or (name in self.now and name not in self.new):
                if name in self.known:
                    changes.used[name] = self.known[name].version
            elif name in variables._gone and name in changes.names.reads:
                changes.absent.add(name)

    def _delete(self, gone: Iterable[str]) -> None:
        for name in gone:
            self.known.pop(name, None)
            self.changes.deleted.add(name)
            self.variables._gone.add(name)

    def _touch(self, name: str) -> None:
        """Look at a variable that the cell may have changed in place."""
        value: Any = self.namespace.get(name)
        if isinstance_of_module(value):
            self._touch_module(name, value)
        elif not self.variables._is_users(name):
            if _OUTPUTS(name):
                self._spread(self.variables._reach(value))
        elif name not in self.known:
            known = self.variables._learn(name)  # it came to light only now, through a function that the cell made
            self.changes.used[name] = known.version
            if not is_atom(value):
                self._generate(name, known)
                self._spread(known.reach)
        elif isinstance_of_library_class(value):
            if self.variables._versions.check(value)[0] != self.known[name].token:
                self.patched.add(value)
        elif self.known[name].token is None and self.known[name].ident == id(value) and name in self.passed_on:
            same = [other for other, known in self.known.items() if known.ident == id(value)]
            self.looked.update(same)  # an iterator that is given another name only goes no further
        elif not is_atom(value):
            self._look(name, value)

    def _touch_builtins(self, names: Iterable[str]) -> None:
        """Take in what the notebook has put into the builtins."""
        for name in names:
            value = value_of(name, self.namespace)
            if value is not None and not is_atom(value):
                self._spread(self.variables._reach(value))

    def _look_at_reloaded(self) -> None:
        for name, spec in self.variables._beside.specs.items():
            value = self.namespace.get(name)
            known = name in self.changes.generated or not isinstance_of_module(value)
            if not known and value.__dict__.get("__spec__") is not spec:
                self._generate(name, self.variables._learn(name))

    def _touch_module(self, name: str, module: ModuleType) -> None:
        if name not in self.known and self.variables._is_users(name):
            self.changes.used[name] = self.variables._learn(name).version
        self._spread(self.variables._reach(module))

    def _look(self, name: str, value: Any) -> bool:
        """Compare a value with what it was; opaque ones are taken as changed. Returns whether it changed."""
        self.looked.add(name)
        was = self.known[name]
        content = content_of(value)
        token, complete = self.tokens.get(id(content)) or self.variables._versions.check(content)
        self.tokens[id(content)] = token, complete
        equal = token is not None and token == was.token
        if equal and was.reach.marks == {id(value)} and type(value) in _FLAT:
            reach = was.reach  # equal content without anything inside that could be shared
        else:
            reach = self.variables._reach(value, scan=not equal or was.reach.scanned)
        if equal and reach.order == was.reach.order:
            if reach != was.reach:
                self.known[name] = was._replace(reach=reach)
            self._keep(reach, was.reach)
            return False
        version = self.variables._versions.version(value, token, complete=complete and content is value)
        known = self.known[name] = Known(id(value), token, version, reach)
        if version.hash == was.version.hash and version.kind in _LAYOUTS and reach.order == was.reach.order:
            self._keep(reach, was.reach)
            return False
        self._generate(name, known)
        self._spread(was.reach)
        self._spread(reach)
        return True

    def _generate(self, name: str, known: Known) -> None:
        self.changes.generated[name] = known.version
        self.changes.derived.add(name)

    def _keep(self, reach: Reach, was: Reach) -> None:
        """Take in what an unchanged value reaches: it did not change either, as far as the value shows it."""
        if reach.clear:
            self.same |= reach.marks - reach.beyond
            if self.loose:
                self.reach |= reach.beyond
        else:
            self._spread(was)
            self._spread(reach)

    def _spread(self, reach: Reach) -> None:  # take in what may have changed with a value
        self.reach |= reach.marks
        self.everything |= not reach.bounded

    def _look_at_shared(self, fresh: set[int]) -> None:
        """Look at every variable that may show a change that was made through another."""
        reach = widened((self.reach | fresh) - self.same)
        if not (reach or self.everything):
            return
        for name in sorted(self.known if self.everything else self.known.reaching(reach)):
            if name in self.looked or self.known[name].reach is NOTHING or name not in self.now:
                continue
            value = self.namespace.get(name)
            if not (is_atom(value) or isinstance_of_module(value)):
                self._look(name, value)

    def _look_at_patched(self) -> None:
        """Count as changed what stands for a class that was given new attributes, and its instances."""
        for cls in self.patched:
            plant_all(cls, self.namespace)
        for name in list(self.known):
            value: Any = self.namespace.get(name)
            is_patched = isinstance_of_library_class(value) and value in self.patched
            if name not in self.changes.generated and (is_patched or concerns(value, self.patched)):
                self._generate(name, self.variables._learn(name))
