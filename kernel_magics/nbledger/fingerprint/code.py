"""Functions and classes: a library's by name and version, one's own by code and what it closes over.

**Code** is the function's syntax tree, written out in a form of ours that is the same on every Python version (layout,
comments and docstrings do not count). The tree is found through `linecache`, where IPython keeps the cells. Without
a source (`exec`, a lost file) the compiled code stands in: still exact, but then the identity holds within one Python
version.

**Closes over**: defaults, closure cells, attributes, and the globals that the code loads by name if they are functions,
classes, modules or plain constants. Data that a function reads from a global is not part of the function.
"""

from __future__ import annotations

import abc
import ast
import functools
import linecache
import opcode
import types
from collections.abc import Iterator
from itertools import chain
from typing import Any

from .objects import encode_class, is_library, version_of
from .syntax import parse
from .walk import Walk, module_of, qualname_of, register, register_base

_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_SKIPPED = frozenset(
    {"ctx", "type_comment", "kind", "lineno", "col_offset", "end_lineno", "end_col_offset", "type_ignores"}
)
# What Python adds to a class by itself, differently from version to version.
CLASS_NOISE = frozenset(
    {
        "__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__firstlineno__", "__static_attributes__",
        "__annotate__", "__annotate_func__", "__annotations_cache__", "__annotations__", "__classdictcell__",
        "__abstractmethods__", "_abc_impl", "__parameters__", "__orig_bases__", "__match_args__",
        "__dataclass_params__", "__dataclass_fields__", "__hash__", "__slotnames__", "__replace__",
        "__type_params__", "__class_getitem__",
    }
)  # fmt: skip


_BODIES = ("body", "orelse", "handlers", "finalbody", "cases")  # where statements hold statements
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_LOAD_GLOBAL, _EXTENDED_ARG = opcode.opmap["LOAD_GLOBAL"], opcode.opmap["EXTENDED_ARG"]
_LOADS = {opcode.opmap.get(name) for name in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")}
_WRAPPED = frozenset(functools.WRAPPER_ASSIGNMENTS) | {"__wrapped__", "cache_parameters"}
_PURE = frozenset(
    {
        "abs", "all", "any", "bool", "chr", "dict", "divmod", "enumerate", "float", "frozenset", "int", "len", "list",
        "max", "min", "ord", "pow", "range", "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip",
    }
)  # fmt: skip


def dump(node: Any) -> str:
    """Return a syntax tree as text: no positions, no docstrings, no empty fields, so equal on 3.11 to 3.13."""
    if isinstance(node, ast.Constant):
        return f"={type(node.value).__name__}:{node.value!r}"
    if isinstance(node, ast.AST):
        parts = []
        for name in node._fields:
            item = getattr(node, name, None)
            if name in _SKIPPED or item is None or item == []:
                continue
            if name == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                item = _without_docstring(item)
            parts.append(f"{name}={dump(item)}")
        return f"{type(node).__name__}({','.join(parts)})"
    if isinstance(node, list):
        return f"[{','.join(map(dump, node))}]"
    return repr(node)


def _without_docstring(body: list[Any]) -> list[Any]:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return body[1:]
    return body


@functools.lru_cache(maxsize=256)
def _tree(source: str) -> ast.Module | None:
    try:
        return parse(source)
    except (SyntaxError, ValueError):
        return None


def _node_of(code: types.CodeType) -> ast.AST | None:
    """Return the syntax tree of a code object, `None` when its source is not to be found."""
    if code.co_filename.startswith("<string"):
        return None
    source = "".join(linecache.getlines(code.co_filename))
    tree = _tree(source) if source else None
    if tree is None:
        return None
    if code.co_name == "<lambda>":
        return _lambda(tree, code)
    for node in _functions(source).get((code.co_name, code.co_firstlineno), ()):
        if _has_arguments(node, code):
            return node
    return None


@functools.lru_cache(maxsize=256)
def _functions(source: str) -> dict[tuple[str, int], list[_Function]]:
    """Return the functions of a source by name and first line, decorators included. Only statements hold any."""
    found: dict[tuple[str, int], list[_Function]] = {}
    waiting: list[Any] = [_tree(source)]
    for node in waiting:  # grows on the way
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found.setdefault((node.name, first), []).append(node)
        for name in _BODIES:
            waiting += getattr(node, name, ())
    return found


def _has_arguments(node: _Function, code: types.CodeType) -> bool:
    """Guard against a file that was edited after its function was made."""
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return names == list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def _lambda(tree: ast.Module, code: types.CodeType) -> ast.AST | None:
    spots = [(line, column) for line, _, column, _ in code.co_positions() if line is not None and column is not None]
    inside = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        and node.lineno == code.co_firstlineno
        and all(_within(node.body, spot) for spot in spots if spot != (code.co_firstlineno, 0))
    ]
    return min(inside, key=lambda node: len(dump(node))) if inside else None


