# kind: overlap
import numpy as np

rng = np.random.default_rng(7)
X = rng.normal(size=(400, 5))
y = X @ np.array([1.0, 2.0, 0.0, -1.0, 0.5]) + rng.normal(0, 1, 400)
train = rng.choice(400, 300)
test = rng.choice(400, 100)
# %%
from sklearn.linear_model import Ridge

r = Ridge().fit(X[train], y[train])
r.score(X[test], y[test])
