# kind: preprocessing
import numpy as np, pandas as pd
from scipy.sparse import hstack, csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

rng = np.random.default_rng(2)
df = pd.DataFrame(
    {
        "txt": [" ".join(rng.choice([f"w{i}" for i in range(50)], 8)) for _ in range(300)],
        "n": rng.normal(size=300),
        "y": rng.integers(0, 2, 300),
    }
)
T = TfidfVectorizer().fit_transform(df.txt)
X = hstack([T, csr_matrix(df[["n"]].values)]).tocsr()
from sklearn.model_selection import train_test_split

A, B, c, d = train_test_split(X, df.y, random_state=0)
from sklearn.linear_model import LogisticRegression

LogisticRegression().fit(A, c).score(B, d)
