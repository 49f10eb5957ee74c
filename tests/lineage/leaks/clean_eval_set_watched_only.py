# kind: clean
import lightgbm as lgb
import numpy as np
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(2)
X = rng.normal(size=(500, 4))
y = X[:, 0] ** 2 + rng.normal(0, 0.3, 500)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
reg = lgb.LGBMRegressor(n_estimators=20, n_jobs=1, verbose=-1)
reg.fit(X_train, y_train, eval_set=[(X_train, y_train), (X_test, y_test)])
reg.score(X_test, y_test)
