"""Cells that do nothing but bind names to numbers and texts: no file, no hidden state, nobody else's code.

What a cell does beside its variables is watched for, and that costs more than such a cell itself. It need not be where
nothing can come of it. The instructions of a still cell work on values that Python's own types made, of which the
names that it reads are too; so no method runs that anybody wrote. Nor does one when a name is bound anew, for what
it was bound to has no finalizer. Nothing is shown, for showing asks formatters that anybody may have registered.
"""

from __future__ import annotations

import builtins
import dis
import sys
from collections.abc import Iterable, Mapping
from itertools import pairwise
from types import CodeType
from typing import Any

from nbledger.capture.code.bytecode import CALLS, JUMPS, LOAD_NAME, LineTable, instructions, opcodes
from nbledger.capture.code.reach import ATOMS

_POP_TOP, _END_FOR = opcodes("POP_TOP"), opcodes("END_FOR")
_NO_OPERAND = opcodes("PUSH_NULL", "RESUME", "NOP", "EXTENDED_ARG", "CACHE")
# Not ~, which warns of truth values: `warnings.showwarning` may be anybody's.
_HARMLESS = (
    (JUMPS - opcodes("SEND", "JUMP_BACKWARD_NO_INTERRUPT"))
    | _END_FOR
    | opcodes(
        "RESUME", "NOP", "CACHE", "EXTENDED_ARG", "PUSH_NULL", "PRECALL", "CALL", "COPY", "SWAP", "TO_BOOL",
        "LOAD_CONST", "LOAD_NAME", "STORE_NAME", "RETURN_VALUE", "RETURN_CONST",
        "UNARY_NEGATIVE", "UNARY_POSITIVE", "UNARY_NOT", "BINARY_OP", "BINARY_SUBSCR", "BINARY_SLICE", "BUILD_SLICE",
        "COMPARE_OP", "IS_OP", "CONTAINS_OP", "GET_ITER", "UNPACK_SEQUENCE", "BUILD_STRING",
        "FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC", "CONVERT_VALUE",
    )
)  # fmt: skip
_STILL = ATOMS - {slice}
"""Types of values that hold nothing of anybody's: a slice may hold any object."""
_PURE = {
    name: vars(builtins)[name] for name in "range len abs min max sum round int float str bool divmod print".split()
}
_TEE = ("IPython.core.interactiveshell", "InteractiveShell._tee.<locals>.write")


def may_be_still(code: CodeType) -> bool:
    """Tell whether the code of a cell can do nothing when all that it reads are numbers and texts."""
    if code.co_exceptiontable or any(type(const) is CodeType for const in code.co_consts):
        return False
    before, shows = 0, False
    for _, op, _ in instructions(code):
        if op in _POP_TOP:
            # What is not kept is shown, but for what a loop leaves behind (Python 3.13).
            shows = shows or before not in _END_FOR
        elif op not in _HARMLESS:
            return False
        before = op
    return not shows or _only_prints(code)


def _only_prints(code: CodeType) -> bool:
    """Tell whether a code without branches calls `print` where it makes a value that it does not keep."""
    depth, first, before = 0, "", 0
    for _, op, arg in instructions(code):
        if op in JUMPS:
            return False
        if not first and op not in _NO_OPERAND:
            first = code.co_names[arg] if op in LOAD_NAME else "another"
        if op in _POP_TOP and (depth != 1 or before not in CALLS or first != "print"):
            return False
        depth += dis.stack_effect(op, arg if op >= dis.HAVE_ARGUMENT else None)
        first, before = first if depth else "", op
    return True


def are_still(names: Iterable[str], namespace: Mapping[str, Any]) -> bool:
    """Tell whether all these names stand for numbers and texts, or for nothing yet."""
    return _STILL.issuperset(map(type, map(namespace.get, names)))


def are_pure(names: Iterable[str], namespace: Mapping[str, Any]) -> bool:
    """Tell whether these names are variables, or Python's own functions of numbers and texts."""
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
