"""How a view shows itself: two outputs in a kernel, of which the static one follows; text in a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from html import unescape

import nbformat
import pytest
from nbconvert import HTMLExporter, MarkdownExporter

from nbledger.capture.namespace.sharing import is_atom, reach_of
from nbledger.figures import theme
from nbledger.fingerprint import fingerprint
from nbledger.widgets.figure_box import PLOTLY, FigureBox
from nbledger.widgets.view import View, notice_html
from tests.widgets.front_end import FrontEnd

pytestmark = pytest.mark.kernel

VIEW = """
from nbledger.widgets.view import View, unobserved
class Counter(View):
    count = 0
    def widget(self):
        import ipywidgets
        box = ipywidgets.VBox([ipywidgets.Button(description=word) for word in ("more", "refuse", "fail")])
        for button, action in zip(box.children, (self.more, self.refuse, self.fail)):
            button.on_click(self.handler(action))
        return box
    def more(self, _):
        self.count += 1
        self.changed()
    def refuse(self, _):
        import nbledger
        nbledger.open("nowhere").run("zzzz")
    def fail(self, _):
        raise ValueError("<b>not foreseen</b>")
    def html(self):
        return f"<p>count {self.count}</p><pre>one\\n\\n \\n*two*</pre>"
    def text(self):
        return f"count {self.count}"
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    front_end = FrontEnd(tmp_path_factory.mktemp("view"))
    assert front_end.run("%load_ext nbledger").error is None
    assert front_end.run(VIEW).error is None
    yield front_end
    front_end.stop()


@pytest.fixture
def front_end(started):
    started.models.clear()
    started.updates.clear()
    started.writes = 0
    return started


def test_the_widget_and_its_static_twin_are_two_outputs(front_end):
    widget, static = front_end.run("v = Counter()\nv").displays
    assert widget["application/vnd.jupyter.widget-view+json"]["model_id"] in front_end.models
    assert (widget["text/html"], widget["text/plain"]) == ("", "")
    assert static["text/plain"] == "count 0"
    assert "<p>count 0</p>" in static["text/html"]
    (hides,) = [one["value"] for one in front_end.models.values() if "display:none" in str(one.get("value", ""))]
    twin = static["text/html"].partition('class="nbl-static ')[2].partition('"')[0]
    assert f".{twin}" in hides


def test_the_static_twin_says_in_its_metadata_which_one_it_is(front_end):
    shown = front_end.run("v = Counter()\nv")
    mine = front_end.run("print(v.id)").stdout.strip()
    assert [one.get("nbledger") for one in shown.metadata] == [None, {"display_id": mine}]
    front_end.run("v.more(None)")
    assert list(front_end.updates) == [mine]


def test_what_changes_between_cells_is_in_the_static_twin_a_second_later_and_the_last_state_too(front_end):
    front_end.run("v = Counter()\nv")
    more = front_end.find("Button", description="more")
    begun = time.monotonic()
    for _ in range(20):
        front_end.click(more)
    front_end.wait_until(lambda: "count 20" in str(front_end.updates))
    assert front_end.writes <= 2 + time.monotonic() - begun  # one a second at most, and the last state


def test_what_a_cell_changes_is_written_when_it_ends(front_end):
    front_end.run("v = Counter()\nv")
    front_end.run("for _ in range(5): v.more(None)")
    assert [one["text/plain"] for one in front_end.updates.values()] == ["count 5"]


def test_a_view_that_was_never_shown_writes_nothing(front_end):
    done = front_end.run("v = Counter()\nv.more(None)")
    assert (done.displays, front_end.updates) == ([], {})


def test_a_change_from_another_thread_is_written_too(front_end):
    front_end.run("v = Counter()\nv")
    front_end.run("import threading\nthread = threading.Timer(0.3, lambda: v.more(None))\nthread.start()")
    front_end.wait_until(lambda: "count 1" in str(front_end.updates))


