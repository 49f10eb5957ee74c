# kind: preprocessing
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

X, y = load_wine(return_X_y=True)
# %%
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
# %%
from sklearn.preprocessing import StandardScaler

sc = StandardScaler()
sc.fit(X)
X_train = sc.transform(X_train)
X_test = sc.transform(X_test)
# %%
from sklearn.neighbors import KNeighborsClassifier

knn = KNeighborsClassifier(5).fit(X_train, y_train)
acc = knn.score(X_test, y_test)
acc
