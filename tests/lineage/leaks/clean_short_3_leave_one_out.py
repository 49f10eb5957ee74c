# kind: clean
from sklearn.datasets import load_iris
from sklearn.model_selection import LeaveOneOut, cross_val_score, RepeatedKFold
from sklearn.naive_bayes import GaussianNB

X, y = load_iris(return_X_y=True)
cross_val_score(GaussianNB(), X, y, cv=LeaveOneOut()).mean()
# %%
import numpy as np

r = []
for tr, te in RepeatedKFold(n_splits=4, n_repeats=2, random_state=0).split(X):
    m = GaussianNB().fit(X[tr], y[tr])
    r.append((m.predict(X[te]) == y[te]).mean())
np.max(r)
