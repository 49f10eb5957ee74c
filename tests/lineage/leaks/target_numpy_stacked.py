# kind: target
import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

X, y = make_classification(300, 6, random_state=3)
data = np.column_stack([X, y])
X_train, X_test, y_train, y_test = train_test_split(data, data[:, -1], random_state=0)
SVC().fit(X_train, y_train).score(X_test, y_test)
