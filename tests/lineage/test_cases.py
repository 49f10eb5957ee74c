"""The slice of every case of `cases/`: never a cell too few, alone enough to have the value again, hardly one too many."""

from __future__ import annotations

import sys

import pytest

from tests.lineage.case_file import Case, Target, read_cases
from tests.lineage.check_cases import SMALL, check

CASES = [case for case in read_cases() if "kernel" not in case.flags]
EACH_TARGET = [
    pytest.param(case, target, id=f"{case.id} -> {target.name}") for case in CASES for target in case.targets
]
SEES_LINES = sys.version_info >= (3, 12)


class Recorded:
    """Each case is recorded once, for all of its targets."""

    def __init__(self, workshop):
        self.workshop = workshop
        self.answers = {}

    def __call__(self, case: Case):
        if case.id not in self.answers:
            targets = [[target.name, target.probe] for target in case.targets]
            self.answers[case.id] = self.workshop.record(case.executed, case.files, targets)
        return self.answers[case.id]

    def slice(self, case: Case, target: Target):
        """The runs of a slice, as (position, source, exactness)."""
        runs = self(case)["slices"][target.name]
        assert isinstance(runs, list), runs
        return runs


@pytest.fixture(scope="module")
def recorded(workshop):
    return Recorded(workshop)


def positions(runs) -> list[int]:
    return [position for position, _, _ in runs]


def test_there_are_cases_of_every_kind_and_enough_of_them():
    assert len(CASES) >= 170
    assert len({case.topic for case in CASES}) >= 12
    assert sum(case.topic == "notebooks" for case in CASES) >= 25


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_recording_changes_nothing_and_sees_all(case, recorded, workshop):
    """The recorded session raises what an unrecorded one raises, ends with equal values, and meets no problem."""
    answer = recorded(case)
    alone = workshop.replay(
        case.executed, case.files, [target.probe for target in case.targets], answer["errors"], same_seed=True
    )
    assert alone.get("versions", alone) == answer["versions"]
    assert answer["problems"] == []


@pytest.mark.parametrize(("case", "target"), EACH_TARGET)
def test_no_cell_is_missing(case, target, recorded):
    """All executions that are known to be needed are in the slice."""
    runs = recorded.slice(case, target)
    # An execution stands for another of the same source that did the same again.
    missing = sorted(set(target.needed) - set(positions(runs)))
    assert not missing, f"{missing} of {target.needed} are missing in {positions(runs)}"


@pytest.mark.parametrize(("case", "target"), EACH_TARGET)
def test_the_slice_alone_gives_an_equal_value(case, target, recorded, workshop):
    """In a new process and folder, with other random states, the slice's sources give the target's version."""
    answer = recorded(case)
    runs = recorded.slice(case, target)
    errors = [answer["errors"][position - 1] for position in positions(runs)]
    sources = [source for _, source, _ in runs]
    same_seed = "unseeded" in case.flags
    again = workshop.replay(sources, case.files, [target.probe], errors, same_seed=same_seed)
    assert "failed" not in again, f"{positions(runs)}: {again}"
    assert again["versions"][target.probe] == answer["versions"][target.probe], positions(runs)


@pytest.mark.parametrize(("case", "target"), EACH_TARGET)
def test_no_cell_is_too_many(case, target, recorded):
    """What is in the slice beyond the needed executions is allowed by name in the case."""
    if not SEES_LINES and target.since > sys.version_info[:2]:
        pytest.skip("the lines that ran are known from Python 3.12 on")
    runs = recorded.slice(case, target)
    extra = sorted(set(positions(runs)) - set(target.needed) - set(target.allowed))
    assert not extra, f"{extra} are more than {target.needed}"


def test_over_all_cases_hardly_a_cell_is_too_many(recorded):
    """At most one in ten, those that the cases allow by name counted as well."""
    if not SEES_LINES:
        pytest.skip("the lines that ran are known from Python 3.12 on")
    needed = extra = 0
    for case in CASES:
        for target in case.targets:
            runs = recorded(case)["slices"][target.name]
            if isinstance(runs, list):
                needed += len(target.needed)
                extra += len(set(positions(runs)) - set(target.needed))
    print(f"{needed} executions are needed, {extra} more are in the slices: {extra / needed:.1%}")
    assert extra <= 0.10 * needed


SMALLEST = [
    (case, target) for case in CASES for target in case.targets if len(case.executed) <= 5 and len(target.needed) <= 4
]


@pytest.mark.parametrize(
    ("case", "target"), [pytest.param(*both, id=f"{both[0].id} -> {both[1].name}") for both in SMALLEST[::9]]
)
def test_what_is_needed_is_a_fact(case, target, workshop):
    """No smaller set of executions gives the value. `check_cases.py` checks all cases; here is each ninth small one."""
    assert len(case.executed) <= SMALL
    assert check(workshop, case, target) is None
