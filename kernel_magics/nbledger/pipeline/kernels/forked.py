"""A forked child that becomes an IPython kernel, as the notebook would find one that was started cold."""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import signal
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ipykernel.kernelapp import IPKernelApp

from nbledger.pipeline.kernels.ending import Ending, settle
from nbledger.pipeline.kernels.messages import receive

if TYPE_CHECKING:
    from nbledger.pipeline.kernels.server import ToBecome

_WARM = (
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel_launcher",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "IPython.utils.wildcard",
    "nbledger.capture.environment",
    "nbledger.capture.identity",
    "nbledger.magics",
    "nbledger.pipeline.kernels.pause",
    "nbledger.shell",
    "psutil",
    "tornado.platform.asyncio",
)


def warm_up() -> None:
    """Import what every kernel imports by itself, and nothing that it does not."""
    quiet = "PYDEVD_DISABLE_FILE_VALIDATION"  # it says on stderr, where no notebook shows it, that modules are frozen
    given = os.environ.get(quiet)
    os.environ[quiet] = "1"
    for name in _WARM:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    del os.environ[quiet]
    if given is not None:
        os.environ[quiet] = given
    from nbledger.capture import adapters

    adapters.read_ahead()


class ForkedKernelApp(IPKernelApp):
    """A kernel whose extensions and startup files wait until it is known what it is used for."""

    def init_extensions(self) -> None:
        """Wait with them for `use`."""

    def init_code(self) -> None:
        """Wait with it for `use`."""

    def use(self, told: dict[str, Any], given: Mapping[str, str]) -> None:
        """Take the run's environment and folder, then load the extensions and startup files.

        `given` is the environment that the server was started with: what has changed since, the kernel itself set.
        """
        own = {name: value for name, value in os.environ.items() if given.get(name) != value}
        os.environ.clear()
        os.environ.update({**told["env"], **own})
        os.chdir(told["cwd"])
        self.extra_extensions = told["extensions"]
        super().init_extensions()  # type: ignore[no-untyped-call]
        super().init_code()  # type: ignore[no-untyped-call]
        sys.stdout.flush()
        sys.stderr.flush()


class Ahead:
    """The modules that were imported ahead, which are not in `sys.modules` until the first of them is imported.

    Then all are there, and the warning filters that they added come to the front, as by the import itself.
    """

    def __init__(self, modules: dict[str, ModuleType], filters: Sequence[Any]) -> None:
        self.modules = modules
        self.filters = filters

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Find one of the modules; the first time all the others are put in their place."""
        if name not in self.modules:
            return None
        sys.meta_path.remove(self)
        for other, module in self.modules.items():
            if other != name:
                sys.modules.setdefault(other, module)
        warnings.filters[:0] = self.filters  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]
        return ModuleSpec(name, Given(name, self.modules[name]))


class Given(Loader):
    """A loader that gives a module which has been executed already."""

    def __init__(self, name: str, module: ModuleType) -> None:
        self.name = name
        self._module = module
        self._spec = getattr(module, "__spec__", None)

    def create_module(self, _: ModuleSpec) -> ModuleType:
        """Return the module."""
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it is, and tell those who wait for imports."""
        module.__spec__ = self._spec
        for finder in list(sys.meta_path):
            wake = getattr(finder, "wake", None)  # our own `ImportWatch`: the others passed it by
            if wake is not None:
                wake(sys.modules)


def become(child: ToBecome, given: Mapping[str, str]) -> None:
    """Be a kernel: up to its sockets at once, the rest when it is used. `given` is the server's first environment."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _draw_afresh(child.ahead)
    launcher = importlib.import_module("ipykernel_launcher").__file__
    place = str(child.connection)
    sys.argv = [str(launcher), "-f", place]
    ending = Ending(child.packages)
    app = ForkedKernelApp.instance(parent_handle=os.getppid())
    arguments = ["-f", place, "--transport=ipc", f"--ip={place.removesuffix('.json')}"]
    app.initialize([*arguments, "--HistoryManager.hist_file=:memory:"])  # type: ignore[no-untyped-call]
    told = receive(child.channel)
    if told is None:
        os._exit(0)
    child.channel.close()
    if child.ahead:
        sys.meta_path.insert(0, Ahead(child.ahead, child.filters))
    app.use(told, given)
    app.start()  # type: ignore[no-untyped-call]
    settle(app)
    ending.end()


def _draw_afresh(modules: dict[str, ModuleType]) -> None:
    """Have the global generators drawn anew: forks of one process would all draw the same numbers."""
    random.seed()
    if "numpy.random" in modules:
        modules["numpy.random"].seed()
