# kind: preprocessing
import numpy as np
import pandas as pd
from sklearn.preprocessing import OneHotEncoder
from sklearn.model_selection import train_test_split
from sklearn.linear_model import Ridge

rng = np.random.default_rng(3)
cars = pd.DataFrame(
    {
        "make": rng.choice(list("ABCDEFGH"), 400),
        "fuel": rng.choice(["petrol", "diesel", "ev"], 400),
        "km": rng.gamma(2, 30000, 400),
    }
)
price = 20000 - cars.km * 0.05 + (cars.fuel == "ev") * 8000 + rng.normal(0, 1500, 400)
# %%
enc = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
cats = enc.fit_transform(cars[["make", "fuel"]])
X = np.hstack([cats, cars[["km"]].values])
# %%
X_train, X_test, y_train, y_test = train_test_split(X, price, random_state=0)
print(Ridge().fit(X_train, y_train).score(X_test, y_test))
