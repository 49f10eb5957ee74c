# kind: preprocessing
# cells: 2
import numpy as np, pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.ensemble import GradientBoostingRegressor

rng = np.random.default_rng(6)
houses = pd.DataFrame({"zip": rng.integers(100, 180, 500), "rooms": rng.integers(1, 7, 500)})
houses["price"] = houses.rooms * 50 + rng.normal(0, 30, 500)
# %%
zip_mean = houses.groupby("zip")["price"].mean()
houses["zip_price"] = houses["zip"].map(zip_mean)
# %%
X = houses[["rooms", "zip_price"]]
y = houses["price"]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=42)
gbr = GradientBoostingRegressor(n_estimators=20).fit(X_train, y_train)
gbr.score(X_test, y_test)
