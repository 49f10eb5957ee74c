# kind: clean
import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

X, y = make_classification(900, weights=[0.85], random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X_train, y_train, test_size=0.25, random_state=0)
lr = LogisticRegression().fit(X_train, y_train)
# %%
pv = lr.predict_proba(X_val)[:, 1]
ts = np.linspace(0.05, 0.95, 19)
t = ts[np.argmax([f1_score(y_val, pv > t) for t in ts])]
# %%
f1_score(y_test, lr.predict_proba(X_test)[:, 1] > t)
