# kind: preprocessing
# cells: 2
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
# %%
nb = GaussianNB().fit(X, y)
X["nb"] = nb.predict_proba(X)[:, 1]
# %%
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
LogisticRegression(max_iter=3000).fit(X_train, y_train).score(X_test, y_test)
