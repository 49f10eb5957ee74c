# kind: preprocessing
# cells: 2
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier

df = load_breast_cancer(as_frame=True).frame
# %%
corr = df.corr()["target"].abs().sort_values(ascending=False)
best = corr.index[1:11].tolist()
best
# %%
X_train, X_test, y_train, y_test = train_test_split(df[best], df["target"], random_state=0)
rf = RandomForestClassifier(n_estimators=20, random_state=0).fit(X_train, y_train)
rf.score(X_test, y_test)
