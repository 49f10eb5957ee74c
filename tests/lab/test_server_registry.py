"""The registry over REST: looking, trying out, promoting, rolling back, approving; and who is said to have done it."""

from __future__ import annotations

import pytest

from nbledger.ledger import Ledger
from nbledger.ledger.verification import verify
from nbledger.registry.promotion import promote


@pytest.fixture
def ledger(project):
    opened = Ledger.open(project.folder, create=False)
    yield opened
    opened.close()


async def test_models_versions_and_the_history_of_aliases_are_listed(ask, recorded):
    (model,) = (await ask("models")).data["items"]
    assert model == {"name": "churn", "description": "", "versions": 2, "aliases": {"champion": 2}, "tags": {}}
    versions = (await ask("models/churn/versions")).data
    assert [one["version"] for one in versions["items"]] == [2, 1]
    assert versions["items"][0]["aliases"] == ["champion"]
    assert versions["items"][0]["metrics"] == {"accuracy": pytest.approx(1.0, abs=1)}
    events = (await ask("models/churn/history")).data["items"]
    assert [(one["version"], one["previous"], one["why"], one["kind"]) for one in events] == [
        (2, 1, "because second", "moved"),
        (1, None, "because first", "set"),
    ]


async def test_pages_of_versions_go_on_where_the_last_one_ended(ask, recorded):
    page = (await ask("models/churn/versions", limit=1, offset=1)).data
    assert [one["version"] for one in page["items"]] == [1]
    assert page["total"] == 2
    assert (await ask("models/none/versions")).status == 404
    assert (await ask("models/none/history")).status == 404


async def test_a_dry_run_says_exactly_what_will_change_and_changes_nothing(ask, project, ledger):
    body = {"version": 1, "alias": "champion", "why": "-", "dry_run": True}
    found = (await ask("models/churn/promote", body, path="copy")).data
    assert (found["version"], found["from"], found["allowed"], found["done"]) == (1, 2, True, False)
    assert any("@champion moves from version 2 to version 1" in line for line in found["changes"])
    assert ledger.aliases("churn") == {"champion": 2}


async def test_without_saying_otherwise_nothing_is_done(ask, project, ledger):
    found = (await ask("models/churn/promote", {"version": 1, "alias": "champion"}, path="copy")).data
    assert found["done"] is False
    assert ledger.aliases("churn") == {"champion": 2}


async def test_a_promotion_moves_the_alias_in_the_name_of_the_servers_user(ask, project, ledger):
    body = {
        "version": None,
        "run": project.runs["first"],
        "alias": "@challenger",
        "why": "looks good",
        "dry_run": False,
    }
    found = (await ask("models/churn/promote", body, path="copy")).data
    assert found["done"] is True
    assert ledger.aliases("churn") == {"challenger": 1, "champion": 2}
    event = ledger.alias_history("churn", "challenger")[0]
    assert event.reason == "looks good"
    assert event.who.endswith("(shared Jupyter login)")


async def test_a_request_cannot_say_who_it_is(ask, project, ledger):
    body = {"version": 1, "alias": "champion", "who": "grace", "dry_run": False}
    assert (await ask("models/churn/promote", body, path="copy")).status == 400
    assert ledger.aliases("churn") == {"champion": 2}


async def test_gates_refuse_and_the_refusal_is_an_answer_with_all_of_them(ask, project, ledger):
    body = {"version": 1, "alias": "champion", "why": "", "gates": ["accuracy >= 2", "no-leakage"], "dry_run": False}
    found = (await ask("models/churn/promote", body, path="copy")).data
    assert (found["allowed"], found["done"], found["changes"]) == (False, False, [])
    assert {gate["name"]: gate["outcome"] for gate in found["gates"]}["metric"] == "failed"
    assert "metric" in found["message"]
    assert ledger.aliases("churn") == {"champion": 2}


async def test_the_gates_of_the_last_promotion_judge_again(ask, project, ledger):
    first = ledger.run(project.runs["first"])
    promote(ledger, "churn", first, alias="safe", gates=["accuracy >= 0.1"])
    second = {"run": project.runs["second"], "alias": "safe", "dry_run": True}
    found = (await ask("models/churn/promote", second, path="copy")).data
    assert [gate["name"] for gate in found["gates"]] == ["metric"]
    assert found["allowed"] is True


async def test_a_gate_is_waived_with_a_reason_only(ask, project, ledger):
    body = {"version": 1, "alias": "champion", "gates": ["accuracy >= 2"], "waive": ["metric"], "dry_run": False}
    refused = await ask("models/churn/promote", body, path="copy")
    assert refused.status == 409
    assert refused.data["type"] == "urn:nbledger:problem:refused"
    found = (await ask("models/churn/promote", {**body, "why": "the limit was wrong"}, path="copy")).data
    assert found["done"] is True
    assert found["gates"][0]["outcome"] == "waived"
    assert ledger.aliases("churn") == {"champion": 1}


async def test_what_was_confirmed_is_done_only_while_the_alias_stands_where_it_was_shown(ask, project, ledger):
    body = {"version": 1, "alias": "champion", "why": "seen", "dry_run": False}
    late = await ask("models/churn/promote", {**body, "expected": 1}, path="copy")
    assert (late.status, late.data["type"]) == (409, "urn:nbledger:problem:moved")
    assert "moved to version 2" in late.data["detail"]
    assert ledger.aliases("churn") == {"champion": 2}
    assert (await ask("models/churn/promote", {**body, "expected": 2}, path="copy")).data["done"] is True
    back = {"alias": "champion", "to": 2, "dry_run": False}
    assert (await ask("models/churn/rollback", {**back, "expected": None}, path="copy")).status == 409
    assert (await ask("models/churn/rollback", {**back, "expected": 1}, path="copy")).data["done"] is True


