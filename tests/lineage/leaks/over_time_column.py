# kind: overlap
# time: date
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LinearRegression

rng = np.random.default_rng(6)
sales = pd.DataFrame(
    {"date": pd.date_range("2021-01-01", periods=500), "promo": rng.integers(0, 2, 500), "temp": rng.normal(15, 8, 500)}
)
sales["units"] = 100 + 20 * sales.promo + sales.temp + rng.normal(0, 5, 500)
# %%
train, test = train_test_split(sales, test_size=0.2, random_state=0)
lr = LinearRegression().fit(train[["promo", "temp"]], train["units"])
lr.score(test[["promo", "temp"]], test["units"])
