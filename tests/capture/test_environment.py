"""The surroundings of a session are found quickly, without questions, and never raise."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import time

import pytest

from nbledger.capture import environment
from nbledger.capture.environment import MOST_DIFF_BYTES, allowed_variables, current_environment, git_state
from nbledger.capture.redaction.secrets import redact


def git(folder, *arguments):
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repo(tmp_path):
    """A work tree with one commit of a module and a notebook."""
    folder = tmp_path / "repo"
    (folder / "deep").mkdir(parents=True)
    git(folder, "init")
    (folder / "train.py").write_text("x = 1\n")
    (folder / "deep" / "a.ipynb").write_text("{}")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "one")
    return folder


def test_packages_are_those_that_importlib_metadata_finds() -> None:
    expected = {}
    for found in importlib.metadata.distributions():
        expected.setdefault(re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower(), found.version)
    assert current_environment().packages == expected


def test_environment_names_interpreter_and_platform() -> None:
    found = current_environment()
    assert found.python == platform.python_version()
    assert found.platform == platform.platform()
    assert re.fullmatch(r"[0-9a-f]{32}", found.hash)


def test_hash_is_the_same_for_the_same_set_and_another_for_another(tmp_path, monkeypatch) -> None:
    before = current_environment()
    assert current_environment() == before
    (tmp_path / "Some_Package-2.0.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    after = current_environment()
    assert after.packages["some-package"] == "2.0"
    assert after.hash != before.hash


def test_order_of_folders_decides_which_version_counts_but_not_the_hash_of_equal_sets(tmp_path, monkeypatch) -> None:
    for folder, version in (("a", "1.0"), ("b", "2.0")):
        (tmp_path / folder / f"thing-{version}.dist-info").mkdir(parents=True)
    (tmp_path / "c" / "other-3.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "c")])
    first = current_environment()
    assert first.packages == {"thing": "1.0", "other": "3.0"}
    monkeypatch.setattr(sys, "path", [str(tmp_path / "c"), str(tmp_path / "a"), str(tmp_path / "missing"), "x.zip"])
    assert current_environment().hash == first.hash


def test_metadata_folders_without_a_version_in_their_name_are_read(tmp_path, monkeypatch) -> None:
    old = tmp_path / "old_tool.egg-info"
    old.mkdir()
    (old / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: old.tool\nVersion: 0.9\n")
    (tmp_path / "broken.dist-info").mkdir()
    (tmp_path / "nonsense-info").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert current_environment().packages == {"old-tool": "0.9"}


def test_environment_is_found_within_a_tenth_of_a_second() -> None:
    current_environment()
    start = time.process_time()
    current_environment()
    assert time.process_time() - start < 0.1


def test_clean_work_tree(repo) -> None:
    state = git_state(repo, redact)
    assert re.fullmatch(r"[0-9a-f]{40}", state.commit)
    assert (state.branch, state.dirty, state.diff) == ("main", False, None)


def test_changes_are_in_the_difference_from_any_folder_of_the_tree(repo) -> None:
    (repo / "train.py").write_text("x = 2\n")
    for place in (repo, repo / "deep", repo / "deep" / "a.ipynb"):
        state = git_state(place, redact)
        assert state.dirty
        assert "diff --git a/train.py b/train.py" in state.diff
        assert "+x = 2" in state.diff


def test_staged_changes_count_too(repo) -> None:
    (repo / "train.py").write_text("x = 2\n")
    git(repo, "add", "train.py")
    assert "+x = 2" in git_state(repo, redact).diff


def test_changed_notebook_is_dirty_but_not_in_the_difference(repo) -> None:
    (repo / "deep" / "a.ipynb").write_text('{"outputs": "long"}')
    state = git_state(repo, redact)
    assert (state.dirty, state.diff) == (True, None)


def test_difference_is_redacted(repo) -> None:
    (repo / "train.py").write_text('password = "hunter2"\n')
    state = git_state(repo, redact)
    assert "hunter2" not in state.diff
    assert '+password = "[redacted]"' in state.diff


def test_difference_that_cannot_be_redacted_is_not_kept(repo) -> None:
    (repo / "train.py").write_text("x = 2\n")

    def broken(text):
        raise RuntimeError(text)

    state = git_state(repo, broken)
    assert (state.dirty, state.diff) == (True, None)


def test_long_difference_is_cut_at_a_line(repo) -> None:
    (repo / "train.py").write_text("".join(f"line_{n} = {n}\n" for n in range(200_000)))
    diff = git_state(repo, lambda text: text).diff
    assert len(diff.encode()) <= MOST_DIFF_BYTES + 40
    *_, last, mark, end = diff.split("\n")
    assert re.fullmatch(r"\+line_\d+ = \d+", last)
    assert (mark, end) == ("[cut after 1 MiB]", "")


def test_detached_head_has_no_branch(repo) -> None:
    git(repo, "checkout", "--detach")
    assert git_state(repo, redact).branch is None


def test_no_work_tree_no_commit_no_folder_no_git(tmp_path, monkeypatch) -> None:
    assert git_state(tmp_path, redact) is None
    assert git_state(tmp_path / "missing" / "a.ipynb", redact) is None
    git(tmp_path, "init")
    assert git_state(tmp_path, redact) is None
    monkeypatch.setenv("PATH", "")
    assert git_state(tmp_path, redact) is None


def test_programs_named_in_the_repository_s_settings_are_not_run(repo, tmp_path) -> None:
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
    script.chmod(0o755)
    for name in ("core.fsmonitor", "diff.external", "core.pager"):
        git(repo, "config", name, str(script))
    (repo / "train.py").write_text("x = 2\n")
    assert "+x = 2" in git_state(repo, redact).diff
    assert not (tmp_path / "pwned").exists()


def test_git_that_hangs_is_ended(repo, tmp_path, monkeypatch) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(slow.parent), prepend=":")
    monkeypatch.setattr(environment, "GIT_SECONDS", 0.3)
    start = time.monotonic()
    assert git_state(repo, redact) is None
    assert time.monotonic() - start < 10


def test_index_is_not_touched(repo) -> None:
    (repo / "train.py").touch()
    before = (repo / ".git" / "index").stat().st_mtime_ns
    git_state(repo, redact)
    assert (repo / ".git" / "index").stat().st_mtime_ns == before


def test_variables_only_by_the_list() -> None:
    environ = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "4", "HOME": "/home/ada", "GITHUB_TOKEN": "hunter2"}
    assert allowed_variables(environ) == {"OMP_NUM_THREADS": "4", "PYTHONHASHSEED": "0"}


def test_secrets_are_never_among_the_variables_whatever_the_list_says() -> None:
    environ = {"GITHUB_TOKEN": "hunter2", "GITHUB_SHA": "abc", "GITHUB_URL": "https://ada:hunter2@b.c"}
    found = allowed_variables(environ, ["*"])
    assert found == {"GITHUB_SHA": "abc", "GITHUB_URL": "https://ada:[redacted]@b.c"}


def test_variables_that_change_results_are_those_that_the_process_started_with():
    from nbledger.capture.process_variables import set_again, started_as

    code = (
        "import os\nos.environ['PYTHONHASHSEED'] = '5'\n"
        "from nbledger.capture.process_variables import result_variables\nprint(result_variables())"
    )

    def told(**given):
        environ = {**started_as({}, os.environ), **given}
        done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
        return ast.literal_eval(done.stdout)

    assert told() == {"PYTHONHASHSEED": "random"}
    assert told(PYTHONHASHSEED="12", OMP_NUM_THREADS="2") == {"PYTHONHASHSEED": "12", "OMP_NUM_THREADS": "2"}
    here = {"PATH": "/bin", "TZ": "UTC", "PYTHONHASHSEED": "3"}
    assert started_as(None, here) == here
    assert started_as({"PYTHONHASHSEED": "random", "LANG": "C"}, here) == {
        "PATH": "/bin",
        "PYTHONHASHSEED": "3",
        "LANG": "C",
    }
    assert set_again(None, here) is None
    assert set_again({"PYTHONHASHSEED": "3"}, here) == "environment variables are as recorded: TZ not set (here UTC)"
