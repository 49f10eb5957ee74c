"""The recorded environment again: a virtual environment with the same distributions, built once and kept.

It lies in the user's cache, under the hash of what was recorded. The distributions come from the package index that
pip is set up for; nbledger itself is this one, as its code is what compares.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from nbledger.errors import NBLedgerError
from nbledger.records import Environment

READY = "nbledger-ready"
_OURS = ("ipykernel", "blake3", "xxhash", "numpy", "pandas", "pyarrow", "click", "cloudpickle")


class EnvironmentNotBuilt(NBLedgerError):
    """The recorded environment could not be built again. Fields: what, why."""

    template = "The recorded environment cannot be built: {what}: {why}"


def python_of(environment: Environment | None, requirements: str, *, cache: Path | None = None) -> Path:
    """Return the interpreter of the recorded environment, which is built first where it is not there yet.

    Raises `EnvironmentNotBuilt`.
    """
    if environment is None:
        raise EnvironmentNotBuilt(what="its distributions", why="they were not recorded")
    folder = (cache or cache_folder()) / environment.hash
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / READY).is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _build(folder, python, interpreter(environment.python), requirements)
        (folder / READY).touch()
    _put_in_ours(python)
    return python


def cache_folder() -> Path:
    """Return where environments are kept: `nbledger/environments` in the user's cache folder."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "nbledger" / "environments"


def interpreter(version: str) -> str:
    """Return a Python of the recorded version's series: this one, or one on the PATH. Raises `EnvironmentNotBuilt`."""
    series = ".".join(version.split(".")[:2])
    if series == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    found = shutil.which(f"python{series}")
    if found is None:
        raise EnvironmentNotBuilt(what=f"Python {version}", why=f"there is no python{series} on the PATH: install one")
    return found


def _build(folder: Path, python: Path, base: str, requirements: str) -> None:
    _run([base, "-m", "venv", str(folder)], "the virtual environment")
    listed = folder / "requirements.txt"
    listed.write_text(requirements, encoding="utf-8")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    # The recorded set is what was installed, whether or not it agrees with itself: nothing is to be resolved anew.
    _run([*pip, "--no-deps", "-r", str(listed)], "the recorded distributions")
    names = {line.partition("==")[0] for line in requirements.splitlines()}
    missing = [name for name in _OURS if name not in names]
    if missing:
        _run([*pip, *missing], "what the kernel needs beside them")


def _put_in_ours(python: Path) -> None:
    """Put this nbledger's code into the environment, each time: what compares is always today's."""
    import nbledger

    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    place = Path(_run([str(python), "-c", code], "its interpreter").strip()) / "nbledger"
    if place.exists():
        shutil.rmtree(place)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(nbledger.__file__).parent, place, ignore=ignored)


def _run(command: Sequence[str], what: str) -> str:
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR:")]
        why = (errors or lines or [f"exit code {done.returncode}"])[-1]
        raise EnvironmentNotBuilt(what=what, why=why.removeprefix("ERROR:").strip()[:300])
    return done.stdout


__all__ = ["EnvironmentNotBuilt", "cache_folder", "interpreter", "python_of"]
