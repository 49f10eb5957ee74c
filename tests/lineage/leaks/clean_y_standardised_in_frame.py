# kind: clean
import numpy as np, pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(6)
df = pd.DataFrame({"a": rng.normal(size=300), "b": rng.normal(size=300)})
df["price"] = df.a * 3 + rng.normal(100, 5, 300)
df["price"] = (df["price"] - df["price"].mean()) / df["price"].std()
X_train, X_test, y_train, y_test = train_test_split(df.drop(columns="price"), df["price"], random_state=0)
Ridge().fit(X_train, y_train).score(X_test, y_test)
