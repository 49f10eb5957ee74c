# kind: clean
import numpy as np, polars as pl
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(0)
df = pl.DataFrame({"a": rng.normal(size=200), "b": rng.normal(size=200)})
y = (df["a"].to_numpy() + rng.normal(size=200) > 0).astype(int)
m = LogisticRegression().fit(df[:150], y[:150])
m.score(df[150:], y[150:])
