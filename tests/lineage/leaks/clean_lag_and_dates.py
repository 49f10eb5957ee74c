# kind: clean
# time: t
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error

rng = np.random.default_rng(3)
n = 240
df = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
df["city"] = rng.choice(["x", "y", "z", "w"], n)
df["y"] = ((df.a + df.b * .5 + rng.normal(0, .6, n)) > 0).astype(int)
df["price"] = df.a * 3 + df.c + rng.normal(0, .5, n)
num = list("abcde")
# %%
df["t"] = pd.date_range("2022", periods=n, freq="D")
df = df.sort_values("t")
df["lag"] = df.price.shift(1)
df = df.dropna()
train, test = df[df.t < "2022-06-30"], df[df.t >= "2022-06-30"]
# %%
f = ["lag", "a", "b"]
m = Ridge().fit(train[f], train.price)
mean_absolute_error(test.price, m.predict(test[f]))
