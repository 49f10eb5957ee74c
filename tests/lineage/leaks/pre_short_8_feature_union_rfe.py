# kind: preprocessing
from sklearn.datasets import make_classification
from sklearn.feature_selection import RFE
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

X, y = make_classification(300, 20, random_state=0)
rfe = RFE(LogisticRegression(), n_features_to_select=5).fit(X, y)
Xr = X[:, rfe.support_]
A, B, c, d = train_test_split(Xr, y, random_state=0)
LogisticRegression().fit(A, c).score(B, d)
