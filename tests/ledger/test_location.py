"""Where a ledger is found or made."""

from __future__ import annotations

import pytest

from nbledger.ledger import Ledger, LedgerMissing, find_root
from nbledger.ledger.location import relative


@pytest.fixture(autouse=True)
def _plain(monkeypatch):
    monkeypatch.delenv("NBLEDGER_DIR", raising=False)


def test_the_nearest_ledger_upwards_wins(tmp_path):
    (tmp_path / ".nbledger").mkdir()
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / ".git").mkdir()
    assert find_root(tmp_path / "a" / "b") == tmp_path
    (tmp_path / "a" / ".nbledger").mkdir()
    assert find_root(tmp_path / "a" / "b") == tmp_path / "a"


@pytest.mark.parametrize("marker", [".git", "pyproject.toml"])
def test_without_a_ledger_it_goes_beside_the_project_s_marker(tmp_path, marker):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / marker).touch()
    assert find_root(tmp_path / "a" / "b") == tmp_path / "a"


def test_without_a_marker_it_goes_beside_the_notebook(tmp_path):
    assert find_root(tmp_path) == tmp_path
    assert find_root(tmp_path / "nb.ipynb") == tmp_path


def test_the_variable_wins_over_all(tmp_path, monkeypatch):
    (tmp_path / ".nbledger").mkdir()
    for value in (tmp_path / "far", tmp_path / "far" / ".nbledger", tmp_path / "far" / ".nbledger" / "ledger.db"):
        monkeypatch.setenv("NBLEDGER_DIR", str(value))
        assert find_root(tmp_path) == tmp_path / "far"
        assert Ledger.open().folder == tmp_path / "far" / ".nbledger"
    assert Ledger.open(tmp_path / "near").folder == tmp_path / "near" / ".nbledger"


def test_a_ledger_ignores_itself_in_git(ledger):
    assert "*" in (ledger.folder / ".gitignore").read_text().splitlines()


def test_a_missing_ledger_is_not_made_when_that_is_not_wanted(tmp_path):
    with pytest.raises(LedgerMissing, match="no ledger"):
        Ledger.open(tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []


def test_paths_are_relative_with_posix_separators(tmp_path):
    assert relative(str(tmp_path / "a" / "b.ipynb"), tmp_path) == "a/b.ipynb"
    assert relative("a/b.ipynb", tmp_path) == "a/b.ipynb"
    assert relative(str(tmp_path / "c.ipynb"), tmp_path / "a") == "../c.ipynb"


def test_opening_an_existing_ledger_is_cheap(ledger):
    import time

    best = 1.0
    for _ in range(20):
        begin = time.perf_counter()
        Ledger.open(ledger.root)
        best = min(best, time.perf_counter() - begin)
    assert best < 0.003
