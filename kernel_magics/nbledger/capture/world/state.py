"""Hidden state: what a cell leaves for later ones, and takes from earlier ones, without any variable.

The global random generators; the working directory, `sys.path` and environment variables; settings of libraries; data
in modules; what an import does beside binding a name. Each is compared around every cell, at microseconds, and recorded
only once a cell has changed it; of the random generators also what was there before the first draw, and the entropy
that a cell's own generators started from, so that a run without a seed can be had again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from nbledger.capture.code.planted import is_called_within, plant, take_new
from nbledger.capture.world import audit, entropy, seeding
from nbledger.capture.world.annotated import Annotated
from nbledger.capture.world.caches import Caches
from nbledger.capture.world.entropy import Place
from nbledger.capture.world.figures import Figures
from nbledger.capture.world.file_events import ASKS_FOR_FILES
from nbledger.capture.world.generators import GENERATORS, Generator, RandomState, asks_state, restore
from nbledger.capture.world.module_data import (
    ImportEffects,
    ModuleData,
    Token,
    absolute,
    attribute,
    called_modules,
    class_of,
    data_of,
    exists,
    is_code,
    is_code_reached,
    is_found_by,
    is_of_library,
    submodule_is_reached,
    submodules_named,
)
from nbledger.capture.world.settings import RECURSES, SETTINGS, Settings, environment, libraries_of, matters
from nbledger.capture.world.state_use import Found, StateUse
from nbledger.records import ABSENT, Version

__all__ = ["State", "StateUse", "restore"]

_FOLDER, _PATH, _ENVIRON, _EXPERIMENTAL = "os.getcwd()", "sys.path", "os.environ", "sklearn.experimental"
_ASKS_FOLDER = frozenset({"getcwd", "cwd", "abspath", "absolute", "resolve", "realpath"}) | ASKS_FOR_FILES
_ASKS_ENVIRON = frozenset(
    (
        "environ environb getenv system subprocess Popen check_output putenv tzset expandvars expanduser home which "
        "get_exec_path run getoutput run_cell_magic"
    ).split()
)
_ENABLED = frozenset({"IterativeImputer", "HalvingGridSearchCV", "HalvingRandomSearchCV", "sklearn.experimental"})
_SETTINGS = {setting.name: setting for setting in SETTINGS}
_NOBODYS = frozenset({"sys", "os", "builtins", "__main__"})
"""Modules of which the functions do not look at what else is in them."""
_OWN_NAMES = frozenset({_PATH, _ENVIRON, "matplotlib.pyplot.rcParams", *_SETTINGS})


@dataclass(slots=True)
class _Watched:
    """A generator: its state when the cell began, whether it was seeded in the cell, and what the last cell made."""

    generator: Generator
    began: RandomState | None = None
    seeded: bool = False
    from_entropy: bool = False
    drawn_before: bool = False
    made: RandomState | None = None


class State(audit.Listener, seeding.SeedListener):
    """The hidden state of one session. `token` is a change check of a value, `version` gives its version.

    It listens to the audit events (give it to `audit.activate`) and to `seeding` (`seeding.activate`).
    """

    def __init__(self, token: Callable[[Any], Token], version: Callable[[Any], Version]) -> None:
        self._version = version
        self._watched = {watched.generator.name: watched for watched in (_Watched(make()) for make in GENERATORS)}
        self._settings = Settings()
        self._settings.learn()
        self._data = ModuleData(token)
        self._imports = ImportEffects()
        self._figures = Figures(version)
        self._caches = Caches(version)
        self._annotated = Annotated(version)
        self._made: dict[str, Version] = {}
        self._planted: set[str] = set()
        self._of_libraries: set[str] = set()
        self._first_folder = self._folder = _current_folder()
        self._path = list(sys.path)
        self._added: set[str] = set()
        self._imported_names: Collection[str] = ()
        self._environment = environment()
        self._hint: Collection[str] = ()
        self._relied = self._moved = False
        self._tape = entropy.Tape()

    @property
    def has_depth(self) -> bool:
        """Whether a cell has set how deep calls may go."""
        return "sys.recursionlimit" in self._made

    @property
    def limits_digits(self) -> bool:
        """Whether a cell has set how long a number may be as text."""
        return "sys.int_max_str_digits" in self._made

    def begin(
        self,
        codes_hint: Collection[str] = (),
        attributes: Collection[str] = (),
        namespace: Mapping[str, Any] | None = None,
        imports: Collection[str] = (),
    ) -> None:
        """Take note of the state before a cell runs. `codes_hint` are the names that its code mentions.

        `imports` are the modules that its import statements name. `attributes` (as `Names.attributes`) and the
        namespace let changes of data in modules be told exactly.
        """
        self._hint, self._imported_names = codes_hint, imports
        self._relied = self._moved = False
        self._tape.begin()
        for watched in self._watched.values():
            watched.seeded = watched.from_entropy = watched.drawn_before = False
            watched.began = self._state_of(watched, trust=True)
        self._folder = _current_folder()
        self._environment = environment()
        self._figures.begin(codes_hint)
        self._settings.before(codes_hint)
        # A library may itself import what is new (`pandas.io.parquet`) between cells, in a thread of the front end.
        self._imports.before(by_hand="modules" in codes_hint)
        for name in attributes:
            if name not in _OWN_NAMES:
                self._data.changed(name)
        if namespace is not None:
            data = [name for module in called_modules(codes_hint, namespace) for name in data_of(module)]
            self._data.learn(data)
            self._caches.begin(codes_hint, namespace, map(attribute, data))

    def end(
        self,
        attributes: Collection[str],
        stored_attributes: Collection[str],
        namespace: Mapping[str, Any],
        figures: Collection[int] = (),
    ) -> StateUse:
        """Return what the cell did with hidden state since `begin`. Arguments are of `Names`, and the namespace.

        `figures` are the identities of open ones that its variables led to.
        """
        found = Found()
        earlier = dict(self._made)
        for watched in self._watched.values():
            self._random(watched, found, namespace)
        for name, version, data in self._tape.end():
            found.use(name, version)
            found.store(version, data)
        if self._tape.is_full:
            found.opaque.append("more random generators were made without a seed than are kept")
        self._process(found, earlier, attributes)
        self._figures.end(found, self._hint, figures)
        self._caches.end(found, self._hint)
        self._annotated.end(found, self._hint, namespace)
        self._changed_settings(found, earlier, attributes, namespace)
        self._attributes(found, earlier, attributes, stored_attributes, namespace)
        self._imported(found, earlier, attributes, namespace)
        return found.done()

    # What listeners are told

    def relied_on_folder(self) -> None:
        """The current folder mattered, if the cell has not chosen one itself."""
        self._relied = self._relied or not self._moved

    def moved(self, path: str | None) -> None:  # noqa: ARG002 - where it is then shows when the cell has ended
        """The current folder is about to be another one."""
        self._moved = True

    def appeared(self, name: str) -> None:
        """A generator's library was imported by the cell."""
        self._watched[name].began = self._state_of(self._watched[name])

    def before_seed(self, name: str) -> None:
        """A generator is about to be seeded: equal to the start of the cell means that nothing was drawn."""
        watched = self._watched[name]
        if not watched.seeded:
            watched.drawn_before = watched.began is not None and self._state_of(watched) != watched.began

    def seeded(self, name: str, *, from_entropy: bool) -> None:
        """A generator was seeded."""
        watched = self._watched[name]
        watched.seeded, watched.from_entropy = True, from_entropy

    def entropy(self, name: str, bits: int, fresh: Callable[[int], int], place: Place) -> int:
        """A generator without a seed asks what to start from."""
        return self._tape.draw(name, bits, fresh, place)

    def unused(self, place: Place) -> None:
        """A generator that was given a seed had asked before, for nothing."""
        self._tape.void(place)

    # Random generators

    def _state_of(self, watched: _Watched, *, trust: bool = False) -> RandomState | None:
        if watched.generator.library not in sys.modules:
            return None
        try:
            return watched.generator.state(trust=trust)
        except Exception:  # noqa: BLE001 - half imported, or another version of the library
            return None

    def _random(self, watched: _Watched, found: Found, namespace: Mapping[str, Any]) -> None:
        name, began = watched.generator.name, watched.began
        asked = asks_state(name, self._hint, namespace)
        now = self._state_of(watched)
        if now is None or (now == began and not watched.seeded and not asked):
            return
        if began is not None and (asked or watched.drawn_before or not watched.seeded):
            version = began.version(name)
            found.use(name, version)
            if watched.made != began:
                found.store(version, began.encode())
        if now == began and not watched.seeded:
            return
        version = now.version(name)
        found.generate(name, version, derived=not watched.seeded and began is not None)
        watched.made = now
        if watched.from_entropy:
            # Running the cell again gives another state: only the stored one leads to the same draws.
            found.opaque.append(f"{name} was seeded from entropy")
            found.store(version, now.encode())

    # The process

    def _process(self, found: Found, earlier: Mapping[str, Version], attributes: Collection[str]) -> None:
        asks = self._relied or not _ASKS_FOLDER.isdisjoint(self._hint)
        if _FOLDER in earlier and asks:
            found.use(_FOLDER, earlier[_FOLDER])
        folder = _current_folder()
        if folder != self._folder:
            self._folder = folder
            self._make(found, _FOLDER, self._folder_version(), derived=False)
        if _ENVIRON in earlier and (_ENVIRON in attributes or not _ASKS_ENVIRON.isdisjoint(self._hint)):
            found.use(_ENVIRON, earlier[_ENVIRON])
        now = environment()
        if now != self._environment:
            was, self._environment = self._environment, now
            names = sorted(name for name in now.keys() | was.keys() if now.get(name) != was.get(name) and matters(name))
            if names:
                self._make(found, _ENVIRON, self._version([(name, now.get(name)) for name in names]), derived=True)

    def _folder_version(self) -> Version:
        try:
            place = os.path.relpath(self._folder, self._first_folder)
        except ValueError:
            place = self._folder
        return self._version(place)

    def _make(self, found: Found, name: str, version: Version, *, derived: bool) -> None:
        self._made[name] = version
        found.generate(name, version, derived=derived)

    # What libraries and modules hold

    def _changed_settings(
        self,
        found: Found,
        earlier: Mapping[str, Version],
        attributes: Collection[str],
        namespace: Mapping[str, Any],
    ) -> None:
        libraries = cache(lambda: self._libraries_hinted(namespace))
        for name in _SETTINGS.keys() & earlier.keys():
            if name in attributes or _SETTINGS[name].is_asked(self._hint, libraries):
                found.use(name, earlier[name])
        for name, value in self._settings.changes(self._hint).items():
            self._make(found, name, self._version(value), derived=True)

    def _libraries_hinted(self, namespace: Mapping[str, Any]) -> set[str]:
        libraries = {library for name in self._hint if name in namespace for library in libraries_of(namespace[name])}
        if RECURSES in self._hint:
            libraries.add("sys")
        if "datetime" in libraries:
            libraries.add("time")
        return libraries

    def _attributes(
        self,
        found: Found,
        earlier: Mapping[str, Version],
        attributes: Collection[str],
        stored: Collection[str],
        namespace: Mapping[str, Any],
    ) -> None:
        of_modules = {name for module in called_modules(self._hint, namespace) for name in data_of(module)}
        stored = {*stored, *take_new(namespace)}
        for name in sorted((set(attributes) | of_modules | set(stored)) - _OWN_NAMES):
            directly = name in stored
            if name in earlier and (name in attributes or name in of_modules):
                found.use(name, earlier[name])
            changed = self._data.changed(name)
            if changed or directly:
                value = attribute(name)
                version = self._version(value) if exists(name) else ABSENT
                self._make(found, name, version, derived=not directly)
                self._plant(name)
                if name.partition(".")[0] not in _NOBODYS and is_of_library(name) and not is_code(name):
                    self._of_libraries.add(name)
        shared = self._of_libraries.intersection(earlier)
        libraries = self._libraries_hinted(namespace) if shared else set()
        for name in shared:
            if name.partition(".")[0] in libraries:
                found.use(name, earlier[name])

    def _plant(self, name: str) -> None:
        """Take note of what a cell put into a class of a library, or among functions of a module that call it."""
        place, _, last = name.rpartition(".")
        owner = class_of(name)
        module = sys.modules.get(place)
        if owner is not None or (module is not None and is_code(name) and is_called_within(module, last)):
            plant(owner or sys.modules[place], last)
            self._planted.add(name)

    def _asks_for_module(self, name: str) -> bool:
        """Tell whether a cell imports what may have been put into `sys.modules` by hand, or looks there."""
        if "modules" in self._hint or "import_module" in self._hint:
            return True
        return any(f"{asked}.".startswith(f"{name}.") for asked in self._imported_names)

    def _search_path(
        self, found: Found, earlier: Mapping[str, Version], attributes: Collection[str], new: Collection[str]
    ) -> None:
        if _PATH in earlier:
            folders = self._added | absolute(folder for folder in sys.path if folder[:1] != os.sep)
            if _PATH in attributes or any(is_found_by(folders, name) for name in {*new, *self._imported_names}):
                found.use(_PATH, earlier[_PATH])
        if sys.path != self._path:
            self._added |= absolute(folder for folder in sys.path if folder not in self._path)
            self._path = list(sys.path)
            self._make(found, _PATH, self._version(self._path), derived=True)

    def _imported(
        self, found: Found, earlier: Mapping[str, Version], attributes: Collection[str], namespace: Mapping[str, Any]
    ) -> None:
        new = self._imports.new()
        patched = self._planted.intersection(earlier)
        libraries = self._libraries_hinted(namespace) if patched else set()
        for name in earlier:
            inside = name.startswith("module:") and submodule_is_reached(name[7:], self._hint, namespace)
            inside |= name in patched and name.partition(".")[0] in libraries
            inside |= name.startswith("module:") and self._asks_for_module(name[7:])
            if inside or is_code_reached(name, self._hint, self._imported_names, namespace):
                found.use(name, earlier[name])
        if _EXPERIMENTAL in earlier and not _ENABLED.isdisjoint(self._hint):
            found.use(_EXPERIMENTAL, earlier[_EXPERIMENTAL])
        self._search_path(found, earlier, attributes, new)
        for name, module in self._imports.by_hand().items():
            self._make(found, f"module:{name}", ABSENT if module is None else self._version(module), derived=False)
        if not new:
            return
        for name in submodules_named(new, self._hint):
            self._make(found, f"module:{name}", self._version(sys.modules[name]), derived=False)
        if any(name.startswith("sklearn.experimental.enable") for name in new):
            self._make(found, _EXPERIMENTAL, self._version(_EXPERIMENTAL), derived=_EXPERIMENTAL in earlier)


def _current_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - compared as text around every cell
    except OSError:
        return ""
