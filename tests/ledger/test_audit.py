"""The audit: a chain of events over the registry, deletions, gc and merges; what is tampered with is found and named."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from sklearn.linear_model import Ridge

from nbledger.ledger import AuditBroken, BadBundle, Ledger, NotFound, audit, model_tags, schema
from nbledger.ledger.promotions import promotions
from nbledger.ledger.verification import verify
from nbledger.records import Facts, Tag
from nbledger.registry import PromotionRefused, approve, promote, rollback
from tests.conftest import Recording


def ridge(slope):
    return Ridge(alpha=1e-9).fit([[0.0], [1.0], [2.0]], [0.0, slope, 2 * slope])


def slope_of(ledger, ref):
    return round(float(ledger.load(ref).predict([[1.0]])[0]))


def fit(ledger, slope, recording=None):
    recording = recording or Recording(ledger)
    return ledger.run(recording("fit", models={"model": ridge(slope)}, metrics={"accuracy": 0.9}))


def actions(ledger):
    """The actions of the first-parent line, the first one first."""
    events = audit.read_events(ledger.database.connection())
    found, at = [], audit.head(ledger.database.connection())
    while at:
        found.append(events[at].action)
        at = events[at].previous
    return found[::-1]


@pytest.fixture
def ledger(fresh_ledger):
    return fresh_ledger


@pytest.fixture
def full(ledger):
    """A ledger with a promotion, a refusal, a rollback, an approval, tags of a model and a version, and a deletion."""
    recording = Recording(ledger)
    promote(ledger, "churn", fit(ledger, 1.0, recording), alias="champion", who="ada", gates=["accuracy >= 0.5"])
    promote(ledger, "churn", fit(ledger, 2.0, recording), alias="champion", who="ada")
    with pytest.raises(PromotionRefused):
        promote(ledger, "churn", fit(ledger, 3.0, recording), alias="champion", gates=["accuracy >= 0.95"])
    rollback(ledger, "churn", "champion", who="bob")
    approve(ledger, "churn", 2, who="eve")
    model_tags.set_tags(ledger, "churn", None, {"owner": "risk"}, who="ada")
    model_tags.set_tags(ledger, "churn", 2, {"stage": "production"}, who="ada")
    gone = fit(ledger, 4.0, recording)
    ledger.delete(gone.id, who="ada")
    return ledger


def tampered(ledger, *statements):
    """Change the file as anybody can who may write it."""
    with closing(sqlite3.connect(ledger.path)) as plain, plain:
        for statement in statements:
            plain.execute(statement)


def test_every_kind_of_event_is_in_the_chain(full):
    assert actions(full) == ["promote", "promote", "refuse", "rollback", "approve", "describe", "describe", "delete"]
    run = full.database.rows("SELECT run FROM deletion")[0][0]
    full.restore(run)
    full.delete(run)
    full.gc(dry_run=True)
    full.gc(dry_run=False)
    assert actions(full)[8:] == ["restore", "delete", "gc"]
    found = verify(full)
    assert found.ok, found.breaks
    assert found.events == 11
    assert found.head == audit.head(full.database.connection())


def test_a_ledger_without_a_registry_verifies_too(ledger):
    found = verify(ledger)
    assert (found.ok, found.head, found.events) == (True, None, 0)


ALTERED = {
    "an alias's move": ("UPDATE alias_event SET model_version = 2 WHERE key = 3", "alias_event"),
    "a promotion": ("UPDATE promotion SET who = 'eve' WHERE key = 1", "promotion"),
    "a gate's result": ("UPDATE gate_result SET status = 'passed' WHERE status = 'failed'", "promotion"),
    "an approval": ("UPDATE approval SET who = 'bob'", "approval"),
    "a deletion": ("UPDATE deletion SET who = 'bob'", "deletion"),
    "what a version is": ("UPDATE model_version SET version = (SELECT version FROM model_version WHERE number = 2) WHERE number = 1", "model_version"),
    "a version's number": ("UPDATE model_version SET number = 7 WHERE number = 2", "renumbered"),
    "what bytes a version has": ("UPDATE stored_version SET object = (SELECT artifact FROM promotion WHERE key = 1)", "is loaded from"),
    "an approval made up": ("INSERT INTO approval SELECT NULL, 'x', model, version, event, 9, time, 'bob', note FROM approval", "has no event"),
    "a move made up": ("INSERT INTO alias_event SELECT NULL, 'x', model, alias, 2, 9, time, who, reason, run FROM alias_event WHERE key = 1", "has no event"),
    "a tag of a model": ("UPDATE model_tag SET value = 'sales' WHERE name = 'owner'", "model_tag"),
    "a stage of another version": ("UPDATE model_tag SET model_version = 1 WHERE name = 'stage'", "model_tag"),
    "a tag made up": ("INSERT INTO model_tag SELECT NULL, 'x', model, model_version, name, 'archived', time, who, 9 FROM model_tag WHERE name = 'stage'", "has no event"),
    "a tag taken out": ("DELETE FROM model_tag WHERE name = 'stage'", "is gone"),
    "a refusal taken out": ("DELETE FROM promotion WHERE outcome = 'refused'", "is gone"),
}  # fmt: skip


@pytest.mark.parametrize("what", ALTERED)
def test_a_row_that_was_changed_is_found(full, what):
    statement, named = ALTERED[what]
    tampered(full, "PRAGMA foreign_keys = OFF", statement)
    found = verify(full, quick=True)
    assert not found.ok
    assert any(named in one.what for one in found.breaks)


def test_the_first_event_that_was_changed_is_named(full):
    hashes = [row[0] for row in full.database.rows("SELECT hash FROM audit ORDER BY time")]
    tampered(full, f"UPDATE audit SET who = 'eve' WHERE hash = '{hashes[3]}'")
    tampered(full, f"UPDATE audit SET detail = '{{}}' WHERE hash = '{hashes[1]}'")
    first = verify(full, quick=True).breaks[0]
    assert (first.where, first.subject) == ("chain", hashes[1])
    assert "was altered" in first.what


def test_an_event_that_was_taken_out_is_named_by_the_one_after_it(full):
    hashes = [row[0] for row in full.database.rows("SELECT hash FROM audit ORDER BY time")]
    tampered(full, f"DELETE FROM audit WHERE hash = '{hashes[2]}'")
    first = verify(full, quick=True).breaks[0]
    assert (first.where, first.subject) == ("chain", hashes[3])
    assert hashes[2][:12] in first.what


def test_an_event_of_nonsense_is_a_finding_and_no_crash(full):
    head = audit.head(full.database.connection())
    for detail in ('{"rows": {"promotion/x": [1]}, "numbers": 3, "left_out": 5}', "[]", "no json", '{"rows": 1}'):
        with full.database.write() as connection:
            columns = (head, None, 1.0, "eve", "promote", "model churn", detail)
            head = audit.hash_of(*columns)
            connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (head, *columns))
            connection.execute("UPDATE meta SET value = ? WHERE name = 'audit_head'", (head,))
    [found] = verify(full, quick=True).breaks
    assert "promotion x is gone" in found.what
    tampered(full, "UPDATE audit SET previous = X'00', detail = X'FF' WHERE action = 'delete'")
    assert "was altered" in verify(full, quick=True).breaks[0].what


def test_an_event_that_was_put_in_beside_the_chain_is_found(full):
    columns = (None, None, 0.0, "eve", "approve", "model churn", "{}")
    with closing(sqlite3.connect(full.path)) as plain, plain:
        plain.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (audit.hash_of(*columns), *columns))
    assert "does not lead to the last event" in verify(full, quick=True).breaks[0].what


def test_a_tail_that_was_cut_off_is_found_by_its_rows_and_by_a_head_of_before(full):
    head = verify(full).head
    rows = full.database.rows("SELECT hash, previous FROM audit ORDER BY time DESC LIMIT 2")
    tampered(
        full,
        f"DELETE FROM audit WHERE hash = '{rows[0][0]}'",
        f"UPDATE meta SET value = '{rows[0][1]}' WHERE name = 'audit_head'",
    )
    [found] = verify(full, quick=True).breaks
    assert "deletion" in found.what and "has no event" in found.what
    tampered(full, "DELETE FROM deletion")
    assert verify(full, quick=True).ok  # the chain alone cannot know what it never saw again
    [found] = verify(full, quick=True, expect=head).breaks
    assert head[:12] in found.what


def test_a_tail_that_was_made_anew_verifies_alone_and_not_against_a_head_of_before(full):
    before = verify(full).head
    with closing(sqlite3.connect(full.path)) as plain, plain:
        rows = plain.execute("SELECT * FROM audit ORDER BY time").fetchall()
        previous = rows[3][0]
        for row in rows[4:]:
            columns = (previous, *row[2:4], "mallory", *row[5:])
            plain.execute("DELETE FROM audit WHERE hash = ?", (row[0],))
            previous = audit.hash_of(*columns)
            plain.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (previous, *columns))
        plain.execute("UPDATE meta SET value = ? WHERE name = 'audit_head'", (previous,))
    assert verify(full).ok
    assert verify(full, expect=rows[3][0]).ok
    assert not verify(full, expect=before).ok


def test_an_audit_that_was_emptied_is_found(full):
    tampered(full, "DELETE FROM audit", "DELETE FROM meta WHERE name = 'audit_head'")
    assert "last event is not known" in verify(full, quick=True).breaks[0].what


def test_an_expected_head_must_be_long_enough_to_mean_one(full):
    head = verify(full).head
    assert verify(full, quick=True, expect=head[:12]).ok
    assert not verify(full, quick=True, expect=head[:4]).ok


@pytest.mark.parametrize("how", ["altered", "missing"])
def test_an_object_that_is_not_what_it_was_is_found_unless_asked_to_be_quick(full, how):
    hash = full.database.rows("SELECT artifact FROM promotion WHERE key = 1")[0][0]
    path = full.objects.path(hash)
    path.chmod(0o644)
    path.unlink() if how == "missing" else path.write_bytes(b"x")
    assert verify(full, quick=True).ok
    [found] = verify(full).breaks
    assert (found.where, found.subject) == ("objects", hash)
    assert how in found.what
    assert found.remedy


def test_the_verb_says_the_head_and_exits_with_3_when_something_is_broken(full):
    def shell(*words):
        line = [sys.executable, "-m", "nbledger.cli", "--ledger", str(full.root), "verify", *words]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    head = verify(full).head
    fine = shell("--expect", head)
    assert fine.returncode == 0, fine.stderr
    assert f"head {head}" in fine.stdout
    tampered(full, "UPDATE approval SET who = 'bob'")
    wrong = shell("--quick", "--json")
    assert wrong.returncode == 3
    assert json.loads(wrong.stdout)["breaks"][0]["where"] == "rows"
    assert "The first broken link" in shell("--quick").stdout


def test_what_is_older_than_the_audit_is_vouched_for_from_its_first_event_on(tmp_path):
    """A ledger as an earlier nbledger left it: with versions, moves and deletions, and no audit."""
    sqlite_utils = pytest.importorskip("sqlite_utils")
    path = tmp_path / "old" / ".nbledger" / "ledger.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        schema.migrations(schema.STEPS[:5]).apply(sqlite_utils.Database(connection))
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 5")
    with closing(Ledger.open(tmp_path / "old")) as old:
        run = fit(old, 1.0)
        promote(old, "churn", run, alias="champion")
        old.delete(fit(old, 2.0).id)
        connection = old.database.connection()
        for table in ("audit", "gate_result", "promotion"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM meta WHERE name = 'audit_head'")
        assert verify(old).ok
        assert verify(old).head is None
        promote(old, "churn", fit(old, 3.0), alias="champion")
        assert actions(old) == ["begin", "promote"]
        assert verify(old).ok
        tampered(old, "UPDATE alias_event SET who = 'eve' WHERE seq = 1")
        assert not verify(old).ok


# -- merges -----------------------------------------------------------------------------------------------------


@pytest.fixture
def other(tmp_path):
    """A second project's ledger whose model has versions 1 and 2 as well."""
    with closing(Ledger.open(tmp_path / "other")) as found:
        recording = Recording(found)
        promote(found, "churn", fit(found, 5.0, recording), alias="champion", who="zoe", gates=["accuracy >= 0.5"])
        promote(found, "churn", fit(found, 6.0, recording), alias="champion", who="zoe")
        approve(found, "churn", 2, who="uma")
        found.delete(fit(found, 7.0, recording).id)
        yield found


