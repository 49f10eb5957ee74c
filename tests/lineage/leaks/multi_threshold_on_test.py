# kind: multi-test
# cells: 3
import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.metrics import f1_score
from sklearn.linear_model import LogisticRegression

X, y = make_classification(800, weights=[0.85], random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
# %%
lr = LogisticRegression().fit(X_train, y_train)
proba = lr.predict_proba(X_test)[:, 1]
# %%
ts = np.linspace(0.05, 0.95, 30)
f1s = [f1_score(y_test, proba >= t) for t in ts]
best_t = ts[np.argmax(f1s)]
# %%
print("threshold", best_t, "F1", f1_score(y_test, proba >= best_t))
