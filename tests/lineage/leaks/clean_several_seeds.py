# kind: clean
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import train_test_split

X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
scores = [RandomForestRegressor(10, random_state=seed).fit(X_train, y_train).score(X_test, y_test) for seed in range(6)]
print(np.mean(scores), np.std(scores))
