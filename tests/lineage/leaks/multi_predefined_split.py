# kind: multi-test
# cells: 2
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split, GridSearchCV, PredefinedSplit
from sklearn.ensemble import RandomForestClassifier

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
# %%
X_all = np.vstack([X_train, X_test])
y_all = np.concatenate([y_train, y_test])
fold = np.r_[np.full(len(X_train), -1), np.zeros(len(X_test))]
gs = GridSearchCV(
    RandomForestClassifier(n_estimators=10, random_state=0),
    {"max_depth": [2, 4, 8]},
    cv=PredefinedSplit(fold),
    refit=False,
)
gs.fit(X_all, y_all)
# %%
best = RandomForestClassifier(n_estimators=10, random_state=0, **gs.best_params_).fit(X_train, y_train)
best.score(X_test, y_test)
