# kind: clean
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.svm import SVC

X, y = load_digits(return_X_y=True)
X, y = X[:500], y[:500]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
gs = GridSearchCV(SVC(), {"C": [1, 10], "gamma": [0.001, 0.01]}, cv=3).fit(X_train, y_train)
best = SVC(**gs.best_params_).fit(X_train, y_train)
print(best.score(X_test, y_test))
production = SVC(**gs.best_params_).fit(X, y)
