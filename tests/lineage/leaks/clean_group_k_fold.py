# kind: clean
# groups: patient
import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit
from sklearn.ensemble import RandomForestClassifier

rng = np.random.default_rng(10)
base = rng.normal(size=(50, 3))
df = pd.DataFrame(np.repeat(base, 6, axis=0) + rng.normal(0, 0.1, (300, 3)), columns=list("abc"))
df["patient"] = np.repeat(np.arange(50), 6)
df["ill"] = np.repeat((base[:, 0] > 0).astype(int), 6)
# %%
train_at, test_at = next(GroupShuffleSplit(1, test_size=0.3, random_state=0).split(df, groups=df["patient"]))
train, test = df.iloc[train_at], df.iloc[test_at]
rf = RandomForestClassifier(20, random_state=0).fit(train[list("abc")], train["ill"])
rf.score(test[list("abc")], test["ill"])
