# kind: overlap
import numpy as np, pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(4)
df = pd.DataFrame(rng.normal(size=(500, 3)), columns=list("abc"))
df["y"] = (df.a > 1.2).astype(int)
pos = df[df.y == 1]
df2 = pd.concat([df] + [pos] * 5, ignore_index=True)
A, B, c, d = train_test_split(df2[list("abc")], df2.y, random_state=0)
LogisticRegression().fit(A, c).score(B, d)
