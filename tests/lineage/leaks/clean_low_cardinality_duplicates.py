# kind: clean
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

rng = np.random.default_rng(1)
df = pd.DataFrame({"a": rng.integers(0, 3, 800), "b": rng.integers(0, 3, 800), "c": rng.integers(0, 2, 800)})
df["y"] = ((df.a + df.b + rng.normal(0, 1, 800)) > 2).astype(int)
X_train, X_test, y_train, y_test = train_test_split(df[["a", "b", "c"]], df["y"], random_state=0)
DecisionTreeClassifier(max_depth=3).fit(X_train, y_train).score(X_test, y_test)
