# kind: preprocessing
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(3)
cols = [f"V{i}" for i in range(5)]
df = pd.DataFrame(rng.normal(2, 3, size=(240, 5)), columns=cols)
df["fraud"] = (df.V0 + df.V1 * 0.5 + rng.normal(0, 2, 240) > 3).astype(int)
# %%
for c in cols:
    df[c] = (df[c] - df[c].mean()) / df[c].std()
# %%
X_train, X_test, y_train, y_test = train_test_split(df[cols], df.fraud, random_state=1)
m = LogisticRegression().fit(X_train, y_train)
m.score(X_test, y_test)
