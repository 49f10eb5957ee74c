"""The end of a `diff`: what changed, what did not, and what that changed, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbledger.lineage.differences.data_diff import DataDiff
from nbledger.lineage.differences.fact_diff import EnvironmentDiff, MetricDiff, ModelDiff, ParamDiff
from nbledger.tables import change, clean, cut, number

if TYPE_CHECKING:
    from nbledger.lineage.diff import Diff

_MOST = 4
_WIDEST = 40
_RANDOM = ("random", "numpy.random", "torch", "tensorflow", "cupy.random")


def conclude(diff: Diff) -> str:
    """Return the conclusion of a difference: one to three lines."""
    return "\n".join(map(clean, _lines(diff)))


def _lines(diff: Diff) -> list[str]:
    if diff.ids[0] == diff.ids[1]:
        return ["The same run on both sides." if diff.environment else "The same version on both sides."]
    if diff.environment is None:
        return [_of_versions(diff)]
    found, come = causes(diff), effects(diff)
    if not found and not come:
        return ["Nothing that was recorded differs." + _but_formatting(diff)]
    lines = []
    if found:
        lines.append(f"Changed: {'; '.join(found)}.")
    unchanged = _unchanged(diff)
    if unchanged:
        lines.append(f"Unchanged: {', '.join(unchanged)}.")
    if found:
        lines.append(f"Effect: {'; '.join(come)}." if come else "Effect: none that was recorded.")
    else:
        lines.append(f"Nothing recorded that the result depends on changed, yet this did: {'; '.join(come)}.")
        lines.append(_unknown_cause(diff))
    return lines


def _unknown_cause(diff: Diff) -> str:
    cause = "randomness without a seed, or something that was not recorded"
    if diff.began is None:
        return f"The cause is {cause}."
    began = diff.began
    place = began.label_b if began.label_a == began.label_b else f"{began.label_b} ({began.label_a} in a)"
    return f"It began in cell {place}, which made another {_listed(list(began.names))} from the same: {cause}."


def causes(diff: Diff) -> list[str]:
    """Return what changed of the things that a result depends on."""
    found = []
    cells = [cell for cell in diff.code if cell.change in ("changed", "added", "removed")]
    if cells:
        words = [f"{cell.label}{'' if cell.change == 'changed' else ' ' + cell.change}" for cell in cells]
        found.append(f"code of {'cell' if len(cells) == 1 else 'cells'} {_listed(words)}")
    elif any(cell.moved for cell in diff.code):
        found.append(f"order of cells {_listed([cell.label for cell in diff.code if cell.moved])}")
    if diff.params:
        found.append(f"params {_listed([_param(param) for param in diff.params])}")
    data = [datum for datum in diff.data if datum.change != "same" and datum.is_input]
    if data:
        found.append(f"data {_listed([_datum(datum) for datum in data])}")
    if diff.state:
        found.append(
            _listed([f"random state of {name}" if name in _RANDOM else f"state of {name}" for name in diff.state])
        )
    if diff.environment is not None and diff.environment.differs:
        found.append(f"environment {_listed(_environment(diff.environment))}")
    if diff.environment is not None and diff.environment.commit and not cells:
        found.append(f"git commit {' -> '.join(diff.environment.commit)}")
    return found


def effects(diff: Diff) -> list[str]:
    """Return what came out otherwise: metrics first, then models and data that recorded runs made."""
    come = [_metric(metric) for metric in diff.metrics if metric.differs]
    changed = [model for model in diff.models if model.change != "same"]
    if changed:
        come.append(
            f"another {'model' if len(changed) == 1 else 'set of models'} {_listed(list(map(_model, changed)))}"
        )
    derived = [datum for datum in diff.data if datum.change == "changed" and not datum.is_input]
    derived += [datum for datum in diff.made if datum.change == "changed"]
    known = {datum.name: datum for datum in derived}
    if known:
        come.append(f"other data in {_listed([_datum(datum) for datum in known.values()])}")
    return come


def _of_versions(diff: Diff) -> str:
    if diff.models:
        model = diff.models[0]
        return (
            f"Two different {model.class_b or 'model'}s."
            if model.class_a == model.class_b
            else (f"Another class of model: {model.class_a} -> {model.class_b}.")
        )
    return f"Changed: {_datum(diff.data[0])}."


def _unchanged(diff: Diff) -> list[str]:
    same = []
    if all(cell.change in ("same", "formatting") and not cell.moved for cell in diff.code):
        only = any(cell.change == "formatting" for cell in diff.code)
        same.append("code (but for comments and formatting)" if only else "code")
    if not diff.params:
        same.append("params")
    if not any(datum.change != "same" and datum.is_input for datum in diff.data):
        word = "data" if all(datum.change == "same" for datum in diff.data) else "data from outside"
        in_full = all(datum.exact for datum in diff.data if datum.change == "same")
        same.append(word if in_full else f"{word} (as far as it was hashed)")
    environment = diff.environment
    if environment is not None and environment.known and not environment.differs:
        same.append("environment")
    if diff.metrics and not any(metric.differs for metric in diff.metrics):
        same.append("metrics")
    return same


def _but_formatting(diff: Diff) -> str:
    only = any(cell.change == "formatting" for cell in diff.code)
    return " The code differs in comments and formatting only." if only else ""


def _param(param: ParamDiff) -> str:
    old, new = value_text(param.old), value_text(param.new)
    words = {"added": f"added, {new}", "removed": f"removed, was {old}", "changed": f"{old} -> {new}"}
    return f"{param.name} {words[param.change]}"


def _datum(datum: DataDiff) -> str:
    name = datum.name if datum.name_a is None else f"{datum.name_a} -> {datum.name}"
    return f"{name} ({datum.summary}{'' if datum.exact else '; not hashed in full'})"


def _model(model: ModelDiff) -> str:
    return model.name if model.exact else f"{model.name} (not hashed in full)"


def _metric(metric: MetricDiff) -> str:
    if metric.old is None or metric.new is None:
        return f"{metric.name} {'added' if metric.old is None else 'no longer measured'}"
    words = f"{metric.name} {number(metric.old)} -> {number(metric.new)}"
    if metric.same_data is False:
        return f"{words} (not judged on the same data)"
    return f"{words} ({change(metric.new, metric.old)})"


def _environment(environment: EnvironmentDiff) -> list[str]:
    words = []
    for name in ("python", "platform"):
        pair = getattr(environment, name)
        if pair:
            words.append(f"{'Python' if name == 'python' else 'platform'} {' -> '.join(pair)}")
    words += [f"{name} {' -> '.join(pair)}" for name, pair in environment.changed.items()]
    words += [f"{name} added" for name in environment.added]
    return words + [f"{name} removed" for name in environment.removed]


def value_text(value: Any) -> str:
    """Return a param's value as one would write it in Python, on one line, cut when it is long."""
    return cut(clean(repr(value)), _WIDEST)


def _listed(words: list[str]) -> str:
    shown = ", ".join(clean(word) for word in words[:_MOST])
    return f"{shown} and {len(words) - _MOST} more" if len(words) > _MOST else shown


__all__ = ["causes", "conclude", "effects", "value_text"]
