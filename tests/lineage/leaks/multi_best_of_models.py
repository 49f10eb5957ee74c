# kind: multi-test
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from sklearn.naive_bayes import GaussianNB

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
# %%
models = {"lr": LogisticRegression(max_iter=5000), "dt": DecisionTreeClassifier(), "nb": GaussianNB()}
results = {}
for name, m in models.items():
    m.fit(X_train, y_train)
    results[name] = m.score(X_test, y_test)
# %%
best = max(results, key=results.get)
print("best model:", best, results[best])
