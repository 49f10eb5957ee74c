# kind: preprocessing
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import QuantileTransformer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsRegressor

X, y = load_diabetes(return_X_y=True, as_frame=True)
# %%
qt = QuantileTransformer(n_quantiles=50).set_output(transform="pandas")
Xq = qt.fit_transform(X)
# %%
X_train, X_test, y_train, y_test = train_test_split(Xq, y, random_state=0)
grid = GridSearchCV(KNeighborsRegressor(), {"n_neighbors": [3, 5, 9]}, cv=3)
grid.fit(X_train, y_train)
print(grid.best_params_, grid.score(X_test, y_test))
