# kind: preprocessing
import numpy as np
import pandas as pd

rng = np.random.default_rng(2)
vocab = [f"w{i}" for i in range(200)]
reviews = pd.DataFrame(
    {"review": [" ".join(rng.choice(vocab, 15)) for _ in range(250)], "stars": rng.integers(0, 2, 250)}
)
# %%
from sklearn.feature_extraction.text import CountVectorizer

cv = CountVectorizer(max_features=100)
bow = cv.fit_transform(reviews["review"]).toarray()
# %%
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LogisticRegression

Xa, Xb, ya, yb = train_test_split(bow, reviews["stars"], random_state=1)
m = LogisticRegression().fit(Xa, ya)
from sklearn.metrics import classification_report

print(classification_report(yb, m.predict(Xb)))
