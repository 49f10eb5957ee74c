# kind: multi-test
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score

X, y = load_wine(return_X_y=True, as_frame=True)
X_tr, X_te, y_tr, y_te = train_test_split(X, y, random_state=2)


def evaluate(model):
    model.fit(X_tr, y_tr)
    return f1_score(y_te, model.predict(X_te), average="macro")


# %%
table = pd.DataFrame(
    {"model": ["svc", "rf"], "score": [evaluate(SVC()), evaluate(RandomForestClassifier(20, random_state=0))]}
)
# %%
winner = table.loc[table["score"].idxmax()]
winner
