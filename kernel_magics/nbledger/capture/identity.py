"""Who writes: the frontend, the notebook's file and the process, found without asking any server.

Every way of running a notebook tells the kernel something else about itself, and some tell nothing. What is looked
at, in this order: our own engine's `NBLEDGER_NOTEBOOK`; VS Code's variable in the notebook's namespace; papermill's
variables there; the name that Jupyter Server gives a kernel (`JPY_SESSION_NAME`: an absolute path in Lab and Notebook 7
since 2.0, but a random id for a kernel that was started before its notebook had a name); and the command line of the
process that started the kernel (papermill, `nbconvert --execute`). None of these is an error when it is missing.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nbledger.records import Session, new_id

Lookup = Callable[[str], Any]

_NOTEBOOK_SUFFIXES = frozenset({".ipynb", ".py", ".md", ".rmd", ".qmd", ".r", ".jl"})  # Jupytext opens texts as well
_VSCODE_SUFFIX = re.compile(r"-jvsc-[0-9a-f-]{32,}(?=\.ipynb$)")
_RUNNERS = {"papermill": "papermill", "nbconvert": "nbconvert", "execute": "nbconvert"}


def current_session(frontend: str, notebook: str | None = None, folder: str | None = None) -> Session:
    """Return a new session record for this process, with a new id.

    `notebook` is the path as it shall be recorded, relative to the ledger. `folder` is the one in which cells start.
    """
    from nbledger import __version__
    from nbledger.ledger.liveness import current_process

    process = current_process()
    return Session(
        id=new_id(),
        frontend=frontend,
        host=process.host,
        boot_id=process.boot_id,
        pid=process.pid,
        process_started=process.started,
        user=_user(),
        python=platform.python_version(),
        platform=platform.platform(),
        nbledger=__version__,
        started_at=time.time(),
        notebook=notebook,
        folder=folder,
    )


def working_folder() -> str | None:
    """Return the current folder; `None` where it has been removed."""
    try:
        return str(Path.cwd())
    except OSError:
        return None


new_session = current_session


def frontend_name(environ: Mapping[str, str], user_ns_get: Lookup | None = None) -> str:
    """Return `jupyter`, `vscode`, `colab`, `papermill`, `nbconvert`, `ipython` or `python`.

    `user_ns_get` looks a name up in the IPython user's namespace; without one this is plain Python.
    """
    if "NBLEDGER_NOTEBOOK" in environ or "NBLEDGER_PARENT_RUN" in environ:
        return "papermill"
    if user_ns_get is None:
        return "python"
    if _text(user_ns_get, "__vsc_ipynb_file__"):
        return "vscode"
    if "COLAB_RELEASE_TAG" in environ or "COLAB_GPU" in environ:
        return "colab"
    if "JPY_PARENT_PID" not in environ:
        return "ipython"
    starter = _starter(environ)
    return (starter.runner if starter else None) or "jupyter"


def find_notebook(environ: Mapping[str, str], user_ns_get: Lookup | None = None) -> Path | None:
    """Return the absolute path of the notebook that this kernel runs, or `None` where nobody says.

    The file need not exist: it may not have been saved yet.
    """
    named = environ.get("NBLEDGER_NOTEBOOK")
    if not named and user_ns_get is not None:
        named = _text(user_ns_get, "__vsc_ipynb_file__") or _text(user_ns_get, "PAPERMILL_INPUT_PATH")
    if named:
        return _local(named, Path.cwd())
    if "JPY_PARENT_PID" not in environ:
        return None
    starter = _starter(environ)
    session = environ.get("JPY_SESSION_NAME", "")
    if session and not (starter and starter.passed_on(session)):
        found = _from_session_name(session)
        if found is not None:
            return found
    return starter.notebook() if starter and starter.runner else None


def _user() -> str:
    with contextlib.suppress(Exception):  # a container's user need not have a name
        return getpass.getuser()
    return ""


def _text(lookup: Lookup, name: str) -> str | None:
    value = lookup(name)
    return value if type(value) is str and value else None


def _local(named: str, folder: Path) -> Path | None:
    if "://" in named or "\0" in named:
        return None  # papermill reads from object stores too
    return Path(os.path.normpath(folder / Path(named).expanduser()))


def _from_session_name(session: str) -> Path | None:
    """Make a path of `JPY_SESSION_NAME`; `None` if it is a random id, or a console's or another thing's name."""
    path = _local(_VSCODE_SUFFIX.sub("", session), Path())
    if path is None or path.suffix.lower() not in _NOTEBOOK_SUFFIXES:
        return None
    if path.is_absolute():
        return path
    # Relative to the server's root, which the kernel does not know: its working folder is at it or below.
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / path).is_file():
            return folder / path
    return here / path.name


class _Starter(NamedTuple):
    """The process that started this kernel."""

    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]

    @property
    def runner(self) -> str | None:
        """What runs the notebook from start to end, if the command says so."""
        for argument in self.command[:4]:
            name = Path(argument).name.removesuffix(".exe").removeprefix("jupyter-")
            if name in _RUNNERS:
                return _RUNNERS[name]
        return None

    def notebook(self) -> Path | None:
        """Return the notebook that the command names: papermill's first, nbconvert's only one."""
        named = [argument for argument in self.command[1:] if argument.endswith(".ipynb") and argument[0] != "-"]
        if not named or (self.runner != "papermill" and len(named) > 1):
            return None
        return _local(named[0], self.folder)

    def passed_on(self, session: str) -> bool:
        """Tell whether the session's name is another kernel's, in which the starter runs itself."""
        return self.environment.get("JPY_SESSION_NAME") == session and "JPY_PARENT_PID" in self.environment


def _starter(environ: Mapping[str, str]) -> _Starter | None:
    try:
        pid = int(environ["JPY_PARENT_PID"])
    except (KeyError, ValueError):
        return None
    place = Path("/proc", str(pid))
    try:
        command = place.joinpath("cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
        entries = place.joinpath("environ").read_bytes().decode("utf-8", "replace").split("\0")
        environment = dict(entry.split("=", 1) for entry in entries if "=" in entry)
        return _Starter(command, place.joinpath("cwd").readlink(), environment)
    except OSError:
        return _starter_elsewhere(pid)


def _starter_elsewhere(pid: int) -> _Starter | None:
    with contextlib.suppress(Exception):  # psutil is missing, or the process is somebody else's
        import psutil

        process = psutil.Process(pid)
        return _Starter(process.cmdline(), Path(process.cwd()), process.environ())
    return None
