"""What results depend on beside code, params and files: interpreter, distributions, settings, the kernel."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbledger.capture.environment import ALLOWED_VARIABLES, allowed_variables, current_environment
from nbledger.pipeline.caching.cells import digest
from nbledger.records import Environment

#: Variables that name a machine or a CI job and change no result.
_OF_A_JOB = ("CI", "CI_", "GITHUB_", "SLURM_")
_ALSO = ("MPLBACKEND", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONUTF8", "PYTHONIOENCODING", "IPYTHONDIR")
_NATIVE = {"python", f"python{sys.version_info[0]}", f"python{sys.version_info[0]}.{sys.version_info[1]}"}


def surroundings(environ: Mapping[str, str] | None = None) -> tuple[Environment, str]:
    """Return the environment as the ledger records it, and a hash over what else of this machine may matter.

    That is: the variables that are recorded because they change results (not those that name a CI job), what IPython
    runs when it starts, and the files of distributions that were installed from a folder or a commit, whose version
    does not tell them apart (PEP 610).
    """
    given = os.environ if environ is None else environ
    names = [name for name in ALLOWED_VARIABLES if not name.startswith(_OF_A_JOB)]
    variables = {**allowed_variables(given, names), **{name: given[name] for name in _ALSO if name in given}}
    parts = [f"{name}={value}" for name, value in sorted(variables.items())]
    parts += [digest(path.name, _text(path)) for path in _startup_files(given)]
    return current_environment(), digest("surroundings", *parts, *_local_installs(tuple(sys.path)))


def kernel_identity(name: str) -> tuple[str, str | None]:
    """Return what a kernel is started by, and why its environment is not known from here, if it is another Python."""
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec(name)
    identity = digest("kernel", name, *spec.argv[1:], *(f"{key}={value}" for key, value in sorted(spec.env.items())))
    program = spec.argv[0] if spec.argv else ""
    if program in _NATIVE or Path(program).absolute() == Path(sys.executable).absolute():
        return identity, None
    return identity, f"the kernel {name} is another program ({program}), whose environment is not known from here"


def _startup_files(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("IPYTHONDIR") or Path.home() / ".ipython") / "profile_default"
    for folder in (home, Path(sys.prefix, "etc", "ipython"), Path("/etc/ipython")):
        for pattern in ("startup/*.py", "startup/*.ipy", "ipython*config.py", "ipython*config.json"):
            yield from sorted(folder.glob(pattern))


@lru_cache(maxsize=4)
def _local_installs(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return a hash for each distribution that came from a folder or a commit."""
    found = []
    for folder in path:
        try:
            names = [entry.name for entry in os.scandir(folder or ".") if entry.name.endswith(".dist-info")]
        except OSError:
            continue
        for name in sorted(names):
            place = Path(folder or ".", name)
            if (place / "direct_url.json").is_file():
                found.append(digest(name, _text(place / "direct_url.json"), _text(place / "RECORD")))
    return tuple(found)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def typed(value: Any) -> str:
    """Return a param's value as text that tells 1, 1.0, True and "1" apart."""
    if isinstance(value, Mapping):
        items = ", ".join(f"{typed(key)}: {typed(item)}" for key, item in sorted(value.items(), key=repr))
        return f"{{{items}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(typed, value))}]"
    return f"{type(value).__name__} {value!r}"


__all__ = ["kernel_identity", "surroundings", "typed"]
