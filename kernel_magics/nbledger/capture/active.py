"""The run that is under way, and what user code adds to it: params, metrics, artifacts, tags and notes."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbledger.capture.redaction.secrets import redact, redact_value
from nbledger.errors import NBLedgerError
from nbledger.records import Artifact, Metric, Param, RunStart, Scalar, StoredVersion, Tag, Version

if TYPE_CHECKING:
    from nbledger.capture.writer import Writer
    from nbledger.ledger import MetricBuffer


class NoActiveRun(NBLedgerError):
    """Something was logged where no run is under way. Field: `what`."""

    template = (
        "{what} was not recorded: no run is under way; call it in a cell after %load_ext nbledger, "
        "or inside `with nbledger.start_run(...):`"
    )


class NotANumber(NBLedgerError):
    """A metric's value is not a number. Fields: `name`, `value`."""

    template = "metric {name!r} needs a number, got {value}; log text with nbledger.param or nbledger.tag"


class ActiveRun:
    """A run that is under way. Its facts are written when it ends; metrics are flushed while it runs."""

    def __init__(self, start: RunStart, writer: Writer, *, started: bool) -> None:
        self.start = start
        self.id = start.id
        self.started = started
        self.params_logged: list[Param] = []
        self.tags_logged: list[Tag] = []
        self.notes_logged: list[str] = []
        self.artifacts_logged: list[Artifact] = []
        self.stored: list[StoredVersion] = []
        self.versions: list[Version] = []
        self.writer = writer
        self._metrics: list[Metric] = []
        self._buffer: MetricBuffer | None = None

    @property
    def touched(self) -> bool:
        """Whether user code logged anything to this run."""
        return bool(
            self.params_logged
            or self.tags_logged
            or self.notes_logged
            or self.artifacts_logged
            or self._metrics
            or self._buffer is not None
        )

    def param(self, name: str, value: Any) -> None:
        """Record a param; values other than numbers, strings, booleans and None are kept as their text."""
        self.params_logged.append(Param(str(name), redact_value(str(name), scalar(value)), "api"))

    def params(self, values: Mapping[str, Any]) -> None:
        """Record several params."""
        for name, value in values.items():
            self.param(name, value)

    def metric(self, name: str, value: float, step: int | None = None) -> None:
        """Record a number, at a step if given. Raises `NotANumber`."""
        buffer = self._buffer
        if buffer is None:
            buffer = self._open_buffer()
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise NotANumber(name=name, value=f"{type(value).__name__} {str(value)[:40]!r}") from None
        if buffer is None:
            self._metrics.append(Metric(name, number, step, time.time()))
        else:
            buffer.log(name, number, step)

    def metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        """Record several metrics at one step."""
        for name, value in values.items():
            self.metric(name, value, step)

    def tag(self, key: str, value: object) -> None:
        """Set a tag."""
        self.tags_logged.append(Tag(str(key), str(redact_value(str(key), str(value)))))

    def tags(self, values: Mapping[str, object]) -> None:
        """Set several tags."""
        for key, value in values.items():
            self.tag(key, value)

    def note(self, text: str) -> None:
        """Add a note in free text."""
        self.notes_logged.append(redact(str(text)))

    def artifact(self, content: str | os.PathLike[str] | bytes, name: str | None = None) -> None:
        """Store a file (by its path) or bytes (with a `name`) with the run, by content."""
        import mimetypes

        objects = self.writer.ledger.objects
        if isinstance(content, bytes):
            if name is None:
                raise NBLedgerError(detail="artifact(bytes) needs a name: nbledger.artifact(data, name='report.txt')")
            stored, size = objects.put_bytes(content)
        else:
            path = Path(content)
            if not path.is_file():
                raise NBLedgerError(detail=f"artifact {str(path)!r} is not a file; give the path of an existing file")
            stored, size = objects.put_file(path)
            name = name or path.name
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.artifacts_logged.append(Artifact(name, stored, size, media_type))

    def close(self) -> tuple[Metric, ...]:
        """Return the metrics that are not written yet, for the run's last transaction."""
        if self._buffer is not None:
            buffer, self._buffer = self._buffer, None
            self._metrics.extend(Metric(name, value, step, at) for name, value, step, at in buffer.drain())
        return tuple(self._metrics)

    def _open_buffer(self) -> MetricBuffer | None:
        if self.started and not self._metrics:
            self._buffer = self.writer.ledger.metric_buffer(self.id)
        return self._buffer


def scalar(value: Any) -> Scalar:
    """Return a value as a param stores it: itself, a NumPy scalar's Python value, or its text (500 characters)."""
    if value is None or type(value) in (bool, int, float, str):
        return value  # type: ignore[no-any-return]
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "shape", None) == ():
        plain = item()
        if type(plain) in (bool, int, float, str):
            return plain  # type: ignore[no-any-return]
    if isinstance(value, (bool, int, float, str)):
        for base in (bool, int, float, str):
            if isinstance(value, base):
                return base(value)
    text = repr(value)
    return text if len(text) <= 500 else text[:497] + "..."
