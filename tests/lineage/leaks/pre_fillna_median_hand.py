# kind: preprocessing
# cells: 2
import numpy as np, pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier

rng = np.random.default_rng(0)
df = pd.DataFrame({"age": rng.normal(40, 12, 400), "income": rng.lognormal(10, 1, 400), "y": rng.integers(0, 2, 400)})
df.loc[rng.choice(400, 60, replace=False), "age"] = np.nan
# %%
df["age"] = df["age"].fillna(df["age"].median())
# %%
X_train, X_test, y_train, y_test = train_test_split(df[["age", "income"]], df["y"], test_size=0.25, random_state=1)
rf = RandomForestClassifier(n_estimators=10).fit(X_train, y_train)
rf.score(X_test, y_test)
