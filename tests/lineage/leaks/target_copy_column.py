# kind: target
import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
df = pd.DataFrame({"age": rng.integers(18, 70, 400), "balance": rng.normal(1000, 400, 400)})
df["churned"] = (rng.random(400) < 0.3).astype(int)
df["status"] = np.where(df.churned == 1, "closed", "active")
# %%
df["status_code"] = df["status"].map({"closed": 1, "active": 0})
X = df[["age", "balance", "status_code"]]
y = df["churned"]
# %%
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
LogisticRegression(max_iter=1000).fit(X_train, y_train).score(X_test, y_test)
