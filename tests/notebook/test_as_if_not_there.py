"""A tracked cell shows what it would show without nbledger, plus a card."""

from __future__ import annotations

import re

import pytest

from tests.notebook.conftest import CellOutput, Kernel

SETUP = """
import os, sys, threading, asyncio, warnings
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
def helper(model, X, y):
    return model.fit(X, y)
"""

CELLS = {
    "last expression": "x = 20\nx + 22",
    "no display after a semicolon": "x = 20\nx + 22;",
    "print": "print('out'); print('err', file=sys.stderr)",
    "top-level await": "await asyncio.sleep(0.01)\n'slept'",
    "async with and for": "async def numbers():\n    yield 1\n    yield 2\n[n async for n in numbers()]",
    "exception": "def f():\n    return 1 / 0\nf()",
    "exception in a fit": "LogisticRegression().fit([[1.0], [2.0]], [0])",
    "exception in a fit in a function": "helper(LogisticRegression(), [[1.0], [2.0]], [0])",
    "exception in a metric": "accuracy_score([1, 0], [1])",
    "chained exceptions": "try:\n    accuracy_score([1, 0], [1])\nexcept ValueError as e:\n    raise KeyError('k') from e",
    "exception group": "raise ExceptionGroup('both', [ValueError(1), TypeError(2)])",
    "caught and printed": "import traceback\ntry:\n    {}['k']\nexcept KeyError:\n    traceback.print_exc()",
    "syntax error": "x = 1\ny = = 2",
    "name error": "undefined_name",
    "sys.exit": "sys.exit(3)",
    "shell command": "!echo from the shell",
    "shell to a variable": "files = !echo one two\nfiles",
    "line magic": "%pwd\n%who_ls int",
    "bash cell": "%%bash\necho from bash",
    "capture": "%%capture out\nprint('hidden')",
    "nested display": "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'), {'text/plain': 't'}, raw=False)\n'last'",
    "thread": "t = threading.Thread(target=print, args=('threaded',))\nt.start(); t.join()",
    "warning": "warnings.warn('careful', stacklevel=1)",
    "stray backslash": "s = 'Income < \\$30k'\nclass Plot:\n    title = '\\d'\nPlot.title + s",
    "stray backslash in a timed line": "%timeit -q -n 1 -r 1 s = '\\d'",
    "suspicious syntax": "assert (1 is 1, 'always')",
    "underscore": "40 + 2\n_ if False else 'kept'",
    "empty body": "",
    "only a comment": "# nothing",
    "string that looks like a magic": "s = '''\n%%track not me\n'''\ns",
    "large output": "print('x' * 10_000_000)",
    "interrupt": "raise KeyboardInterrupt",
    "custom exception rendering": (
        "class Shown(Exception):\n    def _render_traceback_(self):\n        return ['rendered']\nraise Shown()"
    ),
}


def seen(output: CellOutput) -> dict[str, object]:
    """Return what a person sees, without what differs between any two kernels."""

    def plain(text: str) -> str:
        text = re.sub(
            r"In\[\d+\]|In \[\d+\]|ipykernel_\d+|Cell .*?\[\d+\]|/tmp/\S+|0x[0-9a-f]+|\b\d{5,}\.py", "#", text
        )
        return re.sub(r"line \d+\)|line:? \d+", "line #", text)

    displays = [data for data in output.displays if "application/vnd.nbledger.run+json" not in data]
    return {
        "stdout": plain(output.stdout),
        "stderr": plain(output.stderr),
        "result": output.result,
        "displays": displays,
        "error": (output.error["ename"], plain(output.error["evalue"])) if output.error else None,
        "traceback": plain(output.traceback),
    }


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory):
    """Two kernels, one with nbledger loaded."""
    bare, tracked = Kernel(tmp_path_factory.mktemp("bare")), Kernel(tmp_path_factory.mktemp("tracked"))
    tracked.run("%load_ext nbledger")
    bare.run("'in step'")
    for each in (bare, tracked):
        assert each.run(SETUP).error is None
    yield bare, tracked
    bare.stop()
    tracked.stop()


