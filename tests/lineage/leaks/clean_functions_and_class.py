# kind: clean
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler
from sklearn.linear_model import LogisticRegression


class Trainer:
    def __init__(self):
        self.scaler = MinMaxScaler()
        self.model = LogisticRegression()

    def fit(self, X, y):
        self.model.fit(self.scaler.fit_transform(X), y)
        return self

    def score(self, X, y):
        return self.model.score(self.scaler.transform(X), y)


def run(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(300, 4))
    y = (X.sum(axis=1) + rng.normal(size=300) > 0).astype(int)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed)
    return Trainer().fit(X_train, y_train).score(X_test, y_test)


# %%
print(run(0))
