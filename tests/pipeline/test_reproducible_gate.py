"""The gate `reproducible`: only what a clean kernel gives again is promoted."""

from __future__ import annotations

import pytest

from nbledger.pipeline.execute import run_notebook
from nbledger.registry import PromotionRefused, promote

pytestmark = pytest.mark.kernel

FIT = """%%track
from sklearn.linear_model import LogisticRegression
model = LogisticRegression(C=strength).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
accuracy = model.score([[0.0], [3.0]], [0, 1])
"""


def test_a_notebook_s_model_is_promoted_when_a_clean_kernel_gives_it_again_and_not_else(write_notebook, fresh_ledger):
    path = write_notebook(
        "%load_ext nbledger", "from pathlib import Path\nstrength = float(Path('c.txt').read_text())", FIT
    )
    (path.parent / "c.txt").write_text("1.0")
    done = run_notebook(path, ledger=fresh_ledger, progress=False)
    run = fresh_ledger.run(done.id)
    found = promote(fresh_ledger, "churn", run, alias="champion", gates=["reproducible", "accuracy >= 0.9"])
    assert [one.status for one in found.gates] == ["passed", "passed"]
    assert found.gates[0].detail.startswith(("identical", "equivalent"))
    assert fresh_ledger.load("models:/churn@champion").predict([[3.0]])[0] == 1
    (path.parent / "c.txt").write_text("2.0")
    with pytest.raises(PromotionRefused, match=r"c\.txt") as refused:
        promote(fresh_ledger, "other", run, alias="champion", gates=["reproducible: accuracy"])
    assert refused.value.results[0].status == "error"
