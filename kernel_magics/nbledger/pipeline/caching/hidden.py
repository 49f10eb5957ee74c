"""What code may depend on that no record shows, found in its syntax tree: the clock, the network, other processes.

Looked at is all code of the cells, and of the project's modules what runs when they are imported or is mentioned by
name. What is found either prevents that results are taken (in words), or becomes one more thing to compare:
environment variables, files whose presence is asked for.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from nbledger.pipeline.caching.cells import MAGIC
from nbledger.pipeline.caching.constants import Constants

#: Libraries that read files, databases or the network in C, in another process or by a kernel of their own.
UNSEEN = frozenset(
    (
        "av catboost clickhouse_driver confluent_kafka cudf cv2 cx_Oracle dask datasets decord distributed "
        "docker duckdb faiss fasttext filecmp fiona fitz geopandas git google grpc gspread ipyparallel "
        "jupyter_client lance loky mlflow modin mpi4py multiprocess mysql MySQLdb nbclient nbconvert netCDF4 "
        "oracledb osgeo pandarallel papermill pathos petastorm pexpect plumbum psycopg psycopg2 pygit2 pymssql "
        "pyodbc pyogrio pysam pyspark rasterio ray rpy2 sentencepiece SimpleITK snowflake soundfile tensorflow "
        "tensorflow_datasets vaex vtk wandb xarray"
    ).split()
)
_ARROW = frozenset(
    "open_csv write_csv open_json memory_map OSFile input_stream output_stream open_input_file open_input_stream "
    "open_output_stream open_append_stream CSVWriter copy_files create_memory_map".split()
)
_PROCESSES = frozenset(
    "Pool ProcessPoolExecutor Parallel fork forkpty posix_spawn posix_spawnp popen spawnl spawnv spawnve execv execve "
    "create_subprocess_exec create_subprocess_shell getoutput getstatusoutput read_clipboard".split()
)
_DAY = frozenset({"now", "today", "utcnow"})
_DAY_WITHOUT_ARGUMENT = frozenset({"localtime", "gmtime", "ctime", "asctime"})
_SECONDS = frozenset({"time", "time_ns"})
_ASKS = frozenset({"exists", "lexists", "isfile", "isdir", "is_file", "is_dir", "access"})
_ASKS_WHEREVER = frozenset({"exists", "lexists", "isfile", "isdir", "is_file", "is_dir", "getmtime", "getsize"})
_IMPORTS = frozenset({"import_module", "__import__", "find_spec"})
_WORKERS = frozenset({"num_workers", "workers", "use_multiprocessing"})
_HOME = frozenset({"home", "expanduser"})
_ASKS_SIZE = frozenset({"getsize"})
_ASKS_TIME = frozenset({"stat", "lstat", "getmtime", "getctime", "getatime", "disk_usage"})
_AT_ONCE = {
    "exec": "runs code that it makes (exec)",
    "eval": "runs code that it makes (eval)",
    "input": "asks for input",
}
_LOGGING = frozenset("metric metrics param params tag tags note artifact __version__".split())
_MAGICS = frozenset(
    "autoreload capture cd colors config html javascript js latex load_ext markdown matplotlib pdb precision prun "
    "reload_ext run set_env svg time timeit track who whos writefile xmode".split()
)
_ENVIRON = frozenset({"environ", "environb"})
_ASKS_ENVIRON = frozenset({"getenv", "getenvb"})
_OF_ONE_VARIABLE = frozenset({"get", "setdefault", "pop", "__getitem__"})
_WILD_INSIDE = re.compile(r"[*?\]][^/\n]*/")
_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{1,20})://\S")
_HARMLESS_SCHEMES = frozenset({"http", "https", "file", "sqlite"})


@dataclass(slots=True)
class Hidden:
    """What was found. `asked` are paths as in the code, whose presence (or with `True` whose content) is asked for."""

    prevents: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)
    all_variables: bool = False
    asked: dict[str, bool] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    deep_listing: bool = False


@dataclass(slots=True)
class _Names:
    """What imports call things: `aliases` of functions (`ex` is `exists`), and of whole modules."""

    aliases: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)

    def learn(self, node: ast.AST) -> None:
        """Learn from the import statements in a piece of code."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.ImportFrom):
                self.aliases.update({alias.asname: alias.name for alias in inner.names if alias.asname})
            elif isinstance(inner, ast.Import):
                self.modules.update({alias.asname or alias.name: alias.name for alias in inner.names})


