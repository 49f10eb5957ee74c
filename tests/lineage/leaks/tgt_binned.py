# kind: target
# cells: 2
import numpy as np, pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeRegressor

rng = np.random.default_rng(18)
df = pd.DataFrame({"area": rng.uniform(30, 200, 400), "age": rng.integers(0, 80, 400)})
df["price"] = df.area * 3 - df.age + rng.normal(0, 60, 400)
df["price_band"] = pd.cut(df.price, 20, labels=False)
# %%
X_train, X_test, y_train, y_test = train_test_split(df[["area", "age", "price_band"]], df["price"], random_state=0)
t = DecisionTreeRegressor(max_depth=6).fit(X_train, y_train)
t.score(X_test, y_test)
