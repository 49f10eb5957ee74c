"""What a value reaches: the mutable objects and buffers that it may have in common with other variables.

`b = a; b[0] = 1` changes what `a` shows; so does writing to a view of an array, or appending to the list that a
generator walks. Two variables that have a mark in common may show the same change. A mark is the identity of an object
or the address of a buffer; one that pandas copies before it writes to it is kept inverted (`~mark`), for two frames
that share it never see each other's changes, but an array that was taken from a frame does.

What is reached is found level by level, in C wherever items are of plain types: a list of ten million numbers costs one
look at their types. Beyond `MAX_OBJECTS` the walk ends, and the value counts as sharing with everything.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Collection, Iterable, Mapping
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from nbledger.capture.code.reach import function_globals
from nbledger.capture.namespace.endings import called_at_end, does_at_end
from nbledger.capture.namespace.frame_arrays import arrays_in, copies_on_write
from nbledger.capture.namespace.kinds import (
    IMMUTABLE,
    Kind,
    atoms,
    in_library,
    is_atom,
    is_library_function,
    is_written_here,
    kind_of,
    no_atoms,
)
from nbledger.capture.namespace.loggers import behind_logger
from nbledger.fingerprint import change_token
from nbledger.fingerprint.code import CLASS_NOISE

__all__ = ["NOTHING", "Reach", "is_atom", "reach_of", "widened"]

MAX_OBJECTS = 100_000
_FRAME_FIELDS = frozenset({"_mgr", "_item_cache", "_attrs", "_flags", "_is_copy", "_cacher", "_name"})


class Reach(NamedTuple):
    """What a value reaches.

    `marks` are the mutable objects and root buffers, `beyond` those of them of which the value shows a part only.
    `order` tells how shared parts are arranged, which equal content does not. `clear` says that the value's change
    check covers all it reaches, `bounded` that all marks were found, `scanned` that an object array had to be looked
    through. `calls` are the globals that the notebook functions inside read. `ends` says that something is done when it
    goes.
    """

    marks: frozenset[int] = frozenset()
    beyond: frozenset[int] = frozenset()
    order: int = 0
    clear: bool = True
    bounded: bool = True
    scanned: bool = False
    calls: frozenset[str] = frozenset()
    ends: bool = False


NOTHING = Reach()


def reach_of(value: Any, namespace: Mapping[str, Any] | None = None, *, scan: bool = True) -> Reach:
    """Return what a value reaches. Functions whose globals are `namespace` are the notebook's own.

    Without `scan` object arrays are taken to hold atoms only, as is known of a value that did not change.
    """
    if is_atom(value):
        return NOTHING
    walk = _Walk(namespace, scan)
    walk.run(value)
    return Reach(
        frozenset(walk.marks),
        frozenset(walk.beyond),
        walk.order,
        walk.clear,
        walk.bounded,
        walk.scanned,
        frozenset(walk.calls),
        walk.ends,
    )


def widened(marks: Iterable[int]) -> set[int]:
    """Return the marks that a change of these is seen in: a frame's buffer also as an array's, and the reverse."""
    found = set(marks)
    found.update([~mark for mark in found])
    return found


class _Walk:
    """One walk over what a value reaches, level by level."""

    def __init__(self, namespace: Mapping[str, Any] | None, scan: bool) -> None:
        self.namespace = namespace
        self.scan = scan
        self.marks: set[int] = set()
        self.beyond: set[int] = set()
        self.seen: set[int] = set()
        self.calls: set[str] = set()
        self.order = 0
        self.arranging = True
        self.later: list[Any] = []
        self.clear = True
        self.bounded = True
        self.scanned = False
        self.ends = False

    def run(self, value: Any) -> None:
        """Walk from a value; what other libraries' objects hold comes last, for they may arrange it as they like."""
        self.levels([value])
        self.arranging = False
        self.levels(self.later)

    def levels(self, level: list[Any]) -> None:
        """Walk level by level."""
        while level:
            groups: dict[type, list[Any]] = {}
            seen = self.seen
            for part in level:
                cls = type(part)
                if cls in atoms or (ident := id(part)) in seen:
                    continue
                if self.arranging and kind_of(cls) in _ARRANGED_BY_OTHERS:
                    self.later.append(part)
                    continue
                seen.add(ident)
                groups.setdefault(cls, []).append(part)
            if len(seen) > MAX_OBJECTS:
                self.bounded = self.clear = False
                return
            level = []
            for cls, parts in groups.items():
                kind = kind_of(cls)
                if kind is Kind.ATOM:
                    continue
                if cls not in IMMUTABLE and kind not in _SELF_MARKED:
                    self.marks.update(map(id, parts))
                level.extend(_LOOKS[kind](self, parts))

    def arrange(self, parts: Collection[Any]) -> None:
        """Take in the arrangement of parts."""
        if parts and self.arranging:
            self.order = hash((self.order, *map(id, parts)))

    def plain(self, parts: list[Any]) -> list[Any]:
        """Look at builtin containers: those of atoms only hold nothing that matters, but a dict has an order."""
        deep = []
        for part in parts:
            types = set(map(type, part))
            if isinstance(part, dict):
                if "__spec__" in part or "__builtins__" in part:
                    continue  # the namespace of a module
                types |= set(map(type, dict.values(part)))
                if len(part) > 1:
                    self.arrange(part)
            if not types <= atoms:
                deep.append(part)
        children = no_atoms(gc.get_referents(*deep))
        self.arrange(children)
        return children

    def own(self, parts: list[Any]) -> list[Any]:
        """Look at instances of the notebook's classes and at builtin objects."""
        for part in parts:
            with contextlib.suppress(Exception):  # without a dict, or one that is hidden
                object.__getattribute__(part, "__dict__")  # from now on the collector sees the same parts every time
        called = called_at_end(parts)
        self.ends = self.ends or bool(called) or does_at_end(parts)
        children = [*no_atoms(gc.get_referents(*parts)), *called]
        self.arrange(children)
        return children

    def other(self, parts: list[Any]) -> list[Any]:
        """Look at any other objects."""
        self.clear = False
        self.ends = self.ends or does_at_end(parts)
        children = gc.get_referents(*parts)
        if type(parts[0]).__module__.partition(".")[0] == "numpy":  # its iterators hide their arrays from the collector
            children += [getattr(part, "base", None) for part in parts]
            for part in parts:
                with contextlib.suppress(ValueError):  # one that is closed
                    children += getattr(part, "operands", ())
        return children

    def functions(self, parts: list[FunctionType]) -> list[Any]:
        """Look at functions: what they close over; of modules of the user's own also the globals that they read."""
        children: list[Any] = []
        for function in parts:
            if is_library_function(function):
                continue
            self.marks.add(id(function))
            children += function.__closure__ or ()
            children += (function.__defaults__, function.__kwdefaults__, function.__dict__)
            if function.__globals__ is self.namespace:
                self.calls |= function_globals(function.__code__).reads
            elif not in_library(function.__module__):
                self.clear = False
                names = function_globals(function.__code__).reads
                children += (function.__globals__[name] for name in names if name in function.__globals__)
        return children

    def classes(self, parts: list[Any]) -> list[Any]:
        """Look at classes that were written here: attributes and bases."""
        children: list[Any] = []
        for cls in parts:
            if is_written_here(cls):
                self.marks.add(id(cls))
                members = type.__getattribute__(cls, "__dict__")
                children += [item for name, item in members.items() if name not in CLASS_NOISE]
                children += type.__getattribute__(cls, "__bases__")
        return children

    def modules(self, parts: list[ModuleType]) -> list[Any]:
        """Look at modules: the user's own ones' globals (but of the notebook itself), and loggers."""
        children: list[Any] = []
        for module in (part for part in parts if part.__dict__ is not self.namespace):
            names = module.__dict__
            name = names.get("__name__")
            if not in_library(name):
                self.clear = False
                self.marks.add(id(module))
                children += [item for key, item in list(names.items()) if key[:2] != "__"]
            elif name == "logging":
                children += [module.root, *list(module.root.manager.loggerDict.values())]
        return children

    def builtins(self, parts: list[Any]) -> list[Any]:
        """Look at methods of builtin objects."""
        return [part.__self__ for part in parts if part.__self__ is not None]

    def arrays(self, parts: list[Any]) -> list[Any]:
        """Look at arrays: the owner of the buffer, its address, and what an object array holds."""
        children: list[Any] = []
        for array in parts:
            root = self.root(array)
            self.mark_address(array, root)
            self.order = hash((self.order, array.flags.writeable))
            if root is not array:
                self.beyond.add(id(root))
                children.append(root)
            if array.dtype.hasobject:
                children += self.items(array)
        return children

    def root(self, array: Any) -> Any:
        """Return the object that owns the buffer of an array."""
        owner = array
        kind = type(array)
        while True:
            base = getattr(owner, "base", None)
            if base is None or kind_of(kind) is not Kind.ARRAY:
                return owner
            owner, kind = base, type(base)

    def mark_address(self, array: Any, root: Any) -> None:
        """Mark where the numbers lie, for tensors and arrow arrays that lie over the same."""
        for owner in {id(array): array, id(root): root}.values():
            interface = getattr(owner, "__array_interface__", None) if kind_of(type(owner)) is Kind.ARRAY else None
            if interface is not None and interface["data"][0]:
                self.marks.add(interface["data"][0])
                if owner is root and root is not array:
                    self.beyond.add(interface["data"][0])

    def items(self, array: Any) -> list[Any]:
        """Return the objects in an object array that are no atoms."""
        if not self.scan:
            return []
        if array.dtype.names:
            return [item for name in array.dtype.names for item in self.items(array[name])]
        items = array.ravel(order="K").tolist() if array.dtype.kind == "O" else []
        children = no_atoms(items)
        self.scanned = self.scanned or bool(children)
        self.arrange(children)
        return children

    def frames(self, parts: list[Any]) -> list[Any]:
        """Look at frames and series: the arrays behind them, which pandas has no public way to, and their labels."""
        children: list[Any] = []
        sign = -1 if copies_on_write() else 0
        for frame in parts:
            try:
                blocks, axes = [block.values for block in frame._mgr.blocks], frame._mgr.axes
            except AttributeError:
                children += gc.get_referents(frame)
                self.clear = False
                continue
            self.marks.update(map(id, axes))
            for values in blocks:
                for array in arrays_in(values):
                    self.marks.add(id(self.root(array)) ^ sign)
                    if array.dtype.hasobject:
                        children += self.items(array)
            fields = vars(frame)
            extras = {name: item for name, item in fields.items() if name not in _FRAME_FIELDS}
            if fields.get("_attrs"):
                extras["_attrs"] = fields["_attrs"]
            children += self.extras(extras)
        return children

    def indexes(self, parts: list[Any]) -> list[Any]:
        """Look at indexes: only their names and attributes can be changed."""
        children: list[Any] = []
        for index in parts:
            children += self.extras({name: item for name, item in vars(index).items() if name[:1] != "_"})
        return children

    def extras(self, extras: dict[str, Any]) -> list[Any]:
        """Take in attributes that are no content of a frame or index, but a change of it."""
        if extras:
            self.order = hash((self.order, change_token(extras)[0]))
        return list(extras.values())

    def views(self, parts: list[Any]) -> list[Any]:
        """Look at group-bys and windows."""
        self.clear = False
        return [getattr(part, "obj", None) for part in parts]

    def tensors(self, parts: list[Any]) -> list[Any]:
        """Look at tensors: where the storage lies."""
        self.clear = False
        for tensor in parts:
            try:
                self.marks.add(tensor.untyped_storage().data_ptr())
            except Exception:  # noqa: BLE001, S112 - one without a storage
                continue
        return gc.get_referents(*parts)

    def arrow(self, parts: list[Any]) -> list[Any]:
        """Look at arrow arrays and tables, which may lie over a numpy array."""
        for part in parts:
            columns = part.columns if hasattr(part, "columns") else [part]
            for column in columns:
                for chunk in getattr(column, "chunks", None) or [column]:
                    self.marks.update(buffer.address for buffer in chunk.buffers() if buffer is not None)
        return []

    def weak(self, parts: list[Any]) -> list[Any]:
        """Look at weak references: what they lead to, while it lives."""
        return [target for target in (part() for part in parts) if target is not None]

    def loggers(self, parts: list[Any]) -> list[Any]:
        """Look at loggers: the handlers that a message comes to, and the streams that these write to."""
        self.clear = False
        children: list[Any] = []
        for part in parts:
            written_to, setting = behind_logger(part)
            children += written_to
            self.order = hash((self.order, setting))
        return children

    def widgets(self, parts: list[Any]) -> list[Any]:
        """Look at widgets: the values of their traits and who is told of a change, not the front end behind them."""
        self.clear = False
        return [item for part in parts for item in object.__getattribute__(part, "__dict__").values()]

    def artists(self, parts: list[Any]) -> list[Any]:
        """Look at what matplotlib draws: all of a figure is one."""
        self.clear = False
        figures = [getattr(part, "figure", None) for part in parts]
        return [figure for figure in figures if figure is not None]


