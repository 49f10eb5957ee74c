# kind: target
import numpy as np, pandas as pd

rng = np.random.default_rng(1)
df = pd.DataFrame({"u": rng.normal(size=300), "diag": rng.choice(["M", "B"], 300)})
df["is_m"] = df.diag == "M"
y = df.diag.map({"M": 1, "B": 0})
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier

X = df[["u", "is_m"]]
A, B, c, d = train_test_split(X, y)
rf = RandomForestClassifier(10).fit(A, c)
rf.score(B, d)
