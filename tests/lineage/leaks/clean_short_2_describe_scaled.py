# kind: clean
import pandas as pd, numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.cluster import KMeans
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

rng = np.random.default_rng(0)
df = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
df["y"] = (df.a > 0).astype(int)
df["cluster"] = KMeans(3, n_init=2).fit_predict(StandardScaler().fit_transform(df[list("abc")]))
df.groupby("cluster").mean()
A, B, c, d = train_test_split(df[list("abc")], df.y, random_state=0)
t = DecisionTreeClassifier(max_depth=2).fit(A, c)
t.score(B, d)
