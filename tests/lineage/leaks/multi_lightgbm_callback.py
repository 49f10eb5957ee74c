# kind: multi-test
import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(1)
df = pd.DataFrame(rng.normal(size=(700, 4)), columns=list("abcd"))
target = (df.a + df.b**2 + rng.normal(0, 1, 700) > 1).astype(int)
X_train, X_valid, y_train, y_valid = train_test_split(df, target, random_state=0)
# %%
model = lgb.LGBMClassifier(n_estimators=40, n_jobs=1, verbose=-1)
model.fit(X_train, y_train, eval_set=[(X_valid, y_valid)], callbacks=[lgb.early_stopping(5, verbose=False)])
p = model.predict_proba(X_valid)[:, 1]
print(roc_auc_score(y_valid, p))
