# kind: preprocessing
import pandas as pd
from sklearn.datasets import load_breast_cancer

bc = load_breast_cancer(as_frame=True)
X, y = bc.data, bc.target
# %%
from sklearn.feature_selection import SelectKBest, mutual_info_classif

sel = SelectKBest(mutual_info_classif, k=8)
sel.fit(X, y)
cols = X.columns[sel.get_support()]
cols
# %%
from sklearn.model_selection import train_test_split

X_sel = X[cols]
X_tr, X_te, y_tr, y_te = train_test_split(X_sel, y, test_size=0.2, random_state=7)
# %%
from sklearn.ensemble import GradientBoostingClassifier

gb = GradientBoostingClassifier(n_estimators=20).fit(X_tr, y_tr)
gb.score(X_te, y_te)
