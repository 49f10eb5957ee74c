# kind: clean
import numpy as np, pandas as pd
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.model_selection import train_test_split

X, y = make_classification(800, weights=[0.8], random_state=1)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
p = LogisticRegression().fit(X_train, y_train).predict_proba(X_test)[:, 1]
rows = []
for t in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
    rows.append((t, precision_score(y_test, p > t), recall_score(y_test, p > t)))
pd.DataFrame(rows, columns=["threshold", "precision", "recall"])
