# kind: clean
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(3)
n = 240
df = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
df["city"] = rng.choice(["x", "y", "z", "w"], n)
df["y"] = ((df.a + df.b * .5 + rng.normal(0, .6, n)) > 0).astype(int)
df["price"] = df.a * 3 + df.c + rng.normal(0, .5, n)
num = list("abcde")
# %%
X_train, X_test, y_train, y_test = train_test_split(df[num], df.price, random_state=0)
m = RandomForestRegressor(20, random_state=0).fit(X_train, y_train)
pred = m.predict(X_test)
# %%
res = pd.DataFrame({"y": y_test, "p": pred}); res["err"] = (res.y - res.p).abs()
res.sort_values("err").tail()
# %%
print(mean_absolute_error(y_test, pred)); print(r2_score(y_test, pred))
worst = X_test.loc[res.err.idxmax()]
