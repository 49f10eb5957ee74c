# kind: clean
import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_curve, roc_auc_score
from sklearn.model_selection import train_test_split

X, y = make_classification(500, 6, random_state=1)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
lr = LogisticRegression().fit(X_train, y_train)
# %%
proba = lr.predict_proba(X_test)[:, 1]
pred = (proba > 0.5).astype(int)
print(roc_auc_score(y_test, proba), f1_score(y_test, pred))
confusion_matrix(y_test, pred)
# %%
best = np.argmax(lr.predict_proba(X_test), axis=1)
