# kind: clean
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error

rng = np.random.default_rng(4)
cars = pd.DataFrame({"make": rng.choice(list("ABCD"), 400), "km": rng.gamma(2, 30000, 400)})
cars["price"] = 20000 - cars.km * 0.05 + (cars.make == "A") * 4000 + rng.normal(0, 1500, 400)
data = pd.get_dummies(cars, columns=["make"], drop_first=True)
train, test = train_test_split(data, random_state=0)
r = Ridge().fit(train.drop(columns="price"), train["price"])
mean_absolute_error(test["price"], r.predict(test.drop(columns="price")))
