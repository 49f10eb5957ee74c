"""Cells that do nothing but bind names to plain data, and change it: no file, no hidden state, nobody else's code.

What a cell does beside its variables is watched for, and that costs more than such a cell itself. It need not be where
nothing can come of it. The instructions of a still cell work on numbers, texts and builtin containers of these, of
which the names that it reads are too; so no method runs that anybody wrote. Nor does one when a name is bound anew, for
what it was bound to has no finalizer. Nothing is shown, for showing asks formatters that anybody may have registered.
"""

from __future__ import annotations

import builtins
import dis
import sys
import warnings
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import pairwise
from types import CodeType
from typing import Any

from nbledger.capture.code.bytecode import (
    CALLS,
    JUMPS,
    LOAD_ATTR,
    LOAD_NAME,
    METHOD_BIT,
    PADDING,
    STORES,
    LineTable,
    attribute,
    handlers,
    instructions,
    opcodes,
    selection,
)
from nbledger.capture.code.reach import ATOMS

_POP_TOP, _END_FOR, _FOR_ITER = opcodes("POP_TOP"), opcodes("END_FOR"), opcodes("FOR_ITER")
_LOAD_METHOD = opcodes("LOAD_METHOD") or opcodes("LOAD_ATTR")
_NO_OPERAND = PADDING | opcodes("RESUME", "NOP", "EXTENDED_ARG")
_SAID = selection(LOAD_ATTR)
_KW_NAMES, _CALL_KW = opcodes("KW_NAMES"), opcodes("CALL_KW")
# Not ~, which warns of truth values: `warnings.showwarning` may be anybody's.
_HARMLESS = (
    (JUMPS - opcodes("SEND", "JUMP_BACKWARD_NO_INTERRUPT"))
    | _END_FOR
    | _LOAD_METHOD
    | _KW_NAMES
    | _CALL_KW
    | opcodes(
        "RESUME", "NOP", "CACHE", "EXTENDED_ARG", "PUSH_NULL", "PRECALL", "CALL", "COPY", "SWAP", "TO_BOOL",
        "LOAD_CONST", "LOAD_NAME", "STORE_NAME", "RETURN_VALUE", "RETURN_CONST", "POP_TOP",
        "UNARY_NEGATIVE", "UNARY_POSITIVE", "UNARY_NOT", "BINARY_OP", "BINARY_SUBSCR", "BINARY_SLICE", "BUILD_SLICE",
        "COMPARE_OP", "IS_OP", "CONTAINS_OP", "GET_ITER", "UNPACK_SEQUENCE", "UNPACK_EX", "BUILD_STRING",
        "FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC", "CONVERT_VALUE",
        "BUILD_LIST", "BUILD_TUPLE", "BUILD_SET", "BUILD_MAP", "BUILD_CONST_KEY_MAP", "LIST_EXTEND", "SET_UPDATE",
        "DICT_UPDATE", "LIST_APPEND", "SET_ADD", "MAP_ADD", "STORE_SUBSCR", "DELETE_SUBSCR", "STORE_SLICE",
        # Of comprehensions; from Python 3.12 on they are part of the cell's own code.
        "MAKE_FUNCTION", "LOAD_GLOBAL", "LOAD_FAST", "STORE_FAST", "LOAD_FAST_AND_CLEAR", "LOAD_FAST_CHECK",
        "LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST", "STORE_FAST_MAYBE_NULL", "RERAISE",
        "LOAD_CLOSURE", "MAKE_CELL", "COPY_FREE_VARS", "LOAD_DEREF", "STORE_DEREF", "SET_FUNCTION_ATTRIBUTE",
    )
)  # fmt: skip
_STILL = ATOMS - {slice}
"""Types of values that hold nothing of anybody's: a slice may hold any object."""
_CONTAINERS = frozenset({list, tuple, dict})
"""Of those nobody is told when one ends; a set may be referenced weakly."""
_MOST_ITEMS, _MOST_NESTED, _DEPTH = 5_000, 50, 3
_PURE = {
    name: vars(builtins)[name]
    for name in (
        "range len abs min max sum round int float str bool divmod print list dict tuple set frozenset sorted reversed "
        "enumerate zip any all pow ord chr bin hex oct"
    ).split()
}
_CHANGES = frozenset(
    "append extend insert remove clear sort reverse update add discard intersection_update difference_update "
    "symmetric_difference_update".split()
)
"""Methods of builtin types whose result is `None`."""
_METHODS = _CHANGES | frozenset(
    "capitalize casefold center count endswith expandtabs find format index isalnum isalpha isascii isdecimal isdigit "
    "isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip partition removeprefix "
    "removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title "
    "translate upper zfill copy pop get items keys values setdefault popitem fromkeys union intersection difference "
    "symmetric_difference issubset issuperset isdisjoint bit_length bit_count is_integer as_integer_ratio".split()
)
"""Not `encode` and `decode`: a codec may be anybody's, or be imported."""
_TOLD = frozenset({"encoding", "errors", "file", "sep", "end", "flush"})
"""Keywords of Python's own functions by which a codec or a stream is asked, that may be anybody's."""
_TEE = ("IPython.core.interactiveshell", "InteractiveShell._tee.<locals>.write")


