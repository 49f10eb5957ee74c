"""A pipeline handed over to another system is read by that system's own parser or schema, and says the same steps."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from nbledger.pipeline.graph import dag
from nbledger.pipeline.handover import SYSTEMS, UnwritableHandover, hand_over, plan_of, write
from nbledger.pipeline.handover.jobs import slug
from nbledger.pipeline.spec import load_pipeline

#: Where `make test` installs Airflow and Kubeflow Pipelines.
THEIRS = Path(__file__).parents[2] / ".venv-handover" / "bin" / "python"
STEPS = {
    "01-ingest": "open('raw.txt', 'w').write('x')",
    "02-left": "text = open('raw.txt').read(); open('left.txt', 'w').write(text)",
    "03-right": "text = open('raw.txt').read(); open('right.txt', 'w').write(text)",
    "04-join": "both = open('left.txt').read() + open('right.txt').read()",
}
FILE = """
name: It's "my" {{churn}}
schedule: "0 3 * * 1"
steps:
  ingest: {notebook: 01-ingest.ipynb}
  Left_side: {notebook: 02-left.ipynb, retries: 2, retry_delay: 30, timeout: 600}
  cache: {notebook: 03-right.ipynb}
  join: {notebook: 04-join.ipynb}
promote: {model: churn, best: metrics.accuracy}
"""
ORDER = {
    "ingest": [],
    "left-side": ["ingest"],
    "cache": ["ingest"],
    "join": ["cache", "left-side"],
    "promote": ["join"],
}


@pytest.fixture
def steps(project, write_notebook):
    for name, source in STEPS.items():
        write_notebook(source, name=f"{name}.ipynb")
    (project / "pipeline.yaml").write_text(FILE)
    return project


@pytest.fixture
def plan(steps):
    pipeline = load_pipeline(steps)
    return plan_of(pipeline, dag(pipeline))


@pytest.fixture
def files(project, plan):
    """Every system's files, written into the project."""
    made = {}
    for system in SYSTEMS:
        made[system] = write(hand_over(plan, system), project)[0]
    return made


