"""Objects, merging, bundles, gc and the doctor."""

from __future__ import annotations

import os
import shutil
import stat
import time
import zipfile
from contextlib import closing

import pytest

from nbledger.ledger import (
    BadBundle,
    BadObjectHash,
    Ledger,
    LedgerCorrupt,
    LedgerMissing,
    NotFound,
    ObjectAltered,
    ObjectMissing,
)
from nbledger.ledger.doctor import diagnose
from nbledger.records import AliasEvent, Artifact, Facts, Metric, Param, RunEnd, StoredVersion, Tag, new_id

from .conftest import add_run, edge, make_facts, make_session, table


def everything(ledger):
    """All that a ledger says, in words that do not depend on its integer keys."""
    runs = {}
    for run in ledger.runs(include_deleted=True):
        runs[run.id] = (
            repr(run),
            sorted(map(repr, ledger.used(run.id))),
            sorted(map(repr, ledger.generated(run.id))),
            repr(ledger.params(run.id)),
            repr(ledger.metrics(run.id)),
            sorted(map(repr, ledger.artifacts(run.id))),
            ledger.notes(run.id),
            repr(ledger.environment(run.id)),
        )
    versions = sorted(row[0] for row in ledger.database.rows("SELECT hash FROM version"))
    models = {name: (ledger.model_versions(name), ledger.alias_history(name)) for name in ledger.models()}
    visible = sorted(run.id for run in ledger.runs())
    return runs, versions, models, visible, sorted(ledger.objects.hashes())


def fill(ledger, count=3, **more):
    session = make_session()
    ledger.start_session(session)
    runs = []
    for index in range(count):
        hash, size = ledger.objects.put_bytes(f"object {index} of {session.id}".encode())
        version = f"{index:x}" * 32
        facts = make_facts(
            {"i": index, "s": session.id},
            {"m": index / 7},
            {"t": "v"},
            versions=(table(version),),
            used=(edge(version),),
            artifacts=(Artifact("a.txt", hash, size, version=version),),
            stored=(StoredVersion(version, hash, "cloudpickle", size),),
            notes=("note",),
        )
        runs.append(add_run(ledger, session.id, facts=facts, source=f"x = {index}", **more))
    return session.id, runs


# -- objects ----------------------------------------------------------------------------------------------------------


def test_an_object_is_stored_once_and_read_back_checked(ledger):
    hash, size = ledger.objects.put_bytes(b"hello")
    assert (len(hash), size) == (64, 5)
    assert ledger.objects.put_bytes(bytearray(b"hello")) == (hash, size)
    assert ledger.objects.read(hash) == b"hello"
    assert ledger.objects.path(hash) == ledger.folder / "objects" / hash[:2] / hash[2:]
    assert list(ledger.objects.hashes()) == [hash]
    assert list(ledger.objects.stray_files()) == []


def test_many_objects_are_stored_together_and_are_there_when_the_block_ends(ledger):
    known, _ = ledger.objects.put_bytes(b"known")
    with ledger.objects.many() as put:
        hashes = [put(data)[0] for data in (b"known", b"a", b"b", b"a", b"c", b"d")]
        assert not ledger.objects.has(hashes[1])
    assert [ledger.objects.read(hash) for hash in hashes] == [b"known", b"a", b"b", b"a", b"c", b"d"]
    assert sorted(ledger.objects.hashes()) == sorted({known, *hashes})
    assert list(ledger.objects.stray_files()) == []


def test_of_many_objects_none_is_stored_when_something_fails(ledger):
    with pytest.raises(KeyboardInterrupt), ledger.objects.many() as put:
        put(b"a")
        raise KeyboardInterrupt
    assert list(ledger.objects.hashes()) == []
    assert list(ledger.objects.stray_files()) == []


def test_a_file_is_stored_as_its_bytes_would_be(ledger, tmp_path):
    data = os.urandom(3_000_000)
    (tmp_path / "f").write_bytes(data)
    assert ledger.objects.put_file(tmp_path / "f") == ledger.objects.put_bytes(data)
    assert ledger.objects.put_file(tmp_path / "f")[1] == 3_000_000
    assert list(ledger.objects.stray_files()) == []


