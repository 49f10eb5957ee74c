"""A real Jupyter server, a real Chromium, and what tests do with them.

The tests use the bundle of this tree (`NBLEDGER_LABEXTENSION` names another one) and the Python of this tree. Where there
is no Chromium they are skipped, and pytest's summary says so. Screenshots are kept in `test-artifacts/screenshots`
(`NBLEDGER_SHOTS` names another folder).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BUNDLE = Path(os.environ.get("NBLEDGER_LABEXTENSION", ROOT / "extension" / "nbledger_lab" / "labextension"))
SHOTS = Path(os.environ.get("NBLEDGER_SHOTS", ROOT / "test-artifacts" / "screenshots"))
AXE = ROOT / "extension" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TOKEN = "a-token-of-the-tests"
QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
ALONE = {"@jupyter/collaboration-extension": True, "@jupyter/docprovider-extension": True}
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


class Server:
    """A Jupyter server of its own: `root` is its folder; `stop` and `start` keep port and token.

    `config` is the text of its `jupyter_server_config.py`, `before` the command that starts it (`setpriv ...`).
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        app: str = "lab",
        rtc: bool = False,
        config: str = "",
        before: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.root = folder / "work"
        self.app = app
        self.options = options
        self.rtc = rtc
        self.before = before
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.root.mkdir(parents=True, exist_ok=True)
        (folder / "settings").mkdir(exist_ok=True)
        (folder / "settings" / "overrides.json").write_text(json.dumps(QUIET))
        if not rtc:
            # In Notebook 7 a part of jupyter-collaboration asks for the status bar that is not there.
            (folder / "config" / "labconfig").mkdir(parents=True, exist_ok=True)
            (folder / "config" / "labconfig" / "page_config.json").write_text(json.dumps({"disabledExtensions": ALONE}))
        if config:
            (folder / "config").mkdir(exist_ok=True)
            (folder / "config" / "jupyter_server_config.py").write_text(config)
        (folder / "labextensions").mkdir(exist_ok=True)
        link = folder / "labextensions" / "nbledger"
        if not link.is_symlink():
            link.symlink_to(BUNDLE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> Server:
        env = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT / "kernel_magics"), str(ROOT / "extension")]),
            "JUPYTER_CONFIG_DIR": str(self.folder / "config"),
            "JUPYTER_DATA_DIR": str(self.folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self.folder / "user-settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.folder / "workspaces"),
            "IPYTHONDIR": str(self.folder / "ipython"),
        }
        env.pop("NBLEDGER_DIR", None)
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        with (self.folder / "server.log").open("ab") as log:
            self.process = self._started(env, log)
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}api/status?token={TOKEN}", timeout=5).close()
                return self
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self.folder / "server.log").read_text()[-4000:]) from None
                time.sleep(0.1)

    def _started(self, env: dict[str, str], log: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                *self.before,
                sys.executable,
                "-m",
                "jupyter",
                self.app,
                "--no-browser",
                "--allow-root",
                "--ip=127.0.0.1",
                f"--port={self.port}",
                "--ServerApp.port_retries=0",
                f"--IdentityProvider.token={TOKEN}",
                f"--ServerApp.root_dir={self.root}",
                f"--LabApp.extra_labextensions_path={self.folder / 'labextensions'}",
                f"--LabApp.app_settings_dir={self.folder / 'settings'}",
                f"--JupyterNotebookApp.extra_labextensions_path={self.folder / 'labextensions'}",
                f"--JupyterNotebookApp.app_settings_dir={self.folder / 'settings'}",
                "--LabApp.expose_app_in_browser=True",
                "--JupyterNotebookApp.expose_app_in_browser=True",
                "--ServerApp.jpserver_extensions=nbledger_lab=True",
                *([] if self.rtc else ["--YDocExtension.disable_rtc=True"]),
                *self.options,
            ],
            cwd=self.root,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def stop(self) -> None:
        if self.process is not None:
            # By its own pid first, so that it ends its kernels; whatever is left of its group after that.
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                pass
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None

    def open(self, page: Any, path: str = "", *, reset: bool = True, token: str = TOKEN, kernel: bool = True) -> None:
        """Open Lab (or the notebook application) in a page at a path below the root, and wait until it stands.

        Without `kernel` nobody waits for one: where the user may start none.
        """
        if self.app == "lab":
            tree = f"lab/tree/{path}" if path else "lab"
            page.goto(f"{self.url}{tree}?token={token}{'&reset' if reset else ''}")
            page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)
            page.wait_for_selector("#jp-main-dock-panel", timeout=60_000)
        else:
            page.goto(f"{self.url}{f'notebooks/{path}' if path else 'tree'}?token={token}")
            page.wait_for_selector("#main-panel, #main", timeout=60_000)
        if path.endswith(".ipynb"):
            page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell", timeout=60_000)
        if path.endswith(".ipynb") and kernel:
            page.wait_for_function(
                """() => {
                  const context = window.jupyterapp.shell.currentWidget?.sessionContext;
                  return context?.isReady && context.session?.kernel?.status === 'idle';
                }""",
                timeout=60_000,
            )


