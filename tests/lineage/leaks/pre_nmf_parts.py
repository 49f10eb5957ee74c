# kind: preprocessing
import numpy as np
import pandas as pd
from sklearn.decomposition import NMF
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(3)
n = 240
df = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
df["city"] = rng.choice(["x", "y", "z", "w"], n)
df["y"] = ((df.a + df.b * .5 + rng.normal(0, .6, n)) > 0).astype(int)
df["price"] = df.a * 3 + df.c + rng.normal(0, .5, n)
num = list("abcde")
# %%
X = np.abs(df[num].to_numpy())
W = NMF(3, init="nndsvda", max_iter=500).fit_transform(X)
# %%
a, b, c, d = train_test_split(W, df.y, random_state=0)
rf = RandomForestClassifier(20, random_state=0).fit(a, c)
acc = rf.score(b, d)
