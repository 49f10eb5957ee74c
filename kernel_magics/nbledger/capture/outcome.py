"""From what was observed in a cell to the facts that are recorded, and what the card under the cell shows."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from nbledger.capture.active import scalar
from nbledger.capture.redaction.secrets import redact, redact_value
from nbledger.errors import NBLedgerError
from nbledger.records import (
    ABSENT,
    Artifact,
    Call,
    Edge,
    Facts,
    Metric,
    Param,
    RowColumn,
    RunEnd,
    RunError,
    RunStart,
    StoredVersion,
    Tag,
    Version,
)

if TYPE_CHECKING:
    from nbledger.capture.active import ActiveRun
    from nbledger.capture.found.experiment import Experiment
    from nbledger.capture.namespace.variables import Changes
    from nbledger.capture.namespace.versions import Versions
    from nbledger.capture.recorder import TrackOptions
    from nbledger.capture.world.surroundings import Use
    from nbledger.capture.writer import Writer

_MAX_TRACEBACK = 20_000
#: The format of a stored state of a random generator.
RANDOM_STATE = "random-state"
_MODEL_MEDIA_TYPE = "application/x-nbledger-model"


class ModelSaved(NamedTuple):
    """A model that a cell fitted: its name there, class, version, and how it is stored (`format` is `None` if not).

    `size` is in bytes; `reason` says why it is not stored, or why it is stored untrusted.
    """

    name: str
    type_name: str
    version: str
    format: str | None = None
    size: int = 0
    trusted: bool = False
    reason: str | None = None


class Outcome(NamedTuple):
    """What was recorded of a cell."""

    start: RunStart
    end: RunEnd
    facts: Facts
    models: tuple[ModelSaved, ...]
    problems: tuple[str, ...]
    recorded: bool
    shown: bool


def run_error(error: BaseException | None) -> RunError | None:
    """Return an exception as it is recorded: type, message and traceback as redacted text; `None` for none."""
    if error is None:
        return None
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/IPython/core/" not in frame.filename]
    name, message = type(error).__name__, _message(error)
    try:
        last = traceback.format_exception_only(error)
    except Exception:  # noqa: BLE001  # for its suggestions Python asks namespaces that libraries wrote, as patsy's
        last = [f"{name}: {message}\n"]
    text = "".join(traceback.format_list(frames) + last)
    if len(text) > _MAX_TRACEBACK:
        text = text[: _MAX_TRACEBACK // 2] + "\n...\n" + text[-_MAX_TRACEBACK // 2 :]
    return RunError(name, redact(message)[:2000], redact(text))


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # said as Python says it
        return "<exception str() failed>"


def cell_facts(
    *,
    namespace: MutableMapping[str, Any],
    changes: Changes,
    use: Use,
    versions: Versions,
    active: ActiveRun,
    experiment: Experiment,
    options: TrackOptions | None,
    sources: Sequence[str],
    parameters: Sequence[Param],
    problems: list[str],
    writer: Writer,
) -> tuple[Facts, list[ModelSaved]]:
    """Put together all that is recorded when a cell ends. Appends to `problems` what could not be had."""
    unseen = [f"not observed: {problem}" for problem in problems]
    own_used, own_generated = changes.edges()
    beside = use.used or use.generated or use.opaque or use.stored
    if options is None and not (beside or active.touched or active.stored or experiment.saw_calls):
        opaque = (*changes.names.opaque, *changes.opaque, *unseen)
        if opaque:
            opaque = tuple(dict.fromkeys(opaque))
        return Facts(_all_versions(changes, use, versions), own_used, own_generated, opaque=opaque), []
    used, generated = (*own_used, *use.used), (*own_generated, *use.generated)
    params: list[Param] = []
    metrics: list[Metric] = []
    tags: list[Tag] = []
    stored: list[StoredVersion] = []
    artifacts: list[Artifact] = []
    models: list[ModelSaved] = []
    if options is not None:
        params += parameters
        params += experiment.params("\n".join(sources), namespace)
        params += _explicit_params(options, namespace, problems)
        metrics += experiment.metrics(namespace)
        metrics += _explicit_metrics(options, namespace, problems)
        tags += [Tag(key, value) for key, value in options.tags]
        used += _data_edges(experiment, options, namespace, versions, problems)
        found = _found_models(experiment, options, namespace, problems)
        for saved, kept in _save_all([(*one, versions.of(one[1])[1]) for one in found], options, writer):
            models.append(saved)
            generated += (Edge(saved.version, saved.name, "model"),)
            if kept is not None:
                stored.append(kept)
                artifacts.append(Artifact(saved.name, kept.object, kept.size, _MODEL_MEDIA_TYPE, kept.version))
        stored += _snapshots((*used, *generated), options, namespace, versions, writer, problems)
        problems += experiment.problems
    stored += _keep(use, writer, problems)
    metrics += active.close()
    seen_calls, row_columns = _calls(experiment, namespace, writer, problems)
    facts = Facts(
        versions=_all_versions(changes, use, versions),
        used=used if len(used) == len(own_used) else _distinct(used),
        generated=generated if len(generated) == len(own_generated) else _distinct(generated),
        params=tuple(_redacted(params + active.params_logged)),
        metrics=tuple(metrics),
        artifacts=tuple(artifacts + active.artifacts_logged),
        stored=tuple(stored + active.stored),
        tags=tuple(tags + active.tags_logged),
        notes=tuple(active.notes_logged),
        opaque=tuple(dict.fromkeys((*changes.names.opaque, *changes.opaque, *use.opaque, *unseen))),
        calls=seen_calls,
        row_columns=row_columns,
    )
    return facts, models


def _calls(
    experiment: Experiment, namespace: MutableMapping[str, Any], writer: Writer, problems: list[str]
) -> tuple[tuple[Call, ...], tuple[RowColumn, ...]]:
    """Return the calls of the cell; what goes wrong with them is a problem to show, and costs nothing else."""
    put: list[Callable[[bytes], tuple[str, int]]] = []

    def store(data: bytes) -> tuple[str, int]:
        if not put:
            put.append(stack.enter_context(writer.ledger.objects.many()))
        return put[0](data)

    try:
        with ExitStack() as stack:
            return experiment.calls(namespace, store)
    except Exception as error:
        if os.environ.get("NBLEDGER_DEBUG"):
            raise
        problems.append(f"calls: {type(error).__name__}: {error}")
        return (), ()


def _snapshots(
    edges: Sequence[Edge],
    options: TrackOptions,
    namespace: Mapping[str, Any],
    versions: Versions,
    writer: Writer,
    problems: list[str],
) -> list[StoredVersion]:
    """Keep the content of the variables that `--snapshot` names, and of all data up to NBLEDGER_SNAPSHOT_LIMIT."""
    if not options.snapshot and "NBLEDGER_SNAPSHOT_LIMIT" not in os.environ:
        return []
    from nbledger.ledger.snapshots import BadSize, SnapshotPolicy, keep

    try:
        policy = SnapshotPolicy.from_environment()
    except BadSize as error:
        problems.append(str(error))
        policy = SnapshotPolicy()
    names = list(options.snapshot)
    if policy.limit_bytes is not None:
        names += [edge.name for edge in edges if edge.role == "variable"]
    values = {
        name: (namespace[name], versions.of(namespace[name])[1]) for name in dict.fromkeys(names) if name in namespace
    }
    problems += [f"snapshot {name}: no variable of that name" for name in options.snapshot if name not in namespace]
    stored, said = keep(writer.ledger, values, options, policy)
    problems += said
    return stored


def _keep(use: Use, writer: Writer, problems: list[str]) -> list[StoredVersion]:
    """Store the random states that no recorded cell can make again."""
    kept = []
    for version, data in use.stored:
        try:
            address, size = writer.ledger.objects.put_bytes(data)
        except (NBLedgerError, OSError) as error:
            problems.append(f"random state: {error}")
            continue
        kept.append(StoredVersion(version.hash, address, RANDOM_STATE, size, trusted=True))
    return kept


def _all_versions(changes: Changes, use: Use, versions: Versions) -> tuple[Version, ...]:
    """Return every version that the run's edges and metrics name, also those that earlier runs wrote already."""
    known = (*changes.used.values(), *changes.generated.values(), *use.versions, ABSENT)
    found = {version.hash: version for version in known}
    found.update((version.hash, version) for version in versions.drain())
    return tuple(found.values())


