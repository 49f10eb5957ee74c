"""The shapes of the answers, as JSON Schema; `extension/src/api.ts` says the same in TypeScript (a test compares)."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
STATUS: Schema = {"type": "string", "enum": ["running", "finished", "failed", "cancelled", "interrupted"]}


def maybe(schema: Schema) -> Schema:
    """Return the schema of a value that may be null."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema}


def mapping(schema: Schema) -> Schema:
    """Return the schema of a mapping of names."""
    return {"type": "object", "additionalProperties": schema}


def one_of(*words: str) -> Schema:
    """Return the schema of a word among some."""
    return {"type": "string", "enum": list(words)}


def ref(name: str) -> Schema:
    """Return a reference to another schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def thing(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of these members."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def page(name: str) -> Schema:
    """Return the schema of one page of a list."""
    return thing(total=COUNT, offset=COUNT, items=many(ref(name)))


_RUN: dict[str, Schema] = {
    "id": TEXT, "kind": TEXT, "name": TEXT, "status": STATUS, "experiment": maybe(TEXT), "notebook": maybe(TEXT),
    "cell_id": maybe(TEXT), "position": maybe(COUNT), "started_at": NUMBER, "duration": maybe(NUMBER),
    "parent": maybe(TEXT), "tracked": FLAG, "error": TEXT, "params": mapping(SCALAR), "metrics": mapping(SCALAR),
    "tags": mapping(TEXT),
}  # fmt: skip
_SWEEP: dict[str, Schema] = {
    "id": TEXT, "name": TEXT, "notebook": TEXT, "strategy": TEXT, "metric": maybe(TEXT), "minimize": FLAG,
    "status": STATUS, "started_at": NUMBER, "duration": maybe(NUMBER), "total": COUNT, "counts": mapping(COUNT),
    "best": maybe(ref("Trial")),
}  # fmt: skip
_PIPELINE: dict[str, Schema] = {
    "id": TEXT, "name": TEXT, "status": TEXT, "started_at": NUMBER, "duration": maybe(NUMBER), "error": TEXT,
    "counts": mapping(COUNT),
}  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    "About": thing(
        version=TEXT,
        state=one_of("ok", "none", "older", "newer", "locked", "corrupt", "unreadable"),
        message=TEXT,
        remedy=TEXT,
        ledger=maybe(TEXT),
        id=maybe(TEXT),
        runs=COUNT,
        experiments=many(TEXT),
        experiment_count=COUNT,
        may=thing(read=FLAG, write=FLAG, promote=FLAG),
        read_only=FLAG,
        role=TEXT,
        user=TEXT,
    ),
    "Changes": thing(now=TEXT),
    "ExperimentPage": thing(total=COUNT, offset=COUNT, items=many(TEXT)),
    "Run": thing(**_RUN),
    "RunPage": page("Run"),
    "Columns": thing(params=many(TEXT), metrics=many(TEXT), tags=many(TEXT), attributes=many(TEXT)),
    "VersionUse": thing(
        role=one_of("used", "generated"),
        name=TEXT,
        hash=TEXT,
        kind=TEXT,
        type_name=TEXT,
        shape=maybe(many(COUNT)),
        nbytes=maybe(COUNT),
        exactness=one_of("exact", "sampled", "opaque"),
    ),
    "RunDetail": thing(
        **_RUN,
        code=TEXT,
        error_detail=TEXT,
        all_params=many(thing(name=TEXT, value=SCALAR, source=TEXT, is_default=FLAG)),
        all_metrics=many(
            thing(
                name=TEXT,
                value=SCALAR,
                step=maybe(COUNT),
                points=COUNT,
                low=maybe(NUMBER),
                high=maybe(NUMBER),
                computed_on=TEXT,
            )
        ),
        data=many(ref("VersionUse")),
        artifacts=many(thing(name=TEXT, hash=TEXT, nbytes=COUNT)),
        models=many(thing(model=TEXT, version=COUNT, aliases=many(TEXT))),
        environment=maybe(thing(python=TEXT, platform=TEXT, packages=mapping(TEXT))),
        git=maybe(thing(commit=TEXT, dirty=FLAG)),
        notes=many(TEXT),
        children=COUNT,
        deleted=maybe(thing(who=TEXT, at=NUMBER)),
        truncated=TEXT,
    ),
    "CellState": thing(
        cell_id=TEXT,
        run=ref("Run"),
        metric=maybe(
            thing(name=TEXT, value=SCALAR, change=maybe(NUMBER), lower_is_better=FLAG, comparable=FLAG)
        ),
        runs=COUNT,
        current=FLAG,
        code=TEXT,
        needs=many(thing(cell_id=TEXT, names=many(TEXT), files=many(TEXT))),
        stale=maybe(thing(reasons=many(TEXT))),
        out_of_order=maybe(thing(reason=TEXT)),
        leaks=many(thing(kind=TEXT, message=TEXT, remedy=TEXT)),
    ),
    "NotebookState": thing(
        notebook=TEXT, session=maybe(TEXT), cells=many(ref("CellState")), to_run=many(TEXT)
    ),
    "Diff": thing(
        a=TEXT,
        b=TEXT,
        text=TEXT,
        code=many(thing(name=TEXT, before=TEXT, after=TEXT, unified=TEXT)),
        params=many(thing(name=TEXT, before=SCALAR, after=SCALAR)),
        metrics=many(thing(name=TEXT, before=SCALAR, after=SCALAR, comparable=FLAG, why_not=TEXT)),
        data=many(thing(name=TEXT, summary=TEXT, columns=many(thing(name=TEXT, change=TEXT)))),
        environment=many(thing(name=TEXT, before=TEXT, after=TEXT)),
        conclusion=TEXT,
    ),
    "Comparison": thing(
        runs=many(ref("Run")),
        rows=many(
            thing(
                kind=one_of("param", "metric", "data", "attribute"),
                name=TEXT,
                values=many(SCALAR),
                differs=FLAG,
                comparable=many(FLAG),
                note=TEXT,
                best=maybe(COUNT),
                gains=many(maybe(thing(change=SCALAR, low=SCALAR, high=SCALAR, sure=FLAG))),
            )
        ),
        judgements=many(TEXT),
        truncated=TEXT,
    ),
    "LineageNode": thing(
        id=TEXT,
        kind=one_of("cell", "data", "file", "model", "metric", "value", "url", "alias"),
        label=TEXT,
        detail=TEXT,
        run=maybe(TEXT),
        code=TEXT,
        layer=COUNT,
        exactness=TEXT,
    ),
    "Lineage": thing(
        of=TEXT,
        title=TEXT,
        center=TEXT,
        nodes=many(ref("LineageNode")),
        edges=many(thing(source=TEXT, target=TEXT, label=TEXT)),
        text=TEXT,
        truncated=TEXT,
    ),
    "FigureKind": thing(name=TEXT, title=TEXT, options=mapping({"type": "object"})),
    "FigureKinds": thing(items=many(ref("FigureKind"))),
    "Figure": thing(
        figure=thing(data=many({}), layout={"type": "object"}, config={"type": "object"}), description=TEXT
    ),
    "Model": thing(name=TEXT, description=TEXT, versions=COUNT, aliases=mapping(COUNT), tags=mapping(TEXT)),
    "ModelPage": page("Model"),
    "ModelVersion": thing(
        model=TEXT,
        version=COUNT,
        run=TEXT,
        hash=TEXT,
        created_at=NUMBER,
        who=TEXT,
        aliases=many(TEXT),
        metrics=mapping(SCALAR),
        tags=mapping(TEXT),
        approvals=many(thing(who=TEXT, at=NUMBER, note=TEXT)),
    ),
    "Described": thing(model=TEXT, version=maybe(COUNT), tags=mapping(TEXT), done=FLAG, message=TEXT),
    "Approval": thing(
        model=TEXT, version=COUNT, who=TEXT, counts=FLAG, done=FLAG, message=TEXT, changes=many(TEXT)
    ),
    "ModelVersionPage": page("ModelVersion"),
    "AliasEvent": thing(
        model=TEXT,
        alias=TEXT,
        version=maybe(COUNT),
        previous=maybe(COUNT),
        at=NUMBER,
        who=TEXT,
        why=TEXT,
        kind=TEXT,
    ),
    "AliasEventPage": page("AliasEvent"),
    "GateResult": thing(name=TEXT, outcome=one_of("passed", "failed", "waived", "error"), message=TEXT),
    "Promotion": thing(
        model=TEXT,
        alias=TEXT,
        version=maybe(COUNT),
        **{"from": maybe(COUNT)},
        gates=many(ref("GateResult")),
        allowed=FLAG,
        done=FLAG,
        message=TEXT,
        changes=many(TEXT),
    ),
    "Said": thing(message=TEXT),
    "Extracted": thing(path=TEXT, notes=many(TEXT)),
    "Job": thing(
        id=TEXT,
        kind=one_of("reproduce"),
        run=TEXT,
        status=one_of("running", "done", "failed"),
        message=TEXT,
        verdict=maybe(one_of("identical", "equivalent", "different", "failed")),
        differences=many(TEXT),
    ),
    "Trial": thing(
        number=COUNT,
        run=TEXT,
        status=one_of("planned", "deleted", *STATUS["enum"]),
        params=mapping(SCALAR),
        value=SCALAR,
        metrics=mapping(SCALAR),
        duration=maybe(NUMBER),
        reason=TEXT,
        attempts=COUNT,
        worker=TEXT,
    ),
    "SweepRow": thing(**_SWEEP),
    "SweepPage": page("SweepRow"),
    "Sweep": thing(**_SWEEP, trials=many(ref("Trial")), truncated=TEXT),
    "Step": thing(
        name=TEXT,
        notebook=TEXT,
        before=many(TEXT),
        status=one_of("waiting", "not run", "skipped", "cached", *STATUS["enum"]),
        run=maybe(TEXT),
        detail=TEXT,
        duration=maybe(NUMBER),
        attempts=COUNT,
    ),
    "PipelineRow": thing(**_PIPELINE),
    "PipelinePage": page("PipelineRow"),
    "PipelineRun": thing(**_PIPELINE, steps=many(ref("Step")), truncated=TEXT),
    "Problem": {
        "type": "object",
        "properties": {
            "type": TEXT, "title": TEXT, "status": COUNT, "detail": TEXT, "remedy": TEXT, "position": COUNT,
            "state": TEXT,
        },
        "required": ["type", "title", "status", "detail"],
    },
}  # fmt: skip
