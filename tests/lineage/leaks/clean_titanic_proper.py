# kind: clean
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

rng = np.random.default_rng(0)
n = 891
df = pd.DataFrame(
    {
        "Pclass": rng.integers(1, 4, n),
        "Sex": rng.choice(["male", "female"], n),
        "Age": np.where(rng.random(n) < 0.2, np.nan, rng.normal(30, 14, n).clip(1, 80).round()),
        "SibSp": rng.integers(0, 3, n),
        "Fare": rng.choice([7.25, 8.05, 13.0, 26.0, 10.5, 52.0], n),
        "Embarked": rng.choice(["S", "C", "Q"], n),
    }
)
df["Survived"] = ((df.Sex == "female") * 1.5 - df.Pclass * 0.4 + rng.normal(0, 1, n) > 0).astype(int)
df.describe()
# %%
X_train, X_test, y_train, y_test = train_test_split(
    df.drop(columns="Survived"), df.Survived, test_size=0.2, random_state=1
)
# %%
num = Pipeline([("imp", SimpleImputer(strategy="median")), ("sc", StandardScaler())])
prep = ColumnTransformer(
    [
        ("num", num, ["Age", "Fare", "SibSp"]),
        ("cat", OneHotEncoder(handle_unknown="ignore"), ["Sex", "Embarked", "Pclass"]),
    ]
)
clf = Pipeline([("prep", prep), ("lr", LogisticRegression(max_iter=1000))])
clf.fit(X_train, y_train)
# %%
clf.score(X_train, y_train), clf.score(X_test, y_test)
