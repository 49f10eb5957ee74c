# kind: preprocessing
import numpy as np
from sklearn.datasets import load_iris
from sklearn.impute import KNNImputer
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier

iris = load_iris()
X = iris.data.copy()
rng = np.random.default_rng(0)
X[rng.random(X.shape) < 0.05] = np.nan
X = KNNImputer().fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(X, iris.target, random_state=0)
rf = RandomForestClassifier(20, random_state=0).fit(X_train, y_train)
rf.score(X_test, y_test)
