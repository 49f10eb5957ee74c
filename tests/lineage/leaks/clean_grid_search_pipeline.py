# kind: clean
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.linear_model import LogisticRegression

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X[:800], y[:800], random_state=0)
# %%
pipe = Pipeline([("pca", PCA()), ("lr", LogisticRegression(max_iter=500))])
search = GridSearchCV(pipe, {"pca__n_components": [5, 15], "lr__C": [0.1, 1]}, cv=3)
search.fit(X_train, y_train)
search.best_params_, search.best_score_
# %%
search.score(X_test, y_test)
