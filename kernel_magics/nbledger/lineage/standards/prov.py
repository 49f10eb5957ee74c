"""W3C PROV-JSON (the member submission): what was used, generated and derived, by whom and when.

A content may be generated twice, and used before it is: re-running a cell gives equal bytes. PROV lets an entity be
generated once only. So a content (`version:HASH`) and each time that it came to be under a name (`made:RUN/ROLE/NAME`)
are two entities, the second a specialization of the first, and only the second is generated. What no exported run made
is used as its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from nbledger.lineage.standards.entries import DATA_ROLES, Entry, Reading, Use, chosen
from nbledger.lineage.standards.portable import ended, local, moment, product, title
from nbledger.lineage.standards.spool import Spool, text_of
from nbledger.records import ABSENT, Artifact, ModelVersion, Scalar, Session, Version

if TYPE_CHECKING:
    from nbledger.ledger import Ledger

_SPACES = (
    "run",
    "version",
    "made",
    "metric",
    "artifact",
    "model",
    "code",
    "session",
    "user",
    "software",
    "param",
    "tag",
)
PREFIXES = {"nbl": "urn:nbledger:terms:"} | {name: f"urn:nbledger:{name}:" for name in _SPACES}
SECTIONS = (
    "entity", "activity", "agent", "used", "wasGeneratedBy", "wasInvalidatedBy", "wasDerivedFrom", "specializationOf",
    "wasAssociatedWith", "wasAttributedTo", "actedOnBehalfOf", "wasInformedBy",
)  # fmt: skip
#: A cell with more pairs of things read and made than this says only what it used and generated.
MOST_PAIRS = 400


def write(ledger: Ledger, out: IO[str], targets: Iterable[str]) -> int:
    """Write one PROV-JSON document and return how many runs it holds."""
    keys = chosen(ledger, targets)
    with Spool(SECTIONS) as spool:
        document = _Document(ledger, spool, {})
        for entry in document.reading.entries(keys):
            document.add(entry)
        out.write('{\n"prefix": ' + text_of(PREFIXES))
        for name in SECTIONS:
            if spool.counts[name]:
                out.write(f',\n"{name}": {{\n')
                spool.copy(name, out)
                out.write("\n}")
        out.write("\n}\n")
    return len(keys)


@dataclass(frozen=True, slots=True)
class _Made:
    """The entity that a name stands for at a moment; `at` is when it was generated, `None` where that is not known."""

    id: str
    hash: str
    at: float | None


class _Document:
    """A document under way. `current` holds, by session, role and name, what the last exported run made of it."""

    def __init__(self, ledger: Ledger, spool: Spool, current: dict[tuple[str, str, str], _Made]) -> None:
        self.reading = Reading(ledger)
        self.spool = spool
        self.current = current
        self._said: set[str] = set()

    def add(self, entry: Entry) -> None:
        """Add a run with all that is said of it."""
        run = f"run:{local(entry.run.id)}"
        self._put("activity", run, self._activity(entry))
        self._associate(entry, run)
        if entry.run.parent is not None and self.reading.parent(entry.run) is not None:
            self._relate("wasInformedBy", informed=run, informant=f"run:{local(entry.run.parent)}")
        read = list(self._used(entry, run))
        self._generated(entry, run, read)
        self._results(entry, run)

    # -- the run and who ran it -----------------------------------------------------------------------------------

    def _activity(self, entry: Entry) -> dict[str, Any]:
        run, until = entry.run, ended(entry.run)
        found: dict[str, Any] = {"prov:startTime": moment(run.started_at)}
        if until is not None:
            found["prov:endTime"] = moment(until)
        found |= {"prov:label": title(run), "prov:type": _word(run.kind), "nbl:status": run.status}
        known = {
            "nbl:name": run.name,
            "nbl:experiment": run.experiment,
            "nbl:notebook": run.notebook,
            "nbl:cell": run.cell_id,
            "nbl:position": run.position,
            "nbl:seconds": run.duration,
            "nbl:opaque": list(entry.opaque) or None,
        }
        found |= {key: _literal(value) for key, value in known.items() if value is not None}
        if run.error is not None:
            found["nbl:error"] = f"{run.error.type}: {run.error.message}"
        found |= {f"param:{local(name)}": _literal(value) for name, value in sorted(run.params.items())}
        return found | {f"tag:{local(name)}": value for name, value in sorted(run.tags.items())}

    def _associate(self, entry: Entry, run: str) -> None:
        session = self._session(entry.session)
        plan: dict[str, str] = {}
        if entry.run.source:
            plan["prov:plan"] = self._code(entry.run.source)
        self._relate("wasAssociatedWith", activity=run, agent=session, **plan)

    def _session(self, session: Session) -> str:
        id, user = f"session:{local(session.id)}", f"user:{local(session.user or 'unknown')}"
        software = f"software:nbledger-{local(session.nbledger or product())}"
        self._person(user, session.user or "unknown")
        version = {"prov:type": _word("SoftwareAgent", "prov"), "prov:label": f"nbledger {session.nbledger}"}
        self._put_once("agent", software, version | {"nbl:version": session.nbledger})
        about = {
            "prov:type": _word("SoftwareAgent", "prov"),
            "prov:label": f"{session.frontend} session {session.id[:8]}",
            "nbl:frontend": session.frontend,
            "nbl:python": session.python,
            "nbl:platform": session.platform,
            "nbl:startedAt": moment(session.started_at),
        }
        if self._put_once("agent", id, about):
            self._relate("actedOnBehalfOf", delegate=id, responsible=user)
            self._relate("actedOnBehalfOf", delegate=software, responsible=id)
        return id

    def _person(self, id: str, name: str) -> None:
        self._put_once("agent", id, {"prov:type": _word("Person", "prov"), "prov:label": name})

    def _code(self, source: str) -> str:
        from blake3 import blake3

        id = f"code:{blake3(source.encode()).hexdigest()[:32]}"
        self._put_once("entity", id, {"prov:type": _word("Plan", "prov"), "prov:value": source})
        return id

    # -- what it used and generated -------------------------------------------------------------------------------

    def _used(self, entry: Entry, run: str) -> Iterator[tuple[Use, str]]:
        """Say what a run used, and yield each with its entity."""
        seen = set()
        for use in entry.used:
            if use.version.hash == ABSENT.hash:
                continue
            entity = self._met(entry, use)
            if (entity, use.role) not in seen:
                seen.add((entity, use.role))
                about = {"prov:time": moment(entry.run.started_at), "prov:role": use.role, "nbl:name": use.name}
                self._relate("used", activity=run, entity=entity, **about)
            yield use, entity

    def _met(self, entry: Entry, use: Use) -> str:
        """Return the entity that a run met under a name: what an exported run made of it before, else its content."""
        made = self.current.get(_place(entry, use))
        same = made if made is not None and made.hash == use.version.hash else None
        return _before(same, entry) or self._content(use.version)

    def _generated(self, entry: Entry, run: str, read: list[tuple[Use, str]]) -> None:
        until = ended(entry.run)
        time = {} if until is None else {"prov:time": moment(until)}
        sources = [(use, entity) for use, entity in read if use.role in DATA_ROLES]
        written = [use for use in entry.generated if use.role in DATA_ROLES and use.version.hash != ABSENT.hash]
        pairs = len(sources) * len(written) <= MOST_PAIRS
        for use in entry.generated:
            before = self.current.get(_place(entry, use))
            if use.version.hash == ABSENT.hash:
                if _before(before, entry) is not None:
                    self._relate("wasInvalidatedBy", entity=_before(before, entry), activity=run, **time)
                self.current.pop(_place(entry, use), None)
                continue
            id = f"made:{local(entry.run.id, use.role, use.name, use.version.hash[:12])}"
            self._put("entity", id, {"prov:label": use.name, "nbl:name": use.name, "nbl:role": use.role})
            self._relate("specializationOf", specificEntity=id, generalEntity=self._content(use.version))
            self._relate("wasGeneratedBy", entity=id, activity=run, **time, **{"prov:role": use.role})
            self._derive(use, id, run, sources if pairs and use in written else [], _before(before, entry))
        for use in entry.generated:  # only now: within a run nothing is made from what the run itself made
            if use.version.hash != ABSENT.hash:
                id = f"made:{local(entry.run.id, use.role, use.name, use.version.hash[:12])}"
                self.current[_place(entry, use)] = _Made(id, use.version.hash, until)

    def _derive(self, use: Use, id: str, run: str, sources: list[tuple[Use, str]], before: str | None) -> None:
        """Say what a version was derived from: all data that its run read; itself as it was, if changed in place."""
        met = [entity for source, entity in sources if (source.role, source.name) == (use.role, use.name)]
        earlier = next(iter(met), before) if use.derived else None
        found = dict.fromkeys([*([earlier] if earlier else []), *(entity for _, entity in sources)])
        found.pop(f"version:{use.version.hash}", None)  # its own content
        for entity in found:
            kind = {"prov:type": _word("Revision", "prov")} if entity == earlier else {}
            self._relate("wasDerivedFrom", generatedEntity=id, usedEntity=entity, activity=run, **kind)

    def _content(self, version: Version) -> str:
        id = f"version:{version.hash}"
        about: dict[str, Any] = {
            "prov:type": _word(version.kind),
            "nbl:hash": version.hash,
            "nbl:exactness": version.exactness,
        }
        if version.type_name:
            about["nbl:pythonType"] = version.type_name
        if version.shape is not None:
            about["nbl:shape"] = " x ".join(map(str, version.shape)) or "scalar"
        if version.nbytes is not None:
            about["nbl:bytes"] = _literal(version.nbytes)
        self._put_once("entity", id, about)
        return id

    # -- what came of it ------------------------------------------------------------------------------------------

    def _results(self, entry: Entry, run: str) -> None:
        until = ended(entry.run)
        time = {} if until is None else {"prov:time": moment(until)}
        for name, value in sorted(entry.run.metrics.items()):
            id = f"metric:{local(entry.run.id, name)}"
            self._put("entity", id, {"prov:type": _word("metric"), "prov:label": name, "prov:value": _literal(value)})
            self._relate("wasGeneratedBy", entity=id, activity=run, **time)
            for basis in entry.bases.get(name, ()):
                source = self._content(self.reading.ledger.version(basis.version))
                role = {"nbl:role": basis.role}
                self._relate("wasDerivedFrom", generatedEntity=id, usedEntity=source, activity=run, **role)
        for artifact in entry.artifacts:
            self._artifact(entry, artifact, run, time)
        for model in entry.models:
            self._model(model)

    def _artifact(self, entry: Entry, artifact: Artifact, run: str, time: dict[str, str]) -> None:
        id = f"artifact:{local(entry.run.id, artifact.name, artifact.object[:12])}"
        about = {
            "prov:type": _word("artifact"),
            "prov:label": artifact.name,
            "nbl:object": artifact.object,
            "nbl:bytes": _literal(artifact.size),
            "nbl:mediaType": artifact.media_type,
        }
        self._put("entity", id, about)
        self._relate("wasGeneratedBy", entity=id, activity=run, **time)
        if artifact.version is not None:
            general = self._content(self.reading.ledger.version(artifact.version))
            self._relate("specializationOf", specificEntity=id, generalEntity=general)

    def _model(self, model: ModelVersion) -> None:
        id = f"model:{local(model.model, str(model.number))}"
        user = f"user:{local(model.created_by or 'unknown')}"
        about: dict[str, Any] = {
            "prov:type": _word("registeredModel"),
            "prov:label": f"{model.model} version {model.number}",
            "nbl:registeredAt": moment(model.created_at),
        }
        if model.aliases:
            about["nbl:alias"] = list(model.aliases)
        self._put("entity", id, about)
        self._person(user, model.created_by or "unknown")
        general = self._content(self.reading.ledger.version(model.version))
        self._relate("specializationOf", specificEntity=id, generalEntity=general)
        self._relate("wasAttributedTo", entity=id, agent=user)

    # -- records --------------------------------------------------------------------------------------------------

    def _put(self, section: str, id: str, about: dict[str, Any]) -> None:
        """Add an entity, an activity or an agent that is named once only."""
        self.spool.add(section, f"{text_of(id)}: {text_of(about)}")

    def _put_once(self, section: str, id: str, about: dict[str, Any]) -> bool:
        """Add what many runs name, unless it is there already; return whether it was new."""
        if id in self._said:
            return False
        self._said.add(id)
        self._put(section, id, about)
        return True

    def _relate(self, relation: str, **about: Any) -> None:
        """Add a relation; a word without a prefix is PROV's own."""
        found = {key if ":" in key else f"prov:{key}": value for key, value in about.items()}
        self.spool.add(relation, f'"_:{relation}{self.spool.counts[relation] + 1}": {text_of(found)}')


