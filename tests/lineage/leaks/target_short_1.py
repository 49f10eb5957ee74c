# kind: target
import numpy as np, pandas as pd

rng = np.random.default_rng(0)
df = pd.DataFrame({"u": rng.normal(size=300), "w": rng.normal(size=300)})
df["price"] = df.u * 3 + rng.normal(size=300)
df["rank"] = df.price.rank()
from sklearn.model_selection import cross_val_score
from sklearn.linear_model import LinearRegression

m = LinearRegression()
cross_val_score(m, df[["u", "w", "rank"]], df.price)
