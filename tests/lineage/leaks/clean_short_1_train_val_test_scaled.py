# kind: clean
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score

X, y = load_breast_cancer(return_X_y=True)
a, t, b, u = train_test_split(X, y, test_size=0.2, random_state=0)
a, v, b, w = train_test_split(a, b, test_size=0.2, random_state=0)
s = StandardScaler().fit(a)
best = None
for C in [0.01, 0.1, 1, 10]:
    m = LogisticRegression(C=C, max_iter=500).fit(s.transform(a), b)
    sc = accuracy_score(w, m.predict(s.transform(v)))
    if best is None or sc > best[0]:
        best = (sc, m)
accuracy_score(u, best[1].predict(s.transform(t)))
