"""A container for a pipeline's steps: pinned, and without root."""

from __future__ import annotations

from nbledger.pipeline.handover.jobs import PROJECT, Plan


def text(plan: Plan) -> str:
    """Return the Dockerfile. Where the environment was recorded it is what gets installed, version by version."""
    installs = (
        ["COPY requirements.txt /tmp/requirements.txt", "RUN pip install --no-cache-dir -r /tmp/requirements.txt"]
        if plan.packages
        else ["RUN pip install --no-cache-dir nbledger"]
    )
    lines = [
        f"# A container for the steps of {plan.name}, made by `nbledger export pipeline --dockerfile`.",
        f"#   docker build -t {plan.image} .",
        f'#   docker run --rm -v "$PWD:{PROJECT}" --user "$(id -u):$(id -g)" {plan.image} pipeline run {plan.place}',
        f"FROM python:{plan.python}-slim",
        "",
        "ENV PYTHONUNBUFFERED=1 HOME=/home/nbledger",
        "# libgomp: scikit-learn, XGBoost and LightGBM compute with it.",
        "RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*",
        *installs,
        "",
        "RUN useradd --create-home --uid 1000 nbledger && chmod 777 /home/nbledger",
        f"COPY --chown=nbledger . {PROJECT}",
        "USER 1000",
        f"WORKDIR {PROJECT}",
        'ENTRYPOINT ["nbledger"]',
        f'CMD ["pipeline", "run", {_json(plan.place)}]',
    ]
    return "\n".join(lines) + "\n"


def _json(word: str) -> str:
    import json

    return json.dumps(word)
