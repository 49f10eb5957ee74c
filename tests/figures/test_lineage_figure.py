"""Lineage as a drawing: what comes first stands left, few edges cross, names stay text."""

from __future__ import annotations

import pytest

from nbledger.figures.layers import layered
from nbledger.figures.lineage_figure import Node, lineage_figure, nodes_of
from nbledger.figures.theme import describe
from nbledger.lineage.why import why


def test_every_edge_leads_to_a_later_layer():
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("x", "d")]
    places = layered(["d", "c", "b", "a", "x"], edges)
    assert all(places[one][0] < places[other][0] for one, other in edges)
    assert len(set(places.values())) == 5


def test_a_ladder_is_drawn_without_crossings():
    edges = [(f"a{number}", f"b{9 - number}") for number in range(10)]
    places = layered([*(f"a{number}" for number in range(10)), *(f"b{number}" for number in range(10))], edges)
    assert all(places[one][1] == places[other][1] for one, other in edges)


@pytest.mark.parametrize("edges", [[("a", "b"), ("b", "a")], [("a", "a")], [("a", "none")], []])
def test_circles_and_unknown_nodes_do_no_harm(edges):
    assert set(layered(["a", "b"], edges)) == {"a", "b"}


def test_a_long_chain_and_a_wide_fan_are_quick_and_cut():
    nodes = [Node(str(number), "cell", f"cell {number}") for number in range(2000)]
    figure = lineage_figure(nodes, [(str(number), str(number + 1)) for number in range(1999)])
    assert "150 of 2,000 nodes" in figure.layout.title.subtitle.text
    fan = lineage_figure(nodes, [("0", str(number)) for number in range(1, 2000)])
    assert len(fan.to_json()) < 200_000


def test_what_made_a_run_is_drawn_with_its_inputs(tmp_path):
    from tests.lineage.notebook_session import NotebookSession

    (tmp_path / "people.csv").write_text("age\n1\n2\n")
    session = NotebookSession(tmp_path)
    try:
        session.run("import pandas as pd\npeople = pd.read_csv('people.csv')")
        session.run("mean = people['age'].mean()")
        nodes, edges = nodes_of(why(session.ledger, session.outcomes[-1].start.id))
    finally:
        session.close()
    assert [node.kind for node in nodes] == ["cell", "cell", "file"]
    assert {(one.split(":")[0], other == nodes[0].id) for one, other in edges} >= {("file", False), (nodes[1].id, True)}
    assert "from people.csv" in describe(lineage_figure(nodes, edges))


def test_a_node_is_known_by_its_id_and_stands_out_when_it_is_selected(drawn):
    nodes = [Node("a", "cell", "one"), Node("b", "cell", "two"), Node("c", "file", "three")]
    figure = lineage_figure(nodes, [("c", "a"), ("a", "b")], selected=["b"])
    _, cells, files = drawn(figure)["data"]
    assert cells["customdata"] == ["a", "b"]
    assert cells["marker"]["size"][0] < cells["marker"]["size"][1]
    assert files["customdata"] == ["c"]


def test_names_in_a_lineage_stay_text():
    figure = lineage_figure([Node("a", "cell", "<img src=x>", "<b>code</b>\n%{x}")], [], title="<script>")
    figure.layout.meta = None
    text = figure.to_json()
    assert "<img" not in text
    assert "<script" not in text
    assert "<b>code" not in text
    assert "nothing recorded" in describe(lineage_figure([], []))
