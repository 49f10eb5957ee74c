# kind: preprocessing
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC
import pandas as pd

X, y = load_wine(return_X_y=True, as_frame=True)
Xs = pd.DataFrame(StandardScaler().fit_transform(X), columns=X.columns)
g = GridSearchCV(SVC(), {"C": [0.1, 1, 10]}, cv=5).fit(Xs, y)
g.best_score_
