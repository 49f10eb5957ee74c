# kind: clean
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(5)
train = pd.DataFrame({"id": range(300), "age": rng.integers(18, 80, 300), "inc": rng.integers(1, 100, 300)})
test = pd.DataFrame({"id": range(300), "age": rng.integers(18, 80, 300), "inc": rng.integers(1, 100, 300)})
yt = (train.age + train.inc > 90).astype(int)
ye = (test.age + test.inc > 90).astype(int)
s = StandardScaler()
A = s.fit_transform(train)
B = s.transform(test)
LogisticRegression().fit(A, yt).score(B, ye)