def test_a_missing_and_an_altered_object_are_told_apart(ledger):
    hash, _ = ledger.objects.put_bytes(b"hello")
    path = ledger.objects.path(hash)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    path.write_bytes(b"hullo")
    for look in (ledger.objects.read, ledger.objects.check):
        with pytest.raises(ObjectAltered, match=hash):
            look(hash)
    path.unlink()
    for look in (ledger.objects.read, ledger.objects.check):
        with pytest.raises(ObjectMissing, match=hash):
            look(hash)
    assert not ledger.objects.has(hash)


@pytest.mark.parametrize("bad", ["../../etc/passwd", "", "A" * 64, "a" * 63, "a" * 64 + "\n", "/" * 64, None])
def test_only_a_hash_addresses_an_object(ledger, bad):
    for use in (ledger.objects.read, ledger.objects.has, ledger.objects.path, ledger.objects.remove):
        with pytest.raises(BadObjectHash, match="64 hexadecimal"):
            use(bad)


def test_a_truncated_object_is_written_again(ledger):
    hash, _ = ledger.objects.put_bytes(b"hello")
    path = ledger.objects.path(hash)
    path.chmod(0o600)
    path.write_bytes(b"")
    ledger.objects.put_bytes(b"hello")
    assert ledger.objects.read(hash) == b"hello"


# -- merge ------------------------------------------------------------------------------------------------------------


def test_merging_twice_gives_the_same_as_once(ledger, other):
    fill(ledger)
    fill(other)
    other.add_model_version("churn", other.runs()[0].id, "1" * 32, "me")
    first = ledger.merge(other)
    assert (first.runs, first.ends, first.objects, first.problems) == (3, 3, 3, [])
    once = everything(ledger)
    again = ledger.merge(other.root)
    assert (again.runs, again.ends, again.objects, again.versions) == (0, 0, 0, 0)
    assert everything(ledger) == once
    assert ledger.doctor() == []


def test_both_ways_of_merging_say_the_same(ledger, other):
    fill(ledger)
    fill(other)
    ledger.merge(other)
    other.merge(ledger)
    assert everything(ledger) == everything(other)


def test_a_merged_run_keeps_all_its_facts(ledger, other):
    _, runs = fill(other)
    before = everything(other)
    ledger.merge(other)
    assert everything(ledger) == before
    assert ledger.runs("params.i = 2 and metrics.m > 0")[0].id == runs[2]


def test_a_run_that_went_on_gets_its_end_and_later_facts_with_the_next_merge(ledger, other):
    session = make_session()
    other.start_session(session)
    run = add_run(other, session.id, status=None)
    other.record(run, Facts(metrics=(Metric("loss", 3.0), Metric("loss", 2.0)), params=(Param("p", 1),)))
    ledger.merge(other)
    assert ledger.run(run).status == "running"
    assert ledger.run(run).metrics == {"loss": 2.0}
    other.record(run, Facts(metrics=(Metric("loss", 1.0),), params=(Param("p", 2), Param("q", 3))))
    other.end_run(RunEnd(run, 5.0, 5.0, "finished"))
    assert ledger.merge(other).ends == 1
    assert everything(ledger) == everything(other)
    assert ledger.run(run).status == "finished"
    assert [metric.value for metric in ledger.metrics(run)] == [3.0, 2.0, 1.0]
    assert ledger.database.rows("SELECT count(*) FROM param_earlier") == [(1,)]


def test_tags_set_on_both_sides_end_up_the_same(ledger, other):
    _, (run, *_) = fill(other)
    ledger.merge(other)
    ledger.tag(run, "t", "here")
    time.sleep(0.01)
    other.tag(run, "t", "there")
    other.tag(run, "new", "x")
    ledger.merge(other)
    other.merge(ledger)
    assert ledger.tags(run) == other.tags(run) == {"t": "there", "new": "x"}
    earlier = "SELECT value FROM tag_earlier ORDER BY value"
    assert ledger.database.rows(earlier) == other.database.rows(earlier) == [("here",), ("v",)]
    assert ledger.run(run).tags == ledger.tags(run)


def test_a_deletion_is_merged_too(ledger, other):
    _, runs = fill(other)
    ledger.merge(other)
    other.delete(runs[0])
    ledger.merge(other)
    assert runs[0] not in [run.id for run in ledger.runs()]
    ledger.restore(runs[0])
    other.merge(ledger)
    assert runs[0] in [run.id for run in other.runs()]


