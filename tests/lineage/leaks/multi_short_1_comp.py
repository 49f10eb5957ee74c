# kind: multi-test
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

X, y = load_digits(return_X_y=True)
A, B, c, d = train_test_split(X, y, random_state=0)
scores = {C: SVC(C=C).fit(A, c).score(B, d) for C in (0.01, 0.1, 1, 10, 100)}
best_C = max(scores, key=scores.get)
SVC(C=best_C).fit(A, c).score(B, d)
