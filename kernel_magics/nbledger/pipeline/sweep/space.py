"""The space of a sweep: which params, and which values each of them may take.

A param's values are written as `NAME=SPEC`: values one by one for a grid (`C=0.1,1,10`), a distribution for random
search (`C=loguniform(0.01,100)`) or for Optuna (`C=float(0.01,100,log)`), or a list in a YAML file.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from nbledger.errors import NBLedgerError

Strategy = Literal["grid", "random", "optuna"]
STRATEGIES: tuple[Strategy, ...] = ("grid", "random", "optuna")
MOST_TRIALS = 100_000

_PAIR = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*(.*)", re.DOTALL)
_CALL = re.compile(r"([A-Za-z_]+)\s*\((.*)\)\s*", re.DOTALL)


class BadSpace(NBLedgerError):
    """A sweep's space cannot be understood. Fields: what (which part of it), why."""

    template = "{what}: {why}"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`, both included (a float's `high` is not, in random search).

    `log` draws its logarithm evenly, `whole` gives integers, `step` is the distance between values.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False
    step: float | None = None


Domain = Choice | Number


@dataclass(frozen=True, slots=True)
class Space:
    """The domains of the params, by name, and how they are searched."""

    strategy: Strategy
    domains: Mapping[str, Domain] = field(default_factory=dict)

    def grid(self) -> Iterator[dict[str, Any]]:
        """Yield every combination of values, the last param changing fastest."""
        choices = [domain.values if isinstance(domain, Choice) else () for domain in self.domains.values()]
        for values in itertools.product(*choices):
            yield dict(zip(self.domains, values, strict=True))

    def draws(self, seed: int, count: int) -> Iterator[dict[str, Any]]:
        """Yield `count` points drawn at random; the same seed gives the same points on every machine."""
        source = random.Random(seed)  # noqa: S311 - a search, not a secret
        for _ in range(count):
            yield {name: _draw(source, domain) for name, domain in self.domains.items()}


def from_pairs(strategy: Strategy, pairs: Sequence[str]) -> Space:
    """Return the space that `NAME=SPEC` texts describe. Raises `BadSpace`, naming the text."""
    domains: dict[str, Domain] = {}
    for text in pairs:
        match = _PAIR.fullmatch(text)
        if match is None:
            raise BadSpace(what=f"--{strategy} {text!r}", why=f"write it as {_EXAMPLES[strategy]!r}")
        name, spec = match.groups()
        if name in domains:
            raise BadSpace(what=f"--{strategy} {text!r}", why=f"{name} was given before")
        domains[name] = _domain(strategy, spec.strip(), f"--{strategy} {text!r}")
    return Space(strategy, domains)


def from_mapping(strategy: Strategy, params: Mapping[str, Any]) -> Space:
    """Return the space of names mapped to lists of values or to distributions as text. Raises `BadSpace`."""
    return Space(strategy, {name: _from_yaml(strategy, spec, name) for name, spec in params.items()})


def size(space: Space) -> int:
    """Return how many points a grid has."""
    return math.prod(len(domain.values) for domain in space.domains.values() if isinstance(domain, Choice))


def read_file(path: Path) -> tuple[Space, dict[str, Any]]:
    """Return the space of a YAML file and the file's other settings. Raises `BadSpace`, naming the file and the key."""
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadSpace(what=str(path), why=" ".join(str(error).split())) from None
    if not isinstance(data, dict):
        raise BadSpace(what=str(path), why="it must hold `strategy:` and `params:`")
    unknown = sorted(set(map(str, data)) - {*_SETTINGS, "strategy", "params"})
    if unknown:
        known = ", ".join(("strategy", "params", *_SETTINGS))
        raise BadSpace(what=f"{path}, {unknown[0]}", why=f"there is no such setting; there are {known}")
    strategy = data.get("strategy", "grid")
    if strategy not in STRATEGIES:
        raise BadSpace(what=f"{path}, strategy", why=f"{strategy!r} is none of {', '.join(STRATEGIES)}")
    params = data.get("params")
    if not isinstance(params, dict) or not params:
        raise BadSpace(what=f"{path}, params", why="it must map names to values or distributions")
    domains = {}
    for name, spec in params.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise BadSpace(what=f"{path}, params", why=f"{name!r} cannot be the name of a param")
        domains[name] = _from_yaml(strategy, spec, f"{path}, params.{name}")
    for name, kind in _SETTINGS.items():
        if name in data and (not isinstance(data[name], kind) or (kind is not bool and isinstance(data[name], bool))):
            raise BadSpace(what=f"{path}, {name}", why=f"{data[name]!r} is no {kind.__name__}")
    return Space(strategy, domains), {name: data[name] for name in _SETTINGS if name in data}


#: What a file may set beside the space, each as the option of the same name.
_SETTINGS: dict[str, type] = {"trials": int, "seed": int, "metric": str, "minimize": bool, "stop_early": str}
_EXAMPLES = {"grid": "C=0.1,1,10", "random": "C=loguniform(0.01,100)", "optuna": "C=float(0.01,100,log)"}


def typed(space: Space, check: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Space:
    """Return the space with values of the types that the notebook declares; `check` raises for those it refuses."""
    domains: dict[str, Domain] = {}
    for name, domain in space.domains.items():
        if isinstance(domain, Choice):
            domains[name] = Choice(tuple(check({name: value})[name] for value in domain.values))
        else:
            kind = int if domain.whole else float
            check({name: kind(domain.low)})
            check({name: kind(domain.high)})
            domains[name] = domain
    return Space(space.strategy, domains)


def to_dict(space: Space) -> dict[str, Any]:
    """Return a space as plain values, which `from_dict` takes back."""
    return {
        "strategy": space.strategy,
        "domains": {
            name: {"choice": list(domain.values)} if isinstance(domain, Choice) else asdict(domain)
            for name, domain in space.domains.items()
        },
    }


def from_dict(data: Mapping[str, Any]) -> Space:
    """Return the space that `to_dict` gave."""
    domains = {
        name: Choice(tuple(domain["choice"])) if "choice" in domain else Number(**domain)
        for name, domain in data["domains"].items()
    }
    return Space(data["strategy"], domains)


def _from_yaml(strategy: Strategy, spec: Any, what: str) -> Domain:
    if isinstance(spec, list):
        return _choice(spec, what)
    if isinstance(spec, str):
        return _domain(strategy, spec.strip(), what)
    return _choice([spec], what)


def _domain(strategy: Strategy, spec: str, what: str) -> Domain:
    call = _CALL.fullmatch(spec)
    if strategy == "grid":
        return _choice(_values(spec, what), what)
    makers = _MAKERS[strategy]
    if call is None or call[1] not in makers:
        forms = ", ".join(f"{name}({arguments})" for name, (arguments, _) in makers.items())
        raise BadSpace(what=what, why=f"{spec!r} is no distribution for --{strategy}; there are {forms}")
    arguments, make = makers[call[1]]
    try:
        return make(_values(call[2], what), what)
    except (TypeError, ValueError):
        raise BadSpace(what=what, why=f"{call[1]} takes ({arguments})") from None


def _choice(values: Iterable[Any], what: str) -> Choice:
    found = tuple(values)
    if not found:
        raise BadSpace(what=what, why="it has no values")
    if len({repr(value) for value in found}) < len(found):
        raise BadSpace(what=what, why="a value is there twice")
    return Choice(found)


def _values(text: str, what: str) -> list[Any]:
    """Return values between commas; one that holds a comma is written as YAML writes lists: `[[64], [64, 32]]`."""
    import yaml

    from nbledger.pipeline.parameters import Text

    if text.startswith("["):
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError:
            found = None
        if not isinstance(found, list):
            raise BadSpace(what=what, why=f"{text!r} is no list")
        return found
    if not text.strip():
        raise BadSpace(what=what, why="it has no values")
    parts = [part.strip() for part in text.split(",")]
    if "" in parts:
        raise BadSpace(what=what, why="a value between two commas is missing")
    return [part[1:-1] if part[0] in "'\"" and part[-1] == part[0] and len(part) > 1 else Text(part) for part in parts]


def _numbers(values: Sequence[Any], *, whole: bool = False) -> tuple[float, float]:
    from nbledger.pipeline.parameters import parse_value

    low, high = (parse_value(value) if isinstance(value, str) else value for value in values)
    return _number(low, whole=whole), _number(high, whole=whole)


def _number(value: Any, *, whole: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not math.isfinite(value):
        raise TypeError
    return value


def _between(
    values: Sequence[Any], what: str, *, whole: bool = False, log: bool = False, step: float | None = None
) -> Number:
    low, high = _numbers(values, whole=whole)
    if low >= high:
        raise BadSpace(what=what, why=f"the least value, {low}, must be below the greatest, {high}")
    if log and low <= 0:
        raise BadSpace(what=what, why=f"a logarithm needs a least value above 0, not {low}")
    return Number(low, high, log, whole, step)


def _optuna_number(values: Sequence[Any], what: str, *, whole: bool) -> Number:
    bounds, flags = list(values[:2]), list(values[2:])
    log = "log" in flags
    steps = [flag.partition("=")[2] for flag in flags if isinstance(flag, str) and flag.startswith("step=")]
    if len(flags) != log + len(steps) or len(steps) > 1:
        raise ValueError
    step = (int(steps[0]) if whole else float(steps[0])) if steps else None
    if step is not None and (log or step <= 0):
        raise BadSpace(what=what, why="a step must be above 0, and does not go with log")
    return _between(bounds, what, whole=whole, log=log, step=step)


Maker = Callable[[Sequence[Any], str], Domain]
_RANDOM: dict[str, tuple[str, Maker]] = {
    "uniform": ("low, high", _between),
    "loguniform": ("low, high", lambda values, what: _between(values, what, log=True)),
    "randint": ("low, high", lambda values, what: _between(values, what, whole=True)),
    "choice": ("a, b, ...", _choice),
}
_OPTUNA: dict[str, tuple[str, Maker]] = {
    "float": ("low, high[, log][, step=S]", lambda values, what: _optuna_number(values, what, whole=False)),
    "int": ("low, high[, log][, step=S]", lambda values, what: _optuna_number(values, what, whole=True)),
    "choice": ("a, b, ...", _choice),
}
_MAKERS = {"random": _RANDOM, "optuna": _OPTUNA}


def _draw(source: random.Random, domain: Domain) -> Any:
    if isinstance(domain, Choice):
        return source.choice(domain.values)
    if domain.whole:
        return source.randint(int(domain.low), int(domain.high))
    if domain.log:
        return math.exp(source.uniform(math.log(domain.low), math.log(domain.high)))
    return source.uniform(domain.low, domain.high)