def test_what_gc_removed_does_not_come_back_by_merging(ledger, other):
    _, runs = fill(other)
    ledger.merge(other)
    ledger.delete(runs[0])
    ledger.gc(dry_run=False, grace=-1)
    assert ledger.merge(other).runs == 0
    assert runs[0] not in [run.id for run in ledger.runs(include_deleted=True)]


def test_equal_version_numbers_of_different_models_are_renumbered(ledger, other):
    _, mine = fill(ledger)
    _, theirs = fill(other)
    ledger.add_model_version("churn", mine[0], "0" * 32, "me")
    other.add_model_version("churn", theirs[1], "1" * 32, "you")
    other.set_alias(AliasEvent(new_id(), "churn", "champion", 1, 5.0, "you"))
    done = ledger.merge(other)
    assert done.renumbered == [("churn", 1, 2)]
    assert ledger.model_version("churn", 1).run == mine[0]
    assert ledger.model_version("churn", "champion").number == 2
    assert ledger.model_version("churn", 2).run == theirs[1]
    assert ledger.merge(other).renumbered == []
    assert len(ledger.model_versions("churn")) == 2
    assert other.merge(ledger).renumbered == [("churn", 1, 2)]
    assert other.model_version("churn", "champion").run == theirs[1]


def test_a_missing_object_is_a_problem_of_the_merge_and_mended_by_the_next(ledger, other, tmp_path):
    fill(other)
    hash = next(other.objects.hashes())
    moved = tmp_path / "object"
    shutil.move(other.objects.path(hash), moved)
    done = ledger.merge(other)
    assert done.runs == 3
    assert hash in done.problems[0]
    assert any("missing" in finding.what for finding in ledger.doctor())
    shutil.move(moved, other.objects.path(hash))
    assert ledger.merge(other).objects == 1
    assert ledger.doctor() == []


def test_merging_with_itself_or_with_nothing_is_harmless(ledger, tmp_path):
    fill(ledger)
    assert ledger.merge(ledger.root).runs == 0
    with pytest.raises(LedgerMissing):
        ledger.merge(tmp_path / "nowhere")


def test_a_stranger_s_database_is_not_merged(ledger, tmp_path):
    import sqlite3

    (tmp_path / "x" / ".nbledger").mkdir(parents=True)
    path = tmp_path / "x" / ".nbledger" / "ledger.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(LedgerCorrupt, match="something else"):
        ledger.merge(tmp_path / "x")


def test_a_ledger_can_be_moved(tmp_path):
    ledger = Ledger.open(tmp_path / "a")
    fill(ledger)
    before = everything(ledger)
    ledger.close()
    shutil.move(tmp_path / "a", tmp_path / "b")
    assert everything(Ledger.open(tmp_path / "b")) == before


# -- bundles ----------------------------------------------------------------------------------------------------------


def test_a_bundle_carries_everything(ledger, other, tmp_path):
    _, runs = fill(ledger)
    ledger.add_model_version("churn", runs[0], "0" * 32, "me")
    ledger.set_alias(AliasEvent(new_id(), "churn", "champion", 1, 5.0, "me"))
    path = ledger.export_bundle(tmp_path / "all.zip")
    assert other.import_bundle(path).runs == 3
    assert everything(other) == everything(ledger)
    assert other.import_bundle(path).runs == 0


def test_a_bundle_of_some_runs_tells_nothing_of_the_others(ledger, other, tmp_path):
    session, runs = fill(ledger)
    child = add_run(ledger, session, parent=runs[0], source="child = 1")
    secret = add_run(ledger, session, {"secret_param": 1}, source="SECRET")
    ledger.add_model_version("hidden", runs[2], "2" * 32, "me")
    path = ledger.export_bundle(tmp_path / "some.zip", [runs[0][:8]])
    other.import_bundle(path)
    assert {run.id for run in other.runs()} == {runs[0], child}
    assert other.models() == []
    assert len(list(other.objects.hashes())) == 1
    with zipfile.ZipFile(path) as bundle:
        data = bundle.read("ledger.db")
    assert b"SECRET" not in data
    assert b"secret_param" not in data
    assert secret.encode() not in data


