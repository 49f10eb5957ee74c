"""What leaves in others' words is read by others' libraries: prov, openlineage-python, the RO-Crate validator."""

from __future__ import annotations

import io
import itertools
import json
import re
import time
import tracemalloc
import zipfile
from collections import Counter
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from blake3 import blake3

from nbledger.cli import cli
from nbledger.fingerprint import file_fingerprint
from nbledger.ledger import Ledger, current_process
from nbledger.lineage import standards
from nbledger.lineage.standards.crate_files import CrateExists
from nbledger.lineage.standards.entries import NothingToExport
from nbledger.lineage.targets import TargetNotFound
from nbledger.records import (
    ABSENT,
    AliasEvent,
    Artifact,
    Basis,
    Column,
    Edge,
    Facts,
    Metric,
    Param,
    RunEnd,
    RunError,
    RunStart,
    Session,
    StoredVersion,
    Tag,
    Version,
    new_id,
)

SECRET_PLACE = "/srv/elsewhere/private folder/prices.csv"


def a_version(text, kind="value", **about):
    return Version(blake3(text.encode()).hexdigest(length=16), kind, **about)


DF = a_version(
    "df",
    "table",
    type_name="pandas.DataFrame",
    shape=(3, 2),
    nbytes=48,
    schema=(
        Column("age", "int64", "a" * 32, {"missing": 0, "min": 18, "max": 80, "mean": 40.0}),
        Column("Größe", "float64", "b" * 32, {"missing": 1, "min": 1.5, "max": 1.9, "mean": 1.7}),
    ),
)
DF2 = a_version("df2", "table", type_name="pandas.DataFrame", shape=(3, 3), nbytes=72)
CLF = a_version("clf", "model", type_name="sklearn.linear_model.LogisticRegression")
NAMES = a_version("names", "value", exactness="sampled", type_name="list")
SMALL = a_version("small", "array", type_name="numpy.ndarray", shape=(), nbytes=8)


class Kernel:
    """A session whose runs are recorded with chosen facts, one a second."""

    def __init__(self, ledger, started_at=1_780_000_000.0):
        self.ledger, self.now, self.id = ledger, started_at, new_id()
        self.position = itertools.count(1)
        process = current_process()
        ledger.start_session(
            Session(
                self.id, "lab", "secret-host", process.boot_id, process.pid, process.started, "ada", "3.11.9",
                "Linux", "0.1.0", started_at, "train.ipynb",
            )
        )  # fmt: skip

    def cell(self, source="", *, status="finished", error=None, kind="cell", parent=None, **facts):
        run = new_id()
        self.start(run, source, kind=kind, parent=parent)
        self.end(run, status=status, error=error, **facts)
        return run

    def start(self, run, source="", *, kind="cell", parent=None):
        position = next(self.position) if kind == "cell" else None
        cell_id = f"cell-{position}" if position else None
        start = RunStart(
            run, self.id, kind, self.now, notebook="train.ipynb", cell_id=cell_id, position=position, source=source,
            parent=parent, experiment="churn", tracked=True,
        )  # fmt: skip
        self.ledger.start_run(start)

    def end(self, run, *, status="finished", error=None, **facts):
        self.now += 1
        self.ledger.end_run(RunEnd(run, self.now - 0.25, 0.75, status, error), Facts(**facts))


