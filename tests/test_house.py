"""The house stands as DESIGN.md draws it: imports point one way, the core knows no Jupyter, public names say what they are."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nbledger

ROOT = Path(nbledger.__file__).parent

# Each layer may import itself and those above it in this list; names on one line stand side by side.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "records", "tables"),
    ("fingerprint",),
    ("ledger",),
    ("capture", "lineage"),
    ("registry",),
    ("pipeline",),
    ("questions",),
    ("figures",),
    ("widgets",),
    ("commands",),
    ("cli",),
    ("magics", "shell"),
)
CORE = ("errors", "records", "tables", "fingerprint", "ledger", "capture", "lineage", "registry")
JUPYTER = {"IPython", "ipykernel", "ipywidgets", "jupyter_client", "jupyter_core", "jupyter_server", "jupyterlab", "nbclient", "nbformat", "notebook", "papermill"}  # fmt: skip
HEAVY = {"numpy", "pandas", "sklearn", "scipy", "skops", "plotly", "sqlite_utils", "joblib", "cloudpickle"}
OPTIONAL = {"torch", "polars", "pyarrow", "xgboost", "lightgbm"}
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

MODULES = sorted(name for _, name, _ in pkgutil.walk_packages([str(ROOT)], "nbledger."))
FILES = sorted(ROOT.rglob("*.py"))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every module that a file imports, wherever in it, except for type checking only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    package = ".".join(("nbledger", *path.relative_to(ROOT).parent.parts))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    part for part in (*package.split(".")[: len(package.split(".")) - node.level + 1], base) if part
                )
            if id(node) in typing_only and not base.startswith("nbledger"):
                continue
            for alias in node.names:
                yield f"{base}.{alias.name}", node.lineno


def _part(module: str) -> str | None:
    """Return which part of the house a module of ours belongs to."""
    words = module.split(".")
    return words[1] if words[0] == "nbledger" and len(words) > 1 and words[1] in LEVEL else None


def _are_one(part: str, own: str) -> bool:
    """Return whether two parts on one level are the two halves of one thing: the IPython edge."""
    return {part, own} == {"magics", "shell"}


def _is_typing_only(path: Path, line: int) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.If)
        and ast.unparse(node.test).endswith("TYPE_CHECKING")
        and node.lineno <= line <= (node.body[-1].end_lineno or node.lineno)
        for node in ast.walk(tree)
    )


def test_every_module_has_its_place_in_the_house():
    parts = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in FILES}
    assert parts - {"__init__", "__main__"} <= set(LEVEL)


def test_imports_point_down_the_house_only():
    wrong = []
    for path in FILES:
        own = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if own not in LEVEL:
            continue  # the package's own front door names everything, lazily
        for module, line in _imports(path):
            part = _part(module)
            if part is None or part == own:
                continue
            if LEVEL[part] > LEVEL[own] or (LEVEL[part] == LEVEL[own] and not _are_one(part, own)):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert wrong == []


def test_the_core_names_no_jupyter_library_even_inside_functions():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in FILES
        if path.relative_to(ROOT).parts[0].removesuffix(".py") in CORE
        for module, line in _imports(path)
        if module.split(".")[0] in JUPYTER and not _is_typing_only(path, line)
    ]
    assert wrong == []


def _loaded_after(*modules: str) -> set[str]:
    """Return the top names in `sys.modules` of a fresh process that imported these modules, those it could."""
    code = (
        "import importlib, sys\n"
        f"for module in {modules!r}:\n"
        "    try: importlib.import_module(module)\n"
        f"    except ModuleNotFoundError as error:\n        if error.name not in {OPTIONAL!r}: raise\n"
        "print(' '.join({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_all_of_the_core_loads_no_jupyter():
    core = [module for module in MODULES if module.split(".")[1] in CORE]
    assert _loaded_after(*core) & JUPYTER == set()


def test_the_cores_packages_load_nothing_heavy_until_it_is_needed():
    packages = ("nbledger", *(f"nbledger.{name}" for name in CORE if f"nbledger.{name}" in MODULES))
    assert _loaded_after(*packages) & HEAVY == set()


def test_the_command_line_loads_nothing_heavy_until_a_verb_needs_it():
    assert _loaded_after("nbledger.cli") & (HEAVY | JUPYTER) == set()


def test_the_papermill_engine_costs_papermill_nothing():
    code = (
        "import sys; before = set(sys.modules); import nbledger.pipeline.engine\n"
        "print(sorted(name for name in set(sys.modules) - before if name.split('.')[0] in ('papermill', 'sqlite3', 'numpy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _silent(path: Path) -> Iterator[str]:
    """Yield the public names of a file that have no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not ast.get_docstring(tree):
        yield "the module"
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield node.name
        methods = node.body if isinstance(node, ast.ClassDef) else []
        for method in methods:
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and not method.name.startswith("_"):
                overloads = {ast.unparse(decorator) for decorator in method.decorator_list}
                setter = f"{method.name}.setter" in overloads
                if not ast.get_docstring(method) and not setter and not overloads & {"overload", "override"}:
                    yield f"{node.name}.{method.name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_public_name_says_what_it_is_for(path):
    assert list(_silent(path)) == []


@pytest.mark.parametrize("module", ["nbledger", *MODULES])
def test_all_lists_names_that_exist(module):
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        assert error.name in OPTIONAL
        pytest.skip(f"{error.name} is not installed here")
    names = getattr(loaded, "__all__", ())
    assert [name for name in names if not hasattr(loaded, name)] == []
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_needs_a_table_of_contents(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
