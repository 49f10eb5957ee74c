# kind: clean
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

X, y = load_digits(return_X_y=True)
X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
X_train, X_val, y_train, y_val = train_test_split(X_rest, y_rest, test_size=0.25, random_state=0)
# %%
best_k, best = None, 0
for k in [1, 3, 5, 7, 9, 11]:
    acc = KNeighborsClassifier(k).fit(X_train, y_train).score(X_val, y_val)
    if acc > best:
        best_k, best = k, acc
# %%
final = KNeighborsClassifier(best_k).fit(X_rest, y_rest)
print(final.score(X_test, y_test))