class Project:
    """A project in which a notebook read a file, changed a frame in place, trained, measured, failed and deleted."""

    def __init__(self, root):
        root.mkdir()
        (root / "data").mkdir()
        (root / "data" / "people.csv").write_text("age,size\n18,1.5\n")
        (root / ".env").write_text("nothing for others\n")
        self.root, self.ledger = root, Ledger.open(root)
        self.file, self.env = file_fingerprint(root / "data" / "people.csv"), file_fingerprint(root / ".env")
        self.kernel = Kernel(self.ledger)
        self.runs = {}
        self._fill()

    def _fill(self):
        cell, outside = self.kernel.cell, a_version("outside", "file", nbytes=10)
        notebook = new_id()
        self.kernel.start(notebook, kind="notebook")
        keep = {"parent": notebook}
        self.runs["read"] = cell(
            f"df = pd.read_csv('data/people.csv')  # in {self.root}/data",
            versions=(self.file, self.env, outside, DF),
            used=(
                Edge(self.file.hash, "data/people.csv", "file", time=1.0),
                Edge(self.env.hash, ".env", "file", time=1.0),
                Edge(outside.hash, SECRET_PLACE, "file", time=1.0),
            ),
            generated=(Edge(DF.hash, "df"),),
            **keep,
        )
        self.runs["change"] = cell(
            "df['x'] = 1",
            versions=(DF2,),
            used=(Edge(DF.hash, "df"),),
            generated=(Edge(DF2.hash, "df", derived=True),),
            **keep,
        )
        self.runs["train"] = self._train(keep)
        self.runs["fail"] = cell(
            "1/0", status="failed", error=RunError("OSError", f"{self.root}/data is full", "Traceback /usr/lib"), **keep
        )
        self.runs["again"] = cell(
            "df = pd.read_csv('data/people.csv')",
            used=(Edge(self.file.hash, "data/people.csv", "file", time=1.0),),
            generated=(Edge(DF.hash, "df"), Edge(ABSENT.hash, "clf"), Edge(ABSENT.hash, "data/old.csv", "file")),
            versions=(ABSENT,),
            **keep,
        )
        self.kernel.end(notebook)
        self.runs["notebook"] = notebook

    def _train(self, keep):
        put = self.ledger.objects.put_bytes
        (model, size), (plot, plot_size) = put(b"a model"), put(b"<svg/>")
        run = self.kernel.cell(
            "clf = LogisticRegression(C=0.1).fit(df, y)",
            versions=(CLF, NAMES, SMALL),
            used=(Edge(DF2.hash, "df"), Edge(DF2.hash, "df", "X"), Edge(NAMES.hash, "class names", "y")),
            generated=(Edge(CLF.hash, "clf"), Edge(CLF.hash, "clf", "model"), Edge(SMALL.hash, "score")),
            params=(Param("C", 0.1), Param("classes per fold", 3), Param("limit", float("inf")), Param("seed", None)),
            metrics=(
                Metric("accuracy", 0.93, time=1.0, basis=(Basis("X", DF2.hash), Basis("model", CLF.hash))),
                Metric("loss", float("nan"), time=1.0),
            ),
            artifacts=(Artifact("plots/roc curve.svg", plot, plot_size, "image/svg+xml"),),
            stored=(StoredVersion(CLF.hash, model, "skops", size, trusted=True),),
            tags=(Tag("team", "ütrecht"),),
            opaque=("exec",),
            **keep,
        )
        self.ledger.add_model_version("churn", run, CLF.hash, "ada")
        self.ledger.set_alias(AliasEvent(new_id(), "churn", "champion", 1, 1.0, "ada"))
        return run

    def written(self, write, targets=()):
        out = io.StringIO()
        write(self.ledger, out, targets)
        return out.getvalue()


@pytest.fixture
def project(tmp_path):
    found = Project(tmp_path / "churn")
    yield found
    found.ledger.close()


# -- W3C PROV -------------------------------------------------------------------------------------------------------


def prov_document(text):
    from prov.model import ProvDocument

    return ProvDocument.deserialize(content=text, format="json")


def of_type(document, name):
    import prov.model

    return list(document.get_records(getattr(prov.model, name)))


def attribute(record, name):
    return next(value for key, value in record.attributes if str(key) == name)


def test_the_prov_library_reads_every_record_and_writes_it_again(project):
    text = project.written(standards.write_prov)
    document = prov_document(text)
    raw = json.loads(text)
    assert len(document.get_records()) == sum(len(raw[name]) for name in raw if name != "prefix")
    again = prov_document(document.serialize(format="json"))
    assert Counter(again.get_provn().splitlines()) == Counter(document.get_provn().splitlines())
    assert document.get_provn().count("wasGeneratedBy(") == len(raw["wasGeneratedBy"])
    assert document.is_document()


