# kind: preprocessing
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import cross_val_predict
from sklearn.svm import SVC
from sklearn.metrics import accuracy_score

X, y = load_wine(return_X_y=True)
Xs = StandardScaler().fit_transform(X)
p = cross_val_predict(SVC(), Xs, y, cv=5)
accuracy_score(y, p)
