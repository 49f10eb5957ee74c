"""What is said of a leak: its kind, which variables and cells it concerns, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from nbledger.lineage.leakage.story import Step
    from nbledger.records import Run

Kind = Literal["preprocessing", "overlap", "target", "multi-test"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One leak. `runs` are the ids of the cell runs that it takes, `positions` their In[] numbers, in order."""

    kind: Kind
    message: str
    remedy: str
    runs: tuple[str, ...] = ()
    positions: tuple[int | None, ...] = ()
    names: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain values, for JSON."""
        return {
            "kind": self.kind,
            "message": self.message,
            "remedy": self.remedy,
            "runs": list(self.runs),
            "positions": list(self.positions),
            "names": list(self.names),
        }

    def __str__(self) -> str:
        cells = ", ".join(f"In[{position}]" for position in self.positions if position is not None)
        where = f" ({cells})" if cells else ""
        return f"{self.kind} leakage: {self.message}{where}\n  {self.remedy}"


class Leaks(Sequence[Finding]):
    """The leaks that were found. `uses` counts, by name of a test set, how many fitted models were judged on it."""

    def __init__(self, findings: Iterable[Finding], uses: Iterable[tuple[str, int]] = ()) -> None:
        self._findings = tuple(findings)
        self.uses = tuple(uses)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, index: int | slice) -> Finding | tuple[Finding, ...]:
        return self._findings[index]

    def __len__(self) -> int:
        return len(self._findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._findings)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds found, each once."""
        return tuple(dict.fromkeys(finding.kind for finding in self._findings))

    def to_dict(self) -> dict[str, Any]:
        """Return all as plain values, for JSON."""
        uses = [{"name": name, "models": count} for name, count in self.uses]
        return {"findings": [finding.to_dict() for finding in self._findings], "test_sets": uses}

    def __str__(self) -> str:
        lines = [str(finding) for finding in self._findings] or ["No leakage found."]
        lines += [f"{name} was used to judge {count} fitted models." for name, count in self.uses if count > 1]
        return "\n".join(lines)

    __repr__ = __str__


def finding(
    kind: Kind,
    message: str,
    remedy: str,
    steps: Iterable[Step],
    names: Iterable[str] = (),
    *,
    also: Iterable[Run] = (),
) -> Finding:
    """Return a finding about the runs of some calls, and about further runs."""
    also = list(also)
    runs = {step.run.id: step.run.position for step in sorted(steps, key=lambda step: step.call.number)}
    runs.update({run.id: run.position for run in also})
    if also:
        runs = dict(sorted(runs.items(), key=lambda one: (one[1] is None, one[1] or 0)))
    return Finding(kind, message, remedy, tuple(runs), tuple(runs.values()), tuple(dict.fromkeys(filter(None, names))))


def percent(part: float) -> str:
    """Return a share for a sentence: `all`, or whole percents."""
    return "all" if part > 0.995 else f"{max(part * 100, 1):.0f}%"
