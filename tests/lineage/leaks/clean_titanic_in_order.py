# kind: clean
import numpy as np, pandas as pd

rng = np.random.default_rng(0)
n = 500
df = pd.DataFrame(
    {
        "Survived": rng.integers(0, 2, n),
        "Pclass": rng.integers(1, 4, n),
        "Sex": rng.choice(["male", "female"], n),
        "Age": rng.normal(30, 12, n),
        "Fare": rng.lognormal(3, 1, n),
        "Embarked": rng.choice(["S", "C", "Q", None], n),
    }
)
df.loc[rng.random(n) < 0.2, "Age"] = np.nan
df.isnull().sum()
# %%
print(df.groupby("Sex")["Survived"].mean())
print(df.groupby("Pclass").Survived.mean())
df["Age"].median(), df["Fare"].mean()
# %%
df["Sex"] = df["Sex"].map({"male": 0, "female": 1})
df["FareLog"] = np.log1p(df["Fare"])
df["Embarked"] = df["Embarked"].fillna("S")
df = pd.get_dummies(df, columns=["Embarked"])
X = df.drop(columns=["Survived"])
y = df["Survived"]
# %%
from sklearn.model_selection import train_test_split

X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
age_median = X_train["Age"].median()
X_train = X_train.fillna({"Age": age_median})
X_test = X_test.fillna({"Age": age_median})
# %%
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score

rf = RandomForestClassifier(n_estimators=20, random_state=0).fit(X_train, y_train)
accuracy_score(y_test, rf.predict(X_test))
