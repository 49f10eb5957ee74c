# kind: preprocessing
import numpy as np
from sklearn.datasets import load_iris
from sklearn.preprocessing import MinMaxScaler
from sklearn.model_selection import train_test_split

X, y = load_iris(return_X_y=True)
Xs = MinMaxScaler().fit_transform(X)
# %%
perm = np.random.RandomState(1).permutation(150)
Xs = Xs[perm]
y = y[perm]
Xtr, Xte, ytr, yte = Xs[:100], Xs[100:], y[:100], y[100:]
from sklearn.svm import SVC

m = SVC().fit(Xtr, ytr)
(m.predict(Xte) == yte).mean()
