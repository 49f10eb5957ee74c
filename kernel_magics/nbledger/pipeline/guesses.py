"""Which files a notebook that was never run would read and write, guessed from its code.

A path counts where the code has it written out, or puts it together from what is: constants, params with the values
that they will have, `Path("data") / "a.csv"`, `os.path.join`, f-strings. What is done with it is told from the call
that it goes into: `read_csv(path)`, `open(path, "w")`, `frame.to_parquet(path)`, `joblib.dump(model, path)`. What a
function in another module reads or writes is not seen.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbledger.pipeline.caching.cells import cells_of
from nbledger.pipeline.caching.constants import Constants

_READS = re.compile(r"read_\w+|scan_\w+|load|loadtxt|genfromtxt|fromfile|imread|ParquetFile|load_npz")
_WRITES = re.compile(r"to_(?:csv|parquet|json|pickle|excel|feather|hdf|html|latex|markdown|orc|stata|xml|image)|"
                     r"savefig|sink_\w+|write_\w+|save|savez|savez_compressed|savetxt|save_npz")  # fmt: skip
#: These take what they write first, then the path.
_PATH_IS_SECOND = frozenset({"dump", "write_table", "write_feather", "write_html", "write_image"})
_OF_PATH = {"read_text": "r", "read_bytes": "r", "write_text": "w", "write_bytes": "w", "touch": "w"}
_COPIES = frozenset({"copy", "copy2", "copyfile", "move"})
_KEYWORDS = frozenset("path filepath_or_buffer path_or_buf filename fname file where excel_writer io".split())
_SUFFIX = re.compile(r"[^./\\][^/\\]*\.[A-Za-z][A-Za-z0-9]{0,9}(\.(gz|bz2|xz|zst))?$")
_OUTWARD = re.compile(r"(^|_)(out|output|outputs|dest|destination|target|to|save|write|results?)(_|$)")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Guess:
    """Paths as the code has them, relative to the notebook: read, written, and `named` in a param or constant only."""

    read: frozenset[str]
    written: frozenset[str]
    named: frozenset[str] = frozenset()


def guess(nb: Any, params: Mapping[str, Any]) -> Guess:
    """Return what a notebook (as nbformat reads it) would read and write with these params."""
    trees = [cell.tree for cell in cells_of(nb) if cell.tree is not None]
    constants = Constants(trees, params)
    uses = [
        (mode, os.path.normpath(path))
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for mode, place in _files(node, constants)
        if (path := constants.path(place)) and "://" not in path and "\n" not in path and len(path) < _LONGEST
    ]
    read = {path for mode, path in uses if mode == "r"}
    written = {path for mode, path in uses if mode == "w"}
    named = {name: os.path.normpath(text) for name, text in _constants(trees, constants) if looks_like_path(text)}
    written |= {path for name, path in named.items() if _OUTWARD.search(name.lower()) and path not in read}
    return Guess(frozenset(read), frozenset(written), frozenset({*named.values()} - read - written))


def looks_like_path(value: Any) -> bool:
    """Tell whether a param's value is the path of a file: a text that ends in a name with a suffix."""
    if not isinstance(value, str) or not 0 < len(value) < _LONGEST or "://" in value or "\n" in value:
        return False
    return bool(_SUFFIX.search(value))


def _constants(trees: Sequence[ast.Module], constants: Constants) -> Iterator[tuple[str, str]]:
    for tree in trees:
        for statement in tree.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
            for target in targets:
                if isinstance(target, ast.Name) and (text := constants.text(target)) is not None:
                    yield target.id, text


def _files(call: ast.Call, constants: Constants) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield what a call does with files: `r` or `w`, and the expression of the path."""
    function, args = call.func, call.args
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    first = args[0] if args else next((word.value for word in call.keywords if word.arg in _KEYWORDS), None)
    if name == "open":
        yield from _opened(call, constants)
    elif name in _OF_PATH and isinstance(function, ast.Attribute):
        yield _OF_PATH[name], function.value
    elif name in _COPIES and len(args) == 2:
        yield "r", args[0]
        yield "w", args[1]
    elif name in _PATH_IS_SECOND and len(args) > 1:
        yield "w", args[1]
    elif _WRITES.fullmatch(name):
        yield "w", first
    elif _READS.fullmatch(name):
        yield "r", first


def _opened(call: ast.Call, constants: Constants) -> Iterator[tuple[str, ast.expr | None]]:
    """`open(path, mode)` and `path.open(mode)`."""
    function, args = call.func, call.args
    own = isinstance(function, ast.Attribute) and constants.text(function.value) is not None
    path = function.value if own and isinstance(function, ast.Attribute) else args[0] if args else None
    rest = args if own else args[1:]
    given = rest[0] if rest else next((word.value for word in call.keywords if word.arg == "mode"), None)
    mode = given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else "r"
    if set(mode) & set("ra+"):
        yield "r", path
    if set(mode) & set("wxa+"):
        yield "w", path


__all__ = ["Guess", "guess", "looks_like_path"]