def test_two_registries_become_one_with_both_audits(full, other):
    heads = verify(full).head, verify(other).head
    merged = full.merge(other)
    assert [one[1:] for one in merged.renumbered] == [(1, 3), (2, 4)]
    assert len(promotions(full, "churn")) == 6
    zoe = [one for one in promotions(full, "churn") if one.who == "zoe"]
    assert [(one.number, one.predecessor) for one in zoe] == [(4, 3), (3, None)]
    assert zoe[1].gates[0].gate == "metric"
    assert slope_of(full, "models:/churn/4") == 6
    assert actions(full)[-1] == "merge"
    for head in heads:
        found = verify(full, expect=head)
        assert found.ok, found.breaks


def test_merging_twice_is_merging_once(full, other):
    full.merge(other)
    before = verify(full)
    again = full.merge(other)
    assert (again.runs, again.renumbered) == (0, [])
    assert verify(full) == before


def test_ledgers_that_merge_each_other_both_verify(full, other):
    for _ in range(2):
        full.merge(other)
        other.merge(full)
    for one in (full, other):
        found = verify(one)
        assert found.ok, found.breaks
    numbers = [{v.version: v.number for v in one.model_versions("churn")} for one in (full, other)]
    assert set(numbers[0]) == set(numbers[1])
    full.merge(other)
    before = verify(full)
    full.merge(other)
    assert verify(full) == before


