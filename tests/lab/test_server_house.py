"""The server side stands above everything else, and costs a server little to load."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbledger
import nbledger_lab

ROOT = Path(nbledger_lab.__file__).parent
HEAVY = {"numpy", "pandas", "sklearn", "scipy", "plotly", "papermill", "nbclient", "IPython", "ipywidgets", "skops"}


def _loaded_after(module):
    code = f"import sys, {module}; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_nothing_below_knows_of_the_server_side():
    wrong = [
        str(path)
        for path in Path(nbledger.__file__).parent.rglob("*.py")
        if re.search(r"^\s*(?:from|import) nbledger_lab", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert wrong == []


def test_modules_stay_short():
    assert [path.name for path in ROOT.rglob("*.py") if len(path.read_text().splitlines()) > 400] == []


def test_loading_it_loads_nothing_heavy():
    own = {"jupyter_server", "tornado", "traitlets"}
    assert own <= _loaded_after("nbledger_lab.extension")
    heavy = _loaded_after("nbledger_lab.extension") & HEAVY
    assert heavy <= _loaded_after("jupyter_server.serverapp"), heavy
    assert not _loaded_after("nbledger_lab") & {"jupyter_server", "tornado", *HEAVY}
