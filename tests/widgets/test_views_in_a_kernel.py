"""The views of lineage, data, registry and live runs in a real kernel, clicked and typed in by their comm messages."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.widgets.front_end import FrontEnd

pytestmark = pytest.mark.kernel

XSS = "<img src=x onerror=alert(1)>"
FILE = """
import numpy as np
import pandas as pd
with open("people.csv", "w") as file:
    file.write("age,c<b>\\n" + "\\n".join(f"{a},{a % 2}" for a in range(60)))
"""
TRAIN = """%%track "{name}" --quiet
model = DecisionTreeClassifier(max_depth={depth}).fit(df[["{column}"]], df.old)
accuracy = accuracy_score(df.old, model.predict(df[["{column}"]]))
"""
PROMOTE = """
import nbledger
from nbledger.registry import promote
ledger = nbledger.open()
for name in ("two", "one <img src=x onerror=alert(1)>"):
    run = next(one for one in ledger.runs(tracked=True) if one.name == name)
    promote(ledger, "churn", run, alias="champion", gates=["accuracy >= 0.4"], who="ada", reason="agreed " + name)
"""
CELLS = (
    FILE.strip(),
    'df = pd.read_csv("people.csv")',
    'df["old"] = df.age > 30',
    "from sklearn.tree import DecisionTreeClassifier\nfrom sklearn.metrics import accuracy_score",
    TRAIN.format(name=f"one {XSS}", depth=1, column="age"),
    TRAIN.format(name="two", depth=2, column="c<b>"),
    PROMOTE,
)


@pytest.fixture(scope="module")
def front_end(tmp_path_factory):
    """A notebook that has trained twice and promoted."""
    folder = tmp_path_factory.mktemp("views")
    (folder / "pyproject.toml").touch()
    started = FrontEnd(folder)
    for code in ("%load_ext nbledger", *CELLS):
        done = started.run(code)
        assert done.error is None, done.traceback
    yield started
    started.stop()


def shown(front_end, magic):
    """Run a magic and return its static forms; the widget's models are the only ones that are known then."""
    front_end.models.clear()
    done = front_end.run(magic)
    assert done.error is None, done.traceback
    widget, static = done.displays
    assert "application/vnd.jupyter.widget-view+json" in widget
    assert "<script" not in static["text/html"]
    assert XSS not in static["text/html"]
    for model in front_end.models.values():
        assert XSS not in str(model.get("value")) if model.get("_model_name") == "HTMLModel" else True
    return static


# -- lineage --------------------------------------------------------------------------------------------------------


def test_a_node_of_the_lineage_is_a_button_that_shows_the_cell_as_executed(front_end):
    static = shown(front_end, "%ledger lineage df --why")
    assert "df[&quot;old&quot;] = df.age &gt; 30" in static["text/html"]
    assert "variable df: " in static["text/plain"]
    node = front_end.find("Button", tooltip='cell [3] df = pd.read_csv("people.csv")')
    front_end.click(node)
    assert "<pre" in front_end.html("<h4>cell [3]")
    assert "nbl-picked" in front_end.models[node]["_dom_classes"]


def test_the_lineage_is_searched_folded_and_asked_for_something_else(front_end):
    shown(front_end, "%ledger lineage accuracy")
    nodes = lambda: [m for m in front_end.models.values() if "nbl-node" in m.get("_dom_classes", ())]  # noqa: E731
    front_end.change(front_end.find("Text", description="Find"), value="read_csv")
    assert front_end.says("1 node with")
    assert front_end.says("<h4>cell [3]")
    canvas = front_end.find("GridBox")
    before = len(front_end.models[canvas]["children"])
    front_end.click(front_end.find("Button", description="Fold away what lies behind"))
    assert len(front_end.models[canvas]["children"]) < before
    front_end.change(front_end.find("ToggleButtons"), index=2)
    assert front_end.models[front_end.find("ToggleButtons")]["index"] == 2
    front_end.change(front_end.find("ToggleButtons"), index=0)
    front_end.click(front_end.find("Button", tooltip="file people.csv"))
    front_end.click(front_end.find("Button", description="Ask for this"))
    assert front_end.says("Lineage of version people.csv")
    assert len(nodes()) == len(front_end.models[canvas]["children"]) - 1  # what is shown no longer is gone


