# kind: overlap
import numpy as np
from sklearn.datasets import make_regression
from sklearn.tree import DecisionTreeRegressor
from sklearn.metrics import mean_squared_error

X, y = make_regression(300, 5, noise=20, random_state=0)
# %%
tree = DecisionTreeRegressor().fit(X, y)
# %%
pred = tree.predict(X)
print("MSE:", mean_squared_error(y, pred))
