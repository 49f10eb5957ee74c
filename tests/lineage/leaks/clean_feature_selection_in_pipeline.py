# kind: clean
import numpy as np
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3000))
y = rng.integers(0, 2, 60)
pipe = Pipeline([("select", SelectKBest(k=50)), ("knn", KNeighborsClassifier(3))])
cross_val_score(pipe, X, y, cv=StratifiedKFold(5)).mean()
