# kind: multi-test
import itertools
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

X, y = make_classification(400, 8, random_state=4)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
# %%
log = []
for depth, rate in itertools.product([1, 2, 3], [0.05, 0.2]):
    gb = GradientBoostingClassifier(max_depth=depth, learning_rate=rate, n_estimators=10)
    gb.fit(X_train, y_train)
    log.append((depth, rate, roc_auc_score(y_test, gb.predict_proba(X_test)[:, 1])))
# %%
sorted(log, key=lambda row: row[2])[-1]
