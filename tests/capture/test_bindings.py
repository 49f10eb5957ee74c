"""What changed in a namespace between two looks, and what numbers are taken for."""

from __future__ import annotations

import random
from typing import Any

import pytest

from nbledger.capture.namespace.bindings import Bindings
from nbledger.capture.namespace.versions import Versions
from nbledger.fingerprint import fingerprint


def test_new_rebound_and_deleted_names_are_told_apart() -> None:
    namespace: dict[str, Any] = {f"v{at}": [at] for at in range(100)}
    bindings = Bindings(namespace)
    assert bindings.changed() == (list(namespace), [])
    assert bindings.changed() == ([], [])
    namespace["v40"], namespace["v99"], namespace["more"] = [], [], []
    assert bindings.changed() == (["v40", "v99", "more"], [])
    assert bindings.new == {"more"}
    del namespace["v3"]
    namespace["v5"] = []
    assert bindings.changed() == (["v5"], ["v3"])
    assert bindings.new == set()
    first = namespace.pop("v7")
    namespace["v7"] = [first]
    assert bindings.changed() == (["v7"], [])
    assert bindings.idents == {name: id(value) for name, value in namespace.items()}


def test_names_in_the_history_are_passed_over() -> None:
    namespace: dict[str, Any] = {"_": 1, "a": [], "_i1": "a = []"}
    bindings = Bindings(namespace, lambda name: name[0] == "_")
    assert bindings.changed() == (["a"], [])
    namespace["_i2"], namespace["b"], namespace["_"] = "b = []", [], 2
    assert bindings.changed() == (["b"], [])
    namespace["c"], namespace["_i3"], namespace["d"] = [], "d = []", []
    assert bindings.changed() == (["c", "d"], [])
    assert bindings.new == {"c", "d"}
    assert bindings.changed() == ([], [])
    assert set(bindings.idents) == set(namespace)
    del namespace["_i2"]
    namespace["e"] = []
    assert bindings.changed() == (["e"], ["_i2"])
    del namespace["_i3"], namespace["a"]
    namespace["_i3"] = "again"
    assert bindings.changed() == ([], ["a"])
    assert bindings.new == set()


def test_any_sequence_of_changes_is_seen_with_and_without_a_history() -> None:
    for seed in range(300):
        draw = random.Random(seed)
        namespace: dict[str, Any] = {}
        bindings = Bindings(namespace, lambda name: name[0] == "_")
        for step in range(30):
            before = dict(namespace)
            if draw.random() < 0.5:
                namespace[f"_i{step}"] = ""
            for _ in range(draw.randrange(4)):
                name = f"v{draw.randrange(6)}"
                if draw.random() < 0.3 and name in namespace:
                    del namespace[name]
                else:
                    namespace[name] = [before.get(name)]
            moved, gone = bindings.changed()
            users = {name: value for name, value in namespace.items() if name[0] != "_"}
            assert set(moved) == {name for name, value in users.items() if before.get(name) is not value}
            assert set(gone) == before.keys() - namespace.keys()
            assert bindings.new == users.keys() - before.keys()
            assert bindings.idents == {name: id(users[name]) if name in users else 0 for name in namespace}


@pytest.mark.parametrize("value", [0, False, 0.0, -0.0, 1, True, 1.0, float("nan"), None, "", "1", "x" * 1000, 1 << 80])
def test_a_remembered_value_is_the_version_that_it_is(value: Any) -> None:
    versions = Versions()
    for other in (0, False, 0.0, -0.0, 1, True, 1.0, float("nan"), None, "", "1", "x" * 1000):
        versions.of(other)
    assert versions.of(value)[1] == versions.of(value)[1] == fingerprint(value)
