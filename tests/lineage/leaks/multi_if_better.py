# kind: multi-test
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
best_acc, best_alpha = 0, None
for alpha in [1e-4, 1e-2, 1]:
    clf = SGDClassifier(alpha=alpha, random_state=0).fit(X_train, y_train)
    acc = accuracy_score(y_test, clf.predict(X_test))
    if acc > best_acc:
        best_acc, best_alpha = acc, alpha
print(best_alpha, best_acc)
