"""Names, times and texts as they may leave the machine: ids as UUIDs, times in UTC, no absolute path."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from nbledger.records import Run


@cache
def product() -> str:
    """Return the version of nbledger that writes."""
    from importlib.metadata import version

    return version("nbledger")


def moment(seconds: float) -> str:
    """Return seconds since the epoch as ISO 8601 in UTC, to the microsecond."""
    found = datetime.fromtimestamp(seconds, UTC)
    return found.isoformat(timespec="microseconds").replace("+00:00", "Z")


def uuid(id: str) -> str:
    """Return a run's or session's id as a UUID: the same 128 bits, or a name-based one for an id of another form."""
    try:
        return str(UUID(hex=id))
    except ValueError:
        return str(uuid5(NAMESPACE_URL, f"urn:nbledger:{id}"))


def local(*parts: str) -> str:
    """Return the local part of a qualified name; what it may not hold is percent-encoded."""
    return "/".join(quote(part, safe="") for part in parts)


def ended(run: Run) -> float | None:
    """Return when a run ended, never before it started, whatever the wall clock did meanwhile."""
    return None if run.ended_at is None else max(run.started_at, run.ended_at)


def title(run: Run) -> str:
    """Return how a person would call a run: its notebook and cell number, or its name."""
    place = f"[{run.position}]" if run.position is not None else ""
    parts = (run.name or "", run.notebook or "", place)
    return " ".join(part for part in parts if part) or f"{run.kind} {run.id[:8]}"


def file_name(name: str) -> str:
    """Return a file's name relative to the project; one from elsewhere keeps its last part and a mark of the rest."""
    windows = PureWindowsPath(name)
    if not (name.startswith(("/", "~")) or windows.is_absolute() or windows.drive):
        return name
    from blake3 import blake3

    last = windows.name if windows.drive else PurePosixPath(name).name
    return f"outside/{blake3(name.encode()).hexdigest()[:8]}/{last}"


def url_name(url: str) -> str:
    """Return a URL without user, password and fragment."""
    return "".join(url_parts(url))


def url_parts(url: str) -> tuple[str, str]:
    """Return a URL's place (`https://host`) and what follows it there, without user, password and fragment."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme or 'url'}://{parts.hostname or ''}{port}", f"{parts.path or '/'}{query}"


def without_places(run: Run, root: Path) -> Run:
    """Return a run whose texts do not name the project's folder or the home folder, without its traceback."""

    def clean(value: Any) -> Any:
        return _text(value, str(root)) if isinstance(value, str) else value

    error = run.error and replace(run.error, message=clean(run.error.message), traceback="")
    return replace(
        run,
        source=clean(run.source),
        notebook=None if run.notebook is None else file_name(run.notebook),
        error=error,
        params={name: clean(value) for name, value in run.params.items()},
        tags={name: clean(value) for name, value in run.tags.items()},
    )


def _text(text: str, root: str) -> str:
    for place, instead in ((f"{root}/", ""), (root, "."), (f"{_home()}/", "~/")):
        if len(place) > 2:  # never a root itself
            text = text.replace(place, instead)
    return text


@cache
def _home() -> str:
    try:
        return str(Path.home())
    except RuntimeError:  # nobody's: a container without a user
        return ""


__all__ = [
    "ended",
    "file_name",
    "local",
    "moment",
    "product",
    "title",
    "url_name",
    "url_parts",
    "uuid",
    "without_places",
]
