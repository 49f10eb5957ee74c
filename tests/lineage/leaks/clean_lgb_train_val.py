# kind: clean
import lightgbm as lgb
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X_train, y_train, random_state=0)
ds = lgb.Dataset(X_train, y_train)
b = lgb.train(
    {"objective": "regression", "verbose": -1, "num_threads": 1},
    ds,
    50,
    valid_sets=[lgb.Dataset(X_val, y_val, reference=ds)],
    callbacks=[lgb.early_stopping(5, verbose=False)],
)
np.sqrt(mean_squared_error(y_test, b.predict(X_test)))
