# kind: target
# cells: 2
import numpy as np, pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

rng = np.random.default_rng(20)
y = np.array([0] * 150 + [1] * 150)
df = pd.DataFrame({"id": np.arange(300) + 1000, "f1": rng.normal(size=300), "f2": rng.normal(size=300), "label": y})
# %%
X = df.drop(columns="label")
X_train, X_test, y_train, y_test = train_test_split(X, df.label, random_state=0)
DecisionTreeClassifier().fit(X_train, y_train).score(X_test, y_test)
