"""Target leakage: a column among the features is the target, or a function of it and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nbledger.lineage.leakage.finding import Finding, finding

if TYPE_CHECKING:
    from nbledger.lineage.leakage.story import Step, Story

_SAYS = {
    "equal": "equals the target {y}",
    "monotone": "rises and falls exactly with the target {y}",
    "one-to-one": "has one value for each class of the target {y}",
    "indicator": "marks exactly one class of the target {y}",
    "determines": "has only one class of the target {y} for each of its values",
    "steps": "is the target {y} cut into steps",
    "sorted": "numbers the rows in the order of the target {y}",
    "nonzero": "is zero or missing exactly for one class of the target {y}",
}


def find(story: Story) -> Iterator[Finding]:
    """Yield one finding for each column that gives a target away."""
    columns: dict[tuple[str, str], list[Step]] = {}
    for step in story.of_kind("fit", "validate"):
        for column, relation in step.call.facts.get("copies", ()):
            columns.setdefault((column, relation), []).append(step)
    for (column, relation), steps in columns.items():
        data, y = steps[0].name("X", "the features"), steps[0].name("y", "y")
        message = f"{column} in {data} {_SAYS.get(relation, relation).format(y=y)}"
        remedy = f"Drop {column} from the features, or say why it is known before {y} is."
        yield finding("target", message, remedy, steps, [column, data, y])
