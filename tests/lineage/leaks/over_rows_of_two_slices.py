# kind: overlap
import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score

rng = np.random.default_rng(3)
n = 240
df = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
df["city"] = rng.choice(["x", "y", "z", "w"], n)
df["y"] = ((df.a + df.b * .5 + rng.normal(0, .6, n)) > 0).astype(int)
df["price"] = df.a * 3 + df.c + rng.normal(0, .5, n)
num = list("abcde")
# %%
train = df.iloc[:200]; test = df.iloc[180:]
# %%
m = GradientBoostingClassifier(n_estimators=20).fit(train[num], train.y)
roc_auc_score(test.y, m.predict_proba(test[num])[:, 1])
