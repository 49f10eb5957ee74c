"""Files that libraries open in C, where no audit event tells of them: seen at the library's Python functions.

The functions get a hook by code swap (docs/decisions/0004). It looks at the argument that names the file, before the
function runs, and no further: what became of the file shows when the cell has ended. Functions that are themselves in
C (`pyarrow.csv.read_csv`, `pyarrow.fs`, `cv2.imread`, all of duckdb) cannot be hooked: for a cell that mentions one,
the files that its string constants name are looked at (`Files.note_names`).
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from nbledger.capture.hooks import calls, swap
from nbledger.capture.hooks.swap import Hook, unseen
from nbledger.capture.world import audit

if TYPE_CHECKING:
    from nbledger.capture.hooks.imports import ImportWatch
    from nbledger.capture.world.files import Files


class _Way(NamedTuple):
    """What a function does with the file that its argument names."""

    argument: str
    does: str  # read, scan, make, change, within, url


_PARQUET: Mapping[str, _Way] = {
    "read_table": _Way("source", "read"),
    "read_pandas": _Way("source", "read"),
    "read_schema": _Way("where", "read"),
    "read_metadata": _Way("where", "read"),
    "write_table": _Way("where", "make"),
    "write_metadata": _Way("where", "make"),
    "write_to_dataset": _Way("root_path", "within"),
    "ParquetFile.__init__": _Way("source", "read"),
    "ParquetDataset.__init__": _Way("path_or_paths", "read"),
    "ParquetWriter.__init__": _Way("where", "make"),
}
_FUNCTIONS: Mapping[str, Mapping[str, _Way]] = {
    "pyarrow.parquet.core": _PARQUET,
    "pyarrow.feather": {
        "read_table": _Way("source", "read"),
        "read_feather": _Way("source", "read"),
        "write_feather": _Way("dest", "make"),
    },
    "pyarrow.orc": {
        "read_table": _Way("source", "read"),
        "ORCFile.__init__": _Way("source", "read"),
        "write_table": _Way("where", "make"),
        "ORCWriter.__init__": _Way("where", "make"),
    },
    "pyarrow.dataset": {"dataset": _Way("source", "read"), "write_dataset": _Way("base_dir", "within")},
    "pyarrow.ipc": {
        "RecordBatchFileReader.__init__": _Way("source", "read"),
        "RecordBatchStreamReader.__init__": _Way("source", "read"),
        "RecordBatchFileWriter.__init__": _Way("sink", "make"),
        "RecordBatchStreamWriter.__init__": _Way("sink", "make"),
    },
    "pandas.io.parquet": {"read_parquet": _Way("path", "read"), "to_parquet": _Way("path", "within")},
    "pandas.io.orc": {"read_orc": _Way("path", "read"), "to_orc": _Way("path", "make")},
    "xgboost.core": {
        "Booster.save_model": _Way("fname", "make"),
        "Booster.load_model": _Way("fname", "read"),
        "DMatrix.__init__": _Way("data", "read"),
    },
    "lightgbm.basic": {
        "Booster.__init__": _Way("model_file", "read"),
        "Booster.save_model": _Way("filename", "make"),
        "Dataset.__init__": _Way("data", "read"),
        "Dataset.save_binary": _Way("filename", "make"),
    },
    "h5py._hl.files": {"File.__init__": _Way("name", "change")},
    "tables.file": {"open_file": _Way("filename", "change")},
    "torch.serialization": {"save": _Way("f", "make")},
    "httpx._client": {"Client.send": _Way("request", "url")},
}
_POLARS_ARGUMENTS = ("source", "file", "path", "workbook", "target")
_IN_C: Mapping[str, frozenset[str]] = {
    "pyarrow": frozenset(
        "read_csv open_csv write_csv read_json open_json memory_map OSFile input_stream output_stream open_input_file "
        "open_input_stream open_output_stream open_append_stream CSVWriter copy_files create_memory_map".split()
    ),
    "duckdb": frozenset({"duckdb"}),
    "cv2": frozenset({"cv2"}),
    "netCDF4": frozenset({"Dataset", "open_dataset"}),
    "rasterio": frozenset({"rasterio"}),
    "osgeo": frozenset({"gdal", "ogr"}),
    "soundfile": frozenset({"soundfile", "sf"}),
    "fitz": frozenset({"fitz"}),
    "fasttext": frozenset({"fasttext"}),
    "sentencepiece": frozenset({"sentencepiece", "SentencePieceProcessor"}),
}


class _Shared:
    """Who is told, and with which import watch the hooks were registered."""

    files: Files | None = None
    watch: ImportWatch | None = None


class FileHook(Hook):
    """Tells of the file that a call names, then calls the original."""

    __slots__ = ("way", "where")

    def __init__(self, original: types.FunctionType, way: _Way) -> None:
        from nbledger.capture.hooks.build import parameter_names

        super().__init__(original)
        self.way = way
        names = parameter_names(original)
        self.where = names.index(way.argument) if way.argument in names else len(names)

    @unseen
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Tell of the file, then call the original."""
        try:
            if _Shared.files is not None:
                _tell(self, args, kwargs)
            return self.original(*args, **kwargs)
        except BaseException as error:
            # Cut this frame out: a bare `raise` adds no new entry.
            trace = error.__traceback__
            error.__traceback__ = None if trace is None else trace.tb_next
            raise


