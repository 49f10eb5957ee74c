# kind: preprocessing
from sklearn.datasets import load_digits

digits = load_digits()
# %%
from sklearn.decomposition import PCA

pca = PCA(n_components=20)
reduced = pca.fit_transform(digits.data)
# %%
from sklearn.model_selection import train_test_split

a, b, c, d = train_test_split(reduced, digits.target, test_size=0.3, random_state=0)
# %%
from sklearn.linear_model import LogisticRegression

lr = LogisticRegression(max_iter=2000).fit(a, c)
# %%
from sklearn.metrics import f1_score

f1_score(d, lr.predict(b), average="macro")
