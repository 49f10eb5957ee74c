# kind: preprocessing
import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer

rng = np.random.default_rng(9)
df = pd.DataFrame(
    {"age": rng.integers(18, 80, 500).astype(float), "visits": rng.integers(0, 9, 500), "sex": rng.integers(0, 2, 500)}
)
df["churn"] = (df.visits + rng.normal(0, 2, 500) < 3).astype(int)
df.loc[rng.random(500) < 0.2, "age"] = np.nan
# %%
imp = SimpleImputer()
df["age"] = imp.fit_transform(df[["age"]]).ravel()
df.isna().sum()
# %%
from sklearn.model_selection import train_test_split

X_train, X_test, y_train, y_test = train_test_split(df[["age", "visits", "sex"]], df["churn"], random_state=2)
from sklearn.tree import DecisionTreeClassifier

tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X_train, y_train)
pred = tree.predict(X_test)
(pred == y_test).mean()
