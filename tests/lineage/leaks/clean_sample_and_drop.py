# kind: clean
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

rng = np.random.default_rng(12)
df = pd.DataFrame({"a": rng.integers(0, 5, 400), "b": rng.normal(size=400)})
df["y"] = df.a + 2 * df.b + rng.normal(0, 1, 400)
train = df.sample(frac=0.8, random_state=0)
test = df.drop(train.index)
lm = LinearRegression().fit(train[["a", "b"]], train.y)
r2_score(test.y, lm.predict(test[["a", "b"]]))
