# kind: clean
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(0)
X = 2 * rng.random((60, 1))
y = 4 + 3 * X + rng.normal(size=(60, 1))
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, random_state=10)
# %%
parts = [(X_train[:m].copy(), X_train[:m].copy(), y_train[:m]) for m in range(1, len(X_train))]
train_errors, val_errors = [], []
for part, same_part, target in parts:
    model = LinearRegression().fit(part, target)
    train_errors.append(mean_squared_error(target, model.predict(same_part)))
    val_errors.append(mean_squared_error(y_val, model.predict(X_val)))