def test_what_nothing_is_called_is_refused_as_any_verb_refuses(front_end):
    done = front_end.run("%ledger lineage nosuch")
    assert done.displays == []
    assert "Nothing recorded is called" in done.traceback
    assert "Traceback" not in done.traceback


# -- data -----------------------------------------------------------------------------------------------------------


def test_data_shows_its_columns_and_the_figure_of_the_one_that_is_chosen(front_end):
    static = shown(front_end, "%ledger data df")
    assert "c&lt;b&gt;" in static["text/html"]
    assert "c<b>" in static["text/plain"]
    choose = front_end.find("Dropdown", description="Column")
    assert list(front_end.models[choose]["_options_labels"]) == ["age", "c<b>", "old"]
    front_end.change(choose, index=1)
    output = front_end.models[front_end.find("Output")]
    figure = output["outputs"][0]["data"]["application/vnd.plotly.v1+json"]
    assert figure["layout"]["title"]["text"] == "Distribution of c&lt;b&gt;"


def test_data_is_compared_with_a_version_that_it_had(front_end):
    shown(front_end, "%ledger data df")
    other = front_end.find("Dropdown", description="Compare with")
    assert len(front_end.models[other]["_options_labels"]) == 2
    front_end.change(other, index=1)
    assert "columns added: old" in front_end.html("what differs")
    front_end.wait_until(lambda: any("columns added: old" in one["text/plain"] for one in front_end.updates.values()))


# -- registry -------------------------------------------------------------------------------------------------------


def test_a_rollback_says_what_will_change_before_it_is_made(front_end):
    static = shown(front_end, "%ledger registry")
    assert "@champion is version 2" in static["text/html"]
    front_end.click(front_end.find("Button", description="Show what will change"))
    assert "@champion moves from version 2 to version 1." in front_end.html("Rolls back")
    confirm = front_end.find("Button", description="Roll back churn@champion to version 1")
    assert at(front_end) == {"champion": 2}
    front_end.click(front_end.find("Button", description="Cancel"))
    assert not front_end.says("Rolls back")
    front_end.click(front_end.find("Button", description="Show what will change"))
    front_end.change(front_end.find("Text", description="Reason"), value="it was better")
    front_end.click(confirm)
    assert front_end.says("Rolled back: churn@champion is version 1.")
    assert at(front_end) == {"champion": 1}
    assert "it was better" in front_end.run('print(ledger.alias_history("churn")[-1].reason)').stdout


def test_a_promotion_that_a_gate_refuses_cannot_be_confirmed(front_end):
    shown(front_end, "%ledger registry churn")
    gates = front_end.find("Textarea", description="Gates")
    assert front_end.models[gates]["value"] == "accuracy >= 0.4"
    front_end.change(front_end.find("Dropdown", description="Version"), index=0)
    front_end.change(gates, value="accuracy >= 1.5\nno-leakage")
    front_end.click(front_end.find("Button", description="Judge, and show what will change"))
    said = front_end.html("Refused")
    assert "accuracy = 1, wanted &gt;= 1.5" in said
    confirm = front_end.find("Button", button_style="warning")
    assert front_end.models[confirm]["disabled"]
    front_end.change(gates, value="no-such-gate")
    front_end.click(front_end.find("Button", description="Judge, and show what will change"))
    assert front_end.says("The gate &#x27;no-such-gate&#x27; cannot be used")
    assert at(front_end) == {"champion": 1}


def test_a_promotion_is_confirmed_only_against_what_was_shown(front_end):
    shown(front_end, "%ledger registry churn")
    front_end.change(front_end.find("Dropdown", description="Version"), index=0)
    front_end.click(front_end.find("Button", description="Judge, and show what will change"))
    assert "@champion moves from version 1 to version 2." in front_end.html("Promotes churn@champion")
    front_end.run('_ = promote(ledger, "churn", ledger.run(ledger.model_version("churn", 2).run), alias="champion")')
    front_end.click(front_end.find("Button", description="Promote churn@champion to version 2"))
    assert front_end.says("moved to version 2 while this promotion was judged against version 1")
    assert at(front_end) == {"champion": 2}


