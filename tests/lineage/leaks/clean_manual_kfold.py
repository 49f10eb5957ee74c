# kind: clean
import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score

X, y = load_iris(return_X_y=True)
accs = []
for tr, te in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
    sc = StandardScaler()
    clf = LogisticRegression(max_iter=300).fit(sc.fit_transform(X[tr]), y[tr])
    accs.append(accuracy_score(y[te], clf.predict(sc.transform(X[te]))))
print(np.mean(accs))
