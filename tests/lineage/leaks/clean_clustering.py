# kind: clean
from sklearn.datasets import make_blobs
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler
from sklearn.metrics import silhouette_score

X, _ = make_blobs(300, centers=4, random_state=0)
Z = StandardScaler().fit_transform(X)
# %%
scores = []
for k in range(2, 8):
    km = KMeans(k, n_init=3, random_state=0).fit(Z)
    scores.append(silhouette_score(Z, km.labels_))
# %%
best = max(range(len(scores)), key=scores.__getitem__) + 2
labels = KMeans(best, n_init=3, random_state=0).fit_predict(Z)
