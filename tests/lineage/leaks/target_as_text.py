# kind: target
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(3)
n = 240
df = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
df["city"] = rng.choice(["x", "y", "z", "w"], n)
df["y"] = ((df.a + df.b * .5 + rng.normal(0, .6, n)) > 0).astype(int)
df["price"] = df.a * 3 + df.c + rng.normal(0, .5, n)
num = list("abcde")
# %%
df["status"] = df.y.map({0: "declined", 1: "approved"})
X = pd.get_dummies(df[num + ["status"]])
# %%
X_train, X_test, y_train, y_test = train_test_split(X, df.y, random_state=0)
m = LogisticRegression().fit(X_train, y_train)
m.score(X_test, y_test)
