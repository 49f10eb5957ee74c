# kind: clean
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import cross_val_predict, train_test_split

X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
bases = [Ridge(), RandomForestRegressor(20, random_state=0)]
meta_train = np.column_stack([cross_val_predict(b, X_train, y_train, cv=3) for b in bases])
meta_test = np.column_stack([b.fit(X_train, y_train).predict(X_test) for b in bases])
LinearRegression().fit(meta_train, y_train).score(meta_test, y_test)
