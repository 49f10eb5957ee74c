# kind: preprocessing
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

rng = np.random.default_rng(10)
n = 500
df = pd.DataFrame(
    {
        "age": rng.normal(40, 12, n),
        "bmi": rng.normal(27, 4, n),
        "smoker": rng.choice(["y", "n"], n),
        "region": rng.choice(list("nesw"), n),
    }
)
df.loc[rng.random(n) < 0.1, "bmi"] = np.nan
charges = df.age * 200 + (df.smoker == "y") * 20000 + rng.normal(0, 3000, n)
# %%
prep = ColumnTransformer(
    [
        ("num", Pipeline([("imp", SimpleImputer()), ("sc", StandardScaler())]), ["age", "bmi"]),
        ("cat", OneHotEncoder(), ["smoker", "region"]),
    ]
)
X = prep.fit_transform(df)
# %%
from sklearn.model_selection import train_test_split

X_train, X_test, y_train, y_test = train_test_split(X, charges, random_state=1)
from sklearn.linear_model import LinearRegression

reg = LinearRegression().fit(X_train, y_train)
from sklearn.metrics import r2_score

r2_score(y_test, reg.predict(X_test))
