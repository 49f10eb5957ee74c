# kind: clean
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression

X, y = load_wine(return_X_y=True)
# %%
points = PCA(2).fit_transform(StandardScaler().fit_transform(X))
points[:5]
# %%
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
m = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(X_train, y_train)
m.score(X_test, y_test)
