"""What the interface refuses: strangers, forged requests, paths that lead out, hashes that are none; and how it refuses."""

from __future__ import annotations

import json

import pytest
from blake3 import blake3
from tornado.httpclient import HTTPClientError

from nbledger.ledger import Ledger

HASH = "0" * 64


async def test_whoever_is_not_signed_in_gets_nothing(ask, recorded):
    nobody = {"Authorization": ""}
    for route in ("about", "runs", "changes", "openapi.json", f"objects/{HASH}", "no/such/route"):
        answer = await ask(route, headers=dict(nobody))
        assert answer.status == 403, route
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert (await ask("models/churn/rollback", {"alias": "champion"}, headers=dict(nobody))).status == 403


async def _cookie(jp_serverapp, http_server_client, jp_base_url):
    """Sign in as a browser does, and return its cookies and the XSRF token."""
    token = jp_serverapp.identity_provider.token
    answer = await http_server_client.fetch(f"{jp_base_url}lab?token={token}", raise_error=False)
    answer = await http_server_client.fetch(
        f"{jp_base_url}tree?token={token}", raise_error=False, follow_redirects=False
    )
    cookies = dict(
        cookie.split(";")[0].split("=", 1) for cookie in answer.headers.get_list("Set-Cookie") if "=" in cookie
    )
    return "; ".join(f"{name}={value}" for name, value in cookies.items()), cookies.get("_xsrf", "")


async def test_a_browsers_cookie_alone_does_not_write(ask, project, jp_serverapp, http_server_client, jp_base_url):
    cookies, xsrf = await _cookie(jp_serverapp, http_server_client, jp_base_url)
    route = f"runs/{project.runs['first']}/tags"
    body = {"key": "a", "value": "b"}
    signed_in = {"Authorization": "", "Cookie": cookies}
    assert (await ask("about", path="copy", headers=dict(signed_in))).status == 200
    forged = await ask(route, body, path="copy", headers=dict(signed_in))
    assert forged.status == 403
    assert "_xsrf" in forged.data["detail"]
    wrong = await ask(route, body, path="copy", headers={**signed_in, "X-XSRFToken": "2|aa|bb|1"})
    assert wrong.status == 403
    assert (await ask(route, body, path="copy", headers={**signed_in, "X-XSRFToken": xsrf})).status == 200


async def test_another_sites_page_reads_nothing(ask, recorded, jp_serverapp, http_server_client, jp_base_url):
    cookies, _ = await _cookie(jp_serverapp, http_server_client, jp_base_url)
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}):
        answer = await ask("runs", headers={"Authorization": "", "Cookie": cookies, **headers})
        assert answer.status in (403, 404)
        assert "items" not in answer.data


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../..",
        "copy/../..",
        "copy/../../etc/passwd",
        "/etc/passwd",
        "//etc",
        "C:/Windows",
        "c:",
        "copy\\..\\..",
        "..\\..",
        "copy/\x00",
        "copy\n",
        "~",
        "~root",
        "copy/.git",
        ".ssh/id_rsa",
        "copy/.nbledger/objects",
        "copy/.nbledger/../.nbledger/objects",
        "link/inside.ipynb",
        "copy/out.ipynb",
        "nothing.ipynb",
        "x" * 300,
        "x/" * 3000,
        "%2e%2e/%2e%2e",
    ],
)
async def test_no_path_leads_out_of_the_servers_root(ask, project, jp_root_dir, tmp_path, path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "inside.ipynb").touch()
    (jp_root_dir / "link").symlink_to(outside)
    (project.folder / "out.ipynb").symlink_to(outside / "inside.ipynb")
    (project.folder / ".git").mkdir()
    (jp_root_dir / ".ssh").mkdir()
    for route in ("about", "runs", "notebook", f"objects/{HASH}", "changes"):
        answer = await ask(route, path=path)
        assert answer.status in (400, 404), route
        assert str(tmp_path) not in answer.raw.decode()


@pytest.mark.parametrize(
    "path", ["copy", "copy/", "./copy", "copy/train.ipynb", "copy/.nbledger/ledger.db", "copy/.nbledger"]
)
async def test_these_paths_name_the_ledger(ask, project, path):
    about = (await ask("about", path=path)).data
    assert (about["state"], about["ledger"], about["runs"]) == ("ok", "copy/.nbledger", 3)


async def test_a_link_within_the_root_is_followed(ask, project, jp_root_dir):
    (jp_root_dir / "alias").symlink_to(project.folder)
    assert (await ask("about", path="alias/train.ipynb")).data["runs"] == 3
    assert (await ask("runs", path="alias/train.ipynb", scope="notebook")).data["total"] == 3


async def test_no_message_names_a_place_on_the_machine(ask, project, jp_root_dir):
    (project.folder / ".nbledger" / "ledger.db").write_bytes(b"no database at all, but long enough to be read as one")
    for route in ("about", "runs", f"runs/{project.runs['first']}", f"objects/{HASH}"):
        answer = await ask(route, path="copy")
        assert str(jp_root_dir) not in answer.raw.decode(), route


