# kind: clean
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

rng = np.random.default_rng(3)
n = 240
df = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
df["city"] = rng.choice(["x", "y", "z", "w"], n)
df["y"] = ((df.a + df.b * .5 + rng.normal(0, .6, n)) > 0).astype(int)
df["price"] = df.a * 3 + df.c + rng.normal(0, .5, n)
num = list("abcde")
# %%
tr, rest = train_test_split(df, test_size=.4, random_state=0)
va, te = train_test_split(rest, test_size=.5, random_state=0)
# %%
scores = {}
for k in (1, 3, 5, 9):
    scores[k] = KNeighborsClassifier(k).fit(tr[num], tr.y).score(va[num], va.y)
k = max(scores, key=scores.get)
# %%
both = pd.concat([tr, va])
final = KNeighborsClassifier(k).fit(both[num], both.y)
final.score(te[num], te.y)
