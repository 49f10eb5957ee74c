# kind: multi-test
# cells: 2
import lightgbm as lgb
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
# %%
train_set = lgb.Dataset(X_train, y_train)
test_set = lgb.Dataset(X_test, y_test, reference=train_set)
booster = lgb.train(
    {"objective": "binary", "verbose": -1, "num_threads": 1},
    train_set,
    60,
    valid_sets=[test_set],
    callbacks=[lgb.early_stopping(5, verbose=False)],
)
# %%
roc_auc_score(y_test, booster.predict(X_test))
