# kind: preprocessing
import numpy as np, pandas as pd
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(0)
df = pd.DataFrame({"a": rng.integers(0, 50, 400), "b": rng.integers(0, 9, 400), "c": rng.choice(["x", "y"], 400)})
df["t"] = (df.a + rng.normal(0, 10, 400) > 25).astype(int)
num = ["a", "b"]
sc = StandardScaler()
sc.fit(df[num])
df[num] = sc.transform(df[num])
df = pd.get_dummies(df, columns=["c"])
train = df.sample(frac=0.7, random_state=1)
test = df.drop(train.index)
from sklearn.linear_model import LogisticRegression

clf = LogisticRegression().fit(train.drop("t", axis=1), train["t"])
print(clf.score(test.drop("t", axis=1), test["t"]))
