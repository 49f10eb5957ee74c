# kind: clean
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

X, y = load_diabetes(return_X_y=True, scaled=False)
idx = np.random.RandomState(0).permutation(len(X))
folds = np.array_split(idx, 4)
r2 = []
for i in range(4):
    te = folds[i]
    tr = np.concatenate([folds[j] for j in range(4) if j != i])
    mu, sd = X[tr].mean(0), X[tr].std(0)
    r2.append(Ridge().fit((X[tr] - mu) / sd, y[tr]).score((X[te] - mu) / sd, y[te]))
print(r2)