def test_prov_tells_who_ran_what_when_and_with_which_params(project):
    document = prov_document(project.written(standards.write_prov))
    (train,) = document.get_record(f"run:{project.runs['train']}")
    assert train.get_startTime().timestamp() == 1_780_000_002.0
    assert train.get_endTime().timestamp() == 1_780_000_002.75
    found = {str(key): value for key, value in train.attributes}
    assert (found["param:C"], found["param:classes%20per%20fold"], found["param:limit"]) == (0.1, 3, float("inf"))
    assert found["tag:team"] == "ütrecht" and found["nbl:opaque"] == "exec" and found["nbl:notebook"] == "train.ipynb"
    agents = {str(agent.identifier) for agent in of_type(document, "ProvAgent")}
    assert agents == {"user:ada", f"session:{project.kernel.id}", "software:nbledger-0.1.0"}
    informed = of_type(document, "ProvCommunication")
    assert {str(item.args[1]) for item in informed} == {f"run:{project.runs['notebook']}"}


def test_prov_leads_from_a_metric_to_the_file_that_it_comes_from(project):
    raw = json.loads(project.written(standards.write_prov))
    sources = {}
    for item in raw["wasDerivedFrom"].values():
        sources.setdefault(item["prov:generatedEntity"], []).append(item["prov:usedEntity"])
    for item in raw["specializationOf"].values():
        sources.setdefault(item["prov:generalEntity"], []).append(item["prov:specificEntity"])
    reached, left = set(), [f"metric:{project.runs['train']}/accuracy"]
    while left:
        entity = left.pop()
        reached.add(entity)
        left += [source for source in sources.get(entity, ()) if source not in reached]
    assert f"version:{project.file.hash}" in reached
    assert f"metric:{project.runs['train']}/loss" not in reached


def test_prov_marks_a_change_in_place_as_a_revision_and_a_deletion_as_an_invalidation(project):
    raw = json.loads(project.written(standards.write_prov))
    (revision,) = [item for item in raw["wasDerivedFrom"].values() if "prov:type" in item]
    assert revision["prov:generatedEntity"].startswith(f"made:{project.runs['change']}/variable/df")
    assert revision["prov:usedEntity"].startswith(f"made:{project.runs['read']}/variable/df")
    (gone,) = raw["wasInvalidatedBy"].values()
    assert gone["prov:entity"].startswith(f"made:{project.runs['train']}/variable/clf")


def assert_constraints_hold(raw):
    """Check PROV-CONSTRAINTS: unique generation, event order, and that all that is named is there."""
    known = {name for section in ("entity", "activity", "agent") for name in raw.get(section, {})}
    references = {
        value
        for section, items in raw.items()
        if section not in ("prefix", "entity", "activity", "agent")
        for item in items.values()
        for key, value in item.items()
        if key.startswith("prov:") and key not in ("prov:time", "prov:role", "prov:type")
    }
    assert references <= known
    made = {item["prov:entity"]: item for item in raw.get("wasGeneratedBy", {}).values()}
    assert len(made) == len(raw.get("wasGeneratedBy", {}))
    ends = {item["prov:entity"]: item["prov:time"] for item in raw.get("wasInvalidatedBy", {}).values()}
    for item in raw.get("used", {}).values():
        activity, entity = raw["activity"][item["prov:activity"]], item["prov:entity"]
        assert activity["prov:startTime"] <= item["prov:time"] <= activity.get("prov:endTime", "9")
        assert entity not in made or made[entity]["prov:time"] <= item["prov:time"]
        assert entity not in ends or item["prov:time"] <= ends[entity]
    for item in made.values():
        activity = raw["activity"][item["prov:activity"]]
        assert activity["prov:startTime"] <= item["prov:time"] <= activity["prov:endTime"]
    for item in raw.get("wasDerivedFrom", {}).values():
        before, after = made.get(item["prov:usedEntity"]), made.get(item["prov:generatedEntity"])
        assert before is None or before["prov:time"] <= after["prov:time"]


def test_provs_constraints_hold_though_a_content_is_made_twice(project):
    raw = json.loads(project.written(standards.write_prov))
    made = [
        item["prov:specificEntity"]
        for item in raw["specializationOf"].values()
        if DF.hash in item["prov:generalEntity"]
    ]
    assert len(made) == 2
    assert_constraints_hold(raw)


