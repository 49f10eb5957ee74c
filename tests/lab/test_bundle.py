"""The committed bundle is what its source builds, and small enough to load at once."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXTENSION = Path(__file__).parents[2] / "extension"
BUNDLE = EXTENSION / "nbledger_lab" / "labextension"


def linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def built(folder: Path) -> Path:
    """Build the front end from a copy of its source, with the tools of this tree, and return the bundle."""
    for part in ("src", "style", "schema"):
        shutil.copytree(EXTENSION / part, folder / part)
    for name in ("package.json", "tsconfig.json", "install.json"):
        shutil.copy(EXTENSION / name, folder / name)
    # Not by a symbolic link: the bundler follows it, and names modules by where they are from here.
    shutil.copytree(EXTENSION / "node_modules", folder / "node_modules", symlinks=True, copy_function=linked)
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["npm", "run", "--silent", "build:prod"], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "nbledger_lab" / "labextension"


HASH = re.compile(r"\b[0-9a-f]{16,20}\b")


def said(bundle: Path) -> dict[str, str]:
    """Return a bundle's files, without what follows from the folder that it was built in.

    That is the hash of the entry, in its name and in the file that names it, and the id of the entry's first module.
    """
    texts = {}
    for path in sorted(bundle.rglob("*")):
        if path.is_file() and path.name != "third-party-licenses.json":
            text, name = path.read_text(), str(path.relative_to(bundle))
            if path.name == "package.json" or name.startswith("static/remoteEntry"):
                text, name = re.sub(r"remoteEntry\.[0-9a-f]+", "remoteEntry", text), HASH.sub("", name)
                first = re.search(r'\b(\d+)(?=\(\w,\w,\w\)\{var \w=\{"\./index")', text)
                text = re.sub(rf"\b{first[1]}\b", "FIRST", text) if first else text
            texts[name] = text
    return texts


def test_the_committed_bundle_is_what_its_source_builds(tmp_path):
    """If this fails: `make bundle`, and commit what it made."""
    if shutil.which("npm") is None or not (EXTENSION / "node_modules").exists():
        pytest.skip("######## NO NODE: that the bundle is what its source builds is NOT checked ########")
    committed = said(BUNDLE)
    for attempt in range(3):  # two modules that would get one number get theirs in the order in which they were met
        anew = said(built(tmp_path / str(attempt)))
        if anew == committed:
            break
    assert sorted(committed) == sorted(anew)
    assert [name for name in committed if committed[name] != anew[name]] == []


def test_what_a_page_loads_at_first_is_under_300_kb(tmp_path):
    """The entry and every chunk that no dynamic import() waits for; counted here: all that is not loaded later."""
    package = json.loads((BUNDLE / "package.json").read_text())
    entry = BUNDLE / package["jupyterlab"]["_build"]["load"]
    everything = sum(len(gzip.compress(path.read_bytes())) for path in (BUNDLE / "static").glob("*.js"))
    assert len(gzip.compress(entry.read_bytes())) < everything < 300_000
