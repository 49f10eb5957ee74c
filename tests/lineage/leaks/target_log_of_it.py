# kind: target
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.ensemble import GradientBoostingRegressor

rng = np.random.default_rng(2)
h = pd.DataFrame({"sqft": rng.normal(1500, 400, 500), "beds": rng.integers(1, 6, 500)})
h["price"] = h.sqft * 150 + h.beds * 1000 + rng.normal(0, 9000, 500)
h["log_price"] = np.log(h["price"].clip(1000))
h["price_eur"] = h["price"] * 0.92
# %%
X = h.drop(columns=["price", "log_price"])
X_train, X_test, y_train, y_test = train_test_split(X, h["price"], random_state=1)
g = GradientBoostingRegressor(n_estimators=30).fit(X_train, y_train)
g.score(X_test, y_test)
