# kind: clean
import numpy as np, pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(15)
df = pd.DataFrame({"year": np.repeat(np.arange(1980, 2020), 12), "month": np.tile(np.arange(12), 40)})
df["co2"] = 330 + np.arange(480) * 0.15 + 3 * np.sin(df.month / 2)
X_train, X_test, y_train, y_test = train_test_split(df[["year", "month"]], df.co2, random_state=0)
LinearRegression().fit(X_train, y_train).score(X_test, y_test)
