# kind: preprocessing
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import StratifiedShuffleSplit

X, y = load_breast_cancer(return_X_y=True)
Z = PCA(5).fit_transform(StandardScaler().fit_transform(X))
sss = StratifiedShuffleSplit(n_splits=1, test_size=0.2, random_state=0)
for tr, te in sss.split(Z, y):
    A, B, c, d = Z[tr], Z[te], y[tr], y[te]
from sklearn.linear_model import LogisticRegression

LogisticRegression().fit(A, c).score(B, d)
