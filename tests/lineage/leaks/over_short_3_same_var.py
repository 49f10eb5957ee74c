# kind: overlap
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
from sklearn.metrics import accuracy_score

iris = load_iris()
X_train = iris.data
y_train = iris.target
X_test = iris.data[:50]
y_test = iris.target[:50]
t = DecisionTreeClassifier().fit(X_train, y_train)
accuracy_score(y_test, t.predict(X_test))
