# kind: preprocessing
import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(12)
df = pd.DataFrame({"x1": rng.normal(5, 2, 600), "x2": rng.normal(0, 1, 600), "k": rng.integers(0, 4, 600)})
df["y"] = df.x1 + df.k + rng.normal(0, 1, 600)
df.loc[rng.random(600) < 0.1, "k"] = np.nan
# %%
df[["x1", "x2"]] = StandardScaler().fit_transform(df[["x1", "x2"]])
df = df.dropna().reset_index(drop=True)
df = df[df["x1"].abs() < 3]
# %%
mask = np.random.RandomState(0).rand(len(df)) < 0.8
train, test = df[mask], df[~mask]
# %%
from sklearn.linear_model import LinearRegression

lm = LinearRegression().fit(train[["x1", "x2", "k"]], train["y"])
lm.score(test[["x1", "x2", "k"]], test["y"])
