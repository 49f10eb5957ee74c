# kind: clean
import numpy as np
import pandas as pd
from sklearn.utils import resample
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score

rng = np.random.default_rng(14)
df = pd.DataFrame({"amount": rng.lognormal(3, 1, 900), "hour": rng.integers(0, 24, 900)})
df["fraud"] = (df.amount + rng.normal(0, 20, 900) > 60).astype(int)
train, test = train_test_split(df, random_state=0, stratify=df.fraud)
# %%
major, minor = train[train.fraud == 0], train[train.fraud == 1]
train_up = pd.concat([major, resample(minor, n_samples=len(major), random_state=0)])
rf = RandomForestClassifier(20, random_state=0).fit(train_up[["amount", "hour"]], train_up["fraud"])
f1_score(test["fraud"], rf.predict(test[["amount", "hour"]]))