def _distinct(edges: Sequence[Edge]) -> tuple[Edge, ...]:
    return tuple(dict.fromkeys(edges))


def _redacted(params: Sequence[Param]) -> list[Param]:
    return [Param(p.name, redact_value(p.name, p.value), p.origin, p.is_default) for p in params]


def _explicit_params(options: TrackOptions, namespace: Mapping[str, Any], problems: list[str]) -> list[Param]:
    found = []
    for name in options.params:
        if name in namespace:
            found.append(Param(name, scalar(namespace[name]), "explicit"))
        else:
            problems.append(f"param {name}: no variable of that name after the cell")
    return found


def _explicit_metrics(options: TrackOptions, namespace: Mapping[str, Any], problems: list[str]) -> list[Metric]:
    """Return the metrics named by `--metrics`; a dict gives one for each number in it."""
    import time

    found = []
    for name in options.metrics:
        value = namespace.get(name)
        values = value if isinstance(value, Mapping) else {name: value}
        for key, number in values.items():
            try:
                found.append(Metric(str(key), float(number), None, time.time()))  # type: ignore[arg-type]
            except (TypeError, ValueError):
                why = "is no number" if name in namespace else "no variable of that name after the cell"
                problems.append(f"metric {key}: {why}")
    return found


def _data_edges(
    experiment: Experiment,
    options: TrackOptions,
    namespace: Mapping[str, Any],
    versions: Versions,
    problems: list[str],
) -> tuple[Edge, ...]:
    """Return what the models of the cell were fitted on, and the variables named by `--data`."""
    edges = list(experiment.edges())
    for name in options.data:
        if name in namespace:
            edges.append(Edge(versions.hash(namespace[name]), name, "data"))
        else:
            problems.append(f"data {name}: no variable of that name after the cell")
    return tuple(edges)


