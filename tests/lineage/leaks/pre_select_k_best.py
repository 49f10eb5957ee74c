# kind: preprocessing
import numpy as np
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression

rng = np.random.RandomState(0)
X = rng.randn(120, 2000)
y = rng.randint(0, 2, 120)
X_new = SelectKBest(f_classif, k=20).fit_transform(X, y)
X_train, X_test, y_train, y_test = train_test_split(X_new, y, random_state=0)
print(LogisticRegression().fit(X_train, y_train).score(X_test, y_test))
