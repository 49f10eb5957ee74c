# kind: clean
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.model_selection import KFold, train_test_split

X, y = load_diabetes(return_X_y=True)
X_dev, X_test, y_dev, y_test = train_test_split(X, y, random_state=0)
# %%
best_score, best_alpha = -np.inf, None
for alpha in [0.01, 0.05, 0.1, 0.5, 1.0]:
    scores = []
    for tr, va in KFold(4, shuffle=True, random_state=1).split(X_dev):
        scores.append(Lasso(alpha=alpha).fit(X_dev[tr], y_dev[tr]).score(X_dev[va], y_dev[va]))
    if np.mean(scores) > best_score:
        best_score, best_alpha = np.mean(scores), alpha
# %%
final = Lasso(alpha=best_alpha).fit(X_dev, y_dev)
final.score(X_test, y_test)
