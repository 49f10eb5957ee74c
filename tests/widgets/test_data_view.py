"""The view of a piece of data: columns, figures, versions, what differs, and its three forms."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from nbledger.cli import run_in_notebook
from nbledger.ledger import NotFound
from nbledger.lineage.dataset import NotData
from nbledger.widgets.data import DataView
from tests.lineage.recorded import Recorded

XSS = "<img src=x onerror=alert(1)>"


@pytest.fixture
def cells(fresh_ledger):
    return Recorded(fresh_ledger)


def frame(count, more=0):
    return pd.DataFrame({"age": range(more, more + count), XSS: [XSS] * count})


def test_a_column_is_drawn_beside_that_of_an_earlier_version(fresh_ledger, cells):
    cells.cell("df = a()", made={"df": frame(20)}, keep=["df"])
    cells.cell("df = b()", made={"df": frame(30, 5)}, keep=["df"])
    view = DataView.of(fresh_ledger, "df")
    model = view.model
    assert [trace.name for trace in model.figure().data] == ["age"]
    [(told, version)] = model.versions
    assert told.startswith(version[:8])
    model.compare_with(version)
    assert [trace.name for trace in model.figure().data] == [version[:8], model.data.version.hash[:8]]
    assert "rows 20 -> 30" in view.text()
    assert "rows 20 -&gt; 30" in view.html()
    model.look_at(XSS)
    assert model.figure().layout.title.text.endswith("onerror=alert(1)&gt;")


def test_without_the_content_the_profile_stands_and_it_says_why(fresh_ledger, cells):
    cells.cell("df = a()", made={"df": frame(20)})
    view = DataView.of(fresh_ledger, "df")
    assert view.model.figure() is None
    assert "its content was not kept" in view.html()
    assert "0 to 19" in view.html()
    view.live()
    assert "No figure of a column" in view._widget._missing.value


def test_names_values_and_code_stay_text_in_every_form(fresh_ledger, cells):
    (fresh_ledger.root / XSS.replace("/", "")).write_text("a\n1\n")
    cells.cell(f"df = read()  # {XSS}", made={"df": frame(3)}, files=[XSS], keep=["df"], name=XSS)
    for ref in ("df", f"file:{XSS}"):
        view = DataView.of(fresh_ledger, ref)
        assert XSS not in view.html()
        assert "onerror=alert(1)&gt;" in view.html()
        box = view.live()
        assert XSS not in "".join(str(getattr(one, "value", "")) for one in _html_of(box))


def _html_of(box):
    import ipywidgets

    found = [box] if isinstance(box, ipywidgets.HTML) else []
    return found + [one for child in getattr(box, "children", ()) for one in _html_of(child)]


def test_wide_tables_show_their_first_columns_and_say_so(fresh_ledger, cells):
    wide = pd.DataFrame({f"c{n}": [n] for n in range(300)})
    cells.cell("wide = a()", made={"wide": wide}, keep=["wide"])
    html = DataView.of(fresh_ledger, "wide").html()
    assert "100 of 300 columns" in html
    assert len(html) < 100_000


def test_the_verb_says_the_same_as_text_and_json(fresh_ledger, cells):
    cells.cell("df = a()", made={"df": frame(20)}, keep=["df"])
    cells.cell("df = b()", made={"df": frame(30, 5)}, keep=["df"])
    text = run_in_notebook(["data", "df"], fresh_ledger)
    assert text == DataView.of(fresh_ledger, "df").text()
    data = json.loads(run_in_notebook(["data", "df", "--json"], fresh_ledger))
    assert sum(data["columns"][0]["bins"]) == 30
    before = data["past"][1]["version"]
    assert "rows 20 -> 30" in run_in_notebook(["data", "df", "--diff", before[:8]], fresh_ledger)
    assert json.loads(run_in_notebook(["data", "df", "--diff", before, "--json"], fresh_ledger))["diff"]["data"]
    views = []
    run_in_notebook(["data", "df", "--diff", before], fresh_ledger, views=views)
    assert views[0].model.other == before
    with pytest.raises(NotFound):
        run_in_notebook(["data", "df", "--diff", "0123456789"], fresh_ledger)
    with pytest.raises(NotData):
        run_in_notebook(["data", data["made_by"]["run"]], fresh_ledger)
