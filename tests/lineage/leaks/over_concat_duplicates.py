# kind: overlap
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

bc = load_breast_cancer(as_frame=True).frame
# %%
extra = bc[bc.target == 0].sample(200, replace=True, random_state=0)
df = pd.concat([bc, extra], ignore_index=True)
# %%
X_train, X_test, y_train, y_test = train_test_split(df.drop(columns="target"), df["target"], random_state=0)
clf = DecisionTreeClassifier(random_state=0).fit(X_train, y_train)
clf.score(X_test, y_test)
