"""Settings of the process and of libraries that a cell may change for all later ones, each as a value to compare.

Only what is loaded is looked at, and reading one takes a few microseconds at most.
"""

from __future__ import annotations

import itertools
import os
import sys
import types
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

RECURSES = "<recursion>"
"""Stands among the names that a cell mentions for functions that call themselves."""


class Setting(NamedTuple):
    """A setting: its name, the module that must be loaded, how to read it, and what it is when nobody changed it.

    `content` makes of what was read what counts as its content. A cell that works with the library depends on it, or
    if there are names in `asked_by` only one that mentions one of these; where `anywhere` that alone is enough. One
    with names in `set_by` is looked at around cells that mention one of these, and no others.
    """

    name: str
    library: str
    read: Callable[[Any], Any]
    default: Callable[[Any], Any] | None = None
    content: Callable[[Any], Any] = lambda value: value
    asked_by: frozenset[str] = frozenset()
    anywhere: bool = False
    set_by: frozenset[str] = frozenset()

    def is_asked(self, mentions: Collection[str], libraries: Callable[[], Collection[str]]) -> bool:
        """Tell whether a cell that mentions these names, and works with these libraries, depends on it."""
        if self.asked_by and self.asked_by.isdisjoint(mentions):
            return False
        return self.anywhere or self.library.partition(".")[0] in libraries()

    def may_change(self, mentions: Collection[str] | None) -> bool:
        """Tell whether a cell that mentions these names (`None` for any cell) can set it."""
        return not self.set_by or (mentions is not None and not self.set_by.isdisjoint(mentions))


_CONTAINERS = (list, tuple, dict, set)
_MOST_ITEMS = 50
_FLOAT_ERRORS = ("divide", "over", "under", "invalid")
_SHOWN = ("display", "styler", "plotting")
_SHOWN_SKLEARN = ("display", "print_changed_only")
_TELLS_TIME = frozenset(
    "tzname timezone altzone localtime mktime strftime ctime asctime fromtimestamp timestamp astimezone now "
    "today".split()
)
SHOWS = frozenset(
    "str repr format print display to_string to_html to_latex to_markdown style array2string array_repr".split()
)
"""What a cell mentions that turns values into text: only such a cell depends on how they are shown."""


def _pandas(pandas: Any) -> dict[str, Any]:
    options = pandas._config.config._global_config
    return {name: group for name, group in options.items() if name not in _SHOWN}


def _pandas_shown(pandas: Any) -> dict[str, Any]:
    options = pandas._config.config._global_config
    return {name: options[name] for name in _SHOWN if name in options}


