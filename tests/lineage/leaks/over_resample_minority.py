# kind: overlap
import numpy as np
import pandas as pd
from sklearn.utils import resample
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score

rng = np.random.default_rng(1)
df = pd.DataFrame(
    {"amount": rng.integers(1, 40, 900), "hour": rng.integers(0, 24, 900), "kind": rng.integers(0, 3, 900)}
)
df["fraud"] = (rng.random(900) < 0.08).astype(int)
# %%
major, minor = df[df.fraud == 0], df[df.fraud == 1]
minor_up = resample(minor, replace=True, n_samples=len(major), random_state=1)
balanced = pd.concat([major, minor_up])
balanced.fraud.value_counts()
# %%
X = balanced.drop("fraud", axis=1)
X_train, X_test, y_train, y_test = train_test_split(X, balanced["fraud"], test_size=0.3, random_state=0)
rf = RandomForestClassifier(30, random_state=0).fit(X_train, y_train)
f1_score(y_test, rf.predict(X_test))
