"""Cells executed as IPython does, without Jupyter and with nobody watching."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import itertools
import linecache
import random
import sys

_numbers = itertools.count(1)


class PlainSession:
    """A namespace in which cells run; `errors` has what each execution raised, as (type, message), or `None`."""

    def __init__(self) -> None:
        self.names = {"__name__": "__main__", "__builtins__": __builtins__, "__doc__": None}
        self.errors: list[tuple[str, str] | None] = []

    def run(self, source: str) -> tuple[str, str] | None:
        """Execute a cell; returns what it raised, as (type, message)."""
        error = self.execute(source)
        self.errors.append(None if error is None else (type(error).__name__, str(error)))
        return self.errors[-1]

    def execute(self, source: str) -> BaseException | None:
        """Compile each statement by itself and show the last expression, as IPython does. Output is dropped."""
        filename = f"<cell {next(_numbers)}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        hook, sys.displayhook = sys.displayhook, repr
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                nodes = ast.parse(source, filename).body
                for node in nodes:
                    self._execute(node, filename, shown=node is nodes[-1] and isinstance(node, ast.Expr))
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, SystemExit)) and not error.args:
                raise
            return error
        finally:
            sys.displayhook = hook
        return None

    def _execute(self, node: ast.stmt, filename: str, *, shown: bool) -> None:
        tree = ast.Interactive([node]) if shown else ast.Module([node], [])
        mode = "single" if shown else "exec"
        code = compile(tree, filename, mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, self.names))
        else:
            exec(code, self.names)


def seed(number: int) -> None:
    """Set the global random generators."""
    random.seed(number)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(number)
