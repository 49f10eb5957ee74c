# kind: clean
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import ConfusionMatrixDisplay, classification_report

d = load_digits()
A, B, c, e = train_test_split(d.images.reshape(len(d.images), -1), d.target, test_size=0.5, shuffle=False)
rf = RandomForestClassifier(20).fit(A, c)
p = rf.predict(B)
print(classification_report(e, p))
