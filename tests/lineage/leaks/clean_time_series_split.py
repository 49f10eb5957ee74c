# kind: clean
# time: date
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error

rng = np.random.default_rng(8)
sales = pd.DataFrame(
    {"date": pd.date_range("2021-01-01", periods=500), "promo": rng.integers(0, 2, 500), "temp": rng.normal(15, 8, 500)}
)
sales["units"] = 100 + 20 * sales.promo + sales.temp + rng.normal(0, 5, 500)
# %%
train = sales[sales.date < "2022-02-01"]
test = sales[sales.date >= "2022-02-01"]
features = ["promo", "temp"]
lr = LinearRegression().fit(train[features], train["units"])
mean_squared_error(test["units"], lr.predict(test[features]))
