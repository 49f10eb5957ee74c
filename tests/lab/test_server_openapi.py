"""The OpenAPI document: up to date, one with the TypeScript client, and true of a running server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from nbledger_lab import openapi
from nbledger_lab.answers import all_routes
from nbledger_lab.schemas import SCHEMAS

SOURCES = Path(__file__).parents[2] / "extension" / "src"
#: The client, and the shapes of what it is answered.
API, ANSWERS = SOURCES / "api.ts", SOURCES / "answers.ts"
#: Interfaces of the client that are called otherwise, or are no answers.
ELSEWHERE = {"IPage", "IProblem"}


def test_the_committed_document_is_what_the_routes_declare():
    committed = openapi.FILE.read_text(encoding="utf-8")
    assert committed == openapi.text(all_routes()), "python -m nbledger_lab.openapi writes it anew"


def _interfaces():
    """The members of each interface of the client, those that it extends included."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", ANSWERS.read_text(encoding="utf-8"), flags=re.DOTALL)
    found, parents = {}, {}
    for name, parent, body in re.findall(
        r"export interface (\w+)(?:<\w+>)?(?: extends (\w+))? \{\n(.*?)\n\}", text, re.DOTALL
    ):
        members = re.findall(r"^  (\w+)\??:", body, re.MULTILINE)
        found[name], parents[name] = set(members), parent
    for name, parent in parents.items():
        while parent:
            found[name] |= found[parent]
            parent = parents[parent]
    return found


def test_the_typescript_client_knows_the_same_members():
    interfaces = _interfaces()
    wrong = {}
    for name, members in interfaces.items():
        if name in ELSEWHERE:
            continue
        schema = SCHEMAS[name[1:]]
        if set(schema["properties"]) != members:
            wrong[name] = set(schema["properties"]) ^ members
    assert wrong == {}


def test_the_typescript_client_asks_for_the_same_routes():
    text = API.read_text(encoding="utf-8")
    asked = re.findall(r"this\.(get|post)\(\s*[`']([^`']+)[`']", text)
    asked += [("get", route) for route in re.findall(r"this\.url\([`']([^`']+)[`']", text)]
    client = {(method.upper(), re.sub(r"\$\{[^}]*\}", "{}", route)) for method, route in asked}
    server = {(route.method, re.sub(r"\{\w+\}", "{}", route.path)) for route in all_routes()}
    assert client - server == {("GET", "objects/{}")}
    assert server - client == set()


async def test_real_answers_have_the_shapes_that_the_document_says(ask, recorded):
    document = (await ask("openapi.json")).data
    first, second = recorded.runs["first"], recorded.runs["second"]
    asked = {
        "about": {},
        "experiments": {"find": "A"},
        "changes": {},
        "runs": {"untracked": True},
        "columns": {},
        f"runs/{first}": {},
        "notebook": {"path": "train.ipynb"},
        "cells/fit/runs": {"path": "train.ipynb"},
        "diff": {"a": first, "b": second},
        "compare": {"run": [first, second]},
        "lineage": {"of": "churn@champion", "direction": "both"},
        "figures": {},
        "figures/bars": {"run": [first, second]},
        "models": {},
        "models/churn/versions": {},
        "models/churn/history": {},
        "sweeps": {},
        "pipelines": {},
    }
    for route, params in asked.items():
        answer = await ask(route, **params)
        template = re.sub(rf"{first}", "{run}", route).replace("fit", "{cell}").replace("churn", "{model}")
        template = template.replace("figures/bars", "figures/{figure}")
        operation = document["paths"][f"/nbledger/api/{template}"]["get"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(answer.data)


@pytest.fixture(scope="module")
def server(recorded, tmp_path_factory):
    """A Jupyter Server of its own, as a process, on a copy of the project."""
    import shutil

    root = tmp_path_factory.mktemp("root")
    shutil.copytree(recorded.folder, root / "copy")
    home = tmp_path_factory.mktemp("home")
    log = (home / "log").open("w")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NBLEDGER_", "JUPYTER_"))}
    environment |= {"HOME": str(home), "JUPYTER_NO_CONFIG": "1", "JUPYTER_RUNTIME_DIR": str(home)}
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyter_server", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root",
            "--IdentityProvider.token=secret", f"--ServerApp.root_dir={root}", "--ServerApp.log_level=ERROR",
            "--ServerApp.jpserver_extensions={'nbledger_lab': True, 'jupyter_server_terminals': False}",
        ],
        env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not (found := list(home.glob("jpserver-*.json"))) and time.monotonic() < deadline:
            assert process.poll() is None, (home / "log").read_text()
            time.sleep(0.1)
        time.sleep(0.5)
        yield json.loads(found[0].read_text())["url"].rstrip("/")
    finally:
        process.terminate()
        process.wait(20)
        log.close()
    assert "Traceback" not in (home / "log").read_text()


def test_the_server_keeps_what_the_document_promises(server, recorded):
    """Schemathesis makes requests, right and wrong ones, from the document and holds the answers against it."""
    import requests
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import GenerationMode

    # Unknown parameters are passed over: JupyterLab adds one of its own to defeat caches.
    config = schemathesis.Config.from_str(
        "[generation]\nallow-extra-parameters = false\nwith-security-parameters = false\n"
    )
    document = json.loads(openapi.FILE.read_text(encoding="utf-8"))
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.validate()
    schema.config.update(base_url=server)
    known = {"run": recorded.runs["first"], "model": "churn", "figure": "bars", "cell": "fit"}
    statuses = []
    rules = settings(
        max_examples=4, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    with requests.Session() as session:
        session.headers["Authorization"] = "token secret"

        def right(case):
            case.query["path"] = "copy/train.ipynb"
            case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
            if "wait" in case.query:
                case.query["wait"] = 0
            for words in ("filter", "order_by"):  # most texts are no filter
                case.query.pop(words, None)
            wrong(case)

        def wrong(case):
            answer = case.call(session=session)
            if len(answer.request.url) > 60_000:
                return  # tornado refuses the headers before anybody sees them
            case.validate_response(answer, headers=dict(session.headers))
            statuses.append(answer.status_code)

        for operation in schema.get_all_operations():
            found = operation.ok()
            if found.path.endswith(("/reproduce", "/openapi.json")):
                continue  # a process each; nothing to ask wrongly
            for mode in GenerationMode:
                check = right if mode is GenerationMode.POSITIVE else wrong
                rules(given(case=found.as_strategy(generation_mode=mode))(check))()
    assert statuses.count(200) > 60
    assert statuses.count(400) > 60
    assert max(statuses) < 500
