# kind: preprocessing
import numpy as np
from sklearn.preprocessing import KBinsDiscretizer, PowerTransformer
from sklearn.model_selection import train_test_split
from sklearn.linear_model import BayesianRidge

rng = np.random.default_rng(13)
X = rng.exponential(2, size=(400, 3))
y = np.log1p(X).sum(axis=1) + rng.normal(0, 0.2, 400)
# %%
pt = PowerTransformer()
Xt = pt.fit_transform(X)
Xt = Xt.astype("float32")
# %%
n_train = 300
X_train, y_train = Xt[:n_train], y[:n_train]
X_test, y_test = Xt[n_train:], y[n_train:]
model = BayesianRidge()
model.fit(X_train, y_train)
print(model.score(X_test, y_test))