def test_what_is_changed_after_a_merge_is_found_too(full, other):
    full.merge(other)
    tampered(full, "UPDATE promotion SET reason = 'x' WHERE who = 'zoe'")
    assert "promotion" in verify(full, quick=True).breaks[0].what


def test_a_number_that_was_given_in_a_merge_is_guarded(full, other):
    full.merge(other)
    tampered(full, "UPDATE model_version SET number = 9 WHERE number = 4")
    assert "renumbered" in verify(full, quick=True).breaks[0].what


def test_a_ledger_whose_audit_is_broken_gives_its_runs_and_not_its_registry(full, other):
    tampered(other, "UPDATE audit SET who = 'mallory' WHERE action = 'approve'")
    merged = full.merge(other)
    assert "audit is broken" in merged.problems[0]
    assert merged.runs > 0
    assert len(full.model_versions("churn")) == 2
    found = verify(full)
    assert found.ok, found.breaks
    assert actions(full)[-1] == "merge"


def test_a_bundle_of_a_whole_ledger_brings_its_audit(full, tmp_path):
    bundle = full.export_bundle(tmp_path / "all.zip")
    with closing(Ledger.open(tmp_path / "new")) as new:
        new.import_bundle(bundle)
        found = verify(new, expect=verify(full).head)
        assert found.ok, found.breaks
        assert actions(new) == ["import"]
        before = verify(new)
        new.import_bundle(bundle)
        assert verify(new) == before
    full.import_bundle(bundle)
    assert "import" not in actions(full)


