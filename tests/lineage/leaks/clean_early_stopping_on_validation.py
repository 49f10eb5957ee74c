# kind: clean
import numpy as np
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from xgboost import XGBClassifier

rng = np.random.default_rng(0)
X = rng.normal(size=(600, 5))
y = (X[:, 0] * X[:, 1] + rng.normal(0, 0.5, 600) > 0).astype(int)
X_tmp, X_test, y_tmp, y_test = train_test_split(X, y, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X_tmp, y_tmp, random_state=0)
# %%
xgb = XGBClassifier(n_estimators=40, early_stopping_rounds=5, n_jobs=1)
xgb.fit(X_train, y_train, eval_set=[(X_val, y_val)], verbose=False)
log_loss(y_test, xgb.predict_proba(X_test))
