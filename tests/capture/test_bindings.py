"""What changed in a namespace between two looks, and what numbers are taken for."""

from __future__ import annotations

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


@pytest.mark.parametrize("value", [0, False, 0.0, -0.0, 1, True, 1.0, float("nan"), None, "", "1", "x" * 1000, 1 << 80])
def test_a_remembered_value_is_the_version_that_it_is(value: Any) -> None:
    versions = Versions()
    for other in (0, False, 0.0, -0.0, 1, True, 1.0, float("nan"), None, "", "1", "x" * 1000):
        versions.of(other)
    assert versions.of(value)[1] == versions.of(value)[1] == fingerprint(value)