def theirs(code, *words, **env):
    """Run code with Airflow and Kubeflow Pipelines, and return what it prints as JSON."""
    package = "airflow" if "airflow" in code else "kfp"
    looked = [str(THEIRS), "-c", f"import importlib.util as u; assert u.find_spec({package!r})"]
    if not THEIRS.exists() or subprocess.run(looked, check=False, capture_output=True).returncode:
        pytest.skip(f"{package} is not installed in .venv-handover (make test installs it)")
    done = subprocess.run(
        [str(THEIRS), "-W", "ignore", "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_airflow_reads_the_dag_with_its_order_retries_and_schedule(files, tmp_path_factory):
    code = """
import json, sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models import DagBag
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
(dag,) = bag.dags.values()
print(json.dumps({"tasks": {t.task_id: [sorted(t.upstream_task_ids), t.retries, t.bash_command] for t in dag.tasks},
    "delay": dag.get_task("left-side").retry_delay.total_seconds(), "catchup": dag.catchup,
    "timeout": dag.get_task("left-side").execution_timeout.total_seconds()}))
"""
    home = str(tmp_path_factory.mktemp("airflow"))
    found = theirs(code, files["airflow"].parent, AIRFLOW_HOME=home, AIRFLOW__CORE__LOAD_EXAMPLES="False")
    assert {task: sorted(before) for task, (before, *_) in found["tasks"].items()} == ORDER
    assert found["tasks"]["left-side"][1] == 2
    assert (found["delay"], found["timeout"], found["catchup"]) == (30, 600, False)
    assert found["tasks"]["ingest"][2].startswith("nbledger pipeline run pipeline.yaml --only ingest")


def test_kubeflow_reads_the_pipeline_and_the_volume_that_its_pods_share(files):
    code = """
import json, sys, yaml
from google.protobuf import json_format
from kfp import components
from kfp.kubernetes import kubernetes_executor_config_pb2 as kubernetes
from kfp.pipeline_spec import pipeline_spec_pb2 as specs
spec, platform = yaml.safe_load_all(open(sys.argv[1]))
json_format.ParseDict(spec, specs.PipelineSpec())
json_format.ParseDict(platform, specs.PlatformSpec())
mounts = {}
for name, given in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].items():
    mounts[name] = json_format.ParseDict(given, kubernetes.KubernetesExecutorConfig()).pvc_mount[0].mount_path
loaded = components.load_component_from_file(sys.argv[1]).pipeline_spec.root.dag.tasks
print(json.dumps({"tasks": {name: sorted(task.dependent_tasks) for name, task in loaded.items()}, "mounts": mounts,
    "retries": loaded["left-side"].retry_policy.max_retry_count}))
"""
    found = theirs(code, files["kubeflow"])
    assert found["tasks"] == ORDER
    assert set(found["mounts"].values()) == {"/project"}
    assert len(found["mounts"]) == len(ORDER)
    assert found["retries"] == 2


def test_argo_reads_the_workflow_which_runs_without_root(files):
    from hera.workflows.models import CronWorkflow

    data = yaml.safe_load(files["argo"].read_text())
    read = CronWorkflow.model_validate(data)
    spec = read.spec.workflow_spec
    assert read.spec.schedules == ["0 3 * * 1"]
    assert {task.name: sorted(task.dependencies or []) for task in spec.templates[0].dag.tasks} == ORDER
    assert spec.templates[0].dag.fail_fast is False
    assert spec.security_context.run_as_non_root is True
    left = next(template for template in spec.templates if template.name == "run-left-side")
    assert (left.retry_strategy.limit.root, left.active_deadline_seconds.root) == ("2", 600)
    assert left.container.args[:4] == ["pipeline", "run", "pipeline.yaml", "--only"]


@pytest.mark.parametrize(("system", "options"), [("github-actions", ("vendor.github-workflows",)), ("gitlab", ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"))])  # fmt: skip
def test_the_published_schema_accepts_the_file(files, system, options):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *options, str(files[system])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_github_hands_the_ledger_from_job_to_job(files):
    jobs = yaml.safe_load(files["github-actions"].read_text())["jobs"]
    assert {name: sorted(job.get("needs", [])) for name, job in jobs.items()} == ORDER
    lines = [step.get("run", "") for step in jobs["join"]["steps"]]
    assert any("nbledger import" in line for line in lines)
    assert any(line.startswith("nbledger pipeline run pipeline.yaml --only join") for line in lines)
    assert any(line.startswith("nbledger export ledger-join.zip") for line in lines)
    assert not any("nbledger import" in step.get("run", "") for step in jobs["ingest"]["steps"])


@pytest.mark.kernel
def test_the_steps_commands_one_by_one_do_what_the_pipeline_does(steps, plan):
    """As a scheduler runs them where machines share a disk."""
    for job in plan.jobs[:-1]:
        done = subprocess.run(
            [sys.executable, "-m", "nbledger.cli", *job.command[1:], "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert [step["name"] for step in json.loads(done.stdout)["steps"]] == [job.name]
    assert (steps / "right.txt").read_text() == "x"


@pytest.mark.kernel
def test_a_step_on_a_machine_of_its_own_finds_what_earlier_steps_wrote_in_the_bundle(steps, plan):
    from nbledger.pipeline.handover.github_actions import command

    def shell(line):
        words = shlex.split(line)
        return subprocess.run([sys.executable, "-m", "nbledger.cli", *words[1:]], capture_output=True, text=True, check=False)  # fmt: skip

    ingest, left = plan.jobs[0], next(job for job in plan.jobs if job.id == "left-side")
    assert shell(command(ingest)).returncode == 0
    assert shell("nbledger export bundle.zip").returncode == 0
    shutil.rmtree(steps / ".nbledger")
    (steps / "raw.txt").unlink()
    assert shell("nbledger import bundle.zip").returncode == 0
    done = shell(f"{command(left)} --json")
    assert done.returncode == 0, done.stderr
    assert [(step["name"], step["status"]) for step in json.loads(done.stdout)["steps"]] == [("ingest", "cached"), ("Left_side", "finished")]  # fmt: skip
    assert (steps / "left.txt").read_text() == "x"


def test_a_step_that_is_called_like_a_word_of_gitlabs_file_gets_another_name(files):
    jobs = yaml.safe_load(files["gitlab"].read_text())
    assert "cache" not in jobs
    assert jobs["step-cache"]["needs"] == ["ingest"]
    assert sorted(jobs["join"]["needs"]) == ["left-side", "step-cache"]


def test_groovy_reads_the_jenkinsfile(files, tmp_path):
    if (
        not shutil.which("groovy")
        or subprocess.run(["groovy", "--version"], check=False, capture_output=True).returncode
    ):
        pytest.skip("groovy is not installed (apt-get install groovy)")
    script = tmp_path / "parse.groovy"
    script.write_text(
        "import org.codehaus.groovy.control.*\n"
        "def unit = new CompilationUnit(); unit.addSource(new File(args[0])); unit.compile(Phases.CONVERSION)\n"
    )
    done = subprocess.run(["groovy", str(script), str(files["jenkins"])], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_jenkins_runs_steps_side_by_side_and_retries_inside_a_script(files):
    text = files["jenkins"].read_text()
    assert text.count("{") == text.count("}")
    side_by_side = text[text.index("parallel {") : text.index("stage('join')")]
    assert "stage('Left_side')" in side_by_side
    assert "stage('cache')" in side_by_side
    assert "retry(3)" in side_by_side
    assert "containsAll(['left-side', 'cache'])" in text


def test_the_container_is_pinned_and_has_no_root(project, plan):
    from dataclasses import replace

    from dockerfile_parse import DockerfileParser

    written = write(hand_over(replace(plan, packages={"pandas": "3.0.1", "Numpy": "2.3.0"}), "dockerfile"), project)
    names = [path.name for path in written]
    assert names == ["Dockerfile", "requirements.txt", ".dockerignore"]
    assert (project / "requirements.txt").read_text().splitlines()[1:] == ["Numpy==2.3.0", "pandas==3.0.1"]
    steps = [(one["instruction"], one["value"]) for one in DockerfileParser(str(project)).structure]
    assert ("FROM", f"python:{plan.python}-slim") in steps
    assert [value for word, value in steps if word == "USER"][-1] == "1000"
    assert not any(word == "RUN" for word, _ in steps[[word for word, _ in steps].index("USER") :])


def test_a_file_of_somebody_else_is_left_alone(project, plan):
    (project / "Jenkinsfile").write_text("// mine")
    with pytest.raises(UnwritableHandover, match="--force"):
        write(hand_over(plan, "jenkins"), project)
    assert (project / "Jenkinsfile").read_text() == "// mine"
    write(hand_over(plan, "jenkins"), project, force=True)
    assert (project / "Jenkinsfile").read_text() != "// mine"


def test_the_same_pipeline_gives_the_same_files(plan):
    for system in SYSTEMS:
        assert hand_over(plan, system) == hand_over(plan, system)


@pytest.mark.parametrize("name", ["Ünïcode", "1", "--", "a" * 200, "x/y\n\"';$(rm)"])
def test_every_name_becomes_one_that_kubernetes_takes(name):
    import re

    assert re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", slug(name))


def test_the_verb_prints_one_system_and_writes_several(steps):
    def shell(*words):
        command = [sys.executable, "-m", "nbledger.cli", "export", "pipeline", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert "kind: CronWorkflow" in shell("--argo").stdout
    done = shell(".", "--jenkins", "--gitlab", "-o", "out", "--json")
    assert sorted(Path(one).name for one in json.loads(done.stdout)["files"]) == [".gitlab-ci.yml", "Jenkinsfile"]
    refused = shell()
    assert refused.returncode == 2
    assert "--airflow" in refused.stderr
    assert not (steps / ".nbledger").exists()


EXAMPLES = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        (".github/workflows/pipeline.yml", ["vendor.github-workflows"]),
        (".github/workflows/ci.yml", ["vendor.github-workflows"]),
        ("docs/ci/.gitlab-ci.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
    ],
)
def test_the_examples_for_build_servers_fit_the_published_schemas(file, schema):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *schema, str(EXAMPLES / file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
