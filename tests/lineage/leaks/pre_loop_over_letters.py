# kind: preprocessing
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
for c in num:
    df[c] = (df[c] - df[c].mean()) / df[c].std()
# %%
X_train, X_test, y_train, y_test = train_test_split(df[num], df.y, random_state=1)
m = KNeighborsClassifier().fit(X_train, y_train)
m.score(X_test, y_test)
