# kind: clean
from sklearn.datasets import load_digits
from sklearn.model_selection import learning_curve, validation_curve
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

X, y = load_digits(return_X_y=True)
sizes, train, test = learning_curve(GaussianNB(), X, y, cv=3)
# %%
a, b = validation_curve(SVC(), X[:400], y[:400], param_name="gamma", param_range=[1e-4, 1e-3], cv=3)
