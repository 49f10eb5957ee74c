"""Check by brute force that what the cases say is needed is a fact: python -m tests.lineage.check_cases [WORD ...]

For each case whose title or topic has one of the words (all cases without one), every subset of its executions up to
the stated size is replayed in a fresh process. The stated one must give the target's value, and no smaller one may.
Cases of more than 12 executions are checked by leaving out each needed execution alone.
"""

from __future__ import annotations

import sys
import time

from tests.lineage.case_file import Case, Target, read_cases
from tests.lineage.workshop import Workshop

SMALL = 12


def check(workshop: Workshop, case: Case, target: Target) -> str | None:
    """Return what is wrong with a case's needed set, or `None`."""
    executed, files = case.executed, case.files
    same_seed = "unseeded" in case.flags
    errors = workshop.ask("run_all", executed=executed, files=files)
    if len(executed) > SMALL:
        return _check_each(workshop, case, target, errors)
    result = workshop.smallest(executed, files, target.probe, errors, len(target.needed), same_seed=same_seed)
    if result["wanted"][0] in {"error", "opaque"}:
        return f"the target has no value: {result['wanted'][1]}"
    found = result["found"]
    if not found:
        why = _replay(workshop, case, target, list(target.needed), errors)
        return f"{list(target.needed)} does not give {result['wanted'][1]}: {why}"
    if list(target.needed) not in found:
        return f"{list(target.needed)} is stated, {found} are enough"
    sources = [[executed[number - 1] for number in subset] for subset in found]
    if any(other != sources[0] for other in sources):
        return f"not unique: {found}"
    return None


def _check_each(workshop: Workshop, case: Case, target: Target, errors) -> str | None:
    everything = list(range(1, len(case.executed) + 1))
    wanted = _replay(workshop, case, target, everything, errors, same_seed=True)
    needed = list(target.needed)
    got = _replay(workshop, case, target, needed, errors)
    if wanted[0] in {"error", "opaque"} or got[0] != wanted[0]:
        return f"{needed} gives {got}, wanted is {wanted}"
    for left in needed:
        less = [number for number in needed if number != left]
        if _replay(workshop, case, target, less, errors)[0] == wanted[0]:
            return f"{left} is not needed"
    return None


def _replay(workshop, case, target, numbers, errors, *, same_seed=False):
    chosen = [case.executed[number - 1] for number in numbers]
    result = workshop.replay(
        chosen,
        case.files,
        [target.probe],
        [errors[number - 1] for number in numbers],
        same_seed=same_seed or "unseeded" in case.flags,
    )
    if "failed" in result:
        return ["failed", f"execution {numbers[result['failed']]}: {result['error']}"]
    return result["versions"][target.probe]


def main(words: list[str]) -> int:
    workshop = Workshop()
    wrong = 0
    try:
        cases = [case for case in read_cases() if not words or any(word in case.id for word in words)]
        for case in cases:
            if "kernel" in case.flags:
                continue
            started = time.perf_counter()
            for target in case.targets:
                problem = check(workshop, case, target)
                if problem:
                    wrong += 1
                    print(f"{case.topic}.txt:{case.line} {case.title} -> {target.name}\n    {problem}", flush=True)
            seconds = time.perf_counter() - started
            if seconds > 5:
                print(f"    ({case.id}: {seconds:.0f} s)", flush=True)
        print(f"{len(cases)} cases, {sum(len(case.targets) for case in cases)} targets, {wrong} wrong")
    finally:
        workshop.close()
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
