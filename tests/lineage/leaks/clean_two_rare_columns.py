# kind: clean
# %%
import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier
from sklearn.model_selection import train_test_split
# %%
rng = np.random.default_rng(2)
df = pd.DataFrame({"age": rng.integers(20, 60, 60), "spend": rng.normal(50, 9, 60)})
# Two things that happen to few: in the training rows they happen to the same two.
df["complained"] = 0
df.loc[[3, 8, 50], "complained"] = 1
df["left"] = 0
df.loc[[3, 8, 51], "left"] = 1
# %%
train, test = df.iloc[:40], df.iloc[40:]
model = DecisionTreeClassifier(random_state=0).fit(train[["age", "spend", "complained"]], train["left"])
# %%
print(model.score(test[["age", "spend", "complained"]], test["left"]))
