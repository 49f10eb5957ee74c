"""A pipeline is a folder of notebooks, or what its file says; what is wrong with the file is told line by line."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nbledger.pipeline.cron import cron_problem
from nbledger.pipeline.spec import (
    SCHEMA,
    BadPipeline,
    NoPipeline,
    NoSuchStep,
    load_pipeline,
)
from nbledger.pipeline.step_params import NoSuchParameter, step_params

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder(project, write_notebook):
    for name in ("ingest", "train"):
        write_notebook("1", name=f"{name}.ipynb", parameters="seed = 0\nC = 1.0")
    (project / "checks.yaml").write_text("data: x.csv\nrows: {min: 1}\n")
    return project


def problems(folder, text):
    (folder / "pipeline.yaml").write_text(textwrap.dedent(text))
    with pytest.raises(BadPipeline) as error:
        load_pipeline(folder)
    return str(error.value).splitlines()


def test_a_folder_of_notebooks_is_a_pipeline(folder):
    (folder / ".hidden.ipynb").write_text("")
    found = load_pipeline(folder)
    assert (found.name, found.folder, found.file) == ("project", folder, None)
    assert [(step.name, step.notebook.name) for step in found.steps] == [
        ("ingest", "ingest.ipynb"),
        ("train", "train.ipynb"),
    ]
    assert not found.promote


def test_a_pipeline_file_says_it_all(folder):
    (folder / "pipeline.yaml").write_text("""
name: churn
params: {seed: 1}
schedule: "0 3 * * 1"
steps:
  ingest: {notebook: ingest.ipynb, outputs: [data/raw.parquet]}
  train:
    notebook: train.ipynb
    params: {C: 0.1}
    needs: [ingest]
    retries: 2
    retry_delay: 30
    timeout: 600
    cell_timeout: 120
    checks: [checks.yaml]
    cache: false
    kernel: python3
promote: {model: churn, best: metrics.accuracy, where: "params.C < 10"}
gates:
  - metric: accuracy >= 0.9
  - better-than-champion: {metric: accuracy, confidence: 0.95}
  - no-leakage
""")
    found = load_pipeline(folder)
    assert found == load_pipeline(folder / "pipeline.yaml")
    train = found.step("train")
    assert (train.needs, train.retries, train.retry_delay, train.timeout) == (("ingest",), 2, 30, 600)
    assert (train.cell_timeout, train.cache, train.kernel, train.params) == (120, False, "python3", {"C": 0.1})
    assert train.checks == (folder / "checks.yaml",)
    assert found.step("ingest").outputs == ("data/raw.parquet",)
    assert (found.promote.model, found.promote.alias, found.promote.where) == ("churn", "champion", "params.C < 10")
    assert [gate.name for gate in found.gates] == ["metric", "better-than-champion", "no-leakage"]
    assert found.schedule == "0 3 * * 1"
    with pytest.raises(NoSuchStep, match="did you mean 'train'"):
        found.step("trian")


def test_every_problem_of_a_file_is_told_on_a_line_of_its_own_with_the_nearest_name(folder):
    assert problems(
        folder,
        """\
        params: {seed: 1, when: 2024-01-01}
        steps:
          ingest: {notebook: ingest.ipynb, retires: 2}
          train: {notebook: train.ipynb, needs: ingest, retries: often, timeout: 0}
          other: {needs: [train]}
          "a b": {notebook: train.ipynb}
        promote: {model: churn}
        gate: []
        """,
    ) == [
        "pipeline.yaml:1: params.when: datetime.date(2024, 1, 1) is a date or a time to YAML: write it in quotes to have it as text",
        "pipeline.yaml:3: steps.ingest.retires: unknown key; did you mean 'retries'?",
        "pipeline.yaml:4: steps.train.needs: must be a list, not 'ingest'",
        "pipeline.yaml:4: steps.train.retries: must be a whole number, not 'often'",
        "pipeline.yaml:4: steps.train.timeout: must be more than 0, not 0",
        "pipeline.yaml:5: steps.other: the key 'notebook' is missing",
        "pipeline.yaml:6: steps.a b: letters, digits and '_' (in a step's name also '-') only, a letter first",
        "pipeline.yaml:7: promote: the key 'best' is missing",
        "pipeline.yaml:8: gate: unknown key; did you mean 'gates'?",
    ]


def test_what_no_schema_can_tell_is_told_as_well(folder):
    assert problems(
        folder,
        """\
        schedule: "0 3 * * 9"
        steps:
          ingest: {notebook: ingst.ipynb, outputs: [a.csv]}
          train: {notebook: train.ipynb, needs: [igest], checks: [no.yaml], outputs: [a.csv]}
          own: {notebook: train.ipynb, needs: [own]}
          script: {notebook: train.py}
        promote: {model: churn, best: accuracy}
        gates: [no-leekage]
        """,
    ) == [
        "pipeline.yaml:3: steps.ingest.notebook: there is no file 'ingst.ipynb'; did you mean 'ingest.ipynb'?",
        "pipeline.yaml:4: steps.train.needs[0]: no step 'igest'; did you mean 'ingest'?",
        "pipeline.yaml:4: steps.train.checks[0]: there is no file 'no.yaml'",
        "pipeline.yaml:5: steps.own.needs[0]: a step cannot need itself",
        "pipeline.yaml:6: steps.script.notebook: 'train.py' is no .ipynb",
        "pipeline.yaml:4: steps.train.outputs[0]: step 'ingest' writes 'a.csv' too",
        "pipeline.yaml:1: schedule: '0 3 * * 9' is no cron schedule: its weekday '9' is not in 0 to 7",
        problems_of_gate(),
    ]


def problems_of_gate():
    from nbledger.registry import BadGate, parse_gate

    with pytest.raises(BadGate) as error:
        parse_gate("no-leekage")
    return f"pipeline.yaml:8: gates[0]: {error.value}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("steps:\n  a: {notebook: ingest.ipynb}\n  a: {notebook: train.ipynb}\n", ":3: .*'a' stands twice"),
        ("steps:\n  a: {notebook: x\n", ":3: it is not YAML"),
        ("", ":1: must be names with values, not empty"),
        ("- a\n", ":1: must be names with values"),
        ("steps: {}\n", ":1: steps: must not be empty"),
        ("steps: {a: {notebook: ingest.ipynb}}\ngates: [approval]\n", ":2: gates: needs the key 'promote' as well"),
        (
            "steps:\n  a: {notebook: ingest.ipynb, needs: [b]}\n  b: {notebook: ingest.ipynb, needs: [a]}\n",
            ":2: steps.a.needs: these steps need each other: a -> b -> a",
        ),
        ("steps: {1: {notebook: ingest.ipynb}}\n", ":1: steps: the name 1 must be text: write it in quotes"),
        ("steps: {a: {notebook: ingest.ipynb, timeout: .nan}}\n", ":1: steps.a.timeout: must be a number"),
        ("steps: {a: {notebook: ingest.ipynb, retry_delay: .inf}}\n", ":1: steps.a.retry_delay: must be at most"),
        ("steps: {a: &x {notebook: *x}}\n", ":1: "),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_its_line(folder, text, told):
    (folder / "pipeline.yaml").write_text(text)
    with pytest.raises(BadPipeline, match=f"^pipeline.yaml{told}"):
        load_pipeline(folder)


def test_where_there_is_no_pipeline_it_says_so(project):
    with pytest.raises(NoPipeline, match=r"has no notebooks and no pipeline.yaml"):
        load_pipeline(project)
    with pytest.raises(NoPipeline, match="no such file or folder"):
        load_pipeline(project / "nowhere")
    with pytest.raises(NoPipeline, match="give a folder of notebooks"):
        load_pipeline(project / "pyproject.toml")


def test_params_go_to_the_steps_that_declare_them_and_the_nearer_wins(folder, write_notebook):
    write_notebook("1", name="plain.ipynb")
    (folder / "pipeline.yaml").write_text("""