def _place(entry: Entry, use: Use) -> tuple[str, str, str]:
    """Return where a name lives: files in the project, all else in the session; what calls took are variables."""
    if use.role in ("file", "url"):
        return "", use.role, use.name
    return entry.session.id, use.role if use.role in ("state", "output") else "variable", use.name


def _before(made: _Made | None, entry: Entry) -> str | None:
    """Return an entity if it was there when a run started: what a cell makes is not there for what runs inside it."""
    return made.id if made is not None and made.at is not None and made.at <= entry.run.started_at else None


def _word(name: str, prefix: str = "nbl") -> dict[str, str]:
    return {"$": f"{prefix}:{local(name)}", "type": "xsd:QName"}


def _literal(value: Scalar | list[str]) -> Any:
    """Return a value as PROV-JSON has it: numbers with their XML Schema type, so that none is rounded or refused."""
    if value is None:
        return "None"
    if isinstance(value, float):
        special = {"inf": "INF", "-inf": "-INF", "nan": "NaN"}
        return {"$": special.get(repr(value), repr(value)), "type": "xsd:double"}
    if isinstance(value, int) and not isinstance(value, bool):
        bits = value.bit_length()
        return {"$": str(value), "type": "xsd:int" if bits < 32 else "xsd:long" if bits < 64 else "xsd:integer"}
    return value


__all__ = ["PREFIXES", "SECTIONS", "write"]