def test_what_runs_inside_a_cell_does_not_use_what_the_cell_makes_at_its_end(project):
    kernel, outer = project.kernel, new_id()
    kernel.start(outer, "search.fit()")
    inner_start = kernel.now
    kernel.cell(kind="trial", parent=outer, used=(Edge(SMALL.hash, "best"),), versions=(SMALL,))
    kernel.end(outer, versions=(SMALL,), generated=(Edge(SMALL.hash, "best"),))
    raw = json.loads(project.written(standards.write_prov))
    (used,) = [item for item in raw["used"].values() if item["nbl:name"] == "best"]
    assert used["prov:entity"] == f"version:{SMALL.hash}" and inner_start
    assert_constraints_hold(raw)


def test_prov_of_a_recorded_session_holds_too(notebook_session, tmp_path):
    for source in (
        "import random",
        "with open('rows.txt', 'w') as file:\n    print(5, file=file)",
        "with open('rows.txt') as file:\n    number = int(file.read())",
        "random.seed(1)\nrows = [random.random() for _ in range(number)]",
        "other = rows",
        "rows.append(3.0)",
        "total = sum(other)",
        "total / 0",
        "del rows",
    ):
        notebook_session.run(source)
    out = io.StringIO()
    standards.write_prov(notebook_session.ledger, out)
    assert_constraints_hold(json.loads(out.getvalue()))
    runs = {json.loads(line)["run"]["runId"] for line in events_text(notebook_session.ledger).splitlines()}
    assert len(runs) == 9
    events = [json.loads(line) for line in events_text(notebook_session.ledger).splitlines()]
    for event in events:
        assert_event_is_valid(event)
    (written,) = [item for event in events for item in event.get("outputs", ()) if item["namespace"] == "file"]
    (read,) = [item for event in events for item in event.get("inputs", ()) if item["namespace"] == "file"]
    assert written["name"] == read["name"] == "rows.txt"
    assert written["facets"]["version"] == read["facets"]["version"]


# -- OpenLineage ----------------------------------------------------------------------------------------------------


def events_text(ledger, targets=()):
    out = io.StringIO()
    standards.write_openlineage(ledger, out, targets)
    return out.getvalue()


@pytest.fixture
def events(project):
    return [json.loads(line) for line in events_text(project.ledger).splitlines()]


def published_facets():
    """Return the facet classes that openlineage-python generated from the published schema, by their name."""
    import pkgutil

    import openlineage.client.generated as generated

    modules = [
        pkgutil.resolve_name(f"{generated.__name__}.{name}") for _, name, _ in pkgutil.iter_modules(generated.__path__)
    ]
    return {name: item for module in modules for name, item in vars(module).items() if name.endswith("Facet")}


def made_of(cls, value):
    """Build an object of a generated class: its types, required fields and validators are the published schema's."""
    import attr
    import cattrs

    fields = {field.name: field for field in attr.fields(cls)}
    assert set(value) - {"_producer", "_schemaURL", "schemaURL"} <= set(fields), cls.__name__
    assert {name for name, field in fields.items() if field.default is attr.NOTHING} <= set(value), cls.__name__
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=False)
    for simple in (str, int, float, bool):
        converter.register_structure_hook(simple, strictly)
    plain = {key: item for key, item in value.items() if key not in ("_producer", "_schemaURL", "schemaURL")}
    return converter.structure(plain, attr.resolve_types(cls))


def strictly(value, cls):
    assert isinstance(value, (int, float) if cls is float else cls) and (cls is bool or not isinstance(value, bool))
    return value


OURS = json.loads(resources.files(standards).joinpath("facets.json").read_text(encoding="utf-8"))
PUBLISHED = published_facets()


def assert_facet_is_valid(facet):
    url = facet["_schemaURL"]
    name = url.rpartition("/")[2]
    assert re.match(r"[a-z][a-z0-9+.-]*:", facet["_producer"])
    if name.startswith("NBLedger"):
        assert url == f"{OURS['$id']}#/$defs/{name}"
        jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", **OURS}).validate(facet)
    else:
        assert "null" not in re.sub(r'"[^"]*"', "", json.dumps(facet))
        made = made_of(PUBLISHED[name], facet)
        assert made._schemaURL == url


