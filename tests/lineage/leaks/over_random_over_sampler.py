# kind: overlap
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier


class RandomOverSampler(BaseEstimator):
    def fit_resample(self, X, y):
        rng = np.random.default_rng(0)
        minority = np.flatnonzero(y == 1)
        more = rng.choice(minority, (y == 0).sum() - len(minority))
        at = np.concatenate([np.arange(len(y)), more])
        return X[at], y[at]


X, y = make_classification(600, 6, weights=[0.85], random_state=2)
X, y = RandomOverSampler().fit_resample(X, y)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
KNeighborsClassifier(3).fit(X_train, y_train).score(X_test, y_test)
