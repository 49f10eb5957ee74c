"""A Process Run Crate (profile 0.5 of RO-Crate 1.1): what ran, on what, with what outcome, and the files themselves.

A run is a `CreateAction` whose instrument is the code as it was executed. Versions whose content is stored, and small
files of the project that are still the recorded ones, are in the crate as files; all others are named by their hash.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.lineage.standards.crate_files import (
    Crate,
    is_private,
    new_crate,
    project_file,
    safe_name,
    stored_name,
    stored_path,
)
from nbledger.lineage.standards.entries import Entry, Reading, Use, chosen, is_data
from nbledger.lineage.standards.portable import (
    ended,
    local,
    product,
    title,
    uuid,
)
from nbledger.lineage.standards.spool import Spool, text_of
from nbledger.records import Artifact, Run, Scalar, Session

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

METADATA = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_CONTEXT = "https://w3id.org/ro/crate/1.1/context"
_PYTHON = {
    "@id": "https://www.python.org/",
    "@type": "ComputerLanguage",
    "name": "Python",
    "url": "https://www.python.org/",
}
_STATUS = {"finished": "Completed", "failed": "Failed", "cancelled": "Failed", "interrupted": "Failed"}
_NO_LICENSE = {
    "@id": "#license",
    "@type": "CreativeWork",
    "name": "No licence is stated",
    "description": "Ask those who made the data and the code before you use them.",
}

Entity = dict[str, Any]


def write(ledger: Ledger, path: Path, targets: Iterable[str]) -> int:
    """Write a crate, a folder or a `.zip` file, and return how many runs it tells of."""
    keys = chosen(ledger, targets)
    with new_crate(path) as crate, Spool(("graph", "parts", "mentions")) as spool:
        document = _Document(ledger, crate, spool)
        for entry in document.reading.entries(keys):
            document.add(entry)
        document.finish(len(keys))
    return len(keys)


class _Document:
    """A crate under way."""

    def __init__(self, ledger: Ledger, crate: Crate, spool: Spool) -> None:
        self.ledger = ledger
        self.reading = Reading(ledger)
        self.crate = crate
        self.spool = spool
        self.latest = 0.0
        self._ids: dict[str, str] = {}
        self._people: dict[str, None] = {}

    def add(self, entry: Entry) -> None:
        """Add a run with what it used and made."""
        run, until = entry.run, ended(entry.run)
        self.latest = max(self.latest, until or run.started_at)
        action: Entity = {
            "@id": f"#run-{uuid(run.id)}",
            "@type": "CreateAction",
            "identifier": run.id,
            "name": title(run),
            "description": _description(entry),
            "instrument": self._instrument(entry),
            "agent": self._agent(entry.session),
            "startTime": _time(run.started_at),
        }
        if until is not None:
            action["endTime"] = _time(until)
        if run.status in _STATUS:
            action["actionStatus"] = f"http://schema.org/{_STATUS[run.status]}ActionStatus"
        if _STATUS.get(run.status) == "Failed":
            message = f"{run.error.type}: {run.error.message}" if run.error else run.status
            action["error"] = message
        artifacts = [self._artifact(artifact) for artifact in entry.artifacts]
        lists = {
            "object": self._data(entry.used) + self._values(run, "param", run.params),
            "result": self._data(entry.generated) + self._values(run, "metric", run.metrics) + artifacts,
        }
        self._put(action | {key: _one_or_many(items) for key, items in lists.items() if items})
        self.spool.add("mentions", text_of({"@id": action["@id"]}))

    def finish(self, runs: int) -> None:
        """Write the metadata file."""
        name = self.ledger.root.name or "project"
        profile: Entity = {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
        descriptor: Entity = {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        }
        root: Entity = {
            "@id": "./",
            "@type": "Dataset",
            "name": f"Runs of {name}",
            "description": f"{runs} runs of {name}: their data, code and results, as nbledger {product()} recorded.",
            "datePublished": _time(self.latest),
            "license": {"@id": _NO_LICENSE["@id"]},
            "author": _one_or_many([{"@id": id} for id in self._people]),
            "conformsTo": {"@id": PROFILE},
        }
        with self.crate.writing(METADATA) as out:
            out.write(f'{{\n"@context": {text_of(_CONTEXT)},\n"@graph": [\n{text_of(descriptor)},\n')
            out.write(text_of(root)[:-1])
            for key, spooled in (("hasPart", "parts"), ("mentions", "mentions")):
                out.write(f', "{key}": [\n')
                self.spool.copy(spooled, out)
                out.write("]")
            out.write("},\n" + "".join(f"{text_of(item)},\n" for item in (profile, _NO_LICENSE, _PYTHON)))
            self.spool.copy("graph", out)
            out.write("\n]\n}\n")

    # -- code and people ------------------------------------------------------------------------------------------

    def _instrument(self, entry: Entry) -> Entity:
        run = entry.run
        about: Entity = {
            "@type": "SoftwareSourceCode",
            "name": title(run),
            "programmingLanguage": {"@id": _PYTHON["@id"]},
            "softwareRequirements": self._python(entry.session),
        }
        if not run.source:
            name = run.notebook or run.name or run.kind
            return self._once(f"#code-{local(name)}", about | {"name": name, "version": "not recorded"})
        from blake3 import blake3

        data = run.source.encode()
        hash = blake3(data).hexdigest()[:32]
        id = f"code/{hash[:16]}.py"
        if id not in self._ids:
            self.crate.add_bytes(id, data)
        about |= {"@type": ["File", "SoftwareSourceCode"], "version": hash, "encodingFormat": "text/x-python"}
        return self._once(id, about | {"contentSize": str(len(data))})

    def _python(self, session: Session) -> Entity:
        digits = session.python.split()[0] if session.python else "3"
        id = f"https://www.python.org/downloads/release/python-{local(digits.replace('.', ''))}/"
        about = {"@type": "SoftwareApplication", "name": "Python", "softwareVersion": digits, "url": id}
        return self._once(id, about)

    def _agent(self, session: Session) -> Entity:
        name = session.user or "unknown"
        self._people[f"#user-{local(name)}"] = None
        return self._once(f"#user-{local(name)}", {"@type": "Person", "name": name})

    # -- data and values ------------------------------------------------------------------------------------------

    def _data(self, uses: tuple[Use, ...]) -> list[Entity]:
        found = {use.version.hash: use for use in reversed(uses) if is_data(use)}
        return [self._version(use) for use in reversed(found.values())]

    def _version(self, use: Use) -> Entity:
        hash = use.version.hash
        if hash in self._ids:
            return {"@id": self._ids[hash]}
        about: Entity = {"name": use.name, "identifier": hash, "description": _about_version(use)}
        id, size = self._copied(use)
        if id is None:
            id, about = f"#version-{hash}", {"@type": "CreativeWork"} | about
        else:
            about = {"@type": "File"} | about | {"encodingFormat": _media_type(id), "contentSize": str(size)}
        self._ids[hash] = id
        return self._once(id, about)

    def _copied(self, use: Use) -> tuple[str | None, int]:
        """Copy a version's content into the crate if it is stored or a small file, and return its id there and size."""
        if use.role == "file" and is_private(use.name):
            return None, 0
        place = f"data/{use.version.hash[:16]}"
        stored = self.ledger.stored(use.version.hash)
        path = stored_path(self.ledger, stored.object) if stored else None
        if stored is not None and path is not None:
            id = f"{place}/{stored_name(use.name, stored)}"
            self.crate.add_file(id, path)
            return id, stored.size
        data = project_file(self.ledger, use.name, use.version.hash) if use.role == "file" else None
        if data is None:
            return None, 0
        id = f"{place}/{safe_name(use.name)}"
        self.crate.add_bytes(id, data)
        return id, len(data)

    def _artifact(self, artifact: Artifact) -> Entity:
        about: Entity = {"name": artifact.name, "identifier": artifact.object}
        path = stored_path(self.ledger, artifact.object)
        if path is None:
            gone = {"@type": "CreativeWork", "description": "An artifact whose bytes the ledger no longer has."}
            return self._once(f"#object-{artifact.object}", gone | about)
        id = f"artifacts/{artifact.object[:16]}/{safe_name(artifact.name)}"
        if id not in self._ids:
            self.crate.add_file(id, path)
        facts = {"encodingFormat": artifact.media_type, "contentSize": str(artifact.size)}
        return self._once(id, {"@type": "File"} | about | {"description": "An artifact of a run."} | facts)

    def _values(self, run: Run, kind: str, values: Any) -> list[Entity]:
        found = []
        for name, value in sorted(values.items()):
            id = f"#{kind}-{uuid(run.id)}/{local(name)}"
            self._put(
                {"@id": id, "@type": "PropertyValue", "additionalType": kind, "name": name, "value": _plain(value)}
            )
            found.append({"@id": id})
        return found

    # -- entities -------------------------------------------------------------------------------------------------

    def _put(self, entity: Entity) -> None:
        self.spool.add("graph", text_of(entity))

    def _once(self, id: str, about: Entity) -> Entity:
        """Add an entity that many runs name, unless it is there already, and return a reference to it."""
        if id not in self._ids:
            self._ids[id] = id
            self._put({"@id": id} | about)
            if "File" in about["@type"]:
                self.spool.add("parts", text_of({"@id": id}))
        return {"@id": id}


def _description(entry: Entry) -> str:
    run = entry.run
    place = f" of {run.notebook}" if run.notebook else ""
    opaque = f" Not known in full: {'; '.join(entry.opaque)}." if entry.opaque else ""
    return f"A {run.kind} run{place}, {run.status}, in session {entry.session.id}.{opaque}"


def _about_version(use: Use) -> str:
    version = use.version
    shape = " x ".join(map(str, version.shape)) if version.shape else ""
    parts = (version.kind, version.type_name, shape, f"hash {version.exactness}")
    return ", ".join(part for part in parts if part)


def _media_type(id: str) -> str:
    from mimetypes import guess_type

    return guess_type(id)[0] or "application/octet-stream"


def _one_or_many(items: list[Entity]) -> Any:
    """Return a single value as itself, as RO-Crate recommends."""
    return items[0] if len(items) == 1 else items


def _plain(value: Scalar) -> Any:
    if value is None or (isinstance(value, float) and value - value != 0):
        return str(value)
    return value


def _time(seconds: float) -> str:
    """Return a moment as the profile wants it: ISO 8601 to the millisecond, with an offset."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


__all__ = ["METADATA", "PROFILE", "write"]
