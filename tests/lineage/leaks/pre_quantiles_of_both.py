# kind: preprocessing
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import QuantileTransformer

rng = np.random.default_rng(3)
n = 240
df = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
df["city"] = rng.choice(["x", "y", "z", "w"], n)
df["y"] = ((df.a + df.b * .5 + rng.normal(0, .6, n)) > 0).astype(int)
df["price"] = df.a * 3 + df.c + rng.normal(0, .5, n)
num = list("abcde")
# %%
train, test = df.iloc[:180].copy(), df.iloc[180:].copy()
# %%
both = pd.concat([train, test])
qt = QuantileTransformer(n_quantiles=50).fit(both[num])
train[num] = qt.transform(train[num]); test[num] = qt.transform(test[num])
# %%
m = LogisticRegression().fit(train[num], train.y)
f1_score(test.y, m.predict(test[num]))