async def test_an_object_is_sent_as_a_download_and_as_nothing_else(ask, project):
    ledger = Ledger.open(project.folder)
    page = b"<script>alert(1)</script>"
    picture = b"\x89PNG\r\n\x1a\n" + bytes(100)
    hashes = {}
    for data in (page, picture):
        hashes[data], _ = ledger.objects.put_bytes(data)
        with ledger.database.write() as connection:
            connection.execute("INSERT INTO object VALUES (?, ?, 0)", (hashes[data], len(data)))
    ledger.close()
    sent = await ask(f"objects/{hashes[page]}", path="copy")
    assert sent.raw == page
    assert sent.headers["Content-Type"] == "application/octet-stream"
    assert sent.headers["Content-Disposition"] == f'attachment; filename="{hashes[page][:16]}"'
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in sent.headers["Content-Security-Policy"]
    assert (await ask(f"objects/{hashes[picture]}", path="copy")).headers["Content-Type"] == "image/png"
    known = {"If-None-Match": sent.headers["ETag"]}
    assert (await ask(f"objects/{hashes[page]}", path="copy", headers=known)).status == 304


@pytest.mark.parametrize(
    "hash",
    ["0", "g" * 64, HASH.upper().replace("0", "A"), "..%2f..%2fledger.db", "ab/cd", f"{HASH}%0a", f"{HASH[:-1]}%00"],
)
async def test_what_is_no_hash_is_no_object(
    ask, project, jp_fetch, hash, http_server_client, jp_base_url, jp_auth_header
):
    url = f"{jp_base_url}nbledger/api/objects/{hash}?path=copy"
    answer = await http_server_client.fetch(url, headers=dict(jp_auth_header), raise_error=False)
    assert answer.code in (400, 404)
    assert json.loads(answer.body)["type"].startswith("urn:nbledger:problem:")


async def test_an_object_that_was_altered_is_not_sent(ask, project):
    ledger = Ledger.open(project.folder)
    stored = ledger.stored(ledger.model_version("churn", 1).version)
    path = ledger.objects.path(stored.object)
    path.chmod(0o644)
    path.write_bytes(b"something else")
    ledger.close()
    answer = await ask(f"objects/{stored.object}", path="copy")
    assert answer.status == 409
    assert b"something else" not in answer.raw


async def test_an_object_that_the_ledger_does_not_name_is_not_sent(ask, project):
    ledger = Ledger.open(project.folder)
    data = b"left behind"
    ledger.objects.put_bytes(data)
    ledger.close()
    assert (await ask(f"objects/{blake3(data).hexdigest()}", path="copy")).status == 404
    assert (await ask(f"objects/{HASH}", path="copy")).status == 404


async def test_an_unknown_route_or_method_is_a_problem_too(ask, recorded, jp_fetch):
    for route in ("", "no", "runs/x/y/z", "runs/../../api/contents"):
        answer = await ask(route)
        assert answer.status in (400, 404), route
    for method in ("PUT", "DELETE", "PATCH"):
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch("nbledger", "api", "runs", method=method, body=None if method == "DELETE" else "{}")
        assert caught.value.code == 405
        assert caught.value.response.headers["Allow"] == "GET, OPTIONS"
        assert json.loads(caught.value.response.body)["type"].startswith("urn:nbledger:problem:")
    assert (await ask("runs", {})).status == 405


async def test_what_nobody_expected_is_told_to_the_log_alone(ask, recorded, jp_serverapp, caplog):
    service = jp_serverapp.web_app.settings["nbledger_service"]
    route = next(one for one in service.routes if one.path == "models")

    def broken(ask):
        raise RuntimeError("secret detail")

    object.__setattr__(route, "answer", broken)
    try:
        answer = await ask("models")
    finally:
        from nbledger_lab.answers.models import models

        object.__setattr__(route, "answer", models)
    assert answer.status == 500
    assert "secret" not in answer.raw.decode() and "Traceback" not in answer.raw.decode()
    assert answer.data["type"] == "urn:nbledger:problem:internal"
    assert "secret detail" in caplog.text


async def test_answers_stay_data_in_a_browser(ask, recorded):
    for route in ("about", "runs", "no-such"):
        headers = (await ask(route)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Type"].startswith("application/")
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "private" in headers["Cache-Control"]


async def test_names_from_a_notebook_cannot_split_a_header(ask, project, add_run_to):
    run = add_run_to(project)("a\r\nSet-Cookie: x=1", tags={"k\r\nX: y": "v\r\n"})
    answer = await ask(f"runs/{run}", path="copy")
    assert answer.data["name"] == "a\r\nSet-Cookie: x=1"
    assert "x=1" not in str(answer.headers)
    missing = await ask("lineage", path="copy", of="var:a\r\nX-Evil: 1")
    assert missing.status in (400, 404)
    assert "X-Evil" not in missing.headers


async def test_a_body_that_is_too_large_is_refused(ask, project):
    run = project.runs["first"]
    answer = await ask(f"runs/{run}/tags", json.dumps({"key": "a", "value": "x" * 70_000}), path="copy")
    assert answer.status == 413
    deep = "[" * 20_000 + "]" * 20_000
    assert (await ask(f"runs/{run}/tags", deep, path="copy")).status == 400


async def test_a_filter_that_is_an_attack_is_only_a_filter(ask, recorded):
    for words in ("name = 'x'; DROP TABLE run", "1=1", "name = 'x' OR 1=1 --", "(" * 500, "params.`a` = '\u0000'"):
        answer = await ask("runs", filter=words)
        assert answer.status in (200, 400), words
    assert (await ask("runs", filter="name = ''' OR 1=1'")).status in (200, 400)
    assert (await ask("runs")).data["total"] == 3