@pytest.mark.parametrize("name", CELLS)
def test_an_observed_cell_shows_what_it_shows_without_nbledger(pair: tuple[Kernel, Kernel], name: str) -> None:
    bare, tracked = pair
    assert seen(tracked.run(CELLS[name])) == seen(bare.run(CELLS[name]))


@pytest.mark.parametrize("name", CELLS)
def test_a_tracked_cell_shows_what_it_shows_without_nbledger_and_a_card(pair: tuple[Kernel, Kernel], name: str) -> None:
    bare, tracked = pair
    first_line = "# %%track\n" if not CELLS[name].startswith("%%") else ""
    expected = bare.run(first_line + CELLS[name])
    got = tracked.run("%%track\n" + CELLS[name])
    assert seen(got) == seen(expected)
    assert got.card is not None


def test_input_is_asked_for_in_a_tracked_cell(kernel: Kernel) -> None:
    output = kernel.run("%%track\nname = input('who? ')\nname", stdin="Ada")
    assert output.result == {"text/plain": "'Ada'"}


def test_time_inside_a_tracked_cell_still_times(kernel: Kernel) -> None:
    output = kernel.run("%%track timed\n%%time\nanswer = 6 * 7\nprint(answer)")
    assert "42" in output.stdout
    assert "Wall time" in output.stdout
    assert output.card is not None


def test_track_inside_another_cell_magic_is_found(kernel: Kernel) -> None:
    output = kernel.run("%%time\n%%track inner\nanswer = 6 * 7")
    assert output.card is not None
    assert output.card["application/vnd.nbledger.run+json"]["name"] == "inner"


def test_variables_are_the_same_objects_after_a_tracked_cell(kernel: Kernel) -> None:
    kernel.run("import sklearn.metrics\nbefore = id(sklearn.metrics.accuracy_score)\nkeep = [1, 2]; ident = id(keep)")
    kernel.run("%%track\nkeep.append(3)\nsklearn.metrics.accuracy_score([1, 0], keep[:2])")
    output = kernel.run("before == id(sklearn.metrics.accuracy_score), ident == id(keep), keep")
    assert output.result is not None
    assert output.result["text/plain"] == "(True, True, [1, 2, 3])"


def test_options_that_are_wrong_stop_the_cell_and_say_why(kernel: Kernel) -> None:
    output = kernel.run("%%track --modell clf\nran = True")
    assert "--modell" in output.stderr + output.traceback
    assert kernel.run("'ran' in dir()").result == {"text/plain": "False"}


def test_loading_twice_is_harmless(kernel: Kernel) -> None:
    kernel.run("%load_ext nbledger\n%reload_ext nbledger")
    output = kernel.run("%%track\n1 + 1")
    assert output.result == {"text/plain": "2"}
    assert len(output.displays) == 1


def test_unloading_leaves_nothing_behind(kernel: Kernel) -> None:
    kernel.run(SETUP)
    kernel.run("%%track\nm = LogisticRegression().fit([[1.0], [2.0]], [0, 1])")
    kernel.run("%unload_ext nbledger")
    output = kernel.run(
        "ip = get_ipython()\n"
        "left = [f for event in ip.events.callbacks.values() for f in event if 'nbledger' in str(f)]\n"
        "left += [f for f in ip.input_transformers_cleanup if 'nbledger' in f.__module__]\n"
        "left += [f for f in sys.meta_path if 'nbledger' in str(type(f))]\n"
        "left += [m for kind in ip.magics_manager.magics.values() for m in kind if m in ('track', 'ledger')]\n"
        "left += [n for n in (accuracy_score, LogisticRegression.fit) if 'nbledger' in n.__code__.co_filename]\n"
        "left += ['showtraceback'] if 'showtraceback' in vars(ip) else []\n"
        "left"
    )
    assert output.result == {"text/plain": "[]"}
    assert "UsageError" in kernel.run("%%track\n1").stderr
