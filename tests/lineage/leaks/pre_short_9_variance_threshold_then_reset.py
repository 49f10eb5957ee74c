# kind: preprocessing
import pandas as pd, numpy as np
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(3)
df = pd.DataFrame(rng.normal(size=(500, 4)), columns=list("abcd"))
df["y"] = df.a * 2 + rng.normal(size=500)
feat = list("abcd")
scaled = StandardScaler().fit_transform(df[feat])
data = (
    pd.concat([pd.DataFrame(scaled, columns=feat), df["y"]], axis=1)
    .sample(frac=1, random_state=0)
    .reset_index(drop=True)
)
tr = data[:400]
te = data[400:]
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

lm = LinearRegression()
lm.fit(tr[feat], tr.y)
print(r2_score(te.y, lm.predict(te[feat])))
