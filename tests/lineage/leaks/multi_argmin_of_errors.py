# kind: multi-test
import numpy as np
import pandas as pd
from sklearn.linear_model import Lasso
from sklearn.metrics import mean_absolute_error
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
# %%
alphas = [0.01, .1, 1, 10, 100]
errs = [mean_absolute_error(y_test, Lasso(alpha=a).fit(X_train, y_train).predict(X_test)) for a in alphas]
# %%
a = alphas[int(np.argmin(errs))]
model = Lasso(alpha=a).fit(X_train, y_train)
print(mean_absolute_error(y_test, model.predict(X_test)))
