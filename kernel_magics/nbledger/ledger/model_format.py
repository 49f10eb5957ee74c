"""A model as bytes, and back through the one loader that denies by default.

skops is the format wherever our allow-list covers all that a model holds: reading such a file runs no code from it.
Whatever else there is (a lambda in a transformer, an estimator class written in the notebook) is stored by cloudpickle,
marked untrusted with the reason, and refused at load unless the caller vouches for it with `trust=True`.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any, Literal

from nbledger.errors import NBLedgerError

Format = Literal["skops", "cloudpickle"]


class UntrustedModel(NBLedgerError):
    """A stored model that could run code of whoever made it; fields `format`, `types` and `reason`."""

    template = "This model is not loaded: {reason}. If you trust whoever made it, load it with trust=True."


class ModelUnreadable(NBLedgerError):
    """Bytes that are not a whole model in the format they claim; fields `format` and `detail`."""

    template = (
        "The stored {format} model cannot be read: {detail}. `nbledger doctor` checks whether the file was altered."
    )


class ModelNotStorable(NBLedgerError):
    """A model that neither skops nor cloudpickle can write; fields `type` and `detail`."""

    template = "A {type} cannot be stored: {detail}. Give the run what it needs as a param or an artifact instead."


@dataclass(frozen=True, slots=True)
class ModelBytes:
    """A model as it is stored; `reason` says why it is not in skops format, if it is not."""

    data: bytes
    format: Format
    trusted: bool
    reason: str | None = None


def dump_model(model: Any) -> ModelBytes:
    """Return `model` as bytes: a skops file if our allow-list covers it, else a cloudpickle marked untrusted.

    The same fitted model gives the same skops bytes. Raises `ModelNotStorable`.
    """
    reason = _outside_reason(model)
    if reason is None:
        from nbledger.ledger import skops_file

        try:
            data, audit = skops_file.dumps(model)
        except Exception as error:  # noqa: BLE001  (its own __getstate__ may raise anything)
            reason = f"skops cannot hold it ({_said(error)})"
        else:
            if not audit.denied:
                return ModelBytes(data, "skops", trusted=True)
            reason = f"it holds {_listed(audit.denied)}, which a safe file may not name"
    return ModelBytes(_pickled(model), "cloudpickle", trusted=False, reason=reason)


def load_model(data: bytes, format: str, *, trust: bool = False) -> Any:
    """Return the model in these bytes, running none of their code unless `trust` says that its maker is trusted.

    Raises `UntrustedModel` where that would be needed, `ModelUnreadable` if the bytes are not such a file. Whether the
    bytes are those that were stored is for the caller to check, by their hash.
    """
    if format == "skops":
        return _load_skops(data, trust=trust)
    if format != "cloudpickle":
        raise ModelUnreadable(format=str(format)[:40], detail="this version of nbledger does not know the format")
    if not trust:
        raise UntrustedModel(format=format, types=(), reason="it is a pickle, which runs code when it is read")
    try:
        return pickle.loads(data)  # noqa: S301  (the caller vouches for it)
    except Exception as error:
        raise ModelUnreadable(format=format, detail=_said(error)) from error


def _load_skops(data: bytes, *, trust: bool) -> Any:
    from nbledger.ledger import skops_file

    try:
        value, audit = skops_file.loads(data, trust=trust)
    except Exception as error:  # a crafted or cut file makes zipfile, json, numpy and skops raise
        raise ModelUnreadable(format="skops", detail=_said(error)) from error
    if audit.denied and not trust:
        reason = f"its file names {_listed(audit.denied)}, which a safe file may not"
        raise UntrustedModel(format="skops", types=audit.denied, reason=reason)
    return value


def _outside_reason(model: Any) -> str | None:
    """Say at once why skops is not tried, for a class that the allow-list can never have."""
    cls = type(model)
    if cls.__module__ == "__main__":
        return f"its class {cls.__qualname__} is written in the notebook"
    return None


def _pickled(model: Any) -> bytes:
    import cloudpickle

    try:
        return bytes(cloudpickle.dumps(model))
    except Exception as error:
        raise ModelNotStorable(type=type(model).__qualname__, detail=_said(error)) from error


def _said(error: BaseException) -> str:
    first_line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first_line[:160]}" if first_line else type(error).__name__


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
