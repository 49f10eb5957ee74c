"""What is said of sets, by what is known of the hash seed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from nbledger.pipeline.unordered import note_on_sets


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (None, "text (unless PYTHONHASHSEED is set) and objects in it get another order each time"),
        ("random", "text (its hashes were random: PYTHONHASHSEED was not set) and objects in it get another order"),
        ("7", "text in it has the order that it had (PYTHONHASHSEED=7), objects get another one each time"),
    ],
)
def test_a_note_on_sets_says_what_is_known_of_the_hash_seed(seed, said):
    runs = [SimpleNamespace(position=3, source="a = {f'{x}' for x in b}"), SimpleNamespace(position=4, source="c = 1")]
    note = note_on_sets(runs, seed)
    assert note is not None
    assert note.startswith(f"a set is made in [3]: {said}")
    assert note_on_sets(runs[1:], seed) is None
