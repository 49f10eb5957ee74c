# kind: clean
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
scaler = StandardScaler().fit(X_train)
model = RidgeCV().fit(scaler.transform(X_train), y_train)
print(model.score(scaler.transform(X_test), y_test))
# %%
scaler = StandardScaler().fit(X)
production = RidgeCV().fit(scaler.transform(X), y)
production.predict(scaler.transform(X[:3]))
