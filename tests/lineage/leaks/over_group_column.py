# kind: overlap
# groups: patient_id
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier

rng = np.random.default_rng(5)
base = rng.normal(size=(60, 4))
rows = pd.DataFrame(np.repeat(base, 8, axis=0) + rng.normal(0, 0.1, (480, 4)), columns=list("abcd"))
rows["patient_id"] = np.repeat(np.arange(60), 8)
rows["ill"] = np.repeat((base[:, 0] > 0).astype(int), 8)
# %%
X = rows.drop(columns=["patient_id", "ill"])
X_train, X_test, y_train, y_test = train_test_split(X, rows["ill"], random_state=0)
clf = RandomForestClassifier(20, random_state=0).fit(X_train, y_train)
clf.score(X_test, y_test)
