# kind: multi-test
import numpy as np
from sklearn.model_selection import train_test_split
from xgboost import XGBClassifier

rng = np.random.default_rng(0)
X = rng.normal(size=(600, 5))
y = (X[:, 0] * X[:, 1] + rng.normal(0, 0.5, 600) > 0).astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
# %%
xgb = XGBClassifier(n_estimators=40, early_stopping_rounds=5, n_jobs=1)
xgb.fit(X_train, y_train, eval_set=[(X_test, y_test)], verbose=False)
# %%
xgb.score(X_test, y_test)
