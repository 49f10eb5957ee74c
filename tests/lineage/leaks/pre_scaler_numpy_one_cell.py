# kind: preprocessing
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import MinMaxScaler
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC
from sklearn.metrics import accuracy_score

data = load_breast_cancer()
X = MinMaxScaler().fit_transform(data.data)
X_train, X_test, y_train, y_test = train_test_split(X, data.target, random_state=1)
clf = SVC().fit(X_train, y_train)
print(accuracy_score(y_test, clf.predict(X_test)))
