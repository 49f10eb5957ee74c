# kind: preprocessing
import numpy as np
import pandas as pd
from sklearn.preprocessing import TargetEncoder
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier

rng = np.random.default_rng(5)
df = pd.DataFrame({"zip": rng.integers(0, 150, 800).astype(str), "income": rng.lognormal(10, 1, 800)})
df["default"] = (rng.random(800) < 0.3).astype(int)
df["zip_enc"] = TargetEncoder(random_state=0).fit_transform(df[["zip"]], df["default"])
X = df[["zip_enc", "income"]]
X_train, X_test, y_train, y_test = train_test_split(X, df["default"], test_size=0.25, random_state=0)
rf = RandomForestClassifier(30, random_state=0).fit(X_train, y_train)
from sklearn.metrics import roc_auc_score

roc_auc_score(y_test, rf.predict_proba(X_test)[:, 1])