def assert_event_is_valid(event):
    from openlineage.client.event_v2 import Dataset, Job, Run, RunEvent, RunState

    assert event["schemaURL"] == RunEvent._get_schema()
    datasets = [*event.get("inputs", ()), *event.get("outputs", ())]
    for dataset in datasets:
        assert set(dataset) <= {"namespace", "name", "facets", "inputFacets", "outputFacets"}
        Dataset(namespace=strictly(dataset["namespace"], str), name=strictly(dataset["name"], str))
    RunEvent(
        eventType=RunState(event["eventType"]),
        eventTime=event["eventTime"],
        run=Run(runId=event["run"]["runId"]),
        job=Job(namespace=event["job"]["namespace"], name=event["job"]["name"]),
        producer=event["producer"],
    )
    holders = [event["run"]["facets"], event["job"]["facets"]]
    holders += [dataset.get(key, {}) for dataset in datasets for key in ("facets", "inputFacets", "outputFacets")]
    for holder in holders:
        for facet in holder.values():
            assert_facet_is_valid(facet)


def test_every_event_and_facet_is_what_openlineages_own_classes_take(events):
    for event in events:
        assert_event_is_valid(event)
    used = {name for event in events for name in (*event["run"]["facets"], *event["job"]["facets"])}
    assert {"parent", "errorMessage", "processing_engine", "sourceCode", "jobType", "nbledger_metrics"} <= used


@pytest.mark.parametrize(
    "spoil",
    [
        lambda event: event["run"].update(runId="7"),
        lambda event: event["inputs"][0]["facets"]["schema"]["fields"][0].update(name=1),
        lambda event: event["inputs"][0]["facets"]["version"].pop("datasetVersion"),
        lambda event: event["job"]["facets"]["sourceCode"].update(lines=3),
        lambda event: event["run"]["facets"]["nbledger_run"].update(kind="dream"),
    ],
)
def test_the_check_of_events_sees_what_is_wrong(events, spoil):
    event = next(event for event in events if event.get("inputs") and "schema" in event["inputs"][0]["facets"])
    spoil(event)
    with pytest.raises(Exception):  # noqa: B017
        assert_event_is_valid(event)


def test_each_run_starts_once_and_ends_once_in_the_order_of_time(project, events):
    assert Counter(event["eventType"] for event in events) == {"START": 6, "COMPLETE": 5, "FAIL": 1}
    assert [event["eventTime"] for event in events] == sorted(event["eventTime"] for event in events)
    assert (
        events[0]["run"]["runId"].replace("-", "")
        == events[-1]["run"]["runId"].replace("-", "")
        == project.runs["notebook"]
    )


def test_openlineage_joins_runs_by_data_sets_with_version_schema_and_profile(project, events):
    by_run = {event["run"]["runId"].replace("-", ""): event for event in events if event["eventType"] != "START"}
    read, change = by_run[project.runs["read"]], by_run[project.runs["change"]]
    assert ("file", "data/people.csv") in {(item["namespace"], item["name"]) for item in read["inputs"]}
    (made,), (used,) = read["outputs"], change["inputs"]
    assert (made["namespace"], made["name"]) == (used["namespace"], used["name"]) == ("nbledger://churn", "df")
    assert used["facets"]["version"]["datasetVersion"] == DF.hash
    assert [field["name"] for field in used["facets"]["schema"]["fields"]] == ["age", "Größe"]
    quality = used["inputFacets"]["dataQualityMetrics"]
    assert quality["rowCount"] == 3 and quality["columnMetrics"]["Größe"] == {"nullCount": 1, "min": 1.5, "max": 1.9}
    assert made["outputFacets"]["outputStatistics"]["size"] == 48
    assert change["outputs"][0]["facets"]["nbledger_version"]["changedInPlace"] is True
    removed = [item for item in by_run[project.runs["again"]]["outputs"] if "lifecycleStateChange" in item["facets"]]
    assert [item["name"] for item in removed] == ["data/old.csv"]


def test_openlineage_tells_params_metrics_models_and_errors(project, events):
    by_run = {event["run"]["runId"].replace("-", ""): event["run"]["facets"] for event in events}
    facets = by_run[project.runs["train"]]
    assert facets["nbledger_params"]["params"] == {"C": 0.1, "classes per fold": 3, "limit": "inf", "seed": None}
    assert facets["nbledger_metrics"]["metrics"] == {"accuracy": 0.93, "loss": "nan"}
    assert facets["nbledger_metrics"]["bases"] == {"accuracy": [["X", DF2.hash], ["model", CLF.hash]]}
    assert facets["nbledger_models"]["models"] == ["churn/1"]
    assert facets["parent"]["run"]["runId"].replace("-", "") == project.runs["notebook"]
    assert by_run[project.runs["fail"]]["errorMessage"]["message"] == "OSError: data is full"


