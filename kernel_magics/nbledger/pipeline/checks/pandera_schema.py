"""A pandera schema as a check: its failure cases become the same results as those of a checks file.

The schema's own module is imported, so this runs code of the project, as its notebooks do. pandera comes with the
extra `nbledger[checks]`.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbledger.pipeline.checks.check_report import BrokenRow, CheckResult
from nbledger.pipeline.checks.judging import broken_row, shown


class _NoSchema(ValueError):
    """A schema that cannot be had; the message says why and what to do."""


def judge_by_schema(frame: Any, ref: str, checks: Path, root: Path, name: str, *, rows: int = 5) -> list[CheckResult]:
    """Return the results of a pandera schema on a frame, all of its failures (lazy validation).

    `ref` is `module:object`, `file.py:object` or a YAML file that pandera wrote; files are looked for beside the
    checks file, then below `root`. A schema that cannot be had is one result that says so and does not pass.
    """
    title = f"pandera {ref}"
    try:
        schema = _schema(ref, (checks.resolve().parent, root.resolve()))
    except _NoSchema as error:
        return [CheckResult(name, title, "error", str(error))]
    from pandera.errors import SchemaError, SchemaErrors

    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        return _results(frame, error.failure_cases, name, rows)
    except SchemaError as error:
        return [CheckResult(name, title, "failed", _first_line(error))]
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a check in the schema is anybody's code
        return [CheckResult(name, title, "error", f"{type(error).__name__}: {_first_line(error)}")]
    return [CheckResult(name, title, "passed", "the schema fits")]


def _schema(ref: str, folders: tuple[Path, ...]) -> Any:
    try:
        import pandera
    except ImportError:
        raise _NoSchema("pandera is not installed: pip install 'nbledger[checks]'") from None
    if not ref.endswith((".yaml", ".yml")) and ":" not in ref:
        raise _NoSchema(f"{ref!r} is no schema: give module:object, file.py:object or a .yaml file")
    try:
        found = _from_yaml(ref, folders) if ref.endswith((".yaml", ".yml")) else _from_python(ref, folders)
    except (_NoSchema, MemoryError):
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _NoSchema(f"it cannot be loaded: {type(error).__name__}: {_first_line(error)}") from error
    if isinstance(found, type) and hasattr(found, "to_schema"):
        found = found.to_schema()
    if not callable(getattr(found, "validate", None)):
        raise _NoSchema(f"{ref} is a {type(found).__name__}, no schema of pandera {pandera.__version__}")
    return found


def _from_yaml(ref: str, folders: tuple[Path, ...]) -> Any:
    from pandera.io.pandas_io import from_yaml

    return from_yaml(_file(ref, folders))


def _from_python(ref: str, folders: tuple[Path, ...]) -> Any:
    source, _, attribute = ref.rpartition(":")
    with _importable(folders):
        if source.endswith(".py"):
            file = _file(source, folders)
            spec = importlib.util.spec_from_file_location(f"_nbledger_schema_{file.stem}", file)
            if spec is None or spec.loader is None:
                raise _NoSchema(f"{source} is no Python file")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(source)
    found: Any = module
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


def _file(text: str, folders: tuple[Path, ...]) -> Path:
    found = next((folder / text for folder in folders if (folder / text).is_file()), None)
    if found is None:
        raise _NoSchema(f"there is no file {text} beside the checks file or in the project's folder")
    return found


@contextlib.contextmanager
def _importable(folders: tuple[Path, ...]) -> Iterator[None]:
    """Let the project's own modules be imported, as they are in its notebooks."""
    before = list(sys.path)
    sys.path[:0] = [str(folder) for folder in folders if str(folder) not in sys.path]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


def _results(frame: Any, cases: Any, name: str, rows: int) -> list[CheckResult]:
    """Return one result for each check of a column that failed."""
    places: dict[str, int] = {}
    for place, label in enumerate(frame.columns):
        places.setdefault(str(label), place)
    found = []
    for (column, check), group in cases.groupby(["column", "check"], dropna=False, sort=False):
        of = None if column is None or column != column else str(column)  # noqa: PLR0124 - NaN
        labels = group["index"].dropna()
        values = group["failure_case"].tolist()
        detail = "rows break it" if len(labels) else "it is not so"
        if not len(labels) and values:
            detail = f"it is not so: {', '.join(str(shown(value)) for value in values[:5])}"
        broken = tuple(_rows(frame, places, of, labels.drop_duplicates()[:rows]))
        found.append(CheckResult(name, str(check), "failed", detail, of, int(labels.nunique()), broken))
    return found


def _rows(frame: Any, places: dict[str, int], column: str | None, labels: Any) -> Iterator[BrokenRow]:
    if not len(labels) or not frame.index.is_unique:
        return
    first = (column,) if column in places else ()
    for number in frame.index.get_indexer_for(list(labels)):
        if number >= 0:
            yield broken_row(frame, places, int(number), first)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]


__all__ = ["judge_by_schema"]
