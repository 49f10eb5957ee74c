# kind: clean
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import TargetEncoder

rng = np.random.default_rng(13)
df = pd.DataFrame({"zip": rng.integers(0, 100, 600).astype(str), "income": rng.lognormal(10, 1, 600)})
y = (rng.random(600) < 0.4).astype(int)
pipe = make_pipeline(
    make_column_transformer((TargetEncoder(random_state=0), ["zip"]), remainder="passthrough"), LogisticRegression()
)
X_train, X_test, y_train, y_test = train_test_split(df, y, random_state=0)
# %%
print(cross_val_score(pipe, X_train, y_train, cv=3))
pipe.fit(X_train, y_train).score(X_test, y_test)
