# kind: clean
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

X, y = load_diabetes(return_X_y=True, as_frame=True)
train_X, val_X, train_y, val_y = train_test_split(X, y, test_size=0.5, random_state=1)
sc = StandardScaler().set_output(transform="pandas")
train_X = sc.fit_transform(train_X)
val_X = sc.transform(val_X)
en = ElasticNet(0.1).fit(train_X, train_y)
preds = en.predict(val_X).tolist()
from sklearn.metrics import mean_absolute_error

mean_absolute_error(val_y, preds)
