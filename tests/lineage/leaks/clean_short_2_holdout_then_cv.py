# kind: clean
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split, cross_val_score
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LogisticRegression

X, y = load_breast_cancer(return_X_y=True)
A, B, c, d = train_test_split(X, y, random_state=0)
s = StandardScaler()
A = s.fit_transform(A)
B = s.transform(B)
print(cross_val_score(LogisticRegression(), A, c).mean())
LogisticRegression().fit(A, c).score(B, d)
