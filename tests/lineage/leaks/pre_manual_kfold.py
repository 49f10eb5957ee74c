# kind: preprocessing
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

X, y = load_wine(return_X_y=True)
Z = StandardScaler().fit_transform(X)
# %%
accs = []
for tr, te in KFold(5, shuffle=True, random_state=0).split(Z):
    clf = SVC().fit(Z[tr], y[tr])
    accs.append(clf.score(Z[te], y[te]))
np.mean(accs)
