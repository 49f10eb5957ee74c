# kind: clean
import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import train_test_split
from sklearn.metrics import mean_squared_error

rng = np.random.default_rng(15)


def make(n, first):
    return pd.DataFrame(
        {"Id": np.arange(first, first + n), "area": rng.normal(100, 30, n), "quality": rng.integers(1, 11, n)}
    )


train, test = make(600, 1), make(300, 601)
train["SalePrice"] = train.area * 1000 + train.quality * 8000 + rng.normal(0, 9000, 600)
# %%
features = ["area", "quality"]
X_tr, X_va, y_tr, y_va = train_test_split(train[features], np.log1p(train["SalePrice"]), random_state=0)
gbr = GradientBoostingRegressor(n_estimators=40).fit(X_tr, y_tr)
print(np.sqrt(mean_squared_error(np.expm1(y_va), np.expm1(gbr.predict(X_va)))))
# %%
gbr.fit(train[features], np.log1p(train["SalePrice"]))
submission = pd.DataFrame({"Id": test["Id"], "SalePrice": np.expm1(gbr.predict(test[features]))})
