# kind: target
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(14)
n = 600
loans = pd.DataFrame({"income": rng.lognormal(10, 0.5, n), "amount": rng.lognormal(8, 1, n)})
loans["approved"] = (loans.income / loans.amount + rng.normal(0, 3, n) > 7).astype(int)
loans["reason"] = np.where(
    loans.approved == 1, rng.choice(["ok", "vip"], n), rng.choice(["ratio", "history", "papers"], n)
)
# %%
X_train, X_test, y_train, y_test = train_test_split(
    loans[["income", "amount", "reason"]], loans["approved"], random_state=0
)
pipe = make_pipeline(
    make_column_transformer((OneHotEncoder(), ["reason"]), remainder="passthrough"), LogisticRegression(max_iter=2000)
)
pipe.fit(X_train, y_train)
pipe.score(X_test, y_test)
