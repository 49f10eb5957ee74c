# kind: preprocessing
import numpy as np
import pandas as pd

rng = np.random.default_rng(6)
full = pd.DataFrame(rng.normal(size=(500, 5)), columns=list("abcde"))
full["y"] = (full.a - full.b + rng.normal(0, 0.5, 500) > 0).astype(int)
train = full.iloc[:400].copy()
test = full.iloc[400:].copy()
# %%
from sklearn.preprocessing import RobustScaler

both = pd.concat([train, test])
rs = RobustScaler().fit(both[list("abcde")])
train_x = rs.transform(train[list("abcde")])
test_x = rs.transform(test[list("abcde")])
# %%
from sklearn.svm import LinearSVC

svc = LinearSVC().fit(train_x, train.y)
from sklearn.metrics import accuracy_score, confusion_matrix

p = svc.predict(test_x)
accuracy_score(test.y, p)
# %%
confusion_matrix(test.y, p)
