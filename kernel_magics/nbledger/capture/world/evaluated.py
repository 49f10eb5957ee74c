"""In which namespace `exec` and `eval` run what they are given: `eval(formula, {}, env)` reads no variable.

The audit event tells the code alone. The call's own source, by the place in the code that is running, tells what was
given as globals; where that cannot be told, it counts as the notebook's namespace.
"""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache
from itertools import islice
from types import CodeType, FrameType
from typing import Any

_ANNOTATIONS = frozenset({"typing", "inspect", "annotationlib", "typing_extensions"})
_LONGEST = 4000


def runs_in(namespace: object, frame: FrameType) -> bool:
    """Tell whether the `exec` or `eval` that is under way in a frame runs code in the notebook's namespace.

    It may be called by the notebook, by IPython's `%run -i`, or by Python for annotations that are text.
    """
    if frame.f_globals is namespace:
        return not _runs_elsewhere(frame, namespace)
    may = frame.f_code.co_name == "execfile" or frame.f_globals.get("__name__") in _ANNOTATIONS
    return may and any(value is namespace for value in frame.f_locals.values())


def _runs_elsewhere(frame: FrameType, namespace: object) -> bool:
    """Tell whether a dict of its own was given as globals."""
    given = _globals_given(frame.f_code, frame.f_lasti)
    if isinstance(given, ast.Dict):
        return None not in given.keys  # `{**globals()}`
    if isinstance(given, ast.Call):  # dict(a=1), not dict(globals())
        return _is_name(given.func, "dict") and not given.args and all(word.arg for word in given.keywords)
    if isinstance(given, ast.Name):
        value: Any = frame.f_locals.get(given.id, frame.f_globals.get(given.id))
        return type(value) is dict and value is not namespace
    return False


@lru_cache(maxsize=256)
def _globals_given(code: CodeType, at: int) -> ast.expr | None:
    """Return what the call at this place in a code gives as second argument or as `globals`."""
    call = _call_at(code, at)
    if call is None or not any(_is_name(call.func, name) for name in ("exec", "eval")):
        return None
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    if len(call.args) > 1:
        return call.args[1]
    return next((word.value for word in call.keywords if word.arg == "globals"), None)


def _call_at(code: CodeType, at: int) -> ast.Call | None:
    line, end_line, column, end_column = next(islice(code.co_positions(), at // 2, None), (None,) * 4)
    if line is None or end_line is None or column is None or end_column is None:
        return None
    lines = [text.encode() for text in linecache.getlines(code.co_filename)[line - 1 : end_line]]
    if not lines or sum(map(len, lines)) > _LONGEST:
        return None
    lines[-1] = lines[-1][:end_column]
    lines[0] = lines[0][column:]
    try:
        found = ast.parse(b"(" + b"".join(lines) + b")", mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return found if isinstance(found, ast.Call) else None


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