def rewrite(source, target, *, skip=(), extra=()):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            if member.filename not in skip:
                new.writestr(member.filename, old.read(member.filename))
        for name, data in extra:
            new.writestr(name, data)
    return target


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "objects/../../evil", "objects/ab/" + "g" * 62, "objects\\ab\\x", "ledger.db/x"]
)
def test_a_bundle_with_a_foreign_name_is_refused(ledger, other, tmp_path, name):
    fill(ledger)
    path = rewrite(ledger.export_bundle(tmp_path / "a.zip"), tmp_path / "b.zip", extra=[(name, b"x")])
    with pytest.raises(BadBundle, match="unexpected member"):
        other.import_bundle(path)
    assert len(other.runs()) == 0
    assert not (tmp_path / "evil").exists()


def test_a_bundle_with_an_altered_or_missing_object_is_refused(ledger, other, tmp_path):
    fill(ledger)
    path = ledger.export_bundle(tmp_path / "a.zip")
    hash = next(ledger.objects.hashes())
    name = f"objects/{hash[:2]}/{hash[2:]}"
    for extra in ([(name, b"altered")], []):
        bad = rewrite(path, tmp_path / "b.zip", skip=[name], extra=extra)
        with pytest.raises(BadBundle, match=hash):
            other.import_bundle(bad)
        assert len(other.runs()) == 0


def test_a_bundle_whose_database_has_a_trigger_or_is_damaged_is_refused(ledger, other, tmp_path):
    import sqlite3

    fill(ledger)
    path = ledger.export_bundle(tmp_path / "a.zip")
    with zipfile.ZipFile(path) as bundle:
        bundle.extract("ledger.db", tmp_path)
    damaged = rewrite(
        path,
        tmp_path / "d.zip",
        skip=["ledger.db"],
        extra=[("ledger.db", (tmp_path / "ledger.db").read_bytes()[:9000])],
    )
    with pytest.raises(BadBundle):
        other.import_bundle(damaged)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM run; END")
    connection.close()
    evil = rewrite(
        path, tmp_path / "e.zip", skip=["ledger.db"], extra=[("ledger.db", (tmp_path / "ledger.db").read_bytes())]
    )
    with pytest.raises(BadBundle, match="not a ledger's"):
        other.import_bundle(evil)
    (tmp_path / "no.zip").write_bytes(b"not a zip")
    with pytest.raises(BadBundle):
        other.import_bundle(tmp_path / "no.zip")
    assert len(other.runs()) == 0


# -- gc ---------------------------------------------------------------------------------------------------------------


def test_gc_removes_what_was_deleted_and_a_dry_run_says_the_same(ledger):
    _, runs = fill(ledger)
    assert ledger.gc(grace=-1).runs == 0
    ledger.delete(runs[0])
    before = everything(ledger)
    dry = ledger.gc(grace=-1)
    assert (dry.dry_run, dry.runs, dry.versions, dry.objects) == (True, 1, 1, 1)
    assert dry.bytes > 0
    assert everything(ledger) == before
    real = ledger.gc(dry_run=False, grace=-1)
    assert (real.runs, real.versions, real.objects, real.bytes) == (1, 1, 1, dry.bytes)
    assert ledger.count(include_deleted=True) == 2
    with pytest.raises(NotFound):
        ledger.restore(runs[0])
    assert ledger.database.rows("SELECT count(*) FROM source") == [(2,)]
    assert ledger.doctor() == []
    assert ledger.gc(grace=-1).bytes == 0


def test_gc_keeps_what_another_run_still_needs(ledger):
    fill(ledger)
    _, second = fill(ledger)
    for run in second:
        ledger.delete(run)
    assert ledger.gc(dry_run=False, grace=-1).versions == 0
    assert all(ledger.used(run.id) for run in ledger.runs())
    assert ledger.doctor() == []


def test_gc_keeps_a_deleted_run_that_a_model_needs(ledger):
    _, runs = fill(ledger)
    ledger.add_model_version("churn", runs[0], "0" * 32, "me")
    ledger.delete(runs[0])
    swept = ledger.gc(dry_run=False, grace=-1)
    assert (swept.runs, swept.objects, swept.kept) == (0, 0, [runs[0]])
    assert ledger.model_version("churn", 1).run == runs[0]


