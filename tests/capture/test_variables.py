"""What a cell did to the variables, as found from its code and from what they are afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbledger
from nbledger.capture.code.names import CellCode, compile_cell
from nbledger.capture.namespace.variables import Changes, Variables
from nbledger.capture.namespace.versions import Versions


class Notebook:
    """Runs cells in a namespace and returns what each changed."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"np": np, "pd": pd, "__name__": "__main__"}
        self.variables = Variables(self.namespace, Versions())

    def run(self, source: str) -> Changes:
        codes = [CellCode(compile_cell(source))]
        self.variables.before(codes)
        exec(compile_cell(source), self.namespace)
        return self.variables.after(codes)


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


def test_a_binding_generates_and_a_read_uses(notebook: Notebook) -> None:
    notebook.run("a = [1, 2]")
    changes = notebook.run("b = len(a)")
    assert set(changes.used) == {"a"}
    assert set(changes.generated) == {"b"}
    assert changes.used["a"].hash == nbledger.fingerprint([1, 2]).hash


MUTATIONS = {
    "append": ("a = [1]", "a.append(2)", {"a"}),
    "item": ("a = {'k': 1}", "a['k'] = 2", {"a"}),
    "alias": ("a = [1]\nb = a", "b.append(2)", {"a", "b"}),
    "nested": ("a = [1]\nb = {'in': a}", "a.append(2)", {"a", "b"}),
    "array": ("a = np.zeros(3)", "a[0] = 1", {"a"}),
    "view of an array": ("a = np.zeros(3)\nb = a[:2]", "b[0] = 1", {"a", "b"}),
    "base of a view": ("a = np.zeros(3)\nb = a[:2]", "a[0] = 1", {"a", "b"}),
    "column": ("df = pd.DataFrame({'x': [1]})", "df['y'] = 2", {"df"}),
    "in place": ("df = pd.DataFrame({'x': [2, 1]})", "df.insert(0, 'z', 1)", {"df"}),
    "attribute": ("class C: pass\nc = C()", "c.x = 1", {"c"}),
    "in a function": ("a = [1]\ndef f():\n    a.append(2)", "f()", {"a"}),
    "through an argument": ("a = [1]\ndef f(v):\n    v.append(2)", "f(a)", {"a"}),
    "global": ("n = 0\ndef f():\n    global n\n    n += 1", "f()", {"n"}),
    "iterator": ("it = iter([1, 2, 3])", "next(it)", {"it"}),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_change_without_a_binding_is_seen_in_every_variable_that_shows_it(notebook: Notebook, name: str) -> None:
    before, cell, expected = MUTATIONS[name]
    notebook.run(before)
    assert set(notebook.run(cell).generated) == expected


def test_a_variable_that_is_only_read_is_not_generated(notebook: Notebook) -> None:
    notebook.run("df = pd.DataFrame({'x': [1, 2]})\nmodel = {'w': np.ones(3)}")
    changes = notebook.run("total = df['x'].sum() + model['w'].sum()")
    assert set(changes.generated) == {"total"}
    assert set(changes.used) == {"df", "model"}


def test_a_version_changed_in_place_was_used_as_it_was_before(notebook: Notebook) -> None:
    notebook.run("a = [1]")
    changes = notebook.run("a.append(2)")
    assert changes.used["a"].hash == nbledger.fingerprint([1]).hash
    assert changes.generated["a"].hash == nbledger.fingerprint([1, 2]).hash


def test_a_name_bound_anew_does_not_use_what_it_was(notebook: Notebook) -> None:
    notebook.run("a = [1]")
    assert "a" not in notebook.run("a = [2]").used


def test_a_variable_from_before_loading_is_known_when_first_read(notebook: Notebook) -> None:
    notebook.namespace["old"] = [7]
    changes = notebook.run("old.append(8)")
    assert changes.used["old"].hash == nbledger.fingerprint([7]).hash
    assert changes.generated["old"].hash == nbledger.fingerprint([7, 8]).hash


def test_names_that_code_hides_are_found_by_what_they_are_bound_to(notebook: Notebook) -> None:
    assert set(notebook.run("exec('hidden = 1')").generated) == {"hidden"}
    assert "sqrt" in notebook.run("from math import *").generated


def test_deleted_variables_are_said_to_be(notebook: Notebook) -> None:
    notebook.run("a = 1")
    assert notebook.run("del a").deleted == {"a"}


def test_the_history_variables_of_ipython_are_not_the_users(notebook: Notebook) -> None:
    notebook.namespace.update({"_": 1, "_i1": "x", "_1": 2, "_oh": {}, "__": 3})
    assert notebook.run("x = 1").generated.keys() == {"x"}
    assert "_private" in notebook.run("_private = 1").generated


def test_a_large_frame_that_is_dropped_is_not_kept_alive(notebook: Notebook) -> None:
    import weakref

    notebook.run("a = np.zeros(1000)")
    alive = weakref.ref(notebook.namespace["a"])
    notebook.run("del a")
    assert alive() is None


def test_a_number_bound_anew_in_a_loop_is_another_also_where_it_has_the_address_of_the_last(notebook: Notebook) -> None:
    notebook.run("a = np.arange(4.0)\nb = np.arange(4.0) + 10")
    for source in ("b", "a", "b", "a"):
        changes = notebook.run(f"for i in range(4):\n    x = {source}[i]")
        assert changes.generated["x"].hash == nbledger.fingerprint(notebook.namespace["x"]).hash
        assert "x" not in changes.derived