def _pandas_default(read: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    def default(pandas: Any) -> dict[str, Any]:
        return _defaults_of(read(pandas), "", pandas._config.config._registered_options)

    return default


def _defaults_of(options: Mapping[str, Any], prefix: str, registered: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        key = f"{prefix}{name}"
        if type(value) is dict:
            found[name] = _defaults_of(value, f"{key}.", registered)
        else:
            found[name] = registered[key].defval if key in registered else value
    return found


def _matplotlib(params: dict[str, Any]) -> dict[str, Any]:
    """Return what figures look like; where they are shown is settled by the first one that is drawn."""
    found = dict.copy(params)
    for name in ("backend", "backend_fallback", "interactive"):
        found.pop(name, None)
    return found


def _sklearn(sklearn: Any, *, default: bool = False) -> dict[str, Any]:
    options = sklearn._config._global_config_default if default else sklearn.get_config()
    return {name: value for name, value in options.items() if name not in _SHOWN_SKLEARN}


def _sklearn_shown(sklearn: Any, *, default: bool = False) -> dict[str, Any]:
    options = sklearn._config._global_config_default if default else sklearn.get_config()
    return {name: options[name] for name in _SHOWN_SKLEARN if name in options}


def _numpy_errors(numpy: Any) -> dict[str, str]:
    """Whether a floating point error stops a cell; whether it warns changes no value."""
    return {name: what if what in ("raise", "call") else "go on" for name, what in numpy.geterr().items()}


def _decimal(decimal: Any) -> tuple[Any, ...]:
    return _context(decimal.getcontext())


def _context(context: Any) -> tuple[Any, ...]:
    # Its flags change with every inexact result, and nobody reads them.
    traps = tuple(signal.__name__ for signal, on in context.traps.items() if on)
    return context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp, traps


def _dialects(csv: Any) -> list[tuple[Any, ...]]:
    """Return the dialects that are not those of Python."""
    fields = ("delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace")
    names = sorted(set(csv.list_dialects()) - {"excel", "excel-tab", "unix"})
    return [(name, *(getattr(csv.get_dialect(name), field) for field in fields)) for name in names]


def _names_and_codes(table: Mapping[Any, Any]) -> list[tuple[str, str]]:
    return sorted((str(key), getattr(value, "__qualname__", str(value))) for key, value in table.items())


_XML_PREFIXES = frozenset({"xml", "html", "rdf", "wsdl", "xs", "xsi", "dc"})
_COPIES = frozenset({"dump", "dumps", "copy", "deepcopy", "Pickler", "save"})
_TEXTS = frozenset({"encode", "decode", "open", "read_text", "write_text", "TextIOWrapper", "str", "bytes", "read_csv"})

REGISTRIES = (
    Setting(
        "csv.dialects",
        "csv",
        _dialects,
        lambda _: [],
        set_by=frozenset({"register_dialect", "unregister_dialect"}),
    ),
    Setting(
        "mimetypes",
        "mimetypes",
        lambda mimetypes: [dict(one) for one in (mimetypes.types_map, mimetypes.encodings_map, mimetypes.common_types)],
        lambda mimetypes: [
            mimetypes._types_map_default,
            mimetypes._encodings_map_default,
            mimetypes._common_types_default,
        ],
        content=lambda maps: [sorted(one.items()) for one in maps],
        set_by=frozenset({"add_type", "init", "types_map", "encodings_map", "common_types"}),
    ),
    Setting(
        "gc",
        "gc",
        lambda gc: (gc.isenabled(), gc.get_threshold()),
        asked_by=frozenset({"isenabled", "get_threshold"}),
        set_by=frozenset({"enable", "disable", "set_threshold"}),
    ),
    Setting(
        "calendar.firstweekday",
        "calendar",
        lambda calendar: calendar.firstweekday(),
        lambda _: 0,
        set_by=frozenset({"setfirstweekday"}),
    ),
    Setting(
        "sqlite3.adapters",
        "sqlite3",
        lambda sqlite3: {**sqlite3.adapters, **sqlite3.converters},
        content=_names_and_codes,
        set_by=frozenset({"register_adapter", "register_converter"}),
    ),
    Setting(
        "xml.etree.namespaces",
        "xml.etree.ElementTree",
        lambda etree: etree._namespace_map,
        lambda etree: {uri: prefix for uri, prefix in etree._namespace_map.items() if prefix in _XML_PREFIXES},
        set_by=frozenset({"register_namespace"}),
    ),
    Setting(
        "copyreg.dispatch_table",
        "copyreg",
        lambda copyreg: copyreg.dispatch_table,
        content=_names_and_codes,
        asked_by=_COPIES,
        anywhere=True,
        set_by=frozenset({"copyreg", "pickle", "dispatch_table"}),
    ),
    Setting(
        "codecs",
        "codecs",
        lambda _: object(),  # nothing tells what is registered: a cell that registers has changed it
        content=lambda _: "registered",
        asked_by=_TEXTS,
        anywhere=True,
        set_by=frozenset({"register_error", "CodecInfo"}),
    ),
    Setting(
        "sys.int_max_str_digits",
        "sys",
        lambda sys: sys.get_int_max_str_digits(),
        asked_by=SHOWS | {"int", "join", "dumps", "loads", "get_int_max_str_digits"},
        anywhere=True,
        set_by=frozenset({"set_int_max_str_digits"}),
    ),
    Setting(
        "abc.registered",
        "abc",
        lambda abc: abc.get_cache_token(),
        asked_by=frozenset({"isinstance", "issubclass", "dispatch"}),
        anywhere=True,
        set_by=frozenset({"register"}),
    ),
)
"""What modules keep for all who use them, and only who names the function that sets it can change."""

SETTINGS = (
    Setting("pandas.options", "pandas", _pandas, _pandas_default(_pandas)),
    Setting("pandas.options.display", "pandas", _pandas_shown, _pandas_default(_pandas_shown), asked_by=SHOWS),
    Setting("numpy.errstate", "numpy", _numpy_errors, lambda _: dict.fromkeys(_FLOAT_ERRORS, "go on")),
    Setting("numpy.printoptions", "numpy", lambda numpy: numpy.get_printoptions(), asked_by=SHOWS),
    Setting("decimal.context", "decimal", _decimal, lambda decimal: _context(decimal.DefaultContext)),
    Setting(
        "warnings.filters",
        "warnings",
        lambda warnings: warnings.filters,
        content=lambda filters: [_filter(item) for item in filters],
        # Imports change the filters; a cell that adds one of its own does not depend on that.
        asked_by=frozenset({"catch_warnings", "filters", "warn", "warn_explicit"}),
    ),
    Setting(
        "matplotlib.rcParams",
        "matplotlib",
        lambda matplotlib: _matplotlib(matplotlib.rcParams),
        lambda matplotlib: _matplotlib(matplotlib.rcParamsOrig),
    ),
    Setting("sklearn.config", "sklearn", _sklearn, lambda sklearn: _sklearn(sklearn, default=True)),
    Setting(
        "sklearn.config.display",
        "sklearn",
        _sklearn_shown,
        lambda sklearn: _sklearn_shown(sklearn, default=True),
        asked_by=SHOWS | {"estimator_html_repr", "_repr_html_", "_repr_mimebundle_"},
    ),
    Setting(
        "sys.recursionlimit",
        "sys",
        lambda sys: sys.getrecursionlimit(),
        asked_by=frozenset({"getrecursionlimit", RECURSES}),
    ),
    Setting("time.tzname", "time", lambda time: (time.tzname, time.timezone), asked_by=_TELLS_TIME),
    Setting("locale", "locale", lambda locale: locale.setlocale(locale.LC_ALL)),
    *REGISTRIES,
)


def _filter(item: tuple[Any, ...]) -> tuple[Any, ...]:
    action, message, category, module, line = item
    return action, getattr(message, "pattern", message), category.__name__, getattr(module, "pattern", module), line


class Settings:
    """What the settings were when last looked at. `defaults` is the reading of a library that was just imported."""

    def __init__(self) -> None:
        self._last: dict[str, Any] = {}

    def learn(self) -> None:
        """Take what is set now as given: it was set before anybody looked."""
        for setting in SETTINGS:
            module = sys.modules.get(setting.library)
            if module is not None and setting.name not in self._last and setting.may_change(None):
                self._last[setting.name] = _kept(self._read(setting, module))

    def before(self, mentions: Collection[str]) -> None:
        """Look at those settings that only a cell which mentions them can set, before it does."""
        for setting in REGISTRIES:
            module = sys.modules.get(setting.library)
            if module is not None and setting.may_change(mentions):
                self._last[setting.name] = _kept(self._read(setting, module))

    def changes(self, mentions: Collection[str]) -> dict[str, Any]:
        """Return the settings that are others than when last looked at, by name, with their values."""
        found = {}
        for setting in SETTINGS:
            module = sys.modules.get(setting.library)
            if module is None or not setting.may_change(mentions):
                continue
            value = self._read(setting, module)
            if setting.name in self._last:
                last = self._last[setting.name]
            else:
                last = value if setting.default is None else self._read(setting, module, setting.default)
            same = _same(value, last)
            if setting.name not in self._last or not same:
                self._last[setting.name] = _kept(value)
            if not same:
                found[setting.name] = setting.content(value)
        return found

    @staticmethod
    def _read(setting: Setting, module: Any, how: Callable[[Any], Any] | None = None) -> Any:
        try:
            return (how or setting.read)(module)
        except Exception:  # noqa: BLE001 - half imported, or another version of the library: nothing to compare
            return None


def _kept(value: Any) -> Any:
    """Return a copy that stays as it is when a setting's dicts and lists are changed in place."""
    if type(value) is dict:
        return {name: _kept(item) for name, item in value.items()}
    return list(value) if type(value) is list else value


def _same(value: Any, last: Any) -> bool:
    if value is None or last is None:
        return True
    try:
        return bool(value == last)
    except Exception:  # noqa: BLE001 - values that cannot be compared
        return value is last


def libraries_of(value: Any, *, inside: bool = True) -> set[str]:
    """Return the top packages that the code of a value is from, or of the items of a container.

    A class of the notebook has its bases' packages too.
    """
    if type(value) is types.ModuleType:
        return {value.__name__.partition(".")[0]}
    if type(value) in _CONTAINERS:
        items = value.values() if type(value) is dict else value
        found = (libraries_of(item, inside=False) for item in itertools.islice(items, _MOST_ITEMS)) if inside else ()
        return set().union(*found)
    classes = value.__mro__ if isinstance(value, type) else type(value).__mro__
    modules = [getattr(value, "__module__", None), *(cls.__module__ for cls in classes)]
    return {name.partition(".")[0] for name in modules if type(name) is str}


def environment() -> dict[Any, Any]:
    """Return the environment variables as they are, at the price of a dict's copy."""
    data = getattr(os.environ, "_data", None)
    return dict(data) if isinstance(data, dict) else dict(os.environ)


def matters(variable: Any) -> bool:
    """Tell whether an environment variable is one that people set, and not a library by being imported."""
    name = os.fsdecode(variable)
    return not name.startswith(("KMP_", "LOKY_", "PYTEST_", "PYDEVD_")) and name not in ("LINES", "COLUMNS", "CLICOLOR")