def _within(node: ast.expr, spot: tuple[int, int]) -> bool:
    end = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return (node.lineno, node.col_offset) <= spot <= end


@functools.lru_cache(maxsize=4096)
def code_text(code: types.CodeType) -> str:
    """Return what stands for a code object: its syntax tree, else its compiled form."""
    node = _node_of(code)
    if node is not None:
        return "ast:" + dump(node)
    constants = [code_text(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_argcount, code.co_kwonlyargcount, code.co_flags)
    return f"code:{code.co_code.hex()}{constants!r}{names!r}"


@functools.lru_cache(maxsize=4096)
def global_names(code: types.CodeType) -> tuple[str, ...]:
    """Return the names that a code object, and the code inside it, loads from globals."""
    names: set[str] = set()
    extended = 0
    for op, given in zip(code.co_code[::2], code.co_code[1::2], strict=True) if code.co_names else ():
        arg = given | extended
        extended = arg << 8 if op == _EXTENDED_ARG else 0
        if op in _LOADS:
            names.add(code.co_names[arg >> 1 if op == _LOAD_GLOBAL else arg])
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names.update(global_names(constant))
    return tuple(sorted(names))


def _closed_over(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a cell that is not filled yet
            continue
    namespace = function.__globals__
    for name in global_names(function.__code__):
        if name not in namespace:
            continue
        item = namespace[name]
        if type(item) in _PLAIN or isinstance_of(item, types.FunctionType, types.BuiltinFunctionType, type):
            yield f"global {name}", item
        elif type(item) is types.ModuleType:
            yield f"global {name}", ("module", item.__name__, version_of(item.__name__))


def isinstance_of(value: Any, *classes: type) -> bool:
    """`isinstance` that never asks the value itself (`__class__` may be a user's property)."""
    return issubclass(type(value), classes)


@register("function", types.FunctionType)
def encode_function(walk: Walk, value: types.FunctionType) -> bytes:
    """Encode a function."""
    if is_library(value.__module__) and "<" not in value.__qualname__:
        return _by_name(walk, value.__module__, value.__qualname__)
    return walk.nest(b"x", value, _build_function)


def _build_function(walk: Walk, value: types.FunctionType) -> bytes:
    parts = [
        walk.encode(code_text(value.__code__)),
        walk.encode(value.__defaults__),
        walk.encode(value.__kwdefaults__),
    ]
    for name, item in _closed_over(value):
        if walk.change and name.startswith("global "):
            walk.complete = False
            continue
        parts.append(walk.encode(name) + walk.encode(item))
    if walk.change:
        parts.append(walk.encode((value.__name__, value.__doc__)))
    attributes = {key: item for key, item in value.__dict__.items() if key != "__wrapped__"}
    if attributes:
        parts.append(walk.encode(attributes))
    return b"".join(parts)


def _by_name(walk: Walk, module: Any, qualname: str) -> bytes:
    text = f"{module}.{qualname}@{version_of(module) if isinstance(module, str) else ''}"
    return walk.compact(b"g", text.encode())


@register("function", types.BuiltinFunctionType, types.BuiltinMethodType)
def encode_builtin(walk: Walk, value: Any) -> bytes:
    """Encode a function written in C: by name, with its object when it is bound to one."""
    owner = value.__self__
    if owner is None or isinstance_of(owner, types.ModuleType):
        return _by_name(walk, value.__module__, value.__qualname__)
    return walk.nest(b"xm", value, lambda w, v: w.encode(v.__name__) + w.encode(v.__self__))


@register("function", types.MethodType)
def encode_method(walk: Walk, value: types.MethodType) -> bytes:
    """Encode a bound method: its function and its object."""
    return walk.nest(b"xm", value, lambda w, v: w.encode(v.__func__) + w.encode(v.__self__))


@register("function", functools.partial)
def encode_partial(walk: Walk, value: Any) -> bytes:
    """Encode a partial: function, arguments, keywords."""
    return walk.nest(b"xp", value, lambda w, v: w.encode((v.func, v.args, v.keywords)) + w.extras(v))


@register("function", type(functools.lru_cache(len)))
def encode_cached(walk: Walk, value: Any) -> bytes:
    """Encode a cached function by what it computes; what it has cached is no content."""
    return walk.nest(b"xl", value, _build_cached)


def _build_cached(walk: Walk, value: Any) -> bytes:
    inner = value.__wrapped__
    body = walk.encode((inner, value.cache_parameters())) + walk.extras(value, _WRAPPED)
    if not walk.change or not value.cache_info().currsize:
        return body
    walk.complete = False
    cached = [part for part in _cached_parts(value) if part is not inner]
    if _is_pure(inner, value) and all(map(_is_plain, cached)):
        return body
    return body + walk.encode(cached)


def _cached_parts(value: Any) -> list[Any]:
    """Return keys and results that a cached function holds, in no order that matters: only the collector tells them."""
    import gc

    found: list[Any] = []
    for part in gc.get_referents(value):
        if type(part) is dict and "cache_parameters" not in part:
            if not any(qualname_of(type(link)) == "_lru_list_elem" for link in part.values()):
                found.extend(chain.from_iterable(part.items()))
        elif type(part) is not dict and not isinstance_of(part, type) and type(part) is not object:
            found.append(part)
    return found


def _is_plain(value: Any) -> bool:
    return type(value) in _PLAIN or (type(value) is tuple and all(map(_is_plain, value)))


def _is_pure(function: Any, cached: Any) -> bool:
    """Tell whether a function surely computes the same again: it reads no globals but itself and harmless builtins."""
    if type(function) is not types.FunctionType or function.__closure__ or function.__defaults__:
        return False
    names = set(global_names(function.__code__)) | set(function.__code__.co_names)
    namespace = function.__globals__
    return all(namespace.get(name) is cached or (name in _PURE and name not in namespace) for name in names)


@register("object", functools.cached_property)
def _cached_property(walk: Walk, value: Any) -> bytes:
    return walk.nest(b"kc", value, lambda w, v: w.encode((v.func, v.attrname)))


@register("code", types.CodeType)
def encode_code(walk: Walk, value: types.CodeType) -> bytes:
    """Encode a code object."""
    return walk.compact(b"xc", code_text(value).encode("utf-8", "surrogatepass"))


@register("object", property)
def _property(walk: Walk, value: property) -> bytes:
    return walk.nest(b"kp", value, lambda w, v: w.encode((v.fget, v.fset, v.fdel)))


@register("object", staticmethod, classmethod)
def _static(walk: Walk, value: Any) -> bytes:
    return walk.nest(b"ks", value, lambda w, v: w.encode((type(v).__name__, v.__func__)))


@register("object", types.GetSetDescriptorType, types.MemberDescriptorType, types.WrapperDescriptorType)
def _descriptor(walk: Walk, value: Any) -> bytes:
    return walk.compact(b"kd", value.__name__.encode())


@register("object", types.MethodDescriptorType, types.ClassMethodDescriptorType, types.MethodWrapperType)
def _method_descriptor(walk: Walk, value: Any) -> bytes:
    owner = getattr(value, "__objclass__", None)
    return walk.compact(b"kd", f"{getattr(owner, '__qualname__', '')}.{value.__name__}".encode())


def _encode_type(walk: Walk, value: Any) -> bytes:
    head = encode_class(walk, value)
    return head + walk.encode(version_of(module_of(value))) if head[:1] == b"k" else head


def encode_written_class(walk: Walk, cls: type) -> bytes:
    """Encode a class written here: name, bases and each attribute."""
    return walk.nest(b"K", cls, _build_class)


def _build_class(walk: Walk, cls: type) -> bytes:
    parts = [walk.encode(qualname_of(cls)), *(encode_class(walk, base) for base in cls.__bases__)]
    if tuple in cls.__bases__ and "_fields" in cls.__dict__:  # a namedtuple: all else on it is generated
        return b"".join((*parts, *map(walk.encode, _namedtuple(cls, walk.change))))
    fields = cls.__dict__.get("__dataclass_fields__")
    if fields is not None:
        for name, field in dict(fields).items():
            parts.append(walk.encode((name, str(field.type), field.default, field.default_factory, field.compare)))
    parts.extend(map(walk.encode, _virtual_children(cls)))
    # Mostly the fields, but anybody may assign others.
    parts.extend([walk.encode(cls.__dict__.get("__match_args__"))] if walk.change else [])
    enum = "_member_map_" in cls.__dict__
    for name in sorted(cls.__dict__):
        item = cls.__dict__[name]
        if name in CLASS_NOISE or (enum and name.startswith("_") and not isinstance_of(item, types.FunctionType)):
            continue
        if enum and (name in cls.__dict__["_member_map_"] or not isinstance_of(item, types.FunctionType)):
            continue
        if _is_generated(item):
            if walk.change:  # of one process: a method that was put in its place is another object
                parts.append(walk.encode((name, id(item))))
            continue
        parts.append(walk.encode(name) + walk.encode(item))
    if enum:
        parts += map(walk.encode, _members(cls.__dict__["_member_map_"]))
    return b"".join(parts)


def _namedtuple(cls: type, change: bool) -> Iterator[Any]:
    """Yield what tells a namedtuple from another; a change is also `Point.__new__.__defaults__ = (0, 0)`."""
    yield cls.__dict__["_fields"]
    yield cls.__dict__.get("_field_defaults")
    new = cls.__dict__.get("__new__")
    if change and type(new) is staticmethod:
        yield new.__func__.__defaults__


def _members(members: dict[str, Any]) -> list[Any]:
    """Return the members of an enumeration, and where they have any the attributes that they were given."""
    of_each = {name: getattr(member, "__dict__", {}).items() for name, member in members.items()}
    given = {name: more for name, items in of_each.items() if (more := [item for item in items if item[0][:1] != "_"])}
    values = [(name, member._value_) for name, member in members.items()]
    return [values, given] if given else [values]


def _virtual_children(cls: type) -> list[str]:
    """Return the names of the classes that an abstract one was told to count as its own."""
    if "_abc_impl" not in cls.__dict__:
        return []
    registry = abc._get_dump(cls)[0]  # type: ignore[attr-defined]
    return sorted(qualname_of(child) for child in (ref() for ref in registry) if child is not None)


def _is_generated(item: Any) -> bool:
    """Tell whether `dataclass`, `namedtuple` or `enum` wrote this method: their text changes with Python."""
    if not isinstance_of(item, types.FunctionType):
        return False
    return item.__code__.co_filename.startswith("<string") or is_library(item.__globals__.get("__name__"))


register("class", type)(_encode_type)
register_base(type, _encode_type, "class")
