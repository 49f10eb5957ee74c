# kind: overlap
# time: when
# cells: 2
import numpy as np, pandas as pd
from sklearn.model_selection import KFold
from sklearn.ensemble import RandomForestRegressor

rng = np.random.default_rng(15)
d = pd.DataFrame(
    {
        "when": pd.date_range("2021-03-01", periods=300, freq="h"),
        "load": np.sin(np.arange(300) / 24) * 10 + rng.normal(size=300),
    }
)
d["prev"] = d["load"].shift(1).bfill()
# %%
out = []
for a, b in KFold(4, shuffle=True, random_state=0).split(d):
    m = RandomForestRegressor(n_estimators=10).fit(d.iloc[a][["prev"]], d.iloc[a]["load"])
    out.append(m.score(d.iloc[b][["prev"]], d.iloc[b]["load"]))
sum(out) / 4
