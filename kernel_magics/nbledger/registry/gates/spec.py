"""A gate as it is asked for: a name and options, from a command line's text or from YAML.

`metric: accuracy >= 0.9`, `better-than-champion: metric=accuracy, confidence=0.99`, `no-leakage`; in YAML a name, or a
mapping of one name to a text or to options. A bare text belongs to the gate's first option, and a bare comparison
(`accuracy >= 0.9`) to the gate `metric`.
"""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbledger.errors import NBLedgerError
from nbledger.records import GateResult

GROUP = "nbledger.gates"
COMPARISON = re.compile(r"(?P<metric>[^<>=!]+?)\s*(?P<sign>>=|<=|==|>|<)\s*(?P<limit>[-+.\w]+)")
_OPTION = re.compile(r"[A-Za-z_]\w*\s*=(?!=)")

Gate = Callable[..., GateResult]


class BadGate(NBLedgerError):
    """A gate that does not exist, or options that it does not have. Fields: gate, detail."""

    template = "The gate {gate!r} cannot be used: {detail}"


@dataclass(frozen=True, slots=True)
class GateSpec:
    """A gate's name with the options that it is to be called with."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.name == "metric" and self.options.keys() == {"condition"}:
            return str(self.options["condition"])
        return f"{self.name}: {', '.join(f'{k}={v}' for k, v in self.options.items())}" if self.options else self.name


def titles(gates: Iterable[GateSpec | GateResult]) -> tuple[str, ...]:
    """Return what to call each of several gates: its name, and where others have the same one, with its options."""
    specs = [GateSpec(one.gate, one.options) if isinstance(one, GateResult) else one for one in gates]
    names = Counter(one.name for one in specs)
    return tuple(str(one) if names[one.name] > 1 else one.name for one in specs)


def parse_gate(item: str | Mapping[str, Any]) -> GateSpec:
    """Return the gate that a text or a mapping of one name asks for, with options that it is known to have.

    Raises `BadGate`.
    """
    if isinstance(item, str):
        name, colon, rest = item.partition(":")
        if not colon and COMPARISON.fullmatch(item.strip()):
            name, rest = "metric", item
        return _spec(name.strip(), rest.strip() or None)
    if not isinstance(item, Mapping) or len(item) != 1:
        raise BadGate(gate=str(item), detail="write a name, or one name with its options, such as `metric: f1 >= 0.8`")
    ((name, value),) = item.items()
    return _spec(str(name), value)


def read_gates(path: Path) -> tuple[GateSpec, ...]:
    """Return the gates of a `pipeline.yaml`, or of a YAML file that is a list of gates. Raises `BadGate`."""
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise BadGate(gate=str(path), detail=f"the file cannot be read: {str(error).splitlines()[0]}") from None
    items = found.get("gates", ()) if isinstance(found, Mapping) else found
    if not isinstance(items, list) or not items:
        raise BadGate(gate=str(path), detail="it has no list `gates:`")
    return tuple(parse_gate(item) for item in items)


def function_of(name: str) -> Gate:
    """Return the function of a gate. Raises `BadGate`."""
    return _load(name)


def known_gates() -> tuple[str, ...]:
    """Return the names of all gates that are installed."""
    return tuple(sorted(_entries()))


@functools.cache
def _entries() -> dict[str, importlib.metadata.EntryPoint]:
    found = importlib.metadata.entry_points(group=GROUP)
    ours = {one.name: one for one in found if one.value.startswith("nbledger.")}
    return {one.name: one for one in found} | ours  # nobody else's gate stands in for one of ours


@functools.cache
def _load(name: str) -> Gate:
    entry = _entries().get(name)
    if entry is None:
        import difflib

        near = difflib.get_close_matches(name, known_gates(), 1)
        guess = f"did you mean {near[0]!r}? " if near else ""
        raise BadGate(gate=name, detail=f"{guess}There are {', '.join(known_gates())}")
    try:
        gate: Gate = entry.load()
    except Exception as error:
        raise BadGate(gate=name, detail=f"{entry.value} cannot be imported: {error}") from error
    return gate


def _spec(name: str, value: Any) -> GateSpec:
    known = list(inspect.signature(_load(name)).parameters.values())[1:]
    options = _options(name, known, value)
    names = [one.name for one in known]
    if not any(one.kind is one.VAR_KEYWORD for one in known):
        for option in options:
            if option not in names:
                has = f"it has {', '.join(names)}" if names else "it has none"
                raise BadGate(gate=name, detail=f"it has no option {option!r}: {has}")
    for one in known:
        if one.default is one.empty and one.kind is not one.VAR_KEYWORD and one.name not in options:
            raise BadGate(gate=name, detail=f"it needs {one.name!r}, as in `{name}: {one.name}=...`")
    return GateSpec(name, options)


def _options(name: str, known: list[inspect.Parameter], value: Any) -> dict[str, Any]:
    if value is None or value is True:
        return {}
    if isinstance(value, Mapping):
        return {str(key).replace("-", "_"): item for key, item in value.items()}
    if isinstance(value, str) and _OPTION.match(value):
        parts = (part.partition("=") for part in value.split(",") if part.strip())
        return {key.strip().replace("-", "_"): _typed(text.strip()) for key, _, text in parts}
    if not known:
        raise BadGate(gate=name, detail=f"it has no options, and {value!r} was given")
    return {known[0].name: _typed(value) if isinstance(value, str) else value}


def _typed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