def look(
    cells: Sequence[tuple[str, ast.Module]], modules: Sequence[tuple[str, ast.Module]], constants: Constants
) -> Hidden:
    """Return what the code of cells (label and tree), and of modules as far as it is reached, may depend on."""
    found = Hidden()
    of_module = {label: Constants([tree]) for label, tree in modules}
    pieces = list(reached(cells, modules))
    names = _Names()
    for _, node in pieces:
        names.learn(node)
    for label, node in pieces:
        _Look(label, found, of_module.get(label, constants), names).visit(node)
    if found.asked and any("chdir" in mentioned(node) or _changes_folder(node) for _, node in pieces):
        found.prevents.append("it asks for files and changes the folder in which it works")
    found.prevents = list(dict.fromkeys(found.prevents))
    found.remarks = list(dict.fromkeys(found.remarks))
    return found


def reached(
    cells: Sequence[tuple[str, ast.Module]], modules: Sequence[tuple[str, ast.Module]]
) -> Iterator[tuple[str, ast.AST]]:
    """Yield the code of cells, what runs at a module's import, and the functions and classes that are mentioned."""
    waiting: dict[str, list[tuple[str, ast.AST]]] = {}
    ready: list[tuple[str, ast.AST]] = [(label, tree) for label, tree in cells]
    for label, tree in modules:
        for statement in tree.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                waiting.setdefault(statement.name, []).append((label, statement))
            else:
                ready.append((label, statement))
    starred = any(
        isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        for _, tree in cells
        for node in ast.walk(tree)
    )
    if starred:
        ready += [one for many in waiting.values() for one in many]
        waiting = {}
    while ready:
        label, node = ready.pop()
        yield label, node
        for name in mentioned(node) & waiting.keys():
            ready += waiting.pop(name)


def mentioned(node: ast.AST) -> set[str]:
    """Return the names that code mentions, as names, attributes or imports."""
    found: set[str] = set()
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                found.add(name)
            case ast.alias(name=name):
                found.update(name.split("."))
            case ast.ImportFrom(module=str(name)):
                found.update(name.split("."))
    return found


