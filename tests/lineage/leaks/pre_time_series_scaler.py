# kind: preprocessing
import numpy as np
import pandas as pd

rng = np.random.default_rng(11)
s = pd.Series(np.cumsum(rng.normal(size=600)) + 50, index=pd.date_range("2020-01-01", periods=600))
# %%
from sklearn.preprocessing import MinMaxScaler

mm = MinMaxScaler()
values = mm.fit_transform(s.values.reshape(-1, 1))
# %%
window = 10
X = np.array([values[i : i + window, 0] for i in range(len(values) - window)])
y = values[window:, 0]
cut = int(len(X) * 0.8)
X_train, X_test = X[:cut], X[cut:]
y_train, y_test = y[:cut], y[cut:]
# %%
from sklearn.neural_network import MLPRegressor

net = MLPRegressor(hidden_layer_sizes=(16,), max_iter=300, random_state=0).fit(X_train, y_train)
pred = net.predict(X_test)
from sklearn.metrics import mean_squared_error

np.sqrt(mean_squared_error(y_test, pred))
