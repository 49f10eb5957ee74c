# kind: clean
import numpy as np
from sklearn.datasets import load_wine
from sklearn.neighbors import KNeighborsClassifier

X, y = load_wine(return_X_y=True)
rng = np.random.default_rng(0)
i = rng.permutation(len(X))
tr, te = i[:120], i[120:]
mu, sd = X[tr].mean(0), X[tr].std(0)
A = (X[tr] - mu) / sd
B = (X[te] - mu) / sd
KNeighborsClassifier().fit(A, y[tr]).score(B, y[te])
