"""How smoothly the sidebar scrolls over 100,000 runs, and what the extension costs at start: by the browser's own trace.

    python tests/benchmarks/bench_sidebar.py [RUNS | PROJECT]

A folder with a ledger that is there already is copied instead of filling a new one. A real Chromium scrolls the table by
its own gestures, with one step in each frame: slowly, fast, and by jumps of fifty rows. The trace tells when each frame was
drawn, without a screen and without a graphics card, and how much processor time each frame took on the page's main thread
(that of other processes does not count in it; a frame has 16.7 ms). An empty page without a script, scrolled in the same way
in the same rounds, says what this browser can do at all: without a screen its own pace is a little below 60. The figures are
medians of the rounds.

The start is measured on visits after the first two, when the browser has compiled and kept all scripts. The clock of the page is
read around the evaluation of the entry module and around each plugin's `activate`; the trace tells how much processor time
the browser took to run our scripts. A script's end may run what waited for it, so the parts overlap and their sum is an upper
bound. Whoever is first to need a module of JupyterLab's pays for its evaluation: that is counted here too.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from playwright.sync_api import sync_playwright

from tests.browser.driving import CHROMIUM, FLAGS, Server, run_command, write_notebook
from tests.browser.filling import fill

#: Seconds of one scroll.
SECONDS = 5
#: A frame may come that much later than a sixtieth of a second after the one before and still be in time.
LATE = 1.5 / 60
CATEGORIES = "__metadata,toplevel,devtools.timeline,disabled-by-default-devtools.timeline.frame"

#: What the browser can do at all: a page that is nothing but high, with lines to draw.
PLAIN = (
    "<div style='width: 245px; height: 700px; overflow: auto'><div style='height: 600000px; "
    "background: repeating-linear-gradient(#fff 0 23px, #ccc 23px 24px)'></div></div>"
)
#: Part of the addresses of our scripts.
OURS = "/extensions/nbledger/"
#: Milliseconds that the extension may take of the start.
START_LIMIT = 50.0
#: Visits that count, and rounds of scrolling.
VISITS, ROUNDS = 5, 3
#: Pixels a second.
SPEEDS = (("slow", 800), ("fast", 8000), ("jumps", 80_000))


#: Reads the clock around our entry module and around each plugin's `activate`.
WATCHED = """() => {
  const spent = { init: 0, evaluation: 0, plugins: {} };
  window.nbledgerSpent = spent;
  const timed = (call, keep) => {
    const before = performance.now();
    try { return call(); } finally { keep(performance.now() - before); }
  };
  const watched = plugin => ({
    ...plugin,
    activate: (...args) => timed(() => plugin.activate(...args), took => { spent.plugins[plugin.id] = took; })
  });
  const container = inner => ({
    init: scope => timed(() => inner.init(scope), took => { spent.init += took; }),
    get: async name => {
      const factory = await inner.get(name);
      return () => {
        const made = timed(factory, took => { spent.evaluation += took; });
        return Array.isArray(made.default) ? { __esModule: true, default: made.default.map(watched) } : made;
      };
    }
  });
  window._JUPYTERLAB = new Proxy({}, {
    set: (target, name, value) => {
      target[name] = name === 'nbledger' ? container(value) : value;
      return true;
    }
  });
}"""


def start(page: Any, action: Callable[[], object]) -> dict[str, float]:
    """Return what the extension took of an action that starts JupyterLab, in milliseconds."""
    session = page.context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    done: list[bool] = []
    session.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    session.on("Tracing.tracingComplete", lambda _: done.append(True))
    session.send("Tracing.start", {"categories": "devtools.timeline", "transferMode": "ReportEvents"})
    action()
    session.send("Tracing.end")
    while not done:
        page.wait_for_timeout(50)
    session.detach()
    scripts = [
        event["tdur"] / 1000
        for event in events
        if event["name"] == "EvaluateScript" and OURS in event.get("args", {}).get("data", {}).get("url", "")
    ]
    spent = page.evaluate("() => window.nbledgerSpent")
    figures = {
        "scripts": sum(scripts),
        "entry module": spent["init"] + spent["evaluation"],
        "activate": sum(spent["plugins"].values()),
    }
    figures["all of it"] = sum(figures.values())
    return figures


def frames(page: Any, x: float, speed: int) -> dict[str, float]:
    """Let the browser itself scroll for some seconds, so many pixels a second, and return what the trace says of the frames."""
    session = page.context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    done: list[bool] = []
    session.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    session.on("Tracing.tracingComplete", lambda _: done.append(True))
    session.send("Tracing.start", {"categories": CATEGORIES, "transferMode": "ReportEvents"})
    session.send(
        "Input.synthesizeScrollGesture",
        {
            "x": x,
            "y": 400,
            "yDistance": -speed * SECONDS,
            "speed": speed,
            "gestureSourceType": "mouse",
        },
    )
    session.send("Tracing.end")
    while not done:
        page.wait_for_timeout(50)
    drawn = sorted(event["ts"] / 1e6 for event in events if event["name"] == "DrawFrame")
    dropped = sum(event["name"] == "DroppedFrame" for event in events)
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event["tdur"] / 1000
        for event in events
        if event["name"] == "ThreadControllerImpl::RunTask"
        and event.get("tdur")
        and (event["pid"], event["tid"]) in main
    ]
    gaps = [later - earlier for earlier, later in itertools.pairwise(drawn)]
    return {
        "frames per second": (len(drawn) - 1) / (drawn[-1] - drawn[0]) if len(drawn) > 1 else 0.0,
        "median gap (ms)": 1000 * statistics.median(gaps) if gaps else 0.0,
        "late frames (%)": 100 * sum(gap > LATE for gap in gaps) / max(len(gaps), 1),
        "dropped": dropped,
        "main thread per frame (ms)": sum(tasks) / max(len(drawn), 1),
        "longest task (ms)": max(tasks, default=0.0),
    }


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {name: round(statistics.median(one[name] for one in rounds), 1) for name in rounds[0]}


def measure_start(page: Any, visit: Callable[[], object]) -> None:
    """Print what the extension costs at start."""
    page.add_init_script(f"({WATCHED})()")
    visit()
    visit()
    rounds = [start(page, visit) for _ in range(VISITS)]
    print(
        f"start (ms; limit {START_LIMIT:.0f} for all of it; load {os.getloadavg()[0]:.1f})", json.dumps(medians(rounds))
    )
    print("  each visit, all of it:", [round(one["all of it"], 1) for one in rounds])
    print("  plugins:", {name: round(took, 1) for name, took in page.evaluate("() => nbledgerSpent.plugins").items()})
    sys.stdout.flush()


def measure_frames(page: Any, plain: Any) -> None:
    """Print how the open table scrolls at each speed, and beside it a page that only scrolls."""
    box = page.locator("#nbledger-sidebar .jp-nbledger-Runs-scroller").bounding_box()
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(ROUNDS):
        for what, speed in SPEEDS:
            plain.bring_to_front()
            plain.set_content(PLAIN)
            found.setdefault(f"plain, {what}", []).append(frames(plain, 100, speed))
            page.bring_to_front()
            page.evaluate(
                "() => { document.querySelector('#nbledger-sidebar .jp-nbledger-Runs-scroller').scrollTop = 0; }"
            )
            page.wait_for_timeout(700)
            found.setdefault(what, []).append(frames(page, box["x"] + 100, speed))
    for what, _ in SPEEDS:
        table, alone = medians(found[what]), medians(found[f"plain, {what}"])
        ratio = table["frames per second"] / max(alone["frames per second"], 0.1)
        each = sorted(round(one["frames per second"], 1) for one in found[what])
        print(f"{what:6} {ratio:.3f} of the plain page's frames; rounds {each}; load {os.getloadavg()[0]:.1f}")
        print(f"       table {json.dumps(table)}")
        print(f"       plain {json.dumps(alone)}", flush=True)


def main() -> None:
    """Print the figures."""
    given = sys.argv[1] if len(sys.argv) > 1 else "100000"
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        if given.isdigit():
            fill(server.root / "many", int(given))
        else:
            shutil.copytree(given, server.root / "many")
        write_notebook(server.root / "many" / "churn.ipynb", "1 + 1")
        server.start()
        try:
            with sync_playwright() as playwright:
                context = playwright.chromium.launch_persistent_context(
                    os.path.join(folder, "chromium"),
                    executable_path=CHROMIUM,
                    args=FLAGS,
                    viewport={"width": 1400, "height": 900},
                )
                page, plain = context.new_page(), context.new_page()
                page.bring_to_front()
                measure_start(page, lambda: server.open(page, "many/churn.ipynb"))
                run_command(page, "nbledger:show-runs")
                page.wait_for_selector("#nbledger-sidebar .jp-nbledger-Runs-row[data-run]")
                page.wait_for_timeout(1500)
                measure_frames(page, plain)
                context.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
