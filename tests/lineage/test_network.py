"""What led to something and what came of it, as nodes and edges, of cells that really ran."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbledger.lineage.impact import impact
from nbledger.lineage.network import network
from nbledger.lineage.targets import TargetNotFound


@pytest.fixture
def session(notebook_session):
    """A notebook that reads a file, fits a model and judges it."""
    Path("points.csv").write_text("x,y\n" + "\n".join(f"{n},{2 * n}" for n in range(20)))
    for cell in (
        "import pandas as pd\nfrom sklearn.linear_model import LinearRegression",
        'raw = pd.read_csv("points.csv")',
        "def twice(frame):\n    return frame * 2",
        "df = twice(raw)",
        'model = LinearRegression().fit(df[["x"]], df.y)',
        'score = model.score(df[["x"]], df.y)',
        'df.to_json("twice.json")',
        "unrelated = 1",
    ):
        assert notebook_session.run(cell) is None
    return notebook_session


def kinds(found):
    return [(node.kind, node.label.partition(" ")[0] if node.kind == "cell" else node.label) for node in found.nodes]


def pairs(found):
    names = {node.id: node.label.partition(" ")[0] if node.kind == "cell" else node.label for node in found.nodes}
    return {(names[one], names[other]) for one, other, _ in found.edges}


def test_data_files_and_models_stand_between_the_cells_that_made_and_used_them(session):
    found = network(session.ledger, "score", direction="why")
    assert {
        ("raw", "[4]"),
        ("[4]", "df"),
        ("df", "[5]"),
        ("[5]", "model"),
        ("model", "[6]"),
        ("[6]", "score"),
    } <= pairs(found)
    assert ("file", "points.csv") in kinds(found)
    assert ("model", "model") in kinds(found)
    assert not {"unrelated", "twice.json", "[7]", "[8]"} & {name for _, name in kinds(found)}


def test_what_led_to_it_has_a_negative_distance_and_what_came_of_it_a_positive_one(session):
    found = network(session.ledger, "df")
    distances = {name: node.distance for node, (_, name) in zip(found.nodes, kinds(found), strict=True)}
    assert distances["df"] == 0
    assert (distances["[4]"], distances["raw"], distances["[2]"], distances["points.csv"]) == (-1, -2, -3, -4)
    assert (distances["[5]"], distances["[7]"], distances["model"]) == (1, 1, 2)
    assert [abs(node.distance) for node in found.nodes] == sorted(abs(node.distance) for node in found.nodes)
    assert network(session.ledger, "df", direction="impact").nodes[-1].distance > 0
    assert min(node.distance for node in network(session.ledger, "df", direction="impact").nodes) == 0


def test_a_cell_is_shown_as_it_was_executed_with_what_is_known_of_the_rest(session):
    found = network(session.ledger, "df")
    cell = next(node for node in found.nodes if node.label.startswith("[5]"))
    assert cell.source == 'model = LinearRegression().fit(df[["x"]], df.y)'
    data = found.node(found.center)
    assert (data.facts["shape"], data.facts["is"]) == ("20 x 2", "DataFrame")
    text = str(found)
    assert text.index("df = twice(raw)") < text.index("raw = pd.read_csv") < text.index("model = LinearRegression")
    assert "from raw 20 x 2" in text


def test_functions_and_modules_are_left_out_unless_everything_is_asked_for(session):
    assert "code" not in {node.kind for node in network(session.ledger, "df").nodes}
    assert ("code", "twice") in kinds(network(session.ledger, "df", everything=True))


def test_a_cell_that_only_gave_an_import_does_not_come_back_by_the_data_that_both_used(notebook_session):
    for cell in (
        "X, y = [[0], [1], [2]], [0, 1, 2]",
        "from sklearn.linear_model import Ridge\nother = Ridge().fit(X, y)",
        "model = Ridge(alpha=2).fit(X, y)",
    ):
        assert notebook_session.run(cell) is None
    found = network(notebook_session.ledger, "model", direction="why")
    assert [label for kind, label in kinds(found) if kind == "model"] == ["model"]
    assert [label for kind, label in kinds(found) if kind == "cell"] == ["[3]", "[1]"]


def test_the_nearest_are_kept_and_the_rest_is_counted(session):
    whole = network(session.ledger, "df")
    part = network(session.ledger, "df", most=4)
    assert [node.id for node in part.nodes] == [node.id for node in whole.nodes[:4]]
    assert part.left_out == len(whole.nodes) - 4
    ids = {node.id for node in part.nodes}
    assert all(one in ids and other in ids for one, other, _ in part.edges)


def test_a_file_a_run_and_what_stands_alone_can_be_asked_for(session):
    assert network(session.ledger, "points.csv").node(network(session.ledger, "points.csv").center).kind == "file"
    run = next(node.run for node in network(session.ledger, "df").nodes if node.label.startswith("[5]"))
    assert network(session.ledger, run).center == run
    alone = network(session.ledger, "unrelated")
    assert [name for _, name in kinds(alone)] == ["unrelated", "[8]"]
    with pytest.raises(TargetNotFound):
        network(session.ledger, "nosuch")


def test_it_is_plain_data(session):
    data = json.loads(json.dumps(network(session.ledger, "df").to_dict()))
    assert {edge["source"] for edge in data["edges"]} <= {node["id"] for node in data["nodes"]}
    assert data["center"] == next(node["id"] for node in data["nodes"] if node["label"] == "df")


def test_what_used_a_file_is_found_whichever_content_it_had(notebook_session):
    Path("a.txt").write_text("1")
    notebook_session.run("from pathlib import Path")
    notebook_session.run('one = Path("a.txt").read_text()')
    Path("a.txt").write_text("2")
    notebook_session.run('two = Path("a.txt").read_text()')
    assert [item.run.position for item in impact(notebook_session.ledger, "a.txt").runs] == [2, 3]
