# kind: clean
import numpy as np
from sklearn.model_selection import TimeSeriesSplit
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(9)
X = rng.normal(size=(400, 3))
y = X @ [1, 2, 3] + rng.normal(size=400)
errors = []
for train, test in TimeSeriesSplit(5).split(X):
    sc = StandardScaler().fit(X[train])
    model = Ridge().fit(sc.transform(X[train]), y[train])
    errors.append(np.abs(model.predict(sc.transform(X[test])) - y[test]).mean())
np.mean(errors)