async def test_a_rollback_goes_back_and_says_so_first(ask, project, ledger):
    tried = (await ask("models/churn/rollback", {"alias": "champion", "why": "", "dry_run": True}, path="copy")).data
    assert (tried["version"], tried["from"], tried["done"]) == (1, 2, False)
    done = (await ask("models/churn/rollback", {"alias": "champion", "why": "bad", "dry_run": False}, path="copy")).data
    assert done["done"] is True
    assert ledger.aliases("churn") == {"champion": 1}
    again = await ask("models/churn/rollback", {"alias": "champion", "dry_run": False}, path="copy")
    assert again.status == 409
    assert "first that it held" in again.data["detail"] + again.data.get("remedy", "")


async def test_a_person_approves_a_version_and_takes_it_back(ask, project, ledger):
    tried = (await ask("models/churn/approve", {"version": 2, "why": "read the errors"}, path="copy")).data
    assert (tried["done"], tried["version"]) == (False, 2)
    assert "churn version 2: content" in tried["changes"][0] and "an event of the audit" in tried["changes"][-1]
    assert ledger.database.rows("SELECT count(*) FROM approval") == [(0,)]
    body = {"version": 2, "why": "read the errors", "dry_run": False}
    done = (await ask("models/churn/approve", body, path="copy")).data
    assert done["done"] and "approves version 2 of churn" in done["message"]
    ((approval,),) = [
        one["approvals"]
        for one in (await ask("models/churn/versions", path="copy")).data["items"]
        if one["version"] == 2
    ]
    assert (approval["who"], approval["note"]) == (done["who"], "read the errors")
    assert (await ask("models/churn/approve", {**body, "revoke": True}, path="copy")).data["done"] is True
    assert (await ask("models/churn/approve", {**body, "revoke": True}, path="copy")).status == 409
    assert verify(ledger, quick=True).ok


async def test_a_shared_login_does_not_approve_what_its_own_account_recorded(ask, project, ledger):
    tried = (await ask("models/churn/approve", {"version": 2}, path="copy")).data
    assert tried["counts"] is False
    assert "another person than the author" in tried["changes"][1]
    await ask("models/churn/approve", {"version": 2, "dry_run": False}, path="copy")
    judged = {"version": 2, "alias": "checked", "gates": ["approval"], "dry_run": True}
    assert (await ask("models/churn/promote", judged, path="copy")).data["allowed"] is False


async def test_a_model_and_its_versions_are_described(ask, project, ledger):
    body = {"tags": {"description": "Who leaves <b>next</b> month", "owner": "risk"}}
    said = (await ask("models/churn/describe", body, path="copy")).data
    assert (said["done"], said["version"], said["tags"]) == (True, None, body["tags"])
    await ask("models/churn/describe", {"version": 1, "tags": {"stage": "archived", "owner": "ada"}}, path="copy")
    await ask("models/churn/describe", {"version": 1, "tags": {"owner": None}}, path="copy")
    (model,) = (await ask("models", path="copy")).data["items"]
    assert (model["description"], model["tags"]["owner"]) == ("Who leaves <b>next</b> month", "risk")
    versions = (await ask("models/churn/versions", path="copy")).data["items"]
    assert [one["tags"] for one in versions] == [{}, {"stage": "archived"}]
    again = (await ask("models/churn/describe", {"version": 1, "tags": {"stage": "archived"}}, path="copy")).data
    assert (again["done"], again["message"]) == (False, "churn version 1 is so already.")
    events = ledger.database.rows("SELECT who FROM audit WHERE action = 'describe'")
    assert len(events) == 3 and all("shared Jupyter login" in who for (who,) in events)
    assert verify(ledger, quick=True).ok


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tags": {}},
        {"tags": {"a b": "x"}},
        {"tags": {"a\n": "x"}},
        {"tags": {"a": " "}},
        {"tags": {"a": 3}},
        {"tags": {"a": "x" * 10_001}},
        {"tags": {"a": "x"}, "version": 0},
        {"tags": {"a": "x"}, "who": "grace"},
    ],
)
async def test_a_description_that_makes_no_sense_is_refused(ask, project, ledger, body):
    assert (await ask("models/churn/describe", body, path="copy")).status == 400
    assert ledger.database.rows("SELECT count(*) FROM model_tag") == [(0,)]
    assert (await ask("models/none/describe", {"tags": {"a": "x"}}, path="copy")).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"alias": "champion"},
        {"alias": "champion", "version": 1, "run": "abcd"},
        {"alias": "3", "version": 1},
        {"alias": "a/b", "version": 1},
        {"alias": "champion", "version": 0},
        {"alias": "champion", "version": True},
        {"alias": "champion", "version": 1, "waive": "metric"},
        {"alias": "champion", "version": 1, "dry_run": "no"},
        [],
        None,
        "not json",
    ],
)
async def test_a_promotion_that_makes_no_sense_is_refused_before_anything_is_written(ask, project, ledger, body):
    answer = await ask("models/churn/promote", "null" if body is None else body, path="copy")
    assert answer.status == 400
    assert ledger.aliases("churn") == {"champion": 2}


async def test_an_unknown_model_gate_or_version_is_told(ask, project):
    async def status(model="churn", **body):
        return (await ask(f"models/{model}/promote", {"alias": "champion", **body}, path="copy")).status

    assert await status(version=9) == 404
    assert await status(model="none", version=1) == 404
    assert await status(version=1, gates=["no-such-gate"]) == 409
    assert await status(model="bad/../name", version=1) == 404
