# kind: clean
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

rng = np.random.default_rng(17)
x = rng.uniform(-3, 3, 300)[:, None]
y = x.ravel() ** 3 - 2 * x.ravel() + rng.normal(0, 2, 300)
x_train, x_val, x_test = x[:180], x[180:240], x[240:]
y_train, y_val, y_test = y[:180], y[180:240], y[240:]
# %%
val_scores = {
    d: make_pipeline(PolynomialFeatures(d), LinearRegression()).fit(x_train, y_train).score(x_val, y_val)
    for d in range(1, 8)
}
d = max(val_scores, key=val_scores.get)
# %%
chosen = make_pipeline(PolynomialFeatures(d), LinearRegression()).fit(x_train, y_train)
chosen.score(x_test, y_test)
