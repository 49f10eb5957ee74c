"""Models to bytes and back, as ratios to bare skops in the same run: `python tests/benchmarks/bench_models.py`."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

DUMP_RATIO = 1.1
LOAD_SECONDS_MORE = 0.005


def best(function: Callable[[], Any], other: Callable[[], Any], rounds: int = 15) -> tuple[float, float]:
    """Return the least CPU seconds of both, measured in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for one, found in zip((function, other), times, strict=True):
            start = time.process_time()
            one()
            found.append(time.process_time() - start)
    return min(times[0]), min(times[1])


def models() -> dict[str, Any]:
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    X, y = load_breast_cancer(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "LogisticRegression": LogisticRegression(max_iter=100).fit(X, y),
            "RandomForestClassifier(100)": RandomForestClassifier(100, random_state=0).fit(X, y),
            "HistGradientBoostingClassifier": HistGradientBoostingClassifier(random_state=0).fit(X, y),
        }


def measure(model: Any) -> dict[str, float]:
    import skops.io

    from nbledger.ledger.model_format import dump_model, load_model

    theirs, ours = skops.io.dumps(model), dump_model(model)
    trusted = skops.io.get_untrusted_types(data=theirs)
    dump_ours, dump_theirs = best(lambda: dump_model(model), lambda: skops.io.dumps(model))
    load_ours, load_theirs = best(
        lambda: load_model(ours.data, ours.format), lambda: skops.io.loads(theirs, trusted=trusted)
    )
    return {
        "dump": dump_ours,
        "skops dump": dump_theirs,
        "load": load_ours,
        "skops load": load_theirs,
        "bytes": len(ours.data),
        "skops bytes": len(theirs),
    }


def bench_models() -> None:
    row = "{:32} {:>9} {:>9} {:>6} {:>9} {:>9} {:>7} {:>6}"
    print(row.format("model", "dump ms", "skops ms", "ratio", "load ms", "skops ms", "more ms", "size"))
    for name, model in models().items():
        found = measure(model)
        ratio, more = found["dump"] / found["skops dump"], found["load"] - found["skops load"]
        figures = [f"{found[key] * 1e3:.2f}" for key in ("dump", "skops dump", "load", "skops load")]
        size = f"{found['bytes'] / found['skops bytes']:.2f}"
        print(row.format(name, *figures[:2], f"{ratio:.2f}", *figures[2:], f"{more * 1e3:+.2f}", size))
        assert ratio <= DUMP_RATIO, name
        assert more <= LOAD_SECONDS_MORE, name


def test_models_cost_about_what_bare_skops_costs() -> None:
    bench_models()


if __name__ == "__main__":
    bench_models()
