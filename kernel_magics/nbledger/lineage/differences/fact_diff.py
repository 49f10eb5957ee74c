"""What differs between two runs in their params, metrics, models and environments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from nbledger.ledger import Ledger
from nbledger.lineage.differences.sides import Side, models
from nbledger.records import Environment, GitState, Metric, Param, Scalar

Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class ParamDiff:
    """A param that differs; `old` or `new` is `None` on a side that lacks it, as `change` says."""

    name: str
    change: Change
    old: Scalar
    new: Scalar
    origin: str = ""


@dataclass(frozen=True, slots=True)
class MetricDiff:
    """A metric on both sides. `same_data`: whether both were judged on the same data, `None` when not recorded."""

    name: str
    old: float | None
    new: float | None
    same_data: bool | None = None

    @property
    def change(self) -> float | None:
        """The new value less the old one, `None` where one is missing or they were judged on other data."""
        if self.old is None or self.new is None or self.same_data is False:
            return None
        return self.new - self.old

    @property
    def differs(self) -> bool:
        """Whether the two values differ (two that are not a number do not)."""
        both_nan = self.old != self.old and self.new != self.new
        return self.old != self.new and not both_nan


@dataclass(frozen=True, slots=True)
class ModelDiff:
    """A model on both sides: its class, the stored size in bytes, and whether it is the same content.

    Where not `exact`, its content could not be read in full, and that it changed is not known.
    """

    name: str
    change: Literal["same", "added", "removed", "changed"]
    class_a: str | None = None
    class_b: str | None = None
    hash_a: str | None = None
    hash_b: str | None = None
    size_a: int | None = None
    size_b: int | None = None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class EnvironmentDiff:
    """What differs between two environments; `known` is false when one was not recorded.

    `added`, `removed` and `changed` are distributions by name, with their version or a pair of old and new.
    """

    known: bool = True
    python: tuple[str, str] | None = None
    platform: tuple[str, str] | None = None
    added: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    commit: tuple[str, str] | None = None

    @property
    def differs(self) -> bool:
        """Whether interpreter, platform or a distribution differs."""
        return bool(self.python or self.platform or self.added or self.removed or self.changed)


def diff_params(ledger: Ledger, a: Side, b: Side) -> tuple[ParamDiff, ...]:
    """Return the params that differ. A default that only one side has (of another estimator) is none."""
    mine, other = _named_params(ledger, a, b)
    found = []
    for name in dict.fromkeys([*mine, *other]):
        old, new = mine.get(name), other.get(name)
        if old is None:
            if new is not None and not new.is_default:
                found.append(ParamDiff(name, "added", None, new.value, new.origin))
        elif new is None:
            if not old.is_default:
                found.append(ParamDiff(name, "removed", old.value, None, old.origin))
        elif type(old.value) is not type(new.value) or not _equal(old.value, new.value):
            found.append(ParamDiff(name, "changed", old.value, new.value, new.origin))
    # What the notebook says comes before what an estimator's step repeats.
    return tuple(sorted(found, key=lambda param: ("__" in param.name, param.name)))


def _equal(old: Scalar, new: Scalar) -> bool:
    return old == new or (old != old and new != new)  # noqa: PLR0124  # two not-a-numbers agree


def _named_params(ledger: Ledger, a: Side, b: Side) -> tuple[dict[str, Param], dict[str, Param]]:
    sides = [[(side.names.get(key, ""), param) for key, param in _params(ledger, side)] for side in (a, b)]
    names = _qualified([[(owner, param.name) for owner, param in side] for side in sides])
    first, second = ({names(owner, param.name): param for owner, param in side} for side in sides)
    return first, second


def _params(ledger: Ledger, side: Side) -> list[tuple[int, Param]]:
    return [(key, param) for key in side.own for param in ledger.params(side.graph.run(key).id)]


def _qualified(sides: list[list[tuple[str, str]]]) -> Callable[[str, str], str]:
    """Return a function that names what several cells of a side call the same by the cell's name as well."""
    shared = {
        name for side in sides for name, count in Counter(name for owner, name in side if owner).items() if count > 1
    }
    return lambda owner, name: f"{owner}.{name}" if owner and name in shared else name


