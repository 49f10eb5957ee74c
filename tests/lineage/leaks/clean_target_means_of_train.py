# kind: clean
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(3)
n = 240
df = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
df["city"] = rng.choice(["x", "y", "z", "w"], n)
df["y"] = ((df.a + df.b * .5 + rng.normal(0, .6, n)) > 0).astype(int)
df["price"] = df.a * 3 + df.c + rng.normal(0, .5, n)
num = list("abcde")
# %%
tr, te = train_test_split(df, random_state=0)
means = tr.groupby("city")["price"].mean()
Xtr = tr[num].assign(city=tr.city.map(means)); Xte = te[num].assign(city=te.city.map(means).fillna(tr.price.mean()))
# %%
m = Ridge().fit(Xtr, tr.price)
m.score(Xte, te.price)
