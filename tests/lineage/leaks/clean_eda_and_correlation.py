# kind: clean
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

df = load_diabetes(as_frame=True).frame
df.describe()
# %%
corr = df.corr()["target"].sort_values()
corr.idxmax()
# %%
from sklearn.preprocessing import StandardScaler

z = pd.DataFrame(StandardScaler().fit_transform(df), columns=df.columns)
z.skew()
# %%
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LinearRegression

X_train, X_test, y_train, y_test = train_test_split(df.drop(columns="target"), df["target"], random_state=0)
LinearRegression().fit(X_train, y_train).score(X_test, y_test)
