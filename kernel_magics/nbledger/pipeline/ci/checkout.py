"""Where a build server's checkout can only be read: a copy of it, in which the steps may write."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from nbledger.errors import NBLedgerError

_NOT_COPIED = (".git", ".nbledger", ".venv", ".venv-*", "node_modules", "__pycache__", ".ipynb_checkpoints")
_MANIFEST = ".nbledger-copied"


class NoPlaceToRun(NBLedgerError):
    """Neither the checkout nor a copy of it can be written to. Fields: path, why."""

    template = "{path} can only be read, and it could not be copied: {why}. Name a folder to work in: --work FOLDER"


def project_to_run(path: Path, work: Path | None = None) -> Path:
    """Return the path to run: `path` itself, or the same path in a copy of its project where that is read-only.

    With `work` it is always a copy, in that folder; else one in the system's folder for temporary files, the same for
    the same project, so that its ledger is there the next time. Raises `NoPlaceToRun`.
    """
    root = _project_of(path)
    if work is None and _is_writable(root):
        return path
    try:
        copy = (work or _place_for(root)).absolute()
        _copy(root, copy)
    except OSError as error:
        raise NoPlaceToRun(path=root, why=error.strerror or str(error)) from None
    return copy / path.relative_to(root)


def _project_of(path: Path) -> Path:
    """Return the checkout that a pipeline belongs to, wherever its ledger lies."""
    folder = path if path.is_dir() else path.parent
    marks = (".git", "pyproject.toml", ".nbledger")
    return next((one for one in (folder, *folder.parents) if any((one / mark).exists() for mark in marks)), folder)


def _is_writable(folder: Path) -> bool:
    """Tell whether files can be made in a folder: a mount may be read-only where the rights say otherwise."""
    try:
        number, name = tempfile.mkstemp(dir=folder, prefix=".nbledger-")
    except OSError:
        return False
    os.close(number)
    Path(name).unlink()
    return True


def _place_for(root: Path) -> Path:
    """Return a folder of this user's own, which nobody else could have made ready."""
    from blake3 import blake3

    user = os.getuid() if hasattr(os, "getuid") else 0
    above = Path(tempfile.gettempdir()) / f"nbledger-ci-{user}"
    above.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and (above.is_symlink() or above.stat().st_uid != user):
        raise PermissionError(1, f"{above} belongs to somebody else")
    return above / f"{root.name or 'project'}-{blake3(bytes(root)).hexdigest()[:12]}"


def _copy(root: Path, place: Path) -> None:
    """Bring the copy up to date: what Git tracks, or all but what is made again by itself. It can be written to."""
    place.mkdir(parents=True, exist_ok=True)
    names = _tracked(root) or _all(root)
    manifest = place / _MANIFEST
    earlier = manifest.read_text(encoding="utf-8").splitlines() if manifest.is_file() else []
    for name in set(earlier) - set(names):
        (place / name).unlink(missing_ok=True)
    for name in names:
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy2(root / name, target, follow_symlinks=False)
        if not target.is_symlink():
            target.chmod(target.stat().st_mode | 0o600)
    manifest.write_text("\n".join(names), encoding="utf-8")
    (place / "pyproject.toml").touch()  # so that the ledger belongs to the copy, wherever it lies


def _tracked(root: Path) -> list[str]:
    """Return the files that Git knows in a checkout and new ones, relative to it; none outside of Git."""
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", "--cached", "--others"]
    try:
        done = subprocess.run([*command, "--exclude-standard"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    names = [name for name in os.fsdecode(done.stdout).split("\0") if name]
    return [name for name in names if (root / name).is_file() or (root / name).is_symlink()]


def _all(root: Path) -> list[str]:
    found = []
    for folder, below, files in os.walk(root):
        below[:] = [name for name in below if not any(Path(name).match(pattern) for pattern in _NOT_COPIED)]
        found += [str((Path(folder) / name).relative_to(root)) for name in files]
    return sorted(found)
