# kind: clean
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import FunctionTransformer, Normalizer, PolynomialFeatures
from sklearn.model_selection import train_test_split
from sklearn.linear_model import Ridge

X, y = load_diabetes(return_X_y=True)
X = PolynomialFeatures(2, include_bias=False).fit_transform(X)
X = FunctionTransformer(np.arctan).fit_transform(X)
X = Normalizer().fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
Ridge(0.1).fit(X_train, y_train).score(X_test, y_test)
