"""Which systems a pipeline can be handed over to, and the files that each gets."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from nbledger.errors import NBLedgerError
from nbledger.pipeline.handover.jobs import Plan

#: System to the file that it reads, relative to the project.
SYSTEMS: Mapping[str, str] = {
    "airflow": "dags/{id}.py",
    "kubeflow": "{id}.kubeflow.yaml",
    "argo": "{id}.argo.yaml",
    "github-actions": ".github/workflows/{id}.yml",
    "gitlab": ".gitlab-ci.yml",
    "jenkins": "Jenkinsfile",
    "dockerfile": "Dockerfile",
}


class UnwritableHandover(NBLedgerError):
    """A file was not written. Fields: path, why."""

    template = "{path} was not written: {why}"


def hand_over(plan: Plan, system: str) -> dict[str, str]:
    """Return the files that a system needs, by their usual path in the project; the first is the system's own.

    `system` is a key of `SYSTEMS`. Where the environment was recorded, `requirements.txt` pins it for the systems
    that install it.
    """
    module = import_module(f"nbledger.pipeline.handover.{system.replace('-', '_')}")
    text: Callable[[Plan], str] = module.text
    files = {SYSTEMS[system].format(id=plan.id): text(plan)}
    if plan.packages and system in ("github-actions", "gitlab", "jenkins", "dockerfile"):
        files["requirements.txt"] = requirements(plan)
    if system == "dockerfile":
        files[".dockerignore"] = ".git\n.nbledger\n.venv*\n**/__pycache__\n**/.ipynb_checkpoints\n"
    return files


def requirements(plan: Plan) -> str:
    """Return the recorded distributions as a requirements file."""
    lines = [f"{name}=={version}" for name, version in sorted(plan.packages.items(), key=lambda item: item[0].lower())]
    return f"# What {plan.name} last ran with, on Python {plan.python}.\n" + "\n".join(lines) + "\n"


def write(files: Mapping[str, str], folder: Path, *, force: bool = False) -> list[Path]:
    """Write files into a folder, each whole or not at all, and return where they are.

    A file that is there with other content is left alone unless `force`: nothing is written then. Raises
    `UnwritableHandover`.
    """
    places = {folder / name: text for name, text in files.items()}
    for path, text in places.items():
        if not force and path.exists() and path.read_text(encoding="utf-8", errors="replace") != text:
            raise UnwritableHandover(path=path, why="it is there already (--force writes it anew)")
    for path, text in places.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, text)
        except OSError as error:
            raise UnwritableHandover(path=path, why=error.strerror or str(error)) from None
    return list(places)


def _replace(path: Path, text: str) -> None:
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
