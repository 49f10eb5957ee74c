"""skops files, written quicker and read more strictly than skops itself does.

The state of a model is skops' own, and what is written is a genuine skops file that `skops.io.loads` reads. Two things
differ in the writing: the schema is JSON without indentation, which Python writes in C (of 150 ms for a forest of 100
trees 115 ms went into the indentation), and object ids are counted instead of memory addresses, so that the same
model gives the same bytes.

Reading checks three times before anything in the file is constructed: every name under our allow-list, every name
again by skops itself, and the arrays that C code would index with no bounds checks (`model_structure`).
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from nbledger.ledger import allow_list, model_structure

_ATOMS = frozenset({str, int, float, bool, type(None)})
_EPOCH = (1980, 1, 1, 0, 0, 0)
_OLDEST_PROTOCOL = 1  # protocol 0 keeps names of functions where `audit` does not look
_RANDOM_NAME = re.compile(r'"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.bin)"')


class NotGenuineError(ValueError):
    """A file that skops did not write like this: cut short, altered, or of another kind."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The names in a skops schema: those that our allow-list has, and those that it denies."""

    allowed: frozenset[str]
    denied: tuple[str, ...]


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Hold the garbage collector: thousands of nodes that all live on would make it walk all else again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_no_collection()
def dumps(value: Any) -> tuple[bytes, Audit]:
    """Return `value` as the bytes of a skops file, and what the allow-list says of its names.

    Raises whatever skops or the value's own `__getstate__` and `__reduce__` raise.
    """
    import skops

    from nbledger.ledger.skops_states import writing

    save_context, get_state = writing()
    memo: dict[Any, tuple[int, Any]] = {}  # keeps the objects alive, so that no address is used twice

    class Context(save_context):  # type: ignore[misc, valid-type]
        """Counts ids; equal atoms share one, whether or not they are the same object in memory today."""

        def memoize(self, obj: Any) -> int:
            key = (type(obj), repr(obj)) if type(obj) in _ATOMS else id(obj)
            known = memo.get(key)
            if known is None:
                known = memo[key] = (len(memo) + 1, obj)
            return known[0]

    members = _Members()
    context = Context(zip_file=members)
    state = get_state(value, context)
    state["protocol"] = context.protocol
    state["_skops_version"] = skops.__version__
    audit = audit_schema(state)
    if "numpy.memmap" in audit.denied:
        _name_maps_as_arrays(state)
        audit = audit_schema(state)
    schema = json.dumps(state, separators=(",", ":"))
    return _zipped(schema, members), audit


@_no_collection()
def loads(data: bytes, *, trust: bool = False) -> tuple[Any, Audit]:
    """Return the value in a skops file and the audit; `None` for the value if the allow-list denies a name.

    With `trust`, denied names are loaded as well. Raises `NotGenuineError`, or whatever a wrong file makes skops raise.
    """
    from skops.io._audit import get_tree
    from skops.io._utils import read_schema

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise NotGenuineError("a member is compressed, which nbledger never writes")
        schema, context = read_schema(archive)
        if context.protocol < _OLDEST_PROTOCOL:
            raise NotGenuineError(f"skops protocol {context.protocol} is too old to be checked")
        audit = audit_schema(schema)
        if audit.denied and not trust:
            return None, audit
        if trust:
            return get_tree(schema, context, trusted=None).construct(), audit
        trusted = sorted(audit.allowed)
        tree = get_tree(schema, context, trusted=_beyond_defaults(trusted))
        nodes = tuple(context.memo.values())
        _check_by_skops(nodes)
        model_structure.check_before(nodes)
        value = tree.construct()
        model_structure.check_after(nodes)
        return value, audit


def _check_by_skops(nodes: Iterable[Any]) -> None:
    """Have skops say of each node by itself that it is trusted; its walk over the tree takes five times as long."""
    for node in nodes:
        if type(node).__name__ == "RandomGeneratorNode":  # names a second class in its state
            unsafe = node.get_unsafe_set()
        else:
            unsafe = set() if node.is_self_safe() else {node.format()}
        if unsafe:
            raise NotGenuineError(f"skops does not trust {sorted(unsafe)}")