_LOOKS: dict[Kind, Callable[[_Walk, list[Any]], list[Any]]] = {
    Kind.PLAIN: _Walk.plain,
    Kind.OWN: _Walk.own,
    Kind.OTHER: _Walk.other,
    Kind.FUNCTION: _Walk.functions,
    Kind.CLASS: _Walk.classes,
    Kind.MODULE: _Walk.modules,
    Kind.BUILTIN: _Walk.builtins,
    Kind.ARRAY: _Walk.arrays,
    Kind.FRAME: _Walk.frames,
    Kind.INDEX: _Walk.indexes,
    Kind.VIEW: _Walk.views,
    Kind.TENSOR: _Walk.tensors,
    Kind.ARROW: _Walk.arrow,
    Kind.ARTIST: _Walk.artists,
    Kind.WEAK: _Walk.weak,
    Kind.LOGGER: _Walk.loggers,
    Kind.WIDGET: _Walk.widgets,
}
_ARRANGED_BY_OTHERS = frozenset({Kind.OTHER, Kind.VIEW, Kind.TENSOR, Kind.ARTIST, Kind.MODULE, Kind.WIDGET})
_SELF_MARKED = frozenset({Kind.FUNCTION, Kind.CLASS, Kind.MODULE, Kind.BUILTIN, Kind.LOGGER})
