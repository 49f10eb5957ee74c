# kind: preprocessing
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier
from sklearn.metrics import recall_score


class SMOTE(BaseEstimator):
    def __init__(self, seed=0):
        self.seed = seed

    def fit_resample(self, X, y):
        rng = np.random.default_rng(self.seed)
        minority = X[y == 1]
        need = (y == 0).sum() - len(minority)
        a, b = rng.integers(0, len(minority), need), rng.integers(0, len(minority), need)
        new = minority[a] + rng.random((need, 1)) * (minority[b] - minority[a])
        return np.vstack([X, new]), np.concatenate([y, np.ones(need, int)])


# %%
X, y = make_classification(800, 8, weights=[0.9], random_state=0)
X_res, y_res = SMOTE().fit_resample(X, y)
# %%
X_train, X_test, y_train, y_test = train_test_split(X_res, y_res, random_state=0)
dt = DecisionTreeClassifier(random_state=0).fit(X_train, y_train)
recall_score(y_test, dt.predict(X_test))
