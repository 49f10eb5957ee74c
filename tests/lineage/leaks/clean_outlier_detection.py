# kind: clean
import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(16)
X = np.vstack([rng.normal(size=(300, 3)), rng.normal(6, 1, (10, 3))])
Z = StandardScaler().fit_transform(X)
flags = IsolationForest(random_state=0).fit(Z).predict(Z)
(flags == -1).sum()