params: {seed: 1}
steps:
  ingest: {notebook: ingest.ipynb}
  train: {notebook: train.ipynb, params: {C: 0.1, seed: 2}}
  plain: {notebook: plain.ipynb}
""")
    pipeline = load_pipeline(folder)
    assert step_params(pipeline) == {"ingest": {"seed": 1}, "train": {"seed": 2, "C": 0.1}, "plain": {}}
    given = step_params(pipeline, {"train.seed": 5, "seed": 4})
    assert (given["ingest"]["seed"], given["train"]["seed"]) == (4, 5)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"sead": 1}, "no step takes a parameter 'sead'; did you mean 'seed'"),
        ({"train.D": 1}, "no step takes a parameter 'D'|train: .*'D'"),
    ],
)
def test_a_param_that_no_step_takes_is_refused(folder, given, told):
    with pytest.raises(NoSuchParameter, match=told):
        step_params(load_pipeline(folder), given)


def test_a_param_for_a_step_that_is_not_there_or_of_the_wrong_type_is_refused(folder):
    from nbledger.pipeline.parameters import BadParameter

    with pytest.raises(NoSuchStep, match="did you mean 'train'"):
        step_params(load_pipeline(folder), {"trian.C": 1})
    with pytest.raises(BadParameter, match="seed"):
        step_params(load_pipeline(folder), {"seed": "many"})


@pytest.mark.parametrize("text", ["0 3 * * 1", "*/15 0-6,22 1 JAN-MAR mon", "5 4 * * 7", "0 0 29 2 *"])
def test_a_right_schedule_is_right(text):
    assert cron_problem(text) is None


@pytest.mark.parametrize(
    "text", ["", "@daily", "0 3 * *", "60 0 * * *", "5-1 * * * *", "*/0 * * * *", "a * * * *", "0 0 0 * *"]
)
def test_a_wrong_schedule_is_wrong(text):
    assert "is no cron schedule" in cron_problem(text)


def test_the_schema_is_a_schema_and_the_shipped_pipeline_fits_it():
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text(encoding="utf-8")))
    shipped = ROOT / "notebooks" / "pipeline" / "pipeline.yaml"
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA), str(shipped)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(load_pipeline(shipped).steps) == 5
