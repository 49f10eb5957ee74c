# kind: preprocessing
import numpy as np, pandas as pd
from sklearn.preprocessing import OrdinalEncoder
from sklearn.impute import SimpleImputer

rng = np.random.default_rng(1)
df = pd.DataFrame(
    {"g": rng.choice(["m", "f"], 300), "e": rng.choice(["a", "b", "c", None], 300), "v": rng.integers(0, 5, 300)}
)
y = pd.Series(rng.integers(0, 2, 300), name="y")
df[["g", "e"]] = SimpleImputer(strategy="most_frequent").fit_transform(df[["g", "e"]])
enc = OrdinalEncoder()
df[["g", "e"]] = enc.fit_transform(df[["g", "e"]])
from sklearn.model_selection import train_test_split

tr, te, a, b = train_test_split(df, y, test_size=0.3)
from sklearn.tree import DecisionTreeClassifier

d = DecisionTreeClassifier().fit(tr, a)
from sklearn.metrics import accuracy_score

accuracy_score(b, d.predict(te))
