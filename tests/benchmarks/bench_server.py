"""How long the REST interface takes to answer at 100,000 runs, over HTTP from a real Jupyter Server; and to wake who waits.

    python tests/benchmarks/bench_server.py [RUNS]

Measured at the client: the median of 20 requests on one connection, and the first one. The target is 50 ms for the
first page.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).parents[2]))

from nbledger.ledger import Ledger
from tests.benchmarks.bench_ledger import fill

TARGETS = {"first page": 50.0}


class Server:
    """A Jupyter Server with nothing but the extension, and one connection to it."""

    def __init__(self, root: Path, home: Path) -> None:
        environment = {**os.environ, "HOME": str(home), "JUPYTER_NO_CONFIG": "1", "JUPYTER_RUNTIME_DIR": str(home)}
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyter_server", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root",
                "--IdentityProvider.token=secret", f"--ServerApp.root_dir={root}", "--ServerApp.log_level=ERROR",
                "--ServerApp.jpserver_extensions={'nbledger_lab': True, 'jupyter_server_terminals': False}",
            ],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while not (found := list(home.glob("jpserver-*.json"))) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        self.url = json.loads(found[0].read_text())["url"] + "nbledger/api/"
        self.session = requests.Session()
        self.session.headers["Authorization"] = "token secret"

    def ask(self, route: str, **params: Any) -> Any:
        answer = self.session.get(self.url + route, params=params, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def stop(self) -> None:
        self.session.close()
        self.process.terminate()
        self.process.wait(30)


def timed(action: Any, times: int = 20) -> tuple[float, float]:
    """Return the first time and the median of the others, in milliseconds."""
    found = []
    for _ in range(times + 1):
        began = time.perf_counter()
        action()
        found.append((time.perf_counter() - began) * 1000)
    return found[0], statistics.median(found[1:])


def woken(server: Server, ledger: Ledger, run: str) -> float:
    """Return how long after a write in another process whoever waits is told, in milliseconds."""
    delays = []
    for turn in range(5):
        now = server.ask("changes")["now"]
        waiting = threading.Thread(target=_wait, args=(server.url, now))
        waiting.start()
        time.sleep(0.6)
        began = time.perf_counter()
        ledger.tag(run, "turn", str(turn))
        waiting.join(30)
        delays.append((time.perf_counter() - began) * 1000)
    return statistics.median(delays)


def _wait(url: str, now: str) -> None:
    requests.get(
        f"{url}changes", params={"since": now, "wait": 20}, headers={"Authorization": "token secret"}, timeout=60
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as home:
        root = Path(folder)
        ledger = Ledger.open(root)
        fill(ledger, count)
        run = ledger.runs(limit=1)[0]
        metric, param = next(iter(run.metrics)), next(iter(run.params))
        server = Server(root, Path(home))
        try:
            print(f"{count:,} runs; milliseconds at the client: the first request, then the median of 20")
            for what, route, params in (
                ("empty request (figures)", "figures", {}),
                ("about", "about", {}),
                ("first page", "runs", {"limit": 50}),
                ("first page of 500", "runs", {"limit": 500}),
                (
                    "first page of an experiment",
                    "runs",
                    {"limit": 50, "scope": "experiment", "experiment": run.experiment},
                ),
                ("sorted by a metric", "runs", {"limit": 50, "order_by": f"metrics.{metric} desc"}),
                ("filtered", "runs", {"limit": 50, "filter": f"metrics.{metric} > 0.5"}),
                ("a page in the middle", "runs", {"limit": 50, "offset": count // 2}),
                ("the last page", "runs", {"limit": 50, "offset": count - 50}),
                ("columns of the ledger", "columns", {}),
                ("columns of an experiment", "columns", {"scope": "experiment", "experiment": run.experiment}),
                ("one run", f"runs/{run.id}", {}),
                ("compare 5 runs", "compare", {"run": [one.id for one in ledger.runs(limit=5)]}),
                ("scatter of 1,000 of them", "figures/scatter", {"x": f"params.{param}", "y": f"metrics.{metric}"}),
            ):
                first, median = timed(lambda route=route, params=params: server.ask(route, **params))
                target = TARGETS.get(what)
                mark = "" if target is None else f"  target {target:.0f}: {'held' if median < target else 'MISSED'}"
                print(f"  {what:30} {first:8.1f} {median:8.1f}{mark}")

            def changed_page() -> None:
                ledger.tag(run.id, "x", str(time.time()))
                server.ask("runs", limit=50)

            first, median = timed(changed_page)
            print(f"  {'first page after each write':30} {first:8.1f} {median:8.1f}  (the write included)")
            print(f"  woken after a write            {woken(server, ledger, run.id):17.1f}")
        finally:
            server.stop()
            ledger.close()


if __name__ == "__main__":
    main()
