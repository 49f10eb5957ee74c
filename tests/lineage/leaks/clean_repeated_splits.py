# kind: clean
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import train_test_split

X, y = load_breast_cancer(return_X_y=True)
accs = []
for seed in range(8):
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed)
    accs.append(RidgeClassifier().fit(X_train, y_train).score(X_test, y_test))
print(np.mean(accs), max(accs), min(accs))
