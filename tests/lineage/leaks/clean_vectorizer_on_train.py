# kind: clean
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(7)
texts = [" ".join(rng.choice([f"w{i}" for i in range(60)], 10)) for _ in range(400)]
y = rng.integers(0, 2, 400)
train_texts, test_texts, y_train, y_test = train_test_split(texts, y, random_state=0)
cv = CountVectorizer()
A = cv.fit_transform(train_texts)
B = cv.transform(test_texts)
# %%
nb = MultinomialNB().fit(A, y_train)
nb.score(B, y_test)
