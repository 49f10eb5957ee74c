# kind: clean
import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(5)
texts = [" ".join(rng.choice([f"w{i}" for i in range(100)], 20)) for _ in range(300)]
labels = rng.integers(0, 2, 300)
X = HashingVectorizer(n_features=256).fit_transform(texts)
X_train, X_test, y_train, y_test = train_test_split(X, labels, random_state=0)
SGDClassifier(random_state=0).fit(X_train, y_train).score(X_test, y_test)
