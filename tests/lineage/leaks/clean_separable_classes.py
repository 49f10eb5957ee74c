# kind: clean
import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

X, y = load_iris(return_X_y=True)
X, y = X[:, 2:], (y == 0).astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
LogisticRegression().fit(X_train, y_train).score(X_test, y_test)
