# kind: clean
import numpy as np
from sklearn.linear_model import LinearRegression

x = np.arange(60).reshape(-1, 1)
y = 3 * x.ravel() + 2
line = LinearRegression().fit(x, y)
print(line.coef_, line.intercept_)
line.predict([[100]])
