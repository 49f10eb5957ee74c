# kind: multi-test
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.metrics import accuracy_score

X, y = load_wine(return_X_y=True)
A, B, c, d = train_test_split(X, y, random_state=0)
best_model = None
best_score = 0
for m in [LogisticRegression(max_iter=5000), RandomForestClassifier(10), GaussianNB()]:
    m.fit(A, c)
    s = accuracy_score(d, m.predict(B))
    if s > best_score:
        best_score = s
        best_model = m
print(best_model, best_score)
