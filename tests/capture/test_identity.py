"""The notebook's name and the frontend are found under the real servers and runners, or their absence is harmless."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from nbledger.capture.identity import current_session, find_notebook, frontend_name
from nbledger.ledger.liveness import boot_id, process_started

CODE = """
import os, json
from pathlib import Path
from nbledger.capture.identity import find_notebook, frontend_name
found = [str(find_notebook(os.environ, get_ipython().user_ns.get)), frontend_name(os.environ, get_ipython().user_ns.get)]
Path({target!r}).write_text(json.dumps(found))
"""


def notebook(path: Path, target: Path) -> Path:
    """Write a notebook that says where it thinks it is."""
    import nbformat

    cell = nbformat.v4.new_code_cell(CODE.format(target=str(target)), id="c1")
    made = nbformat.v4.new_notebook(cells=[cell])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)
    return path


def none_of(name):
    return None


def test_session_names_this_process_for_good() -> None:
    one, other = current_session("jupyter", "a/b.ipynb"), current_session("python")
    assert one.id != other.id
    assert (one.pid, one.boot_id, one.process_started) == (os.getpid(), boot_id(), process_started(os.getpid()))
    assert (one.frontend, one.notebook, other.notebook) == ("jupyter", "a/b.ipynb", None)
    assert abs(one.started_at - time.time()) < 60
    assert one.host
    assert one.nbledger


def test_our_own_engine_s_name_wins(tmp_path) -> None:
    environ = {"NBLEDGER_NOTEBOOK": str(tmp_path / "a.ipynb"), "JPY_SESSION_NAME": "/x/b.ipynb", "JPY_PARENT_PID": "1"}
    assert find_notebook(environ, {"__vsc_ipynb_file__": "/y/c.ipynb"}.get) == tmp_path / "a.ipynb"
    assert frontend_name(environ, none_of) == "papermill"


def test_vs_code_s_variable() -> None:
    names = {"__vsc_ipynb_file__": "/home/ada/a b.ipynb"}
    environ = {"JPY_PARENT_PID": str(os.getppid()), "JPY_SESSION_NAME": "/home/ada/x-jvsc-0123.ipynb"}
    assert find_notebook(environ, names.get) == Path("/home/ada/a b.ipynb")
    assert frontend_name(environ, names.get) == "vscode"


def test_papermill_s_variable(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_notebook({}, {"PAPERMILL_INPUT_PATH": "in.ipynb"}.get) == tmp_path / "in.ipynb"
    assert find_notebook({}, {"PAPERMILL_INPUT_PATH": "s3://bucket/in.ipynb"}.get) is None


def test_plain_python_ipython_and_colab() -> None:
    assert frontend_name({}) == "python"
    assert frontend_name({}, none_of) == "ipython"
    assert frontend_name({"COLAB_RELEASE_TAG": "r", "JPY_PARENT_PID": "1"}, none_of) == "colab"
    assert find_notebook({}) is None
    assert find_notebook({}, none_of) is None


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ("/home/ada/a.ipynb", "/home/ada/a.ipynb"),
        ("/home/ada/a.md", "/home/ada/a.md"),
        ("tests/34361149-e3d8-4dbc-9302-0e86431b3e8c", None),
        ("/home/ada/Console 1", None),
        ("", None),
        ("/home/ada/a-jvsc-0123456789abcdef0123456789abcdef0123.ipynb", "/home/ada/a.ipynb"),
        ("a\0b.ipynb", None),
    ],
)
def test_forms_of_a_server_s_session_name(session, expected) -> None:
    found = find_notebook({"JPY_SESSION_NAME": session, "JPY_PARENT_PID": "0"}, none_of)
    assert found == (Path(expected) if expected else None)


def test_session_name_relative_to_the_server_s_root(tmp_path, monkeypatch) -> None:
    (tmp_path / "work" / "deep").mkdir(parents=True)
    (tmp_path / "work" / "deep" / "a.ipynb").touch()
    monkeypatch.chdir(tmp_path / "work" / "deep")
    environ = {"JPY_SESSION_NAME": "work/deep/a.ipynb", "JPY_PARENT_PID": "0"}
    assert find_notebook(environ, none_of) == tmp_path / "work" / "deep" / "a.ipynb"
    environ["JPY_SESSION_NAME"] = "elsewhere/new.ipynb"
    assert find_notebook(environ, none_of) == tmp_path / "work" / "deep" / "new.ipynb"


def test_odd_variables_are_harmless() -> None:
    for pid in ("", "x", "-1", "999999999"):
        environ = {"JPY_PARENT_PID": pid}
        assert find_notebook(environ, {"__vsc_ipynb_file__": 3}.get) is None
        assert frontend_name(environ, none_of) == "jupyter"


# The real things


def without_jupyter(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JPY_", "NBLEDGER_"))}
    return {**kept, **more}


def run(*command: str, folder: Path, **environ: str) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=without_jupyter(**environ),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.kernel
def test_kernel_that_a_real_server_starts_for_a_notebook(tmp_path) -> None:
    from jupyter_client import BlockingKernelClient

    target = tmp_path / "found.json"
    path = notebook(tmp_path / "root" / "deep" / "my train.ipynb", target)
    log = tmp_path / "server.log"
    runtime = tmp_path / "runtime"
    settings = [
        "--no-browser",
        "--IdentityProvider.token=t",
        "--ServerApp.port=0",
        f"--ServerApp.root_dir={tmp_path}/root",
    ]
    with log.open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *settings, "--allow-root"],
            env=without_jupyter(JUPYTER_RUNTIME_DIR=str(runtime)), cwd=tmp_path, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        info = until(lambda: next(iter(runtime.glob("jpserver-*.json")), None))
        url = until(lambda: json.loads(info.read_text() or "null"))["url"]
        kernel = {"name": "python3"}
        named = {"path": "deep/my train.ipynb", "name": "my train.ipynb", "type": "notebook", "kernel": kernel}
        assert ask(url, named, runtime, target, path) == [str(path), "jupyter"]
        unnamed = {"path": "deep/my train.ipynb", "type": "notebook", "name": "", "kernel": kernel}
        assert ask(url, unnamed, runtime, target, path)[1] == "jupyter"
        placeholder = {"path": "deep/34361149-e3d8-4dbc-9302-0e86431b3e8c", "type": "notebook", "kernel": kernel}
        assert ask(url, placeholder, runtime, target, path) == ["None", "jupyter"]
    finally:
        server.terminate()
        server.wait(20)
    assert BlockingKernelClient


def until(ready, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = ready()
        except (OSError, ValueError):
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise TimeoutError


def ask(url: str, session: dict, runtime: Path, target: Path, path: Path) -> list[str]:
    """Start a session by the server's REST API, run the notebook's cell in its kernel, return what it found."""
    from jupyter_client import BlockingKernelClient

    request = urllib.request.Request(
        f"{url}api/sessions",
        json.dumps(session).encode(),
        {"Authorization": "token t", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        made = json.load(answer)
    target.unlink(missing_ok=True)
    client = BlockingKernelClient(connection_file=str(runtime / f"kernel-{made['kernel']['id']}.json"))
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        client.execute_interactive(CODE.format(target=str(target)), timeout=60, output_hook=lambda message: None)
    finally:
        client.stop_channels()
    delete = urllib.request.Request(
        f"{url}api/sessions/{made['id']}", method="DELETE", headers={"Authorization": "token t"}
    )
    with urllib.request.urlopen(delete, timeout=60):
        pass
    return json.loads(target.read_text())


@pytest.mark.kernel
def test_nbconvert_execute(tmp_path) -> None:
    target = tmp_path / "found.json"
    path = notebook(tmp_path / "deep" / "a.ipynb", target)
    run("-m", "nbconvert", "--to", "notebook", "--execute", "deep/a.ipynb", "--output", "out", folder=tmp_path)
    found = json.loads(target.read_text())
    assert found == ([str(path), "nbconvert"] if sys.platform == "linux" else [found[0], found[1]])


@pytest.mark.kernel
def test_plain_papermill_and_a_kernel_s_name_that_was_passed_on(tmp_path) -> None:
    target = tmp_path / "found.json"
    path = notebook(tmp_path / "in.ipynb", target)
    outer = {"JPY_SESSION_NAME": "/elsewhere/outer.ipynb", "JPY_PARENT_PID": "1"}
    run("-m", "papermill", "in.ipynb", "out.ipynb", "--no-progress-bar", folder=tmp_path, **outer)
    assert json.loads(target.read_text()) == [str(path), "papermill"]


@pytest.mark.kernel
def test_plain_ipython(tmp_path) -> None:
    target = tmp_path / "found.json"
    script = tmp_path / "script.ipy"
    script.write_text(CODE.format(target=str(target)))
    run("-m", "IPython", "--no-banner", str(script), folder=tmp_path, IPYTHONDIR=str(tmp_path / "ipython"))
    assert json.loads(target.read_text()) == ["None", "ipython"]