def test_gc_leaves_young_objects_for_runs_that_have_not_ended(ledger):
    hash, _ = ledger.objects.put_bytes(b"young")
    assert ledger.gc(dry_run=False).objects == 0
    assert ledger.objects.has(hash)
    old = time.time() - 7200
    os.utime(ledger.objects.path(hash), (old, old))
    ledger.objects.put_bytes(b"young")
    assert ledger.gc(dry_run=False).objects == 0
    os.utime(ledger.objects.path(hash), (old, old))
    assert ledger.gc(dry_run=False).objects == 1
    assert not ledger.objects.has(hash)


def test_recording_goes_on_after_gc_removed_a_known_version(ledger):
    session, runs = fill(ledger)
    ledger.delete(runs[0])
    Ledger.open(ledger.root).gc(dry_run=False, grace=-1)  # as another process would
    add_run(ledger, session, facts=Facts(versions=(table("0" * 32),), used=(edge("0" * 32),), tags=(Tag("a", "b"),)))
    assert ledger.doctor() == []


# -- doctor -----------------------------------------------------------------------------------------------------------


def test_a_healthy_ledger_has_no_findings(ledger):
    fill(ledger)
    assert ledger.doctor() == []


def test_the_doctor_names_missing_and_altered_objects_and_sets_the_altered_aside(ledger):
    _, runs = fill(ledger)
    one, two = [artifact.object for run in runs[:2] for artifact in ledger.artifacts(run)]
    ledger.objects.remove(one)
    path = ledger.objects.path(two)
    path.chmod(0o600)
    path.write_bytes(b"?" * path.stat().st_size)
    findings = ledger.doctor()
    assert {finding.level for finding in findings} == {"error"}
    assert any(one[:12] in finding.what and f"a.txt of run {runs[0][:8]}" in finding.what for finding in findings)
    assert any(two[:12] in finding.what and "altered" in finding.what and finding.fixable for finding in findings)
    ledger.doctor(fix=True)
    assert not ledger.objects.has(two)
    ledger.objects.put_bytes(f"object 1 of {ledger.run(runs[1]).session}".encode())
    ledger.objects.put_bytes(f"object 0 of {ledger.run(runs[0]).session}".encode())
    assert not [finding for finding in ledger.doctor() if finding.level == "error"]


def test_the_doctor_sees_that_a_database_was_lost_beside_its_objects(tmp_path):
    with closing(Ledger.open(tmp_path)) as ledger:
        fill(ledger)
        assert ledger.doctor() == []
        path = ledger.path
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    path.touch()  # SQLite takes it for a new database
    [found] = diagnose(tmp_path)
    assert found.level == "error"
    assert "beside it: it was lost" in found.what
    assert "merge" in found.remedy


def test_the_doctor_ends_dead_sessions_and_removes_what_killed_writers_left(ledger):
    session = make_session(pid=2**22 + 5)
    ledger.start_session(session)
    add_run(ledger, session.id, status=None)
    left = ledger.folder / "objects" / ".writing-abc"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half")
    old = time.time() - 7200
    os.utime(left, (old, old))
    findings = ledger.doctor(fix=True)
    assert len(findings) == 2
    assert all(finding.fixed for finding in findings)
    assert any("1 of its runs" in finding.what for finding in findings)
    assert ledger.doctor() == []
    assert not left.exists()


def test_the_doctor_mends_packed_rows(ledger):
    _, runs = fill(ledger)
    with ledger.database.write() as connection:
        connection.execute("DELETE FROM pack WHERE run = 1")
        connection.execute("UPDATE pack SET items = '[9,9,9]' WHERE run = 2")
        connection.execute("UPDATE pack SET items = 'damaged' WHERE run = 3")
    assert ledger.run(runs[2]).params["i"] == 2
    (finding,) = ledger.doctor(fix=True)
    assert "3 runs" in finding.what
    assert [ledger.run(run).params["i"] for run in runs] == [0, 1, 2]
    assert ledger.doctor() == []


def test_a_ledger_that_cannot_be_opened_is_diagnosed_all_the_same(tmp_path):
    (missing,) = diagnose(tmp_path / "nothing")
    assert "no ledger" in missing.what
    folder = tmp_path / "p" / ".nbledger"
    folder.mkdir(parents=True)
    (folder / "ledger.db").write_bytes(b"this is no database" * 1000)
    (finding,) = diagnose(tmp_path / "p")
    assert finding.level == "error"
    assert ".recover" in finding.remedy
    assert (folder / "ledger.db").read_bytes().startswith(b"this is no database")
