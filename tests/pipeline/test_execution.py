"""What a cell shows and how it ends is what nbclient makes of it; the file is what nbformat writes."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from nbledger.pipeline.execute import NotebookFailed, run_notebook
from nbledger.pipeline.execution import coalesced
from nbledger.pipeline.notebook_text import notebook_text

CELLS = (
    "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('more', end='')",
    "from IPython.display import HTML, clear_output, display, update_display\ndisplay(HTML('<b>1</b>'), display_id='a')",
    "print('gone')\nclear_output()\nprint('kept')",
    "print('gone late')\nclear_output(wait=True)\nprint('kept')",
    "update_display(HTML('<b>2</b>'), display_id='a')",
    "x = {'a': [1, 'ä\\u2028']}\nx",
    "print('x' * 200_000)",
    "%%capture caught\nprint('nobody sees this')",
    "import ipywidgets\nout = ipywidgets.Output()\nwith out:\n    print('inside')\nout",
    "input('name? ')",
    "print('before')\n1 / 0",
    "",
    "import warnings\nwarnings.warn('careful')",
    "for at in range(300):\n    print(at, flush=True)",
)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def notebook():
    """A notebook whose cells show all there is to show; those that fail may."""
    cells = [new_code_cell(source, metadata={"tags": ["raises-exception"]}) for source in CELLS]
    return new_notebook(cells=[new_markdown_cell("# A title"), *cells], metadata={"kernelspec": KERNEL})


def by_nbclient():
    """The notebook as bare nbclient executes it, whose socket rarely misses that a message has come: it has two tries."""
    try:
        return NotebookClient(notebook(), kernel_name="python3", timeout=60).execute()
    except CellTimeoutError:
        return NotebookClient(notebook(), kernel_name="python3", timeout=60).execute()


def shown(nb):
    """What the cells of a notebook show, each stream's text as one where the kernel sent it in pieces."""
    found = []
    for cell in nb.cells:
        outputs = []
        for output in json.loads(json.dumps(cell.get("outputs", []))):
            if output["output_type"] == "stream" and outputs and outputs[-1].get("name") == output["name"]:
                outputs[-1]["text"] += output["text"]
            else:
                outputs.append(output)
            for data in (output.get("data", {}), output):
                data.pop("application/vnd.jupyter.widget-view+json", None)
                data.pop("traceback", None)
        found.append((cell.get("execution_count"), outputs))
    return found


@pytest.mark.kernel
@pytest.mark.parametrize("fresh", [True, False])
def test_cells_show_and_fail_as_by_nbclient(fresh_ledger, project, fresh):
    nbformat.write(notebook(), project / "all.ipynb")
    theirs = by_nbclient()
    with pytest.raises(NotebookFailed) as failed:  # papermill's rule, when all cells have run
        run_notebook(project / "all.ipynb", ledger=fresh_ledger, progress=False, fresh=fresh)
    ours = nbformat.read(failed.value.output, as_version=4)
    ours.cells = [cell for cell in ours.cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", ())]
    for mine, other in zip(shown(ours), shown(theirs), strict=True):
        assert _without_paths(mine) == _without_paths(other)
    assert ours.metadata.get("widgets", {}).keys() == theirs.metadata.get("widgets", {}).keys()
    timed = [set(cell.metadata.get("execution", ())) for cell in ours.cells]
    assert timed == [set(cell.metadata.get("execution", ())) for cell in theirs.cells]


def _without_paths(found):
    """A warning names the file that the kernel has the cell in."""
    count, outputs = found
    return count, [output for output in outputs if "careful" not in str(output.get("text"))]


@pytest.mark.kernel
@pytest.mark.parametrize("fresh", [True, False])
def test_what_native_code_writes_is_shown_and_only_then_the_kernel_pauses(fresh_ledger, write_notebook, fresh):
    pause = "print(get_ipython().kernel._execute_sleep)"
    path = write_notebook("import os", pause, "os.write(1, b'native\\n'); None", "%unload_ext nbledger", pause)
    done = run_notebook(path, ledger=fresh_ledger, progress=False, fresh=fresh)
    cells = shown(nbformat.read(done.output, as_version=4))
    assert [outputs[0]["text"] for _, outputs in cells if outputs] in (
        ["0.0\n", "native\n", "0.0005\n"],
        ["0.0\n", "0.0005\n"],  # ipykernel reads what is written past it when its thread comes to it
    )


@pytest.mark.kernel
def test_a_stream_is_waited_for_only_where_something_was_written(fresh_ledger, write_notebook):
    count = (
        "import sys, time\nthread = sys.stdout.pub_thread\nsends, schedule = [], thread.schedule\n"
        "def counted(call):\n    sends.append(call)\n    schedule(call)\nthread.schedule = counted"
    )
    slow = "print('one', end='')\ntime.sleep(0.25)\nprint(' two', end='')\ntime.sleep(0.19)\nprint(' three')"
    path = write_notebook(count, "len(sends)", "len(sends)", slow, "len(sends)", "%unload_ext nbledger", "len(sends)")
    done = run_notebook(path, ledger=fresh_ledger, progress=False, fresh=False)
    told = [outputs for _, outputs in shown(nbformat.read(done.output, as_version=4)) if outputs]
    assert told[2][0]["text"] == "one two three\n"
    counts = [int(outputs[0]["data"]["text/plain"]) for outputs in told if "data" in outputs[0]]
    assert counts[1] - counts[0] == 4  # busy, the cell, its result, idle
    assert counts[3] - counts[2] > 12  # each flush, too


def test_streams_are_one_each_as_a_terminal_shows_them():
    outputs = [
        new_output("stream", name="stderr", text="careful\n"),
        new_output("stream", name="stdout", text="10%\r50%"),
        new_output("display_data", data={"text/plain": "x"}),
        new_output("stream", name="stdout", text="\r100%\nab\b\bcd\n"),
    ]
    found = coalesced(outputs)
    assert [(one["output_type"], one.get("name"), one.get("text")) for one in found] == [
        ("stream", "stdout", "100%\ncd\n"),
        ("stream", "stderr", "careful\n"),
        ("display_data", None, None),
    ]


def test_a_notebooks_file_is_what_nbformat_writes():
    odd = new_code_cell(
        "a = 1\nb = 'ä \U0001f600 \\u2028'\r\n\x00",
        outputs=[
            new_output("stream", text="one\ntwo\x85three"),
            new_output("error", ename="E", evalue="e", traceback=["a", "b\nc"]),
            new_output(
                "display_data",
                data={"text/html": "<b>\n</b>", "image/svg+xml": "a\nb", "image/png": "aGk=\n", "application/json": {}},
                metadata={"image/png": {"width": 1.5}},
            ),
        ],
        metadata={"trusted": True, "tags": [], "x": {"nan": float("nan"), "none": None, "big": 10**20, "1": [[], {}]}},
    )
    words = new_markdown_cell("see ![a](attachment:a.png)", attachments={"a.png": {"text/plain": "a\nb"}})
    nb = new_notebook(cells=[odd, words, new_code_cell("")], metadata={"signature": "x", "orig_nbformat": 2, "b": 1})
    found = [nb, notebook(), new_notebook()]
    found += [nbformat.read(path, as_version=4) for path in Path("notebooks").rglob("*.ipynb")]
    for one in found:
        assert notebook_text(one) == nbformat.v4.writes(one)
