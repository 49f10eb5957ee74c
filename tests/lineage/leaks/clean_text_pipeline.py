# kind: clean
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.metrics import classification_report

rng = np.random.default_rng(6)
docs = pd.DataFrame(
    {
        "text": [" ".join(rng.choice([f"t{i}" for i in range(80)], 15)) for _ in range(300)],
        "label": rng.integers(0, 2, 300),
    }
)
train, test = train_test_split(docs, test_size=0.3, random_state=0)
# %%
model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(train["text"], train["label"])
print(classification_report(test["label"], model.predict(test["text"])))
