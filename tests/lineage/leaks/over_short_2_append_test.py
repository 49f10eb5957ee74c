# kind: overlap
import numpy as np, pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

df = load_diabetes(as_frame=True).frame
tr, te = train_test_split(df, random_state=0)
tr = pd.concat([tr, te.head(40)])
from sklearn.linear_model import Ridge

r = Ridge().fit(tr.drop(columns="target"), tr.target)
r.score(te.drop(columns="target"), te.target)
