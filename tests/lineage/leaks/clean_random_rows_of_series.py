# kind: clean
import numpy as np
from sklearn.linear_model import LinearRegression

rng = np.random.default_rng(5)
s = rng.normal(size=500)
X = np.column_stack([s[:-2], s[1:-1]])
y = s[2:]
idx = rng.permutation(len(X))
tr, te = idx[:350], idx[350:]
LinearRegression().fit(X[tr], y[tr]).score(X[te], y[te])
