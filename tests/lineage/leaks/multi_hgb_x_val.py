# kind: multi-test
# cells: 2
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.ensemble import HistGradientBoostingClassifier

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
# %%
h = HistGradientBoostingClassifier(early_stopping=True, max_iter=30)
h.fit(X_train, y_train, X_val=X_test, y_val=y_test)
# %%
h.score(X_test, y_test)
