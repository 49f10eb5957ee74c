# kind: clean
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier


class SMOTE(BaseEstimator):
    def fit_resample(self, X, y):
        rng = np.random.default_rng(0)
        minority = X[y == 1]
        need = (y == 0).sum() - len(minority)
        a, b = rng.integers(0, len(minority), need), rng.integers(0, len(minority), need)
        new = minority[a] + rng.random((need, 1)) * (minority[b] - minority[a])
        return np.vstack([X, new]), np.concatenate([y, np.ones(need, int)])


X, y = make_classification(800, 8, weights=[0.9], random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
X_res, y_res = SMOTE().fit_resample(X_train, y_train)
DecisionTreeClassifier(random_state=0).fit(X_res, y_res).score(X_test, y_test)
