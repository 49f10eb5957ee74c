# kind: preprocessing
import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
n = 700
df = pd.DataFrame(
    {
        "PassengerId": np.arange(1, n + 1),
        "Pclass": rng.integers(1, 4, n),
        "Sex": rng.choice(["male", "female"], n),
        "Age": np.where(rng.random(n) < 0.2, np.nan, rng.normal(30, 14, n).clip(1, 80).round()),
        "Fare": rng.lognormal(3, 1, n).round(4),
        "Embarked": rng.choice(["S", "C", "Q"], n),
    }
)
df["Survived"] = ((df.Sex == "female") * 1.2 - df.Pclass * 0.4 + rng.normal(0, 1, n) > -0.3).astype(int)
# %%
df.head()
# %%
df["Age"] = df["Age"].fillna(30)
df = pd.get_dummies(df.drop(columns="PassengerId"), drop_first=True)
# %%
from sklearn.preprocessing import StandardScaler

scaler = StandardScaler()
df[["Age", "Fare"]] = scaler.fit_transform(df[["Age", "Fare"]])
# %%
from sklearn.model_selection import train_test_split

X = df.drop("Survived", axis=1)
y = df["Survived"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
# %%
from sklearn.linear_model import LogisticRegression

model = LogisticRegression(max_iter=500)
model.fit(X_train, y_train)
# %%
model.score(X_test, y_test)
