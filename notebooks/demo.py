"""The demo: one real notebook run with several param sets, compared, the winner promoted and used; then a pipeline.

Every line that begins with `$` is a command that is run just so, in the folder `demo/`, which is a little project of
its own with its own ledger. Run it as often as you like: each time adds runs.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "demo"
CHOICES = (
    {"model": "logistic", "C": "0.01"},
    {"model": "logistic", "C": "1.0"},
    {"model": "logistic", "C": "100.0"},
    {"model": "forest", "max_depth": "3"},
    {"model": "forest", "max_depth": "12"},
)


def main() -> None:
    """Run the demo and say what happened and where to look."""
    started = time.monotonic()
    DEMO.mkdir(exist_ok=True)
    for notebook in HERE.glob("*.ipynb"):
        copy = DEMO / notebook.name
        if not copy.exists() or copy.stat().st_mtime < notebook.stat().st_mtime:  # keep what you tried in Lab
            shutil.copy(notebook, copy)
    if not (DEMO / "pipeline").exists():
        shutil.copytree(HERE / "pipeline", DEMO / "pipeline", ignore=shutil.ignore_patterns("data", ".*"))
    say(f"A little project in {DEMO.name}/: train.ipynb, quickstart.ipynb, a pipeline and a ledger")
    nbledger("init")

    say(f"The notebook, run by papermill with {len(CHOICES)} param sets; its tracked cell goes into the ledger")
    for choice in CHOICES:
        options = [word for name, value in choice.items() for word in ("-p", name, value)]
        nbledger("run", "train.ipynb", *options, "-e", "demo", "--no-cache")

    say("The runs compared: what differs, and the metrics, judged on the same test data")
    nbledger("compare", "-e", "demo", "--limit", str(len(CHOICES)))

    say("The best by f1 is promoted if the gates let it: its model becomes a version, and @champion moves to it")
    gates = ("--gate", "f1 >= 0.9", "--gate", "no-leakage")
    nbledger("promote", "cancer", "--best", "metrics.f1", "-e", "demo", "--alias", "champion", *gates)
    nbledger("models", "cancer")

    say("What made the champion: the cells behind it, drawn from its lineage")
    nbledger("why", "models:/cancer@champion", "--graph")

    say("Does it come out again? These cells alone, in a fresh kernel, compared by content")
    nbledger("reproduce", "models:/cancer@champion", "--no-progress")

    say("The champion, loaded back through the registry by its content hash, predicts")
    predict()

    say("The same as a pipeline: small notebooks in the order of what they read and write, checked, judged, promoted")
    nbledger("pipeline", "run", "pipeline")
    say("Nothing changed, so nothing would run again; of a param only what it reaches")
    nbledger("pipeline", "plan", "pipeline", "-p", "train.C", "0.1")
    say("The audit of all promotions and every stored object are checked")
    nbledger("verify")
    versions = json.loads(output("models", "cancer", "--json"))["versions"]
    winner = next(version["run"][:8] for version in versions if "champion" in version["aliases"])
    say(f"Done in {time.monotonic() - started:.0f} s. Where to look")
    print(f"""  the ledger        {DEMO.name}/.nbledger (SQLite and the stored objects)
  the runs          cd {DEMO.name} && ../.venv/bin/nbledger runs
  the winner        cd {DEMO.name} && ../.venv/bin/nbledger show {winner}
  the pipeline      cd {DEMO.name} && ../.venv/bin/nbledger pipeline status pipeline
  its model card    cd {DEMO.name} && ../.venv/bin/nbledger card tumour -o card.html
  the notebooks     .venv/bin/jupyter lab {DEMO.name}/quickstart.ipynb
  again             make demo (adds runs; remove {DEMO.name}/ to begin anew)""")


def predict() -> None:
    """Load the champion and let it judge three tumours, malignant or not."""
    from sklearn.datasets import load_breast_cancer

    import nbledger as package

    measurements, benign = load_breast_cancer(return_X_y=True, as_frame=True)
    print("$ python -c 'nbledger.open().load(\"models:/cancer@champion\").predict(...)'")
    champion = package.open(DEMO / ".nbledger").load("models:/cancer@champion")
    rows = [0, 19, 50]
    for row, answer in zip(rows, champion.predict(measurements.iloc[rows]), strict=True):
        truth = "benign" if benign[row] else "malignant"
        print(f"  tumour {row:>3}: predicted {'malignant' if answer else 'benign':<10} it was {truth}")


def nbledger(*args: str) -> None:
    """Show one command and run it in the demo's folder; stop when it fails."""
    print(f"$ nbledger {shlex.join(args)}", flush=True)
    done = subprocess.run(command(args), cwd=DEMO, env=environment(), check=False)
    if done.returncode:
        sys.exit(f"demo: the command above failed with exit code {done.returncode}")
    print(flush=True)


def output(*args: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command(args), cwd=DEMO, env=environment(), check=True, capture_output=True, text=True).stdout


def command(args: tuple[str, ...]) -> list[str]:
    """Return the command line: this interpreter's nbledger."""
    return [sys.executable, "-m", "nbledger.cli", *args]


def environment() -> dict[str, str]:
    """Return the environment without another ledger's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NBLEDGER_")}


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}\n", flush=True)


if __name__ == "__main__":
    main()