class _Look(ast.NodeVisitor):
    """Looks at one piece of code."""

    def __init__(self, label: str, found: Hidden, constants: Constants, names: _Names) -> None:
        self._label = label
        self._names = names
        self._found = found
        self._constants = constants

    def _prevent(self, what: str) -> None:
        self._found.prevents.append(f"{self._label} {what}")

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._imported(alias.name, ())

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        names = tuple(alias.name for alias in node.names)
        if node.module and not node.level:
            self._imported(node.module, names)
        if node.module == "time" and _SECONDS & set(names):
            self._found.remarks.append(f"{self._label} reads the clock for seconds, which counts as no input")
        if node.module == "os" and (_ENVIRON | _ASKS_ENVIRON) & set(names):
            self._found.all_variables = True
        if node.module == "nbledger" or not node.module:
            return
        for name in names:
            if name in _PROCESSES:
                self._processes(name)
            elif name == "home":
                self._found.variables.add("HOME")

    def _imported(self, module: str, names: Iterable[str]) -> None:
        root = module.partition(".")[0]
        self._found.imports.add(root)
        if root in UNSEEN:
            self._prevent(f"uses {root}, whose reads are not seen")
        if root == "nbledger" and (module != "nbledger" or set(names) - _LOGGING):
            self._prevent("asks the ledger, which every run changes")
        if module in ("multiprocessing", "concurrent.futures.process"):
            self._processes(module)
        if module.startswith("pyarrow.fs") or (root == "pyarrow" and "fs" in names):
            self._prevent("uses pyarrow.fs, whose reads are not seen")

    def _processes(self, name: str) -> None:
        self._prevent(f"starts processes ({name}), whose reads are not seen")

    def visit_Call(self, node: ast.Call) -> None:
        name = self._called(node.func)
        value = node.func.value if isinstance(node.func, ast.Attribute) else None
        if value is not None and _is_environ(value) and name in _OF_ONE_VARIABLE:
            self._variable(node.args[0] if node.args else None)
            for argument in node.args:
                self.visit(argument)
            return
        owner = self._names.modules.get(value.id, value.id) if isinstance(value, ast.Name) else ""
        self._judge(node, name, owner, is_method=value is not None)
        if name in _ASKS_ENVIRON:
            self._variable(node.args[0] if node.args else None)
        if any(word.arg in _WORKERS and not _is_nothing(word.value) for word in node.keywords):
            self._processes(name)
        if isinstance(node.func, ast.Attribute):
            self.visit(node.func.value)
        for part in (*node.args, *(word.value for word in node.keywords)):
            self.visit(part)

    def _judge(self, node: ast.Call, name: str, owner: str, *, is_method: bool) -> None:
        """Decide what a call says."""
        if name == MAGIC:
            self._magic(str(self._constants.text(node.args[0])))
        elif owner == "nbledger" and name not in _LOGGING:
            self._prevent("asks the ledger, which every run changes")
        elif not is_method and name in _AT_ONCE:
            self._prevent(_AT_ONCE[name])
        elif name in ("run_line_magic", "run_cell_magic", "magic", "system"):
            self._prevent(f"calls {name}, whose reads are not seen")
        elif name in _PROCESSES:
            self._processes(name)
        elif self._is_clock(node, name, is_method=is_method, owner=owner):
            self._prevent(f"asks for the date or time ({name}): what it gives is of its day")
        elif name in _SECONDS and (owner == "time" or not is_method):
            self._found.remarks.append(f"{self._label} reads the clock for seconds, which counts as no input")
        elif self._is_arrow(name, owner):
            self._prevent(f"uses pyarrow's {name}, whose reads are not seen")
        elif name in _IMPORTS:
            self._imports_by_name(node, name)
        else:
            self._asks(node, name, is_method=is_method)

    def _is_arrow(self, name: str, owner: str) -> bool:
        if name in ("read_csv", "read_json"):
            return owner in ("pyarrow.csv", "pyarrow.json", "csv", "json", "pacsv", "pa_csv")
        return name in _ARROW and "pyarrow" in {module.partition(".")[0] for module in self._modules_known()}

    def _modules_known(self) -> set[str]:
        return {*self._names.modules.values(), *self._found.imports}

    def _imports_by_name(self, node: ast.Call, name: str) -> None:
        module = self._constants.text(node.args[0] if node.args else None)
        if module is None:
            self._prevent(f"imports a module ({name}) whose name only the run tells")
        else:
            self._imported(module, ())

    def _called(self, func: ast.expr) -> str:
        if isinstance(func, ast.Attribute):
            return func.attr
        return self._names.aliases.get(func.id, func.id) if isinstance(func, ast.Name) else ""

    def _is_clock(self, node: ast.Call, name: str, *, is_method: bool, owner: str) -> bool:
        if name in _DAY and is_method:
            return True
        if name in _DAY_WITHOUT_ARGUMENT and (owner == "time" or not is_method) and not node.args:
            return True
        if name == "strftime" and (owner == "time" or not is_method) and len(node.args) == 1:
            return True
        first = node.args[0] if node.args else None
        said = first.value if isinstance(first, ast.Constant) else None
        return said in ("now", "today") and name in ("Timestamp", "datetime64", "to_datetime")

    def _asks(self, node: ast.Call, name: str, *, is_method: bool) -> None:
        if name in _ASKS_TIME and (is_method or node.args):
            self._prevent(f"asks when a file was changed ({name})")
        elif name in _HOME:
            self._found.variables.add("HOME")
        elif name in _ASKS | _ASKS_SIZE:
            subject = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
            path = self._constants.path(subject)
            if path is None:
                self._prevent(f"asks for a file ({name}) whose name only the run tells")
            else:
                self._found.asked[path] = self._found.asked.get(path, False) or name in _ASKS_SIZE

    def _magic(self, line: str) -> None:
        if line.startswith("!"):
            self._prevent("runs a shell command")
            return
        name = line.lstrip("%").split(None, 1)[0] if line.lstrip("%").split() else ""
        if name == "ledger":
            self._prevent("asks the ledger, which every run changes")
        elif name not in _MAGICS:
            self._prevent(f"uses %{name}, whose reads are not seen")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in _ENVIRON:
            self._found.all_variables = True
        elif node.attr in _DAY:
            self._prevent(f"asks for the date or time ({node.attr}): what it gives is of its day")
        elif node.attr in _ASKS_WHEREVER:
            self._prevent(f"asks for files ({node.attr}) whose names only the run tells")
        elif node.attr in _HOME:
            self._found.variables.add("HOME")
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in _ENVIRON:
            self._found.all_variables = True

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if _is_environ(node.value):
            if not isinstance(node.ctx, ast.Store):
                self._variable(node.slice)
            self.visit(node.slice)
            return
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if not isinstance(node.value, str) or not node.value or len(node.value) > 4096:
            return
        self._found.texts.add(node.value)
        if node.value.startswith("~"):
            self._found.variables.add("HOME")
        if _WILD_INSIDE.search(node.value):
            self._found.deep_listing = True
        match = _SCHEME.match(node.value)
        if match and match["scheme"] not in _HARMLESS_SCHEMES:
            self._prevent(f"names {match['scheme']}://, whose content is not seen")

    def _variable(self, node: ast.expr | None) -> None:
        name = self._constants.text(node)
        if name is None:
            self._found.all_variables = True
        else:
            self._found.variables.add(name)


def _changes_folder(node: ast.AST) -> bool:
    """Tell whether there is a `%cd` in the code."""
    lines = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant))
    return any(isinstance(line, str) and line.startswith(("%cd", "%pushd", "%popd")) for line in lines)


def _is_nothing(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _is_environ(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr in _ENVIRON) or (
        isinstance(node, ast.Name) and node.id in _ENVIRON
    )


__all__ = ["UNSEEN", "Hidden", "look", "mentioned", "reached"]
