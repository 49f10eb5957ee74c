# kind: clean
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.inspection import permutation_importance
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import train_test_split

X, y = load_diabetes(return_X_y=True, as_frame=True)
A, B, c, d = train_test_split(X, y, random_state=1)
rf = RandomForestRegressor(20).fit(A, c)
print(rf.score(A, c), rf.score(B, d))
pi = permutation_importance(rf, B, d, n_repeats=3)
X.columns[np.argmax(pi.importances_mean)]