def test_a_run_under_way_has_no_end_yet_and_an_interrupted_one_was_aborted(project):
    project.kernel.start(new_id(), "train_for_days()")
    events = [json.loads(line) for line in events_text(project.ledger).splitlines()]
    assert events[-1]["eventType"] == "START"
    project.ledger.end_session(project.kernel.id)
    events = [json.loads(line) for line in events_text(project.ledger).splitlines()]
    assert events[-1]["eventType"] == "ABORT"
    assert_event_is_valid(events[-1])


# -- RO-Crate -------------------------------------------------------------------------------------------------------


@pytest.fixture
def shipped_context(monkeypatch):
    """Answer every request with the RO-Crate context that ro-crate-py ships: the validator would fetch it."""
    import requests

    data = resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()

    class Shipped(requests.adapters.BaseAdapter):
        def send(self, request, **_options):
            assert request.url == "https://w3id.org/ro/crate/1.1/context"
            found = requests.Response()
            found.status_code, found.url, found.request = 200, request.url, request
            found.headers["Content-Type"] = "application/ld+json"
            found.raw = io.BytesIO(data)
            return found

    monkeypatch.setattr(requests.Session, "get_adapter", lambda *_args, **_options: Shipped())


def issues(path, severity):
    """Return what the independent validator finds wrong with a crate."""
    from rocrate_validator.models import Severity
    from rocrate_validator.services import ValidationSettings, validate

    settings = ValidationSettings(
        rocrate_uri=str(path),
        profile_identifier="process-run-crate-0.5",
        requirement_severity=getattr(Severity, severity),
        abort_on_first=False,
        no_cache=True,
        skip_availability_check=True,
    )
    return [f"{issue.severity.name}: {issue.message}" for issue in validate(settings).get_issues()]


third_party = pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib", "ignore::DeprecationWarning:pyshacl")


@third_party
@pytest.mark.parametrize("name", ["crate", "crate.zip"])
def test_a_crate_has_all_that_the_process_run_profile_requires(project, tmp_path, shipped_context, name):
    assert standards.write_ro_crate(project.ledger, tmp_path / name) == 6
    assert [line for line in issues(tmp_path / name, "RECOMMENDED") if line.startswith("REQUIRED")] == []


@third_party
def test_of_what_the_profile_recommends_only_what_is_not_known_is_missing(project, tmp_path, shipped_context):
    standards.write_ro_crate(project.ledger, tmp_path / "crate")
    assert {line.removeprefix("RECOMMENDED: ") for line in issues(tmp_path / "crate", "RECOMMENDED")} == {
        "The Application SHOULD have a url",
        "The SoftwareApplication id SHOULD be an absolute URI",
        "The Action SHOULD have a result",
        "The author SHOULD have a Contextual Entity which specifies the organizational `affiliation`.",
        "The author SHOULD have an organizational affiliation.",
        "The `publisher` property of a `Root Data Entity` SHOULD be an `Organization`",
    }


@third_party
def test_the_validator_sees_a_crate_that_lacks_something(project, tmp_path, shipped_context):
    standards.write_ro_crate(project.ledger, tmp_path / "crate")
    path = tmp_path / "crate" / "ro-crate-metadata.json"
    document = json.loads(path.read_text())
    for entity in document["@graph"]:
        entity.pop("instrument", None)
    path.write_text(json.dumps(document))
    assert "REQUIRED: The Action MUST have an instrument property that references the executed tool" in issues(
        tmp_path / "crate", "REQUIRED"
    )


