# kind: preprocessing
# cells: 2
import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestRegressor

data = load_diabetes(as_frame=True)
X = data.data.copy()
y = data.target
# %%
km = KMeans(n_clusters=5, n_init=3, random_state=0)
X["cluster"] = km.fit_predict(X)
# %%
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
rf = RandomForestRegressor(n_estimators=20, random_state=0).fit(X_train, y_train)
rf.score(X_test, y_test)
