# kind: overlap
from sklearn.datasets import load_iris
from sklearn.utils import shuffle
from sklearn.linear_model import LogisticRegression

iris = load_iris()
X, y = shuffle(iris.data, iris.target, random_state=0)
# %%
X_train, y_train = X[:120], y[:120]
X_test, y_test = X[100:], y[100:]
# %%
clf = LogisticRegression(max_iter=500).fit(X_train, y_train)
print(clf.score(X_test, y_test))
