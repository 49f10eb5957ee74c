"""How smoothly the sidebar scrolls over 100,000 runs, and what the extension costs at start: by the browser's own trace.

    python tests/benchmarks/bench_sidebar.py [RUNS | PROJECT]

A folder with a ledger that is there already is copied instead of filling a new one. A real Chromium scrolls the table by
its own gestures, with one step in each frame: slowly, fast, and by jumps of fifty rows. The trace tells when each frame was drawn, without a
screen and without a graphics card, and how much processor time each frame took on the page's main thread (that of other
processes does not count in it; a frame has 16.7 ms). A plain list without a script, scrolled in the same way, says what this
machine can do at all. The start is what the browser's profiler counts below the plugins' `activate`, on the second visit
(on the first one whoever comes first pays for compiling JupyterLab's own modules).
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

#: What the browser can do at all: rows without a script.
PLAIN = (
    "<div style='width: 245px; height: 700px; overflow: auto; font: 13px sans-serif'>"
    + "".join(f"<div style='height: 24px'>run {index} <b>0.9{index % 1000:03}</b></div>" for index in range(5000))
    + "</div>"
)
#: Microseconds between two samples of the profiler.
SAMPLING = 200


def activation(page: Any, action: Callable[[], object]) -> float:
    """Return the milliseconds that all plugins of the extension spent in `activate` during an action."""
    session = page.context.new_cdp_session(page)
    session.send("Profiler.enable")
    session.send("Profiler.setSamplingInterval", {"interval": SAMPLING})
    session.send("Profiler.start")
    action()
    profile = session.send("Profiler.stop")["profile"]
    session.detach()
    nodes = {node["id"]: node for node in profile["nodes"]}
    below: set[int] = set()
    pending = [(profile["nodes"][0]["id"], False)]
    while pending:
        id, inside = pending.pop()
        frame = nodes[id]["callFrame"]
        inside = inside or ("/extensions/nbledger/" in frame["url"] and frame["functionName"] == "activate")
        if inside:
            below.add(id)
        pending.extend((child, inside) for child in nodes[id].get("children", ()))
    spent = zip(profile["samples"], profile["timeDeltas"], strict=True)
    return sum(delta / 1000 for id, delta in spent if id in below)


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
                page = context.new_page()
                server.open(page, "many/churn.ipynb")
                cost = activation(page, lambda: server.open(page, "many/churn.ipynb"))
                print(f"activation of all plugins: {cost:.1f} ms", flush=True)
                run_command(page, "nbledger:show-runs")
                page.wait_for_selector("#nbledger-sidebar .jp-nbledger-Runs-row[data-run]")
                page.wait_for_timeout(1500)
                box = page.locator("#nbledger-sidebar .jp-nbledger-Runs-scroller").bounding_box()
                for what, speed in (("slow", 800), ("fast", 8000), ("jumps", 80_000)):
                    figures = frames(page, box["x"] + 100, speed)
                    print(
                        f"{what:6} {json.dumps({name: round(figure, 1) for name, figure in figures.items()})}",
                        flush=True,
                    )
                page.set_content(PLAIN)
                print(
                    f"plain  {json.dumps({name: round(figure, 1) for name, figure in frames(page, 100, 800).items()})}"
                )
                context.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
