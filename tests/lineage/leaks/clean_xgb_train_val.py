# kind: clean
import xgboost as xgb
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X_train, y_train, random_state=0)
dtrain, dval, dtest = xgb.DMatrix(X_train, label=y_train), xgb.DMatrix(X_val, label=y_val), xgb.DMatrix(X_test)
bst = xgb.train(
    {"objective": "binary:logistic", "nthread": 1},
    dtrain,
    50,
    evals=[(dtrain, "train"), (dval, "val")],
    early_stopping_rounds=5,
    verbose_eval=False,
)
accuracy_score(y_test, bst.predict(dtest) > 0.5)
