# kind: overlap
import numpy as np
from sklearn.datasets import load_digits
from sklearn.svm import SVC

X, y = load_digits(return_X_y=True)
idx = np.random.RandomState(0).permutation(len(X))
train_idx, test_idx = idx[:1500], idx[1300:]
# %%
svc = SVC(gamma=0.001).fit(X[train_idx], y[train_idx])
# %%
predicted = svc.predict(X[test_idx])
from sklearn import metrics

metrics.accuracy_score(y[test_idx], predicted)
