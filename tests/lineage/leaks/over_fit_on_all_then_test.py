# kind: overlap
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier

X, y = load_wine(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
# %%
model = RandomForestClassifier(50, random_state=0)
model.fit(X, y)
# %%
print("test accuracy", model.score(X_test, y_test))
