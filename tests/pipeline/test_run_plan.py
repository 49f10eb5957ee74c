"""`nbledger run` tells a notebook's params, and why it would run, without running it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from nbledger.cli import cli


@pytest.fixture
def command(project, write_notebook):
    write_notebook("print(C)", parameters="C: float = 1.0  # strength\nname = 'a'")
    runner = CliRunner()

    def run(*words):
        return runner.invoke(cli, ["run", "train.ipynb", *words])

    return run


def test_the_params_of_a_notebook_are_listed_with_type_default_and_help(command):
    assert command("--params").output.split("\n")[1].split() == ["C", "float", "1.0", "strength"]
    assert json.loads(command("--params", "--json").output)[1] == {
        "name": "name", "type": "str", "default": "'a'", "help": "",
    }  # fmt: skip


def test_a_value_of_another_type_is_refused_before_anything_runs(command, project):
    done = command("-p", "C", "much")
    assert done.exit_code == 1
    assert "C is 'much', but the notebook expects float" in str(done.output) + str(done.exception)
    assert not list((project / ".nbledger" / "executed").glob("*")) if (project / ".nbledger").exists() else True


@pytest.mark.kernel
def test_a_dry_run_says_why_and_runs_nothing(command, fresh_ledger):
    assert json.loads(command("--dry-run", "--json").output)["runs"] is True
    assert not fresh_ledger.runs(kind="notebook")
    ran = json.loads(command("--json", "--no-progress").output)
    assert ran["cached_from"] is None
    told = json.loads(command("--dry-run", "--json").output)
    assert (told["runs"], told["cached_from"]) == (False, ran["id"])
    assert "C is 2.0, and was not given" in command("--dry-run", "-p", "C", "2").output
    taken = command("--no-progress")
    assert f"from run {ran['id'][:8]}" in taken.output
    assert json.loads(command("--no-cache", "--json", "--no-progress").output)["cached_from"] is None


@pytest.mark.kernel
def test_show_says_whose_results_a_run_took(command):
    first = json.loads(command("--json", "--no-progress").output)["id"]
    second = json.loads(command("--json", "--no-progress").output)["id"]
    assert f"cached from  {first[:8]}" in CliRunner().invoke(cli, ["show", second]).output
