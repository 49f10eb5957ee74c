# kind: target
from sklearn.datasets import load_diabetes
from sklearn.model_selection import cross_val_score
from sklearn.ensemble import RandomForestRegressor

frame = load_diabetes(as_frame=True).frame
X = frame
y = frame["target"]
cross = RandomForestRegressor(20, random_state=0)
# %%
from sklearn.model_selection import train_test_split

a, b, c, d = train_test_split(X, y, random_state=0)
cross.fit(a, c)
cross.score(b, d)
