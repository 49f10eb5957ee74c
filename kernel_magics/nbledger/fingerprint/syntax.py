"""Python source to trees and code, silently: Python warns of a stray backslash or of `x is 1` whenever it compiles.

IPython compiles the user's cell and shows the warnings; that nbledger reads the same text must not show them again.
"""

from __future__ import annotations

import ast
import warnings
from types import CodeType
from typing import cast


def parse(source: str) -> ast.Module:
    """Return the tree of a module's source. Raises `SyntaxError` and `ValueError` as `ast.parse`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def compile_quietly(source: str, filename: str, flags: int = 0) -> CodeType:
    """Return the code of a module's source. Raises `SyntaxError` and `ValueError` as `compile`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cast("CodeType", compile(source, filename, "exec", flags, dont_inherit=True))
