"""Objects that also lie in a store that fsspec reaches: written through, fetched, checked, and never in the way."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from contextlib import closing

import pytest

from nbledger.ledger import Ledger, LedgerWarning, ObjectAltered, ObjectMissing
from nbledger.ledger.remote_objects import BadStore, RemoteUnavailable
from nbledger.records import Artifact, Facts

from .conftest import add_run, make_session

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(params=["memory", "file"])
def url(request, tmp_path):
    if request.param == "file":
        return (tmp_path / "bucket").as_uri()
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    return "memory://bucket/ledger"


@pytest.fixture
def remote(ledger, url):
    """A ledger whose objects also lie at `url`, and the file system there."""
    ledger.set_object_store(url)
    fs, base = fsspec.core.url_to_fs(url)
    return ledger, fs, base


def there(fs, base):
    return sorted("".join(path.rsplit("/", 2)[-2:]) for path in fs.find(base) if not path.endswith("nbledger-owner"))


def forget_here(ledger):
    shutil.rmtree(ledger.folder / "objects")


def with_artifact(ledger, data=b"content"):
    session = make_session()
    ledger.start_session(session)
    hash, size = ledger.objects.put_bytes(data)
    return add_run(ledger, session.id, facts=Facts(artifacts=(Artifact("a.txt", hash, size),))), hash


def test_an_object_is_written_through_and_fetched_when_it_is_missing_here(remote, tmp_path):
    ledger, fs, base = remote
    file = tmp_path / "f"
    file.write_bytes(b"file")
    hashes = sorted([ledger.objects.put_bytes(b"bytes")[0], ledger.objects.put_file(file)[0]])
    assert there(fs, base) == hashes
    with ledger.objects.many() as put:
        several = [put(b"one")[0], put(b"two")[0]]
    assert there(fs, base) == sorted(hashes + several)
    for hash in several:
        ledger.objects.remove(hash)
    forget_here(ledger)
    assert all(ledger.objects.has(hash) for hash in hashes)
    assert sorted(ledger.objects.read(hash) for hash in hashes) == [b"bytes", b"file"]
    assert sorted(path.name for path in (ledger.folder / "objects").glob("*/*")) == sorted(h[2:] for h in hashes)
    assert [path for path in fs.find(base) if ".writing-" in path] == []


def test_the_setting_stays_with_the_ledger_and_what_was_there_before_is_sent(ledger, url):
    hash, _ = ledger.objects.put_bytes(b"before")
    ledger.set_object_store(url)
    with closing(Ledger.open(ledger.root)) as again:
        forget_here(again)
        assert again.objects.read(hash) == b"before"
        assert again.objects.url == url


def test_an_altered_copy_here_is_fetched_again_and_an_altered_one_there_is_refused(remote):
    ledger, fs, base = remote
    hash, _ = ledger.objects.put_bytes(b"content")
    path = ledger.objects.path(hash)
    path.chmod(0o644)
    path.write_bytes(b"CONTENT")
    assert ledger.objects.read(hash) == b"content"
    assert ledger.objects.check(hash) == 7
    fs.pipe_file(f"{base}/{hash[:2]}/{hash[2:]}", b"CONTENT")
    forget_here(ledger)
    with pytest.raises(ObjectAltered):
        ledger.objects.read(hash)
    assert not path.exists()
    with pytest.raises(ObjectMissing):
        ledger.objects.read("0" * 64)


def test_bundles_merges_the_doctor_and_gc_work_with_what_is_only_there(remote, tmp_path):
    ledger, fs, base = remote
    run, hash = with_artifact(ledger)
    loose, _ = ledger.objects.put_bytes(b"nobody's")
    forget_here(ledger)
    bundle = ledger.export_bundle(tmp_path / "b.zip")
    with closing(Ledger.open(tmp_path / "other")) as other:
        assert other.import_bundle(bundle).objects == 1
        assert other.objects.read(hash) == b"content"
    forget_here(ledger)
    with closing(Ledger.open(tmp_path / "third")) as third:
        assert third.merge(ledger).objects == 1
    assert ledger.doctor() == []
    assert ledger.gc(dry_run=True, grace=0).objects == 1
    assert there(fs, base) == sorted([hash, loose])
    swept = ledger.gc(dry_run=False, grace=0)
    assert (swept.objects, swept.bytes) == (1, 8)
    assert there(fs, base) == [hash]
    ledger.delete(run)
    ledger.gc(dry_run=False, grace=0)
    assert there(fs, base) == []


def test_a_store_that_cannot_be_reached_never_fails_a_write_and_is_caught_up_later(remote, monkeypatch):
    ledger, fs, base = remote

    def refuses(*arguments, **options):
        raise PermissionError("no credentials")

    with monkeypatch.context() as broken:
        broken.setattr(type(fs), "put_file", refuses)
        with pytest.warns(LedgerWarning, match="cannot be used: PermissionError: no credentials"):
            hash, _ = ledger.objects.put_bytes(b"offline")
        ledger.objects.put_bytes(b"more")  # no second warning, which would be an error here
        assert ledger.objects.read(hash) == b"offline"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [finding] = [one for one in ledger.doctor() if "are here and not in" in one.what]
        assert finding.what.startswith("2 objects")
        [fixed] = [one for one in ledger.doctor(fix=True) if one.fixed]
        assert fixed.what == finding.what
        assert hash in there(fs, base)
        assert not [one for one in ledger.doctor() if "are here and not in" in one.what]


def test_reading_what_cannot_be_reached_says_so_in_one_line(remote, monkeypatch):
    ledger, fs, _ = remote
    hash, _ = ledger.objects.put_bytes(b"x")
    forget_here(ledger)

    def refuses(*arguments, **options):
        raise TimeoutError("no answer\nfrom there")

    monkeypatch.setattr(type(fs), "open", refuses)
    with pytest.raises(RemoteUnavailable) as caught:
        ledger.objects.read(hash)
    assert "\n" not in str(caught.value)
    assert "TimeoutError: no answer from there" in str(caught.value)


def test_a_store_belongs_to_one_ledger(remote, url, tmp_path):
    with closing(Ledger.open(tmp_path / "other")) as other:
        with pytest.raises(BadStore, match="belongs to another ledger"):
            other.set_object_store(url)
        assert not hasattr(other.objects, "url")


@pytest.mark.parametrize("wrong", ["bucket", "nosuch://bucket", "s3:bucket"])
def test_a_url_that_is_none_is_refused_and_nothing_is_set(ledger, wrong):
    with pytest.raises((BadStore, RemoteUnavailable)) as caught:
        ledger.set_object_store(wrong)
    assert wrong in str(caught.value)
    assert not hasattr(ledger.objects, "url")


def test_a_missing_package_is_named(ledger):
    pytest.importorskip("fsspec")
    try:
        import s3fs  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(RemoteUnavailable, match=r"(?i)install s3fs"):
            ledger.set_object_store("s3://bucket/x")


def test_ledgers_may_share_a_store_by_the_environment_and_gc_leaves_it_alone(tmp_path, url, monkeypatch):
    monkeypatch.setenv("NBLEDGER_OBJECTS", url)
    fs, base = fsspec.core.url_to_fs(url)
    with closing(Ledger.open(tmp_path / "a")) as a, closing(Ledger.open(tmp_path / "b")) as b:
        hash, _ = a.objects.put_bytes(b"shared")
        assert b.objects.read(hash) == b"shared"
        assert b.gc(dry_run=False, grace=0).objects == 1
        assert not b.objects.path(hash).exists()
        assert there(fs, base) == [hash]
    monkeypatch.setenv("NBLEDGER_OBJECTS", "bucket")
    with closing(Ledger.open(tmp_path / "a")) as a, pytest.warns(LedgerWarning, match="is no store"):
        assert a.objects.read(hash) == b"shared"


def test_the_command_sets_a_store(tmp_path):
    bucket = (tmp_path / "bucket").as_uri()
    command = [sys.executable, "-m", "nbledger.cli", "init", str(tmp_path / "p"), "--objects", bucket]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"objects  {bucket}" in done.stdout
    wrong = subprocess.run([*command[:-1], "nosuch://x"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("nbledger: The object store nosuch://x cannot be used: ")
    assert len(wrong.stderr.splitlines()) == 1
