"""The tabs of a comparison beside its table, in the order in which they are shown."""

from __future__ import annotations

from nbledger.widgets.compare_tabs.bars import Bars
from nbledger.widgets.compare_tabs.code_diff import CodeDiff
from nbledger.widgets.compare_tabs.curves import Curves
from nbledger.widgets.compare_tabs.data_diff import DataDiffTab
from nbledger.widgets.compare_tabs.importance import Importance
from nbledger.widgets.compare_tabs.judging import Calibration, Confusion, PrecisionRecall, Residuals, Roc
from nbledger.widgets.compare_tabs.parallel import Parallel
from nbledger.widgets.compare_tabs.scatter import Scatter
from nbledger.widgets.compare_tabs.tab import Tab

TABS: tuple[type[Tab], ...] = (
    Bars,
    Parallel,
    Scatter,
    Importance,
    Curves,
    Confusion,
    Roc,
    PrecisionRecall,
    Calibration,
    Residuals,
    CodeDiff,
    DataDiffTab,
)

__all__ = ["TABS", "Tab"]
