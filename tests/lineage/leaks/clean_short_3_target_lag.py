# kind: clean
import numpy as np, pandas as pd
from sklearn.linear_model import LinearRegression

rng = np.random.default_rng(1)
s = pd.DataFrame({"close": np.cumsum(rng.normal(size=300)) + 100})
s["lag1"] = s.close.shift(1)
s["lag2"] = s.close.shift(2)
s["ma5"] = s.close.shift(1).rolling(5).mean()
s = s.dropna()
tr, te = s.iloc[:220], s.iloc[220:]
f = ["lag1", "lag2", "ma5"]
m = LinearRegression().fit(tr[f], tr.close)
m.score(te[f], te.close)
