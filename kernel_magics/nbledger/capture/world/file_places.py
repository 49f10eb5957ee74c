"""Which files belong to a notebook's story, and under which name: none of libraries, of the system, of the ledger."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import nbledger
from nbledger.capture.hooks.libraries import is_library
from nbledger.ledger.location import FOLDER, relative

_SYSTEM = ("/dev", "/proc", "/sys", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/usr")
_OF_USER = (
    ".ipython", ".jupyter", ".local/share/jupyter", ".local/share/fonts", ".fonts", "Library/Jupyter",
    ".config/matplotlib", ".cache/matplotlib", ".cache/fontconfig", ".matplotlib", ".netrc", ".pydistutils.cfg",
)  # fmt: skip
_VARIABLES = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR")
CACHE = "__pycache__"
_PARTS = frozenset({FOLDER, CACHE, ".ipynb_checkpoints", ".git"})
_NOT_OURS = (".dist-info", ".egg-info", "joblib_memmapping_folder_")
_KERNEL_FILES = os.path.join(tempfile.gettempdir(), "ipykernel_")
_PACKAGE = str(Path(nbledger.__file__).resolve().parent)
_MOST_REMEMBERED = 20_000


class Places:
    """Says of an absolute path whether it counts, and its name relative to the project's root."""

    def __init__(self, root: Path, ignore: Sequence[Path] = ()) -> None:
        self.root = Path(root)
        self._real_prefix = os.path.join(os.path.realpath(root), "")
        self._prefixes = tuple(os.path.join(folder, "") for folder in self._folders(ignore))
        self._counts: dict[str, bool] = {}

    def counts(self, path: str) -> bool:
        """Tell whether what happens to this file or folder is recorded."""
        found = self._counts.get(path)
        if found is None:
            if len(self._counts) > _MOST_REMEMBERED:
                self._counts.clear()
            found = self._counts[path] = self._decide(path)
        return found

    def name(self, path: str) -> str:
        """Return a path as it is recorded."""
        # The root may be named by way of a link, and paths that come from the current folder never are.
        if path.startswith(self._real_prefix):
            return path[len(self._real_prefix) :].replace(os.sep, "/")
        return relative(path, self.root)

    def _decide(self, path: str) -> bool:
        if f"{path}{os.sep}".startswith(self._prefixes) or path.startswith(_KERNEL_FILES) or is_library(path):
            return False
        return _PARTS.isdisjoint(path.split(os.sep)) and not any(part in path for part in _NOT_OURS)

    def _folders(self, ignore: Iterable[Path]) -> set[str]:
        home = Path.home()
        found = {*_SYSTEM, _PACKAGE, *(str(home / part) for part in _OF_USER), *map(str, ignore)}
        found.update(os.environ[name] for name in _VARIABLES if os.environ.get(name))
        for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix}:
            found.add(prefix)
            found.update(os.path.join(prefix, part) for part in ("share", "etc", "bin"))
        found.update(sysconfig.get_paths().values())
        found.update([os.path.realpath(folder) for folder in found if os.path.isabs(folder)])
        # A project may lie below the interpreter's prefix; then only what is beside it is the interpreter's.
        roots = [os.path.join(folder, "") for folder in {str(self.root), os.path.realpath(self.root)}]
        return {folder for folder in found if not any(root.startswith(os.path.join(folder, "")) for root in roots)}


def source_of(path: str) -> str:
    """Return the source file of a `.pyc` in `__pycache__`; any other path as it is."""
    if path.endswith(".pyc") and f"{os.sep}{CACHE}{os.sep}" in path:
        from importlib.util import source_from_cache

        try:
            return source_from_cache(path)
        except (ValueError, NotImplementedError):
            return path
    return path
