# kind: preprocessing
import numpy as np

rng = np.random.default_rng(1)
words = {0: ["match", "goal", "team", "league", "coach"], 1: ["bank", "market", "stock", "price", "rate"]}
common = ["the", "a", "today", "said", "new", "after", "people", "year", "time", "city"]
labels = rng.integers(0, 2, 300)
texts = [" ".join(rng.choice(words[l] + common, 12)) for l in labels]
# %%
from sklearn.feature_extraction.text import TfidfVectorizer

vec = TfidfVectorizer()
X = vec.fit_transform(texts)
X.shape
# %%
from sklearn.model_selection import train_test_split

X_train, X_test, y_train, y_test = train_test_split(X, labels, test_size=0.3, random_state=0)
# %%
from sklearn.naive_bayes import MultinomialNB

nb = MultinomialNB().fit(X_train, y_train)
print(nb.score(X_test, y_test))
