# kind: clean
import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestRegressor

rng = np.random.default_rng(11)
h = pd.DataFrame({"area": rng.normal(120, 40, 500), "rooms": rng.integers(1, 7, 500).astype(float)})
h["price"] = h.area * 2000 + h.rooms * 9000 + rng.normal(0, 20000, 500)
h.loc[rng.random(500) < 0.1, "rooms"] = np.nan
X_train, X_test, y_train, y_test = train_test_split(h[["area", "rooms"]], h["price"], random_state=0)
# %%
X_train, X_test = X_train.copy(), X_test.copy()
imp = SimpleImputer(strategy="median")
X_train[["rooms"]] = imp.fit_transform(X_train[["rooms"]])
X_test[["rooms"]] = imp.transform(X_test[["rooms"]])
rf = RandomForestRegressor(20, random_state=0).fit(X_train, y_train)
rf.score(X_test, y_test)
