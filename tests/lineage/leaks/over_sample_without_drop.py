# kind: overlap
import numpy as np
import pandas as pd

rng = np.random.default_rng(3)
df = pd.DataFrame({"a": rng.integers(0, 5, 400), "b": rng.integers(0, 5, 400), "c": rng.normal(size=400).round(1)})
df["y"] = (df.a + df.c + rng.normal(0, 1, 400) > 2).astype(int)
# %%
train = df.sample(frac=0.8, random_state=1)
test = df.sample(frac=0.2, random_state=2)
# %%
from sklearn.ensemble import RandomForestClassifier

rf = RandomForestClassifier(50, random_state=0).fit(train[["a", "b", "c"]], train["y"])
# %%
from sklearn.metrics import accuracy_score

accuracy_score(test["y"], rf.predict(test[["a", "b", "c"]]))
