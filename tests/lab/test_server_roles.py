"""Roles: what viewers, contributors and approvers may do, and whom the audit log names for it."""

from __future__ import annotations

from contextlib import closing

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import IdentityProvider, User
from traitlets.config import Config

from nbledger.ledger import Ledger, audit
from nbledger.ledger.verification import verify
from nbledger_lab.extension import RUNS_NOTHING, start
from nbledger_lab.identity import who_is
from nbledger_lab.roles import NBLedgerAuthorizer

USERS = {"vera": "viewer", "carl": "contributor", "grace": "approver", "mallory": "none"}


class Named(IdentityProvider):
    """Takes a request's word for who asks, as only a test may."""

    def get_user(self, handler):
        name = handler.request.headers.get("X-User")
        if not name:
            return None
        user = User(name)
        user.hub_user = {"groups": handler.request.headers.get("X-Groups", "").split(",")}
        return user

    @property
    def auth_enabled(self):
        return True


@pytest.fixture
def jp_server_config():
    return Config(
        {
            "ServerApp": {
                "jpserver_extensions": {"nbledger_lab": True, "jupyter_server_terminals": True},
                "identity_provider_class": Named,
                "authorizer_class": NBLedgerAuthorizer,
                "disable_check_xsrf": True,
            },
            "NBLedgerAuthorizer": {
                "viewers": {"vera"},
                "contributors": {"carl", "group:data"},
                "approvers": {"grace"},
                "default_role": "none",
            },
        }
    )


@pytest.fixture
def by(ask):
    async def asked(user, route, body=None, groups="", **params):
        return await ask(route, body, headers={"X-User": user, "X-Groups": groups}, path="copy", **params)

    return asked


@pytest.mark.parametrize(("user", "role"), USERS.items())
async def test_each_role_may_do_what_it_says(by, project, user, role):
    rank = ["none", "viewer", "contributor", "approver"].index(role)
    run = project.runs["first"]
    about = await by(user, "about")
    assert about.status == (200 if rank >= 1 else 403)
    if rank >= 1:
        assert about.data["role"] == role
        assert about.data["user"] == user
        assert about.data["may"] == {"read": True, "write": rank >= 2, "promote": rank >= 3}
    assert (await by(user, "runs")).status == (200 if rank >= 1 else 403)
    assert (await by(user, f"runs/{run}/tags", {"key": "k", "value": "v"})).status == (200 if rank >= 2 else 403)
    tried = {"version": 1, "alias": "champion", "dry_run": True}
    assert (await by(user, "models/churn/promote", tried)).status == (200 if rank >= 2 else 403)
    assert (await by(user, "models/churn/approve", {"version": 1})).status == (200 if rank >= 2 else 403)
    assert (await by(user, "models/churn/describe", {"tags": {"k": "v"}})).status == (200 if rank >= 2 else 403)
    for route, body in (
        ("models/churn/promote", {**tried, "dry_run": False, "why": "x"}),
        ("models/churn/rollback", {"alias": "champion", "dry_run": False, "why": "x", "to": 2}),
        ("models/churn/approve", {"version": 1, "dry_run": False}),
    ):
        answer = await by(user, route, body)
        assert answer.status == (200 if rank >= 3 else 403), (route, answer.raw)
        if answer.status == 403:
            assert answer.data["type"] == "urn:nbledger:problem:forbidden"
            assert "Ask whoever runs this server" in answer.data["remedy"]


async def test_the_audit_names_the_servers_user_for_everything_that_is_written(by, project):
    run, broken = project.runs["first"], project.runs["broken"]
    written = [
        ("carl", "tag", f"runs/{run}/tags", {"key": "reviewed", "value": "yes"}),
        ("carl", "describe", "models/churn/describe", {"version": 1, "tags": {"stage": "production"}}),
        ("anna", "describe", "models/churn/describe", {"tags": {"description": "who leaves"}}),
        ("carl", "delete", f"runs/{broken}/delete", {}),
        ("anna", "restore", f"runs/{broken}/restore", {}),
        ("grace", "promote", "models/churn/promote", {"version": 1, "alias": "champion", "dry_run": False}),
        ("grace", "refuse", "models/churn/promote",
         {"version": 2, "alias": "champion", "gates": ["accuracy >= 2"], "dry_run": False}),
        ("grace", "rollback", "models/churn/rollback", {"alias": "champion", "to": 2, "dry_run": False}),
        ("grace", "approve", "models/churn/approve", {"version": 1, "dry_run": False}),
        ("grace", "revoke", "models/churn/approve", {"version": 1, "revoke": True, "dry_run": False}),
    ]  # fmt: skip
    with closing(Ledger.open(project.folder, create=False)) as ledger:
        before = len(_events(ledger))
        for user, _, route, body in written:
            assert (await by(user, route, body, groups="data")).status == 200, route
        assert _events(ledger)[before:] == [(user, action) for user, action, _, _ in written]
        assert ledger.alias_history("churn")[-1].who == "grace"
        assert verify(ledger, quick=True).ok