def diff_metrics(ledger: Ledger, a: Side, b: Side) -> tuple[MetricDiff, ...]:
    """Return all metrics of both sides, by the latest value of each."""
    sides = [_metrics(ledger, side) for side in (a, b)]
    names = _qualified([[(owner, metric.name) for owner, metric in side] for side in sides])
    mine, other = ({names(owner, metric.name): metric for owner, metric in side} for side in sides)
    found = []
    for name in dict.fromkeys([*mine, *other]):
        old, new = mine.get(name), other.get(name)
        same = None if old is None or new is None else _same_data(old, new)
        found.append(MetricDiff(name, old.value if old else None, new.value if new else None, same))
    return tuple(found)


def _metrics(ledger: Ledger, side: Side) -> list[tuple[str, Metric]]:
    found = []
    for key in side.own:
        latest = {metric.name: metric for metric in ledger.metrics(side.graph.run(key).id)}
        found += [(side.names.get(key, ""), metric) for metric in latest.values()]
    return found


def _same_data(a: Metric, b: Metric) -> bool | None:
    judged = []
    for metric in (a, b):
        roles = {basis.role: basis.version for basis in metric.basis}
        wanted = ("y_true",) if "y_true" in roles else ("X", "y")
        judged.append({roles[role] for role in wanted if role in roles})
    return judged[0] == judged[1] if all(judged) else None


def diff_models(ledger: Ledger, a: Side, b: Side) -> tuple[ModelDiff, ...]:
    """Return the models of both sides, paired by name, or as the only ones that there are."""
    mine, other = models(a), models(b)
    pairs: list[tuple[str | None, str | None]] = [(name, name) for name in mine if name in other]
    left, right = ([name for name in one if name not in two] for one, two in ((mine, other), (other, mine)))
    if len(left) == len(right) == 1:
        pairs.append((left[0], right[0]))
    else:
        pairs += [(name, None) for name in left]
        pairs += [(None, name) for name in right]
    return tuple(
        model_diff(ledger, two or one or "", mine[one].version if one else None, other[two].version if two else None)
        for one, two in pairs
    )


def model_diff(ledger: Ledger, name: str, a: str | None, b: str | None) -> ModelDiff:
    """Return how two versions of a model (their hashes) differ."""
    versions = [ledger.version(hash) if hash else None for hash in (a, b)]
    stored = [ledger.stored(hash) if hash else None for hash in (a, b)]
    change: Literal["same", "added", "removed", "changed"] = "same" if a == b else "changed"
    if a is None or b is None:
        change = "added" if a is None else "removed"
    classes = [version.type_name.rpartition(".")[2] if version else None for version in versions]
    sizes = [kept.size if kept else None for kept in stored]
    exact = all(version.exactness == "exact" for version in versions if version)
    return ModelDiff(name, change, classes[0], classes[1], a, b, sizes[0], sizes[1], exact)


def diff_environments(ledger: Ledger, a: Side, b: Side) -> EnvironmentDiff:
    """Return how the environments differ that two runs were executed in."""
    assert a.run is not None
    assert b.run is not None
    mine, other = (_environment(ledger, side) for side in (a, b))
    commit = _commits(*(ledger.git(_ran_in(side)) for side in (a, b)))
    if mine is None or other is None:
        return EnvironmentDiff(known=False, commit=commit)
    if mine.hash == other.hash:
        return EnvironmentDiff(commit=commit)
    old, new = mine.packages, other.packages
    return EnvironmentDiff(
        python=(mine.python, other.python) if mine.python != other.python else None,
        platform=(mine.platform, other.platform) if mine.platform != other.platform else None,
        added={name: new[name] for name in new if name not in old},
        removed={name: old[name] for name in old if name not in new},
        changed={name: (old[name], new[name]) for name in new if name in old and old[name] != new[name]},
        commit=commit,
    )


def _ran_in(side: Side) -> str:
    """Return the run whose session computed: a notebook's own session only looks after its kernel."""
    return side.graph.run(side.own[-1]).id


def _environment(ledger: Ledger, side: Side) -> Environment | None:
    assert side.run is not None
    return ledger.environment(_ran_in(side)) or ledger.environment(side.run.id)


def _commits(a: GitState | None, b: GitState | None) -> tuple[str, str] | None:
    mine, other = (_commit(state) for state in (a, b))
    unclean = a is not None and b is not None and a.diff != b.diff
    return (mine, other) if mine != other or unclean else None


def _commit(state: GitState | None) -> str:
    if state is None:
        return "none"
    return state.commit[:10] + (" with changes" if state.dirty else "")


__all__ = [
    "EnvironmentDiff",
    "MetricDiff",
    "ModelDiff",
    "ParamDiff",
    "diff_environments",
    "diff_metrics",
    "diff_models",
    "diff_params",
    "model_diff",
]
