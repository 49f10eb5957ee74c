# kind: clean
from sklearn.datasets import load_breast_cancer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, cross_validate

X, y = load_breast_cancer(return_X_y=True)
pipe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
# %%
cross_val_score(pipe, X, y, cv=5).mean()
# %%
cross_validate(pipe, X, y, scoring=["accuracy", "f1"])