def may_be_still(code: CodeType, defined: Container[CodeType] = ()) -> bool:
    """Tell whether the code of a cell can do nothing when all that it reads is plain data, or functions that are so.

    `defined` are the codes in it of functions that it does no more with than to bind them to names.
    """
    return is_harmless(code, defined) and (_POP_TOP.isdisjoint(code.co_code[::2]) or _shows_nothing(code))


def is_harmless(code: CodeType, defined: Container[CodeType] = ()) -> bool:
    """Tell whether no instruction of a code, and of those inside it, does more than Python's own types do."""
    ops = code.co_code[::2]
    return (
        _HARMLESS.issuperset(ops)
        and (_LOAD_METHOD.isdisjoint(ops) or all(name in _METHODS for name in _methods(code)))
        and ((_KW_NAMES | _CALL_KW).isdisjoint(ops) or all(map(_TOLD.isdisjoint, _keywords(code))))
        and all(const in defined or is_harmless(const) for const in code.co_consts if type(const) is CodeType)
    )


def _methods(code: CodeType) -> Iterator[str]:
    """Yield the methods that a code calls; an empty text for an attribute that it only looks at."""
    for _, op, arg in instructions(code, _SAID):
        is_call = op in _LOAD_METHOD and (op != METHOD_BIT or arg & 1)
        yield attribute(code, op, arg) if is_call else ""


def _keywords(code: CodeType) -> Iterator[tuple[str, ...]]:
    """Yield the names of the keyword arguments that each call gives."""
    for (_, _, constant), (_, op, arg) in pairwise(instructions(code)):
        if op in _KW_NAMES:
            yield code.co_consts[arg]
        elif op in _CALL_KW:
            yield code.co_consts[constant]  # loaded just before (Python 3.13)


def _shows_nothing(code: CodeType) -> bool:
    """Tell whether what a code makes and does not keep is only what `print`, `append` and their like return.

    Only a call that stands for itself counts: with nothing else on the stack since the last statement or branch.
    """
    end = min((target for _, _, target in handlers(code) if target), default=len(code.co_code))
    depth, first, method, before = 0, "", "", 0
    for offset, op, arg in instructions(code):
        if offset >= end:
            return True  # what comprehensions do when they fail
        if op in _POP_TOP and before not in _END_FOR:  # what a loop leaves behind (Python 3.13)
            called = first == "print" if not method else method in _CHANGES
            if depth != 1 or before not in CALLS or not called:
                return False
        if not first and op not in _NO_OPERAND:
            first = code.co_names[arg] if op in LOAD_NAME else "another"
        if op in _LOAD_METHOD and depth == 1:
            method = attribute(code, op, arg)
        depth += dis.stack_effect(op, arg if op >= dis.HAVE_ARGUMENT else None)
        if op in JUMPS or op in STORES or op in _POP_TOP:
            depth = int(op in _FOR_ITER)
        if depth <= 0:
            first = method = ""
        before = op
    return True


def are_still(names: Iterable[str], namespace: Mapping[str, Any]) -> bool:
    """Tell whether all these names stand for plain data, or for nothing yet."""
    values = list(map(namespace.get, names))
    return _STILL.issuperset(map(type, values)) or all(map(is_data, values))


def is_data(value: Any, depth: int = _DEPTH) -> bool:
    """Tell whether a value is a number, a text or a builtin container of these that nobody else works with.

    What is too large to tell quickly is not.
    """
    kind = type(value)
    if kind in _STILL:
        return True
    if kind not in _CONTAINERS or len(value) > _MOST_ITEMS or value is sys.path or value is warnings.filters:
        return False
    items = [*value, *value.values()] if kind is dict else value
    if _STILL.issuperset(map(type, items)):
        return True
    return depth > 0 and len(value) <= _MOST_NESTED and all(is_data(item, depth - 1) for item in items)


def are_pure(names: Iterable[str], namespace: Mapping[str, Any]) -> bool:
    """Tell whether these names are variables, or Python's own functions of plain data."""
    for name in names:
        if name not in namespace:
            own = namespace.get("__builtins__", builtins)
            if name not in _PURE or not (own is builtins or own is vars(builtins)):
                return False
            if vars(builtins).get(name) is not _PURE[name] or (name == "print" and not _prints_to_the_front_end()):
                return False
    return True


def _prints_to_the_front_end() -> bool:
    """Tell whether what is printed goes to ipykernel's own stream, as it came: no code of the user's sees it."""
    stream = sys.stdout
    kind = type(stream)
    if (
        kind.__name__ != "OutStream"
        or kind.__module__ != "ipykernel.iostream"
        or getattr(stream, "echo", 1) is not None
    ):
        return False
    write: Any = stream.write
    if (getattr(write, "__module__", ""), getattr(write, "__qualname__", "")) == _TEE:
        # Around each cell IPython puts this, which keeps a copy for its history.
        kept = dict(zip(write.__code__.co_freevars, write.__closure__ or (), strict=True))
        write = kept["original_write"].cell_contents if "original_write" in kept else None
    own = kind.write
    return getattr(write, "__func__", None) is own and getattr(own, "__module__", "") == kind.__module__


def runs_in_order(code: CodeType) -> bool:
    """Tell whether the lines of a code without branches run one after the other, so that the last tells the rest."""
    lines = [line for _, _, line in LineTable(code).spans if line]
    return all(first <= second for first, second in pairwise(lines))
