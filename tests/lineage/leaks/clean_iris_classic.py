# kind: clean
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

iris = load_iris()
X_train, X_test, y_train, y_test = train_test_split(iris.data, iris.target, random_state=0)
# %%
knn = KNeighborsClassifier(n_neighbors=3)
knn.fit(X_train, y_train)
# %%
print("train", knn.score(X_train, y_train))
print("test", knn.score(X_test, y_test))