def uncaught(page: Any) -> list[str]:
    """Return the list of errors of ours that the page's scripts do not catch from now on.

    Lab and Notebook throw some of their own: while Notebook 7.6 starts, or when a notebook goes that was still to be
    drawn or whose kernel was still to start. So does ipywidgets' manager in a notebook without a kernel.
    """
    errors: list[str] = []

    def keep(error: Any) -> None:
        text = error.stack or str(error)
        theirs = ("/static/lab/", "/static/notebook/", "/extensions/@jupyter-widgets/")
        if "extensions/nbledger" in text or not any(part in text for part in theirs):
            errors.append(text)

    page.on("pageerror", keep)
    return errors


def shot(page: Any, name: str) -> Path:
    """Keep a screenshot as `NAME.png`."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    path = SHOTS / f"{name}.png"
    page.screenshot(path=str(path))
    return path


def write_notebook(path: Path, *cells: str, load: bool = True) -> Path:
    """Write a notebook of code cells; the first loads the extension."""
    import nbformat

    sources = (["%load_ext nbledger"] if load else []) + list(cells)
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)
    return path


def run_command(page: Any, command: str, args: dict[str, Any] | None = None) -> Any:
    """Execute a command of the application in the page, as the palette would."""
    return page.evaluate("([id, args]) => window.jupyterapp.commands.execute(id, args ?? {})", [command, args])


def run_all(page: Any, timeout: float = 120) -> None:
    """Run all cells of the notebook in front, and wait until the kernel is idle and no cell waits."""
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    until = time.monotonic() + timeout
    page.wait_for_timeout(300)
    while time.monotonic() < until:
        busy = page.evaluate(
            """() => {
              const panel = window.jupyterapp.shell.currentWidget;
              const cells = panel.content.model.sharedModel.cells;
              const waits = panel.content.widgets.some(w => w.model.type === 'code' && w.prompt === '*')
                || cells.some(c => c.cell_type === 'code' && c.executionState === 'running');
              return waits || panel.sessionContext.session?.kernel?.status !== 'idle';
            }"""
        )
        if not busy:
            return
        page.wait_for_timeout(100)
    raise TimeoutError("the notebook did not come to its end")


def use_theme(page: Any, name: str) -> None:
    """Change to the `light` or the `dark` theme of JupyterLab."""
    theme = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[name]
    run_command(page, "apputils:change-theme", {"theme": theme})
    page.wait_for_function(f"() => document.body.dataset.jpThemeName === {theme!r}")
    page.wait_for_timeout(300)


def axe(page: Any, selector: str) -> list[str]:
    """Return axe-core's serious and critical violations in a part of the page, each with the nodes that it names."""
    if not AXE.exists():
        pytest.skip("axe-core is not there: `npm ci` in extension/")
    page.add_script_tag(path=str(AXE))
    found = page.evaluate(
        """async selector => {
          const found = await axe.run(selector, { resultTypes: ['violations'] });
          return found.violations.filter(v => ['serious', 'critical'].includes(v.impact))
            .map(v => `${v.id}: ${v.help}: ${v.nodes.slice(0, 5).map(n => n.html.slice(0, 160)).join(' | ')}`);
        }""",
        selector,
    )
    return list(found)
