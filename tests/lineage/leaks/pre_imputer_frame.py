# kind: preprocessing
import numpy as np
import pandas as pd

rng = np.random.default_rng(4)
houses = pd.DataFrame(
    {
        "area": rng.normal(120, 40, 600),
        "rooms": rng.integers(1, 7, 600).astype(float),
        "age": rng.integers(0, 90, 600).astype(float),
    }
)
houses["price"] = houses.area * 2000 + houses.rooms * 9000 - houses.age * 300 + rng.normal(0, 20000, 600)
houses.loc[rng.random(600) < 0.15, "age"] = np.nan
houses.loc[rng.random(600) < 0.1, "rooms"] = np.nan
# %%
from sklearn.impute import SimpleImputer

imputer = SimpleImputer(strategy="median")
filled = pd.DataFrame(imputer.fit_transform(houses), columns=houses.columns)
# %%
from sklearn.model_selection import train_test_split

train, test = train_test_split(filled, test_size=0.25, random_state=3)
features = ["area", "rooms", "age"]
# %%
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error

rf = RandomForestRegressor(n_estimators=20, random_state=0)
rf.fit(train[features], train["price"])
mae = mean_absolute_error(test["price"], rf.predict(test[features]))
print(mae)