def activate(files: Files) -> None:
    """Tell `files` of what calls do with files from now on."""
    wake()
    _Shared.files = files


def deactivate() -> None:
    """Tell nobody any more."""
    _Shared.files = None


def wake() -> None:
    """Put hooks in front of the functions of libraries that are there, and of those to come. Cheap when done before."""
    watch = calls.watch()
    if _Shared.watch is watch:
        return
    _Shared.watch = watch
    for module, functions in _FUNCTIONS.items():
        watch.when_imported(module, partial(_hook_functions, functions=functions))
    watch.when_imported("polars", _hook_polars)


def opens_unseen(mentions: Collection[str]) -> bool:
    """Tell whether one of these names is of a function that opens files in C, of a library that is loaded."""
    return any(library in sys.modules and not names.isdisjoint(mentions) for library, names in _IN_C.items())


def _hook_functions(module: types.ModuleType, functions: Mapping[str, _Way]) -> None:
    for name, way in functions.items():
        owner: Any = module
        *parents, last = name.split(".")
        for parent in parents:
            owner = vars(owner).get(parent)
            if owner is None:
                break
        else:
            _hook(vars(owner).get(last), way)


def _hook(function: object, way: _Way) -> None:
    if isinstance(function, types.FunctionType) and not swap.is_swapped(function):
        swap.swap(function, partial(FileHook, way=way))


def _hook_polars(module: types.ModuleType) -> None:
    """Hook all of polars' functions that read and write, whatever their number in this version."""
    for prefix, does, owner in (
        ("read_", "read", module),
        ("scan_", "scan", module),
        ("write_", "make", module.DataFrame),
        ("sink_", "make", module.LazyFrame),
    ):
        for name, function in list(vars(owner).items()):
            if name.startswith(prefix) and isinstance(function, types.FunctionType):
                _hook(function, _Way(_first_of(function), does))


def _first_of(function: types.FunctionType) -> str:
    from nbledger.capture.hooks.build import parameter_names

    return next((name for name in parameter_names(function) if name in _POLARS_ARGUMENTS), "")


def _tell(hook: FileHook, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    files, way = _Shared.files, hook.way
    if files is None or not audit.is_heard():
        return
    value: Any = (
        kwargs[way.argument] if way.argument in kwargs else args[hook.where] if len(args) > hook.where else None
    )
    try:
        if way.does == "url":
            files.requested(str(value.url))
            return
        for path in _paths(value):
            if "://" in path:
                files.requested(path)
                continue
            place = audit.absolute(os.path.expanduser(path))
            if place is not None:
                audit.rely_on_folder(path)
                for found in _matches(place):
                    _does(files, way.does)(found)
    except Exception as error:  # noqa: BLE001 - the user's call goes on
        files.missed(hook.original.__qualname__, error)


def _does(files: Files, does: str) -> Callable[[str], None]:
    return {
        "read": files.read_all,
        "scan": files.scanned,
        "make": files.make,
        "change": files.changed,
        "within": files.make_within,
    }[does]


def _paths(value: Any) -> Iterator[str]:
    """Yield the paths in an argument: one, or a list of them. Text with line breaks is content, not a path."""
    if isinstance(value, (str, os.PathLike)):
        path = os.fspath(value)
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if path and len(path) < 4096 and "\n" not in path:
            yield path
    elif isinstance(value, (list, tuple)):
        for item in value[:10_000]:
            yield from _paths(item) if isinstance(item, (str, os.PathLike)) else ()


def _matches(path: str) -> list[str]:
    if not any(letter in path for letter in "*?[") or os.path.exists(path):
        return [path]
    import glob

    with audit.paused():
        return [found for found in glob.glob(path, recursive=True) if os.path.isfile(found)]
