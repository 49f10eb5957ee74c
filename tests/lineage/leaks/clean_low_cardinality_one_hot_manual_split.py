# kind: clean
import numpy as np
import pandas as pd
from sklearn.naive_bayes import BernoulliNB

rng = np.random.default_rng(2)
df = pd.DataFrame(
    {"color": rng.choice(list("rgb"), 500), "size": rng.choice(["s", "m", "l"], 500), "y": rng.integers(0, 2, 500)}
)
X = pd.get_dummies(df[["color", "size"]])
y = df["y"]
X_train, X_test = X.iloc[:400], X.iloc[400:]
y_train, y_test = y.iloc[:400], y.iloc[400:]
nb = BernoulliNB().fit(X_train, y_train)
nb.score(X_test, y_test)
