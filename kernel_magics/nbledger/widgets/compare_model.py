"""What a comparison shows: a table of runs, the tab that is open, and the options of each tab.

Its state is JSON: `state_data` gives it, `restore` takes it back, and a saved view is just that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from nbledger.figures.source import MOST_RUNS, RunsFrame, runs_frame
from nbledger.widgets.table_model import BadState, TableModel, TableState

if TYPE_CHECKING:
    from nbledger.records import Run

#: How many runs a tab of details (curves, matrices, diffs) shows side by side.
MOST_DETAILED = 4


@dataclass(frozen=True, slots=True)
class CompareState(TableState):
    """A table's state with the open tab (a tab's `key`) and `options`: for each tab's key its own options by name."""

    tab: str = "table"
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class CompareModel(TableModel):
    """A table of runs with tabs of charts; charts show all runs that fit (of many a sample) and mark those selected."""

    kind = CompareState

    @property
    def state(self) -> CompareState:
        """The present state; it is changed by `change` and `set_option`."""
        found = super().state
        assert isinstance(found, CompareState)
        return found

    def option(self, tab: str, name: str, default: Any = None) -> Any:
        """Return an option of a tab."""
        return self.state.options.get(tab, {}).get(name, default)

    def set_option(self, tab: str, name: str, value: Any) -> None:
        """Set an option of a tab (a value that JSON holds); observers are told `options`."""
        own = {**self.state.options.get(tab, {}), name: value}
        self.change(options={**self.state.options, tab: own})

    def state_data(self) -> dict[str, Any]:
        """Return the state as JSON holds it."""
        return asdict(self.state)

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take over a state that `state_data` gave. Runs that are gone since are left out; what is no state is refused.

        Raises `BadState` and `FilterError`, and then nothing has changed.
        """
        if not isinstance(data, Mapping) or not set(data) <= {item.name for item in fields(CompareState)}:
            raise BadState(detail="this is no saved view")
        known = {run: self._is_there(run) for run in (*data.get("selected", ()), data.get("baseline")) if run}
        changes = {**data, "selected": [run for run in data.get("selected", ()) if known[run]]}
        if "baseline" in data and not known.get(data["baseline"]):
            changes["baseline"] = None
        self.change(**changes)

    # -- what charts show ---------------------------------------------------------------------------------------

    def frame(self) -> RunsFrame:
        """Return the runs that fit as a frame (see `figures.source.RunsFrame`), of many 1,000 evenly by recording.

        The selected runs and the baseline are always among them.
        """
        key = ("frame", self.state.filter)
        if key not in self.cache:
            self.cache[key] = runs_frame(self.ledger, self.found(order_by="started_at asc"), limit=MOST_RUNS)
        found: RunsFrame = self.cache[key]
        marked = [run for run in (*self.state.selected, self.state.baseline) if run and run not in found.frame.index]
        if not marked:
            return found
        kept: tuple[Any, RunsFrame] | None = self.cache.get(("marked", self.state.filter))
        if kept is None or kept[0] != marked:
            import pandas

            more = runs_frame(self.ledger, marked).frame
            both = RunsFrame(pandas.concat([found.frame, more]), max(found.total, len(found.frame) + len(more)))
            kept = self.cache["marked", self.state.filter] = (marked, both)
        return kept[1]

    def detailed(self, most: int = MOST_DETAILED) -> list[Run]:
        """Return the runs that details are shown of: the baseline and the selected.

        Where those are fewer than two, the first ones of the table are among them as well.
        """
        chosen = [run for run in (self.state.baseline, *self.state.selected) if run]
        ids = list(dict.fromkeys(chosen))
        if len(ids) < 2:
            ids = list(dict.fromkeys([*ids, *(run.id for run in self.runs())]))[: max(2, len(ids))]
        return [self.ledger.run(run) for run in ids[:most]]

    def names(self, entity: str) -> list[str]:
        """Return the names of `metrics`, `params` or `tags` of the runs that fit, the commonest metric first."""
        return [column.key for column in self.available() if column.entity == entity]

    def _checked(self, name: str, value: Any) -> Any:
        if name == "tab":
            return str(value)
        if name == "options":
            if not isinstance(value, Mapping) or not all(isinstance(own, Mapping) for own in value.values()):
                raise BadState(detail="options are given by tab, then by name")
            return {str(tab): dict(own) for tab, own in value.items()}
        return super()._checked(name, value)

    def _is_there(self, run: str) -> bool:
        from nbledger.ledger.errors import NotFound

        try:
            self.ledger.run(run)
        except NotFound:
            return False
        return True
