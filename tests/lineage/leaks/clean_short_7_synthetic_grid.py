# kind: clean
import numpy as np
from sklearn.svm import SVC
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(6)
X = rng.normal(size=(400, 2))
y = (X[:, 0] > 0).astype(int)
A, B, c, d = train_test_split(X, y, random_state=0)
m = SVC().fit(A, c)
xx, yy = np.meshgrid(np.linspace(-2, 2, 30), np.linspace(-2, 2, 30))
Z = m.predict(np.c_[xx.ravel(), yy.ravel()])
m.score(B, d)
