"""One identity across processes, hash seeds and Python versions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nbledger.fingerprint as package

HERE = Path(__file__).parent
STORED = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))
MADE_WITH = STORED.pop("made with")
OF_PYTHON_AND_NUMPY = ("builtin: ", "written: ", "numpy: ")


def run(script, *arguments, seed="0"):
    environment = dict(os.environ, PYTHONHASHSEED=seed, PYTHONPATH=str(Path(package.__file__).parents[2]))
    done = subprocess.run(
        [sys.executable, str(script), *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("seed", ["1", "12345"])
def test_golden_values_keep_their_hashes_in_another_process_with_another_hash_seed(seed):
    found = json.loads(run(HERE / "golden.py", seed=seed))
    versions = found.pop("made with")
    if any(versions[name].split(".")[:2] != MADE_WITH[name].split(".")[:2] for name in ("pandas", "scikit-learn")):
        found = {name: digest for name, digest in found.items() if name.startswith(OF_PYTHON_AND_NUMPY)}
    assert found == {name: STORED[name] for name in found}
    assert len(found) >= 80


def test_no_golden_value_is_opaque_and_all_hashes_are_32_hexadecimal_digits():
    assert all(len(digest) == 32 and int(digest, 16) >= 0 for digest in STORED.values())


def test_different_golden_values_have_different_hashes():
    same = {"numpy: multi-leaf", "numpy: multi-leaf F"}
    others = [digest for name, digest in STORED.items() if name not in same]
    assert len(set(others)) == len(others)
    assert STORED["numpy: multi-leaf"] == STORED["numpy: multi-leaf F"]


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys, nbledger.fingerprint; print(sorted({'numpy', 'pandas', 'sklearn', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_fingerprinting_builtin_values_imports_nothing_heavy():
    code = (
        "import sys, datetime, nbledger; import nbledger.fingerprint as f; f([1, 'a', {2: datetime.date(2020, 1, 1)}]);"
        "f(lambda: 1); f(object()); print(sorted({'numpy', 'pandas', 'sklearn', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
