"""The variables that reach a mark are found without a look at each."""

from __future__ import annotations

import random

import pytest

from nbledger.capture.namespace.bindings import _identities, _one_by_one
from nbledger.capture.namespace.known import Known, KnownVariables
from nbledger.capture.namespace.sharing import Reach
from nbledger.fingerprint import fingerprint


def test_the_names_that_reach_a_mark_are_those_that_a_look_at_each_finds() -> None:
    version = fingerprint(1)
    for seed in range(200):
        draw = random.Random(seed)
        known = KnownVariables()
        for _ in range(60):
            name = f"v{draw.randrange(12)}"
            if draw.random() < 0.2:
                known.pop(name, None)
                continue
            marks = frozenset(draw.sample(range(300), draw.choice((0, 1, 3, 3, 100))))
            known[name] = Known(0, None, version, Reach(marks, bounded=draw.random() < 0.9))
        for size in (0, 1, 2, 5, 40):
            asked = set(draw.sample(range(300), size))
            slowly = {
                name for name, one in known.items() if not one.reach.bounded or not one.reach.marks.isdisjoint(asked)
            }
            assert known.reaching(asked) == slowly


def test_what_is_taken_away_is_known_no_more() -> None:
    known = KnownVariables()
    known["a"] = Known(0, None, fingerprint(1), Reach(frozenset({1})))
    assert known.pop("a").reach.marks == {1}
    assert known.pop("a", None) is None
    assert known.reaching({1}) == set()
    with pytest.raises(KeyError):
        known.pop("a")


def test_identities_are_those_that_python_tells() -> None:
    for values in ((), (None,), (object(), [], 1.5, "text", True), tuple(map(str, range(1000)))):
        assert _identities(values) == _one_by_one(values)
