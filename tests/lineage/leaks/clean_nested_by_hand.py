# kind: clean
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import KFold, cross_val_score

rng = np.random.default_rng(3)
n = 240
df = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
df["city"] = rng.choice(["x", "y", "z", "w"], n)
df["y"] = ((df.a + df.b * .5 + rng.normal(0, .6, n)) > 0).astype(int)
df["price"] = df.a * 3 + df.c + rng.normal(0, .5, n)
num = list("abcde")
# %%
X, y = df[num].to_numpy(), df.price.to_numpy()
outer = []
for tr, te in KFold(3, shuffle=True, random_state=1).split(X):
    best, besta = 1e9, None
    for a in (.1, 1, 10):
        e = -cross_val_score(Ridge(alpha=a), X[tr], y[tr], cv=3, scoring="neg_mean_squared_error").mean()
        if e < best: best, besta = e, a
    m = Ridge(alpha=besta).fit(X[tr], y[tr])
    outer.append(mean_squared_error(y[te], m.predict(X[te])))
np.mean(outer)
