"""Cells that do nothing but bind names to numbers and texts: no file, no hidden state, nobody else's code.

What a cell does beside its variables is watched for, and that costs more than such a cell itself. It need not be where
nothing can come of it. The instructions of a still cell work on values that Python's own types made, of which the
names that it reads are too; so no method runs that anybody wrote. Nor does one when a name is bound anew, for what
it was bound to has no finalizer. Nothing is shown, for showing asks formatters that anybody may have registered.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from itertools import pairwise
from types import CodeType
from typing import Any

from nbledger.capture.code.bytecode import JUMPS, LineTable, instructions, opcodes
from nbledger.capture.code.reach import ATOMS

_POP_TOP, _END_FOR = opcodes("POP_TOP"), opcodes("END_FOR")
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
_PURE = {name: vars(builtins)[name] for name in "range len abs min max sum round int float str bool divmod".split()}


def may_be_still(code: CodeType) -> bool:
    """Tell whether the code of a cell can do nothing when all that it reads are numbers and texts."""
    if code.co_exceptiontable or any(type(const) is CodeType for const in code.co_consts):
        return False
    before = 0
    for _, op, _ in instructions(code):
        # What is not kept is shown, but for what a loop leaves behind (Python 3.13).
        if op not in _HARMLESS and not (op in _POP_TOP and before in _END_FOR):
            return False
        before = op
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
            if vars(builtins).get(name) is not _PURE[name]:
                return False
    return True


def runs_in_order(code: CodeType) -> bool:
    """Tell whether the lines of a code without branches run one after the other, so that the last tells the rest."""
    lines = [line for _, _, line in LineTable(code).spans if line]
    return all(first <= second for first, second in pairwise(lines))