def test_a_crate_holds_code_stored_models_artifacts_and_small_files_and_no_private_ones(project, tmp_path):
    from rocrate.rocrate import ROCrate

    standards.write_ro_crate(project.ledger, tmp_path / "crate")
    crate = ROCrate(tmp_path / "crate")
    actions = {entity["identifier"]: entity for entity in crate.get_entities() if entity.type == "CreateAction"}
    assert set(actions) == set(project.runs.values())
    train = actions[project.runs["train"]]
    results = {item["name"]: item for item in train["result"]}
    assert set(results) == {"clf", "score", "accuracy", "loss", "plots/roc curve.svg"}
    assert (tmp_path / "crate" / results["clf"].id).read_bytes() == b"a model"
    assert (tmp_path / "crate" / results["plots/roc curve.svg"].id).read_bytes() == b"<svg/>"
    assert (results["accuracy"]["value"], results["loss"]["value"]) == (0.93, "nan")
    assert train["instrument"]["programmingLanguage"]["name"] == "Python"
    assert (tmp_path / "crate" / train["instrument"].id).read_text() == "clf = LogisticRegression(C=0.1).fit(df, y)"
    inputs = {item["name"]: item for item in actions[project.runs["read"]]["object"]}
    assert (tmp_path / "crate" / inputs["data/people.csv"].id).read_text() == "age,size\n18,1.5\n"
    assert inputs[".env"].id == f"#version-{project.env.hash}"
    failed = actions[project.runs["fail"]]
    assert failed["error"] == "OSError: data is full" and failed["actionStatus"].endswith("FailedActionStatus")


def test_a_file_that_is_no_longer_the_recorded_one_stays_out(project, tmp_path):
    (project.root / "data" / "people.csv").write_text("other\n")
    standards.write_ro_crate(project.ledger, tmp_path / "crate")
    assert "people" not in " ".join(path.name for path in (tmp_path / "crate").rglob("*"))


