# kind: multi-test
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestRegressor

X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
# %%
rf = RandomForestRegressor(max_depth=2, n_estimators=10, random_state=0).fit(X_train, y_train)
rf.score(X_test, y_test)
# %%
rf = RandomForestRegressor(max_depth=4, n_estimators=10, random_state=0).fit(X_train, y_train)
rf.score(X_test, y_test)
# %%
rf = RandomForestRegressor(max_depth=6, n_estimators=10, random_state=0).fit(X_train, y_train)
rf.score(X_test, y_test)
# %%
rf = RandomForestRegressor(max_depth=8, n_estimators=10, random_state=0).fit(X_train, y_train)
rf.score(X_test, y_test)
