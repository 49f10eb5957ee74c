"""How a notebook gets its kernel: one that is ready where that is exact, else a cold one."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbledger.pipeline.kernels.manager import NotReady, ReadyKernelManager
from nbledger.pipeline.kernels.pool import LONGEST_SOCKET_PATH, can_fork, is_fresh, the_pool
from nbledger.pipeline.kernels.preload import modules_ahead

__all__ = ["NotReady", "expect_kernels", "is_fresh", "is_ipykernel", "kernel_config", "ready_kernel"]

_EXTENSIONS = "--InteractiveShellApp.extra_extensions="
_LAUNCHER = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
_FROZEN = "-Xfrozen_modules=off"


def ready_kernel(
    nb: Any, kernel_name: str, environment: Mapping[str, str], folder: Path, arguments: Sequence[str]
) -> ReadyKernelManager | None:
    """Return the manager of a kernel that is ready, or `None` where only a cold one is the same."""
    if not can_fork() or not _is_our_python(kernel_name) or not folder.is_dir():
        return None
    if not all(argument.startswith(_EXTENSIONS) for argument in arguments):
        return None
    kernel = the_pool().take(modules_ahead(nb, folder), environment)
    if kernel is None:
        return None
    return ReadyKernelManager(kernel, tuple(argument.removeprefix(_EXTENSIONS) for argument in arguments))


def expect_kernels(notebooks: Sequence[tuple[Any, Path]], at_once: int) -> None:
    """Make kernels ready for notebooks (and the folders they run in), `at_once` of which will run side by side."""
    if not can_fork():
        return
    modules: dict[str, None] = {}
    for nb, folder in notebooks:
        modules.update(dict.fromkeys(modules_ahead(nb, folder)))
    if modules:
        the_pool().expect(tuple(modules), os.environ, at_once)


def kernel_config(kernel_name: str = "python3") -> Any:
    """Return how a cold kernel's manager is set up.

    An IPython kernel talks over Unix sockets in Jupyter's runtime folder, which only this user can open: ports are
    chosen before they are bound, so that kernels that start at once may choose the same. Elsewhere sockets are
    encrypted where both sides can; otherwise any user of this machine may listen on them.
    """
    import zmq
    from jupyter_client.manager import KernelManager
    from jupyter_core.paths import jupyter_runtime_dir
    from traitlets.config import Config

    sockets = f"{jupyter_runtime_dir()}/nbledger-{uuid.uuid4().hex[:12]}"
    if os.name == "posix" and is_ipykernel(kernel_name) and len(sockets) + 2 < LONGEST_SOCKET_PATH:
        return Config({"KernelManager": {"transport": "ipc", "ip": sockets}})
    if hasattr(KernelManager, "transport_encryption") and zmq.has("curve"):
        return Config({"KernelManager": {"transport_encryption": "auto"}})
    return Config()


def is_ipykernel(kernel_name: str) -> bool:
    """Tell whether a kernel is IPython's."""
    spec = _spec(kernel_name)
    return spec is not None and any("ipykernel" in word for word in spec.argv)


def _is_our_python(kernel_name: str) -> bool:
    """Tell whether a cold kernel of this name would be this interpreter's, with nothing else said."""
    spec = _spec(kernel_name)
    if spec is None or spec.env:
        return False
    python, *rest = (word for word in spec.argv if word != _FROZEN)
    own = {"python", "python3", f"python{sys.version_info.major}.{sys.version_info.minor}", sys.executable}
    return python in own and rest == _LAUNCHER


def _spec(kernel_name: str) -> Any:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        return KernelSpecManager().get_kernel_spec(kernel_name)
    except NoSuchKernel:
        return None