def _events(ledger):
    """Who did what, in the order of the chain."""
    connection = ledger.database.connection()
    events, found, at = audit.read_events(connection), [], audit.head(connection)
    while at:
        found.append((events[at].who, events[at].action))
        at = events[at].previous
    return found[::-1]


async def test_an_approval_counts_where_somebody_else_than_the_author_gives_it(by, project):
    tried = (await by("grace", "models/churn/approve", {"version": 2})).data
    assert (tried["who"], tried["counts"], tried["done"]) == ("grace", True, False)
    judged = {"version": 2, "alias": "checked", "gates": ["approval"], "dry_run": True}
    assert (await by("grace", "models/churn/promote", judged)).data["allowed"] is False
    await by("grace", "models/churn/approve", {"version": 2, "why": "read the errors", "dry_run": False})
    assert (await by("grace", "models/churn/promote", judged)).data["allowed"] is True


async def test_a_group_gives_its_members_a_role(by, project):
    assert (await by("anna", "about", groups="data,other")).data["role"] == "contributor"
    assert (await by("anna", "about", groups="other")).status == 403


async def test_viewers_start_no_kernels_and_write_no_files(by, project, jp_fetch):
    async def status(user, *route, **more):
        from tornado.httpclient import HTTPClientError

        try:
            return (await jp_fetch(*route, headers={"X-User": user}, **more)).code
        except HTTPClientError as error:
            return error.code

    put = {"method": "PUT", "body": '{"type": "file", "format": "text", "content": "x"}'}
    assert await status("vera", "api", "contents", "copy/new.txt", **put) == 403
    assert await status("vera", "api", "terminals", method="POST", body="") == 403
    assert await status("vera", "api", "kernels", method="POST", body='{"name": "none"}') == 403
    assert await status("vera", "api", "contents", "copy") == 200
    assert await status("carl", "api", "contents", "copy/new.txt", **put) == 201


async def test_a_page_is_told_whether_its_user_may_run_anything(by, project, jp_serverapp, jp_fetch):
    """JupyterLab asks this hook for each page; what other extensions put there stays."""
    settings = jp_serverapp.web_app.settings
    settings["page_config_hook"] = lambda handler, config: {**config, "hubUser": handler.current_user.username}
    start(jp_serverapp)

    class Handler:
        current_user = User("vera")

    assert settings["page_config_hook"](Handler, {"a": 1}) == {"a": 1, "hubUser": "vera", RUNS_NOTHING: "true"}
    Handler.current_user = User("carl")
    assert settings["page_config_hook"](Handler, {})[RUNS_NOTHING] == "false"
    jp_serverapp.authorizer.viewers_run_nothing = False
    Handler.current_user = User("vera")
    assert settings["page_config_hook"](Handler, {})[RUNS_NOTHING] == "false"


async def test_an_extraction_takes_the_right_to_write_files_too(by, project, jp_serverapp):
    class NoFiles(Authorizer):
        def is_authorized(self, handler, user, action, resource):
            return (resource, action) not in (("contents", "write"), ("kernels", "execute"))

    jp_serverapp.authorizer.wrapped = NoFiles()
    run = project.runs["first"]
    assert (await by("carl", f"runs/{run}/extract", {"to": "x.ipynb"})).status == 403
    assert (await by("carl", f"runs/{run}/reproduce", {})).status == 403
    assert not (project.folder / "x.ipynb").exists()


async def test_the_authorizer_that_is_wrapped_has_the_first_word(by, project, jp_serverapp):
    asked = []

    class Readers(Authorizer):
        async def is_authorized(self, handler, user, action, resource):
            asked.append((action, resource))
            return action == "read"

    jp_serverapp.authorizer.wrapped = Readers()
    about = (await by("grace", "about")).data
    assert about["may"] == {"read": True, "write": False, "promote": False}
    assert ("promote", "nbledger") not in asked


def test_nobody_becomes_a_group_by_being_called_like_one():
    authorizer = NBLedgerAuthorizer(contributors={"group:data"})
    assert authorizer.role_of(User("group:data")) == "viewer"


def test_an_action_that_nobody_knows_is_allowed_to_nobody():
    import asyncio

    authorizer = NBLedgerAuthorizer(default_role="approver")
    assert not asyncio.run(authorizer.is_authorized(None, User("grace"), "execute", "nbledger"))


def test_a_shared_login_is_named_as_what_it_is(monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    assert who_is(User("0" * 32, name="Anonymous Io")) == "ada (shared Jupyter login)"
    assert who_is(User("grace", name="Anonymous Io")) == "grace"
    monkeypatch.setattr("getpass.getuser", lambda: (_ for _ in ()).throw(KeyError("uid")))
    assert who_is(None) == "shared Jupyter login"
