# kind: target
import pandas as pd
from sklearn.datasets import load_iris

iris = load_iris(as_frame=True)
df = iris.frame
df["species"] = df["target"].map(dict(enumerate(iris.target_names)))
df = pd.get_dummies(df, columns=["species"])
# %%
from sklearn.model_selection import train_test_split

X_train, X_test, y_train, y_test = train_test_split(
    df.drop(columns="target"), df["target"], stratify=df["target"], random_state=0
)
from sklearn.tree import DecisionTreeClassifier

DecisionTreeClassifier().fit(X_train, y_train).score(X_test, y_test)
