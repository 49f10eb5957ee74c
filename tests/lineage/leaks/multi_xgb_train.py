# kind: multi-test
# cells: 2
import xgboost as xgb
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
dtrain = xgb.DMatrix(X_train, label=y_train)
dtest = xgb.DMatrix(X_test, label=y_test)
# %%
bst = xgb.train(
    {"objective": "binary:logistic", "nthread": 1},
    dtrain,
    60,
    evals=[(dtest, "test")],
    early_stopping_rounds=5,
    verbose_eval=False,
)
# %%
accuracy_score(y_test, bst.predict(dtest) > 0.5)