def test_a_crate_is_there_in_full_or_not_at_all(project, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").touch()
    with pytest.raises(CrateExists, match="taken exists already: name a new folder"):
        standards.write_ro_crate(project.ledger, tmp_path / "taken")
    before = sorted(tmp_path.rglob("*"))
    for name in ("new", "new.zip"):
        with pytest.raises(TargetNotFound):
            standards.write_ro_crate(project.ledger, tmp_path / name, ["nothing_of_this_name"])
    assert sorted(tmp_path.rglob("*")) == before


# -- all three ------------------------------------------------------------------------------------------------------


def everything(project, tmp_path):
    """Return all three exports as text, the crate's as its files' names and texts."""
    path = tmp_path / f"crate-{time.monotonic_ns()}"
    standards.write_ro_crate(project.ledger, path)
    files = [f"{file.relative_to(path)}\n{file.read_text()}" for file in sorted(path.rglob("*")) if file.is_file()]
    return [project.written(standards.write_prov), events_text(project.ledger), "\n".join(files)]


def zipped(project, path):
    standards.write_ro_crate(project.ledger, path)
    return path.read_bytes()


def test_exports_are_the_same_each_time(project, tmp_path):
    assert everything(project, tmp_path) == everything(project, tmp_path)
    assert zipped(project, tmp_path / "1.zip") == zipped(project, tmp_path / "2.zip")


def test_no_export_names_a_place_of_this_machine(project, tmp_path):
    for text in everything(project, tmp_path):
        for place in (str(project.root), str(tmp_path), "/srv/elsewhere", "private folder", "secret-host", "/usr/lib"):
            assert place not in text
        assert "prices.csv" in text


def test_literals_and_urls_lose_what_is_of_this_machine_or_secret(project, tmp_path):
    url = a_version("url", "url")
    project.kernel.cell(
        versions=(url,),
        used=(Edge(url.hash, "https://ada:pass@host.org:81/a.csv?page=2", "url"),),
        params=(Param("path", f"{project.root}/data/x.csv"), Param("cache", f"{Path.home()}/cache")),
    )
    prov, events, crate = everything(project, tmp_path)
    for text in (prov, events, crate):
        assert "ada:pass" not in text and str(Path.home()) + "/" not in text
        assert '"data/x.csv"' in text and '"~/cache"' in text
    assert "https://host.org:81/a.csv?page=2" in prov
    (used,) = json.loads(events.splitlines()[-1])["inputs"]
    assert (used["namespace"], used["name"]) == ("https://host.org:81", "/a.csv?page=2")


def test_the_run_of_a_notebook_is_exported_with_the_cells_that_another_process_ran(project):
    outer = Kernel(project.ledger, 1_780_002_000.0)
    notebook = new_id()
    outer.start(notebook, kind="notebook")
    kernel = Kernel(project.ledger, 1_780_002_000.5)
    cell = kernel.cell("x = 1", parent=notebook)
    outer.end(notebook)
    raw = json.loads(project.written(standards.write_prov))
    assert set(raw["activity"]) == {f"run:{notebook}", f"run:{cell}"}
    assert_constraints_hold(raw)


def test_a_target_is_exported_with_the_runs_that_made_it_only(project):
    other = Kernel(project.ledger, 1_780_001_000.0)
    other.cell("unrelated = 1", versions=(SMALL,), generated=(Edge(SMALL.hash, "unrelated"),))
    assert len(json.loads(project.written(standards.write_prov))["activity"]) == 1
    names = ("read", "change", "train", "notebook")
    wanted = {f"run:{project.runs[name]}" for name in names}
    for target in ("metric:accuracy", "models:/churn@champion", project.runs["train"]):
        assert set(json.loads(project.written(standards.write_prov, [target]))["activity"]) == wanted
    inside = json.loads(project.written(standards.write_prov, [project.runs["notebook"]]))["activity"]
    assert set(inside) == {f"run:{run}" for run in project.runs.values()}


def test_an_empty_ledger_says_that_there_is_nothing(tmp_path):
    ledger = Ledger.open(tmp_path)
    with pytest.raises(NothingToExport, match="has no runs yet"):
        standards.write_prov(ledger, io.StringIO())
    ledger.close()


def test_memory_does_not_grow_with_the_number_of_runs(tmp_path):
    ledger = Ledger.open(tmp_path)
    kernel = Kernel(ledger)

    class Nowhere(io.TextIOBase):
        def write(self, text):
            return len(text)

    def peak():
        tracemalloc.start()
        standards.write_openlineage(ledger, Nowhere())
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    def add(count):
        for _ in range(count):
            kernel.cell("x = x + 1", versions=(DF,), used=(Edge(DF.hash, "x"),), generated=(Edge(DF.hash, "x"),))

    add(200)
    standards.write_openlineage(ledger, Nowhere())
    few = peak()
    add(1000)
    assert peak() < few + 100_000  # what is written is 6 MB more
    ledger.close()


# -- the shell ------------------------------------------------------------------------------------------------------


@pytest.fixture
def shell(project, monkeypatch):
    from click.testing import CliRunner

    monkeypatch.chdir(project.root)
    project.ledger.close()
    return lambda *words: CliRunner().invoke(cli, ["export", *words])


def test_the_shell_prints_or_writes_each_standard(shell, project):
    printed = shell("--prov")
    assert printed.exit_code == 0
    assert set(json.loads(printed.stdout)["activity"]) == {f"run:{run}" for run in project.runs.values()}
    done = shell("--openlineage", "metric:accuracy", "-o", "events.ndjson", "--json")
    assert json.loads(done.stdout) == {"format": "openlineage", "path": "events.ndjson", "runs": 4}
    assert len(Path("events.ndjson").read_text().splitlines()) == 8
    assert shell("--ro-crate", "-o", "out/crate.zip").stdout == "wrote out/crate.zip  6 runs\n"
    assert "ro-crate-metadata.json" in zipfile.ZipFile("out/crate.zip").namelist()


def test_a_target_may_be_called_as_a_folder_is(shell):
    assert shell("--prov", "data").exit_code == 1
    assert "Nothing recorded is called 'data'" in str(shell("--prov", "data").exception)


def test_the_bundle_is_as_it_was(shell, project):
    assert shell("all.zip").stdout.startswith("wrote all.zip")
    assert shell("one.zip", project.runs["train"][:8]).exit_code == 0
    assert "ledger.db" in zipfile.ZipFile("one.zip").namelist()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Missing argument 'FILE'"),
        (("-o", "x.zip"), "-o goes with --prov, --openlineage or --ro-crate"),
        (("--ro-crate",), "--ro-crate needs -o"),
        (("--prov", "--openlineage"), "Choose one of --prov, --openlineage and --ro-crate"),
        (("data",), "is a directory"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_with_what_to_do(shell, words, said):
    done = shell(*words)
    assert done.exit_code == 2
    assert said in done.output
