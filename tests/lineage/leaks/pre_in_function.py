# kind: preprocessing
import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression


def load():
    rng = np.random.default_rng(8)
    X = rng.normal(size=(300, 6))
    return X, (X[:, 0] + X[:, 1] + rng.normal(size=300) > 0).astype(int)


def prepare(X):
    return StandardScaler().fit_transform(X)


def main():
    X, y = load()
    X = prepare(X)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = LogisticRegression().fit(X_train, y_train)
    return model.score(X_test, y_test)


# %%
main()
