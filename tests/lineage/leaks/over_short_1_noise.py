# kind: overlap
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier

X, y = load_wine(return_X_y=True)
X = np.vstack([X, X])
y = np.concatenate([y, y])
A, B, c, d = train_test_split(X, y, random_state=0)
RandomForestClassifier(10).fit(A, c).score(B, d)
