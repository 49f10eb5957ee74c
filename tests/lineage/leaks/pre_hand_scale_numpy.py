# kind: preprocessing
# cells: 2
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

X, y = load_diabetes(return_X_y=True, scaled=False)
# %%
mu = X.mean(axis=0)
sigma = X.std(axis=0)
X = (X - mu) / sigma
# %%
idx = np.random.RandomState(0).permutation(len(X))
tr, te = idx[:300], idx[300:]
lr = LinearRegression().fit(X[tr], y[tr])
lr.score(X[te], y[te])