def at(front_end):
    """Where the aliases of the model stand."""
    return eval(front_end.run('print(ledger.aliases("churn"))').stdout)


# -- watch ----------------------------------------------------------------------------------------------------------

OTHER = """
import sys, time
import nbledger
with nbledger.start_run("from elsewhere", experiment="next door"):
    nbledger.metric("loss", 0.5)
    print("started", flush=True)
    sys.stdin.readline()
"""


def test_watch_follows_a_run_of_another_process_until_it_ends(front_end):
    begun = time.monotonic()
    shown(front_end, "%ledger watch")
    assert time.monotonic() - begun < 30  # the cell returns at once
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OTHER)],
        cwd=front_end.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout.readline() == "started\n"
        front_end.wait_until(lambda: front_end.says("from elsewhere") and front_end.says("1 running"))
        front_end.wait_until(lambda: any("1 running" in one["text/plain"] for one in front_end.updates.values()))
        other.communicate("\n", timeout=30)
    front_end.wait_until(lambda: front_end.says("nothing is running"))
    assert "finished" in front_end.html("from elsewhere")


SWEEP = """
import sys
sys.path.insert(0, sys.argv[1])
from nbledger.ledger import Ledger
from tests.pipeline.test_watching import sweep_under_way
sweep_under_way(Ledger.open("."))
sys.stdin.readline()
"""


def test_watch_draws_a_sweep_of_another_process_and_sees_that_it_was_killed(front_end):
    shown(front_end, "%ledger watch")
    root = str(Path(__file__).parents[2])
    with subprocess.Popen([sys.executable, "-c", SWEEP, root], cwd=front_end.folder, stdin=subprocess.PIPE) as other:
        front_end.wait_until(lambda: front_end.says("1 of 3 trials are over"))
        output = front_end.find("Output")
        front_end.wait_until(lambda: front_end.models[output]["outputs"])
        [drawn] = front_end.models[output]["outputs"]
        assert "Sweep: f1" in drawn["data"]["text/plain"]
        other.kill()
    front_end.wait_until(lambda: front_end.says("a.ipynb  interrupted"))


def test_watch_goes_on_while_a_cell_of_this_kernel_runs_and_records_nothing_of_its_own(front_end):
    shown(front_end, "%ledger watch")
    done = front_end.run(
        "import subprocess, sys\n"
        "code = 'import nbledger\\nwith nbledger.start_run(\"meanwhile\"): pass'\n"
        "_ = subprocess.run([sys.executable, '-c', code], check=True)\nimport time; time.sleep(1.5)"
    )
    assert done.error is None, done.traceback
    assert front_end.says("meanwhile")
    notes = front_end.run("print([e.name for e in ledger.used(ledger.runs()[1].id) if e.role == 'file'])")
    assert "ledger.db" not in notes.stdout


ALIVE = (
    "import threading; print(sum(t.name == 'nbledger' and '_follow' in repr(t._target) for t in threading.enumerate()))"
)


def test_watch_ends_when_its_cell_is_run_again_whatever_that_shows_now(front_end):
    front_end.run("%ledger watch", cell="watching")
    front_end.run("1 + 1", cell="another")
    front_end.run("2 + 2")
    assert front_end.run(ALIVE).stdout == "1\n"
    front_end.run("3 + 3", cell="watching")
    front_end.wait_until(lambda: front_end.run(ALIVE).stdout == "0\n")


def test_watch_ends_with_its_button_with_another_watch_and_when_it_is_closed(front_end):
    shown(front_end, "%ledger watch")
    shown(front_end, "%ledger watch")
    front_end.wait_until(lambda: front_end.run(ALIVE).stdout == "1\n")
    front_end.click(front_end.find("Button", description="Stop following"))
    front_end.wait_until(lambda: front_end.run(ALIVE).stdout == "0\n")
    front_end.click(front_end.find("Button", description="Follow again"))
    front_end.wait_until(lambda: front_end.run(ALIVE).stdout == "1\n")
    front_end.run("import ipywidgets; ipywidgets.Widget.close_all()")
    front_end.wait_until(lambda: front_end.run(ALIVE).stdout == "0\n")