def audit_schema(schema: Any) -> Audit:
    """Look at every node of a schema, wherever in it, and sort the names by our allow-list."""
    seen: set[tuple[str, str, str]] = set()
    denied: set[str] = set()
    for node in _nodes(schema):
        loader, module, name = node["__loader__"], node.get("__module__"), node.get("__class__")
        if type(module) is not str or type(name) is not str:
            raise NotGenuineError("a node does not say of which type it is")
        if (loader, module, name) not in seen:
            seen.add((loader, module, name))
            if not allow_list.is_allowed(loader, module, name):
                denied.add(f"{module}.{name}")
        if not node.get("__id__"):
            raise NotGenuineError("a node has no id")
        if loader in _LOOKED_INTO:
            denied.update(_LOOKED_INTO[loader](node))
    allowed = frozenset(f"{module}.{name}" for _, module, name in seen) - denied
    return Audit(allowed, tuple(sorted(denied)))


_TRUSTED_BY_SKOPS = frozenset(
    "builtins.dict builtins.list builtins.tuple builtins.str builtins.int builtins.float builtins.bool numpy.ndarray"
    " numpy.float64 numpy.int64 numpy.random.mtrand.RandomState".split()
)


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    stack = [schema]
    push = stack.append
    while stack:
        item = stack.pop()
        if type(item) is dict:
            if type(item.get("__loader__")) is str:
                yield item
            for value in item.values():
                if type(value) is dict or type(value) is list or type(value) is tuple:
                    push(value)
        else:
            for value in item:
                if type(value) is dict or type(value) is list or type(value) is tuple:
                    push(value)


def _bad_keys(node: dict[str, Any]) -> Iterator[str]:
    """Yield what makes a dictionary's keys come back from JSON as others than they were."""
    types = node["key_types"]["content"]
    for key_type in types:
        name = f"{key_type['__module__']}.{key_type['__class__']}"
        if name not in allow_list.KEY_TYPES:
            yield f"{name} as a dictionary key"
    content = node["content"]
    if len({str(key) for key in content}) != len(content) or len(types) != len(content):
        yield "keys that are equal as text"


def _bad_array(node: dict[str, Any]) -> Iterator[str]:
    if node["type"] == "json" and type(node["content"]) is not list:
        yield "an array of one object without dimensions"


def _bad_partial(node: dict[str, Any]) -> Iterator[str]:
    """Yield `functools.partial` of anything but a function, which the audit holds to be listed."""
    if node["content"]["func"]["__loader__"] != "FunctionNode":
        yield "functools.partial"


_LOOKED_INTO: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    "DictNode": _bad_keys,
    "NdArrayNode": _bad_array,
    "PartialNode": _bad_partial,
}


def _name_maps_as_arrays(state: Any) -> None:
    """Name an array that maps a file as the plain array that its stored content is."""
    for node in _nodes(state):
        if node["__loader__"] == "NdArrayNode" and node["__class__"] == "memmap":
            node["__class__"] = "ndarray"


def _beyond_defaults(trusted: list[str]) -> list[str]:
    """Leave out what skops trusts anyway: it copies the list for each of thousands of nodes."""
    from skops.io import _trusted_types

    known = {*_trusted_types.SKLEARN_ESTIMATOR_TYPE_NAMES, *_trusted_types.SKLEARN_INTERNAL_TYPE_NAMES}
    return [name for name in trusted if name not in known and name not in _TRUSTED_BY_SKOPS]


class _Members(dict[str, Any]):
    """The two methods of a zip file that skops writes with, on a dictionary."""

    def writestr(self, name: str, data: Any) -> None:
        self[name] = data

    def namelist(self) -> _Members:
        return self


def _zipped(schema: str, members: _Members) -> bytes:
    names = {name: name for name in members}
    random = [name for name in members if name.endswith(".bin")]
    if random:
        names.update((name, f"bytes-{count}.bin") for count, name in enumerate(random))
        schema = _RANDOM_NAME.sub(lambda found: f'"{names.get(found[1], found[1])}"', schema)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(names[name], _EPOCH), data)
        archive.writestr(zipfile.ZipInfo("schema.json", _EPOCH), schema)
    return buffer.getvalue()
