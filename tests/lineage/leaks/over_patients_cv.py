# kind: overlap
# groups: subject_id
# cells: 2
import numpy as np, pandas as pd
from sklearn.model_selection import cross_val_score, KFold
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(13)
s = np.repeat(np.arange(40), 6)
df = pd.DataFrame({"subject_id": s, "a": rng.normal(size=240) + s % 5, "b": rng.normal(size=240), "y": (s % 2)})
# %%
cross_val_score(LogisticRegression(), df[["a", "b"]], df["y"], cv=KFold(5, shuffle=True, random_state=0)).mean()
