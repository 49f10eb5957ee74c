# kind: clean
import numpy as np
from sklearn.datasets import load_wine
from sklearn.ensemble import BaggingClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.utils import resample

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
bag = BaggingClassifier(random_state=0).fit(X_train, y_train)
pred = bag.predict(X_test)
# %%
accs = [accuracy_score(*resample(y_test, pred, random_state=i)) for i in range(100)]
np.percentile(accs, [2.5, 97.5])
