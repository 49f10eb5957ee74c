# kind: clean
from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import RFE, SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=3)
sel = SelectKBest(k=10).fit(X_train, y_train)
cols = X.columns[sel.get_support()]
# %%
lr = LogisticRegression(max_iter=5000).fit(X_train[cols], y_train)
lr.score(X_test[cols], y_test)
