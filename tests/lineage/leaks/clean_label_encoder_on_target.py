# kind: clean
import numpy as np
import pandas as pd
from sklearn.preprocessing import LabelEncoder
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier

rng = np.random.default_rng(3)
df = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("wxyz"))
df["species"] = np.where(df.w + df.x > 0.5, "big", np.where(df.y > 0, "mid", "small"))
le = LabelEncoder()
y = le.fit_transform(df["species"])
X_train, X_test, y_train, y_test = train_test_split(df.drop(columns="species"), y, random_state=0)
rf = RandomForestClassifier(20, random_state=0).fit(X_train, y_train)
names = le.inverse_transform(rf.predict(X_test))
from sklearn.metrics import accuracy_score

accuracy_score(le.inverse_transform(y_test), names)