def test_a_refusal_is_one_calm_line_and_goes_with_the_next_success(front_end):
    front_end.run("v = Counter()\nv")
    buttons = {word: front_end.find("Button", description=word) for word in ("more", "refuse", "fail")}
    done = front_end.click(buttons["refuse"])
    assert (done.stdout, done.stderr, done.error) == ("", "", None)
    assert front_end.says("No run &#x27;zzzz&#x27; in the ledger")
    front_end.click(buttons["more"])
    assert not front_end.says("zzzz")
    front_end.click(buttons["fail"])
    assert front_end.says("unexpected: ValueError: &lt;b&gt;not foreseen&lt;/b&gt;")


def test_shown_twice_one_state_is_written_to_both(front_end):
    first = front_end.run("v = Counter()\nv").displays
    second = front_end.run("v").displays
    assert first[0] == second[0]
    mine = front_end.run("v.more(None)\nprint(v.id)").stdout.strip()
    assert front_end.updates[mine]["text/plain"] == "count 1"


def test_a_view_in_a_variable_is_not_walked_through_by_the_cells_that_use_it_and_a_widget_only_by_its_values():
    import ipywidgets

    box = ipywidgets.VBox([ipywidgets.Button() for _ in range(3)])
    reach = reach_of({"box": box})
    assert reach.bounded and len(reach.marks) < 200  # nothing of the front end behind it
    assert all(id(child) in reach.marks for child in box.children)
    assert fingerprint(box).exactness == "opaque"
    view = View()
    assert is_atom(view) and fingerprint([view]).hash == fingerprint([view]).hash


def test_a_notebook_that_is_executed_and_converted_has_the_static_form_once(tmp_path):
    (tmp_path / "pyproject.toml").touch()
    cells = [
        nbformat.v4.new_code_cell(code) for code in ("%load_ext nbledger", VIEW, "v = Counter()\nv", "v.more(None)")
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")

    command = [sys.executable, "-m", "jupyter", "nbconvert", "--execute", "--to", "notebook", "--inplace", "a.ipynb"]
    env = {**os.environ, "NBLEDGER_DIR": str(tmp_path)}
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env=env)
    assert "widgets" not in nbformat.read(tmp_path / "a.ipynb", 4).metadata  # its state would be in the file
    page, _ = HTMLExporter().from_filename(tmp_path / "a.ipynb")
    assert page.count("<p>count 1</p>") == 1  # the state at the end
    assert "count 0</p>" not in page
    assert "<pre>one\n\n \n*two*</pre>" in unescape(page)
    text, _ = MarkdownExporter().from_filename(tmp_path / "a.ipynb")
    assert text.count("count 1</p>") == 1
    (block,) = [one for one in re.split(r"\n\s*\n", text) if "count 1</p>" in one]
    assert block.lstrip().startswith("<div") and block.rstrip().endswith(
        "</div>"
    )  # one block of HTML, nothing of it Markdown


def test_a_notice_is_escaped_and_announced():
    assert "&lt;script&gt;" in notice_html("<script>") and 'role="status"' in notice_html("")


def test_a_figure_is_drawn_once_with_its_words_beside_it():
    box = FigureBox(label="a figure")
    output, words = box.widget.children
    seen = []
    output.observe(seen.append, "outputs")
    figure = theme.described(theme.new_figure("t", "", height=200), "What <b> it shows.")
    for _ in range(3):
        box.show(figure)
    assert len(seen) == 1
    (shown,) = output.outputs
    assert shown["data"]["text/plain"] == "What <b> it shows."
    assert shown["data"][PLOTLY]["config"] == theme.CONFIG
    assert "What &lt;b&gt; it shows." in words.value and 'role="img"' in words.value
    assert output.layout.min_height == "208px"  # the page does not jump while it is drawn
    box.clear()
    assert (output.outputs, words.value) == ((), "")
