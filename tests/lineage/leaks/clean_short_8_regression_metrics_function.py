# kind: clean
import numpy as np, pandas as pd
from sklearn.datasets import make_regression
from sklearn.linear_model import Ridge, Lasso, LinearRegression
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

X, y = make_regression(400, 6, noise=10, random_state=0)
A, B, c, d = train_test_split(X, y, random_state=0)


def report(m):
    m.fit(A, c)
    return {
        "train": r2_score(c, m.predict(A)),
        "test": r2_score(d, m.predict(B)),
        "rmse": mean_squared_error(d, m.predict(B)) ** 0.5,
    }


pd.DataFrame({type(m).__name__: report(m) for m in (Ridge(), Lasso(), LinearRegression())}).T.sort_values("rmse")