def test_a_bundle_of_some_runs_tells_nothing_of_the_others_and_is_vouched_for_by_who_imports_it(full, tmp_path):
    run = full.model_version("churn", 1).run
    bundle = full.export_bundle(tmp_path / "one.zip", [run])
    with closing(Ledger.open(tmp_path / "new")) as new:
        new.import_bundle(bundle)
        assert [one.number for one in new.model_versions("churn")] == [1]
        assert {one.run for one in promotions(new, "churn")} == {run}
        assert new.database.rows("SELECT count(*) FROM approval") == [(0,)]
        found = verify(new)
        assert found.ok, found.breaks
        tampered(new, "UPDATE promotion SET who = 'eve' WHERE key = 1")
        assert not verify(new).ok
        new.database.connection().execute("UPDATE promotion SET who = 'ada' WHERE key = 1")
        new.merge(full)
        found = verify(new)
        assert found.ok, found.breaks


def test_a_bundle_whose_audit_is_broken_is_refused(full, tmp_path):
    tampered(full, "UPDATE audit SET who = 'mallory' WHERE action = 'approve'")
    with pytest.raises(AuditBroken, match="was altered"):
        full.export_bundle(tmp_path / "all.zip")
    with pytest.raises(AuditBroken), closing(Ledger.open(tmp_path / "new")) as new:
        new.export_bundle(full.export_bundle(tmp_path / "all.zip"))


def test_a_version_whose_run_was_swept_here_stays_out_and_the_audit_says_so(full, tmp_path):
    run = fit(full, 8.0)
    with closing(Ledger.open(tmp_path / "third")) as third:
        third.merge(full)
        promote(third, "new", run, alias="champion")
        full.delete(run.id)
        full.gc(dry_run=False)
        merged = full.merge(third)
        assert "was left out: its run was deleted here" in merged.problems[0]
        assert "new" not in {one.model for one in full.model_versions_of(third.model_version("new", 1).version)}
        found = verify(full)
        assert found.ok, found.breaks
        before = found
        full.merge(third)
        assert verify(full) == before