def _found_models(
    experiment: Experiment, options: TrackOptions, namespace: Mapping[str, Any], problems: list[str]
) -> list[tuple[str, Any]]:
    """Return the models of a cell by name: those that `--model` names, else every estimator fitted in it."""
    if not options.models:
        return [(found.name, found.model) for found in experiment.models(namespace) if found.role == "model"]
    problems += [f"model {name}: no variable of that name" for name in options.models if name not in namespace]
    return [(name, namespace[name]) for name in options.models if name in namespace]


_Saved = tuple[ModelSaved, StoredVersion | None]


def _save_all(models: Sequence[tuple[str, Any, Version]], options: TrackOptions, writer: Writer) -> list[_Saved]:
    """Store the content of models, once for each content; where they cannot be stored together, each by itself."""
    if not options.store_model:
        return [(_unsaved(name, version)._replace(reason="--no-model"), None) for name, _, version in models]
    try:
        with writer.ledger.objects.many() as put:
            return [_save(*model, writer, put) for model in models]
    except Exception:  # noqa: BLE001  # each then says why it is not stored
        return [_save(*model, writer, None) for model in models]


def _unsaved(name: str, version: Version) -> ModelSaved:
    return ModelSaved(name, version.type_name, version.hash)


def _save(
    name: str, model: Any, version: Version, writer: Writer, put: Callable[[bytes], tuple[str, int]] | None
) -> _Saved:
    base = _unsaved(name, version)
    try:
        kept = writer.ledger.stored(version.hash)
        if kept is None:
            from nbledger.ledger.model_format import dump_model

            dumped = dump_model(model)
            base = base._replace(reason=dumped.reason)
            address, size = (put or writer.ledger.objects.put_bytes)(dumped.data)
            kept = StoredVersion(version.hash, address, dumped.format, size, dumped.trusted)
    except Exception as error:  # noqa: BLE001  # whatever a model does when it is stored, the cell is unharmed
        return base._replace(reason=f"{type(error).__name__}: {error}"), None
    return base._replace(format=kept.format, size=kept.size, trusted=kept.trusted), kept
