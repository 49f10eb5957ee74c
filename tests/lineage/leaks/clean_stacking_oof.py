# kind: clean
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.naive_bayes import GaussianNB

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
# %%
base = [RandomForestClassifier(n_estimators=10, random_state=0), GaussianNB()]
oof = np.column_stack([cross_val_predict(m, X_train, y_train, cv=3, method="predict_proba")[:, 1] for m in base])
meta = LogisticRegression().fit(oof, y_train)
# %%
T = np.column_stack([m.fit(X_train, y_train).predict_proba(X_test)[:, 1] for m in base])
meta.score(T, y_test)