def test_a_registered_version_whose_run_was_deleted_is_in_bundles_and_merges(full, tmp_path):
    promote(full, "kept", fit(full, 8.0), alias="champion")
    version = full.model_version("kept", 1)
    full.delete(version.run)
    bundle = full.export_bundle(tmp_path / "all.zip")
    with closing(Ledger.open(tmp_path / "new")) as new:
        assert new.import_bundle(bundle).problems == []
        assert new.model_version("kept", 1) == version
        assert slope_of(new, "models:/kept@champion") == 8
        assert version.run not in {run.id for run in new.runs()}
        assert verify(new).ok
        assert new.merge(full).runs == 0


def test_a_merge_says_which_aliases_it_moved(full, other):
    promote(other, "churn", fit(other, 9.0), alias="champion")
    promote(other, "churn", fit(other, 10.0), alias="champion")
    merged = full.merge(other)
    [moved] = merged.moved
    assert moved[:3] == ("churn", "champion", 1)
    assert full.aliases("churn")["champion"] == moved[3]
    assert rollback(full, "churn", "champion", to=1).version.number == 1
    assert verify(full).ok


def test_importing_a_bundle_with_a_broken_audit_imports_nothing(full, tmp_path):
    import zipfile

    bundle = full.export_bundle(tmp_path / "all.zip")
    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path = tmp_path / "ledger.db"
    path.write_bytes(members["ledger.db"])
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute("UPDATE audit SET who = 'mallory' WHERE action = 'approve'")
    members["ledger.db"] = path.read_bytes()
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with closing(Ledger.open(tmp_path / "new")) as new:
        with pytest.raises(BadBundle, match="was altered"):
            new.import_bundle(bundle)
        assert len(new.runs()) == 0


GUARDED = ("deletion", "approval", "model_version", "alias_event", "promotion", "gate_result", "model_tag")


def test_no_column_of_a_guarded_row_can_be_changed_unseen(full):
    """Each column of each row in turn, in a transaction that is rolled back."""
    connection = full.database.connection()
    connection.execute("PRAGMA foreign_keys = OFF")
    changed = 0
    for table in GUARDED:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "key"]
        where = "promotion = ? AND seq = ?" if table == "gate_result" else "key = ?"
        keys = connection.execute(f"SELECT {'promotion, seq' if table == 'gate_result' else 'key'} FROM {table}")
        for key in keys.fetchall():
            for column in columns:
                connection.execute("BEGIN")
                (value,) = connection.execute(f"SELECT {column} FROM {table} WHERE {where}", key).fetchone()
                other = f"{value}x" if isinstance(value, str) else 99 if value is None else value + 40
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (other, *key))
                assert not verify(full, quick=True).ok, (table, key, column)
                connection.execute("ROLLBACK")
                changed += 1
    assert changed > 80
    assert verify(full, quick=True).ok


def test_the_same_content_kept_as_other_bytes_is_loaded_as_what_was_promoted(full):
    version = full.model_version("churn", 1).version
    promoted = full.stored(version).object
    forged, size = full.objects.put_bytes(b"not this")
    with full.database.write() as connection:
        connection.execute("INSERT INTO object VALUES (?, ?, 0)", (forged, size))
        connection.execute(
            "INSERT INTO stored_version SELECT key, ?, 'skops', ?, 2 FROM version WHERE hash = ?",
            (forged, size, version),
        )
    assert full.stored(version).object == forged != promoted
    assert slope_of(full, "models:/churn@champion") == 1


def test_what_a_person_says_of_a_run_is_an_event_and_what_its_code_says_is_not(full):
    run = fit(full, 5.0).id
    before = verify(full, quick=True).events
    full.record(run, Facts(tags=(Tag("by", "code"),)))
    assert verify(full, quick=True).events == before
    full.tag(run, "reviewed", "yes", who="eve")
    full.note(run, "looks \ud800 good", who="eve")
    events = full.database.rows("SELECT action, subject, who, detail FROM audit WHERE action IN ('tag', 'note')")
    assert {row[:3] for row in events} == {("tag", f"run {run}", "eve"), ("note", f"run {run}", "eve")}
    assert json.loads({row[0]: row[3] for row in events}["tag"]) == {"name": "reviewed", "value": "yes"}
    assert full.run(run).tags == {"by": "code", "reviewed": "yes"}
    assert len(full.notes(run)) == 1
    with pytest.raises(NotFound):
        full.tag("0" * 32, "reviewed", "yes")
    found = verify(full)
    assert (found.ok, found.events) == (True, before + 2)
