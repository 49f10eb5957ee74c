# kind: target
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.ensemble import HistGradientBoostingClassifier

rng = np.random.default_rng(4)
n = 1000
claims = pd.DataFrame({"age": rng.integers(18, 80, n), "premium": rng.gamma(4, 100, n)})
claims["claimed"] = (rng.random(n) < 0.25).astype(int)
claims["payout"] = np.where(claims.claimed == 1, rng.gamma(2, 800, n), 0.0)
# %%
X_train, X_test, y_train, y_test = train_test_split(claims.drop(columns="claimed"), claims["claimed"], random_state=0)
HistGradientBoostingClassifier(max_iter=20).fit(X_train, y_train).score(X_test, y_test)
