"""Statistics that go into features by hand are followed through cells, and only where all rows are in them."""

from __future__ import annotations

import pytest

from nbledger.lineage.leakage.flow import Flow

SPLIT = "train, test = train_test_split(df)\n"
JUDGE = "m.fit(train[cols], train.y)\nm.score(test[cols], test.y)\n"
ARRAYS = "X_train, X_test, y_train, y_test = train_test_split(X, y)\nm.fit(X_train, y_train)\nm.score(X_test, y_test)\n"


def found(*cells):
    """The ways in which statistics of rows that `score` judges on went into features, and the runs that did it."""
    flow = Flow()
    uses = [use for number, cell in enumerate(cells, 1) for use in flow.follow(str(number), cell)]
    judged = [use for use in uses if use.function in ("score", "cross_val_score")][-1]
    marks = {one for use in uses for one in use.features.worked if one.base in judged.features.lineage}
    targets = {use.target for use in uses} - {""}
    return {
        (one.way, one.run) for one in marks if one.into not in targets and (not one.column or one.column in targets)
    }


LEAKING = {
    "deviation": (("X, y = load()", "X = (X - X.mean()) / X.std()", ARRAYS), "scaled", "2"),
    "names": (("X, y = load()", "m, s = X.mean(0), X.std(0)", "X = (X - m) / s", ARRAYS), "scaled", "3"),
    "functions": (("def f(A):\n    return (A - np.mean(A, axis=0)) / np.std(A, axis=0)", "X, y = load()\nX = f(X)", ARRAYS), "scaled", "2"),
    "in place": (("X, y = load()", "X -= X.mean(axis=0)\nX /= X.std(axis=0)", ARRAYS), "scaled", "2"),
    "zscore": (("X, y = load()", "X = scipy.stats.zscore(X)", ARRAYS), "scaled", "2"),
    "span": (
        ("df = read()", "for c in df.columns:\n    df[c] = (df[c] - df[c].min()) / (df[c].max() - df[c].min())", SPLIT + JUDGE),
        "scaled",
        "2",
    ),
    "mask": (
        ("df = read()", "df = (df - df.mean()) / df.std()", "a = rng.random(len(df)) < 0.8\ntrain, test = df[a], df[~a]\n" + JUDGE),
        "scaled",
        "2",
    ),
    "put together": (
        ("df = pd.concat([read(1), read(2)])", "df = (df - df.mean()) / df.std()", "train, test = df[:9], df[9:]\n" + JUDGE),
        "scaled",
        "2",
    ),
    "median": (("df = read()", 'df["a"] = df["a"].fillna(df["a"].median())', SPLIT + JUDGE), "filled", "2"),
    "means in place": (("df = read()", "df.fillna(df.mean(), inplace=True)", SPLIT + JUDGE), "filled", "2"),
    "gaps": (("df = read()", 'df.loc[df["a"].isna(), "a"] = df["a"].mean()', SPLIT + JUDGE), "filled", "2"),
    "groups": (("df = read()", 'df["a"] = df["a"].fillna(df.groupby("g")["a"].transform("median"))', SPLIT + JUDGE), "filled", "2"),
    "where": (("X, y = load()", "X = np.where(np.isnan(X), np.nanmean(X, axis=0), X)", ARRAYS), "filled", "2"),
    "encoded": (("df = read()", 'df["e"] = df.groupby("g")["y"].transform("mean")', SPLIT + JUDGE), "encoded", "2"),
    "mapped": (("df = read()", 'e = df.groupby("g")["y"].mean()\ndf["e"] = df["g"].map(e)', SPLIT + JUDGE), "encoded", "2"),
    "merged": (
        ("df = read()", 'e = df.groupby("g", as_index=False)["y"].mean()\ndf = df.merge(e, on="g")', SPLIT + JUDGE),
        "encoded",
        "2",
    ),
    "correlation": (
        ("df = read()", 'c = df.corr()["y"].abs()\ncols = c[c > 0.3].index', "df = df[cols]", SPLIT + JUDGE),
        "chosen",
        "3",
    ),
    "importances": (
        ("X, y = load()", "f = Forest().fit(X, y)\ntop = np.argsort(f.feature_importances_)[-5:]\nX = X[:, top]", ARRAYS),
        "chosen",
        "2",
    ),
    "validated": (("X, y = load()", "X = X / X.std(axis=0)\ncross_val_score(m, X, y)"), "scaled", "2"),
}  # fmt: skip


@pytest.mark.parametrize("name", LEAKING)
def test_a_statistic_of_all_rows_that_goes_into_features_is_seen(name):
    cells, way, run = LEAKING[name]
    assert (way, run) in found(*cells)


CLEAN = {
    "training statistics": (
        "X, y = load()\nX_train, X_test, y_train, y_test = train_test_split(X, y)",
        "m, s = X_train.mean(0), X_train.std(0)\nX_train, X_test = (X_train - m) / s, (X_test - m) / s",
        "k.fit(X_train, y_train)\nk.score(X_test, y_test)",
    ),
    "training statistics by functions": (
        "def learn(A):\n    return A.mean(axis=0), A.std(axis=0)\ndef use(A, stats):\n    m, s = stats\n    return (A - m) / s",
        "X_train, X_test, y_train, y_test = train_test_split(X, y)\nst = learn(X_train)",
        "X_train, X_test = use(X_train, st), use(X_test, st)\nk.fit(X_train, y_train)\nk.score(X_test, y_test)",
    ),
    "folds": (
        "X, y = load()",
        """for tr, te in KFold().split(X):
    m, s = X[tr].mean(0), X[tr].std(0)
    k.fit((X[tr] - m) / s, y[tr])
    k.score((X[te] - m) / s, y[te])""",
    ),
    "both parts in a loop": (
        "df = read()\n" + SPLIT + 'med = train["a"].median()',
        'for part in (train, test):\n    part["a"] = part["a"].fillna(med)',
        JUDGE,
    ),
    "training statistics of what was put together": (
        "train, test = read(1), read(2)\ndf = pd.concat([train, test])",
        'df["a"] = df["a"].fillna(train["a"].median())',
        "train, test = df[:9], df[9:]\n" + JUDGE,
    ),
    "rows by themselves": (
        "X, y = load()",
        "X = X - X.mean(axis=1, keepdims=True)\nX = X / X.std(axis=1, keepdims=True)",
        ARRAYS,
    ),
    "shares": ("df = read()", "df = df.div(df.sum(axis=1), axis=0)", SPLIT + JUDGE),
    "pixels": ("X, y = load()", "X = X / X.max()", ARRAYS),
    "days": ("df = read()", 'df["n"] = (df.day - df.day.min()).dt.days', SPLIT + JUDGE),
    "windows": ("df = read()", 'df["r"] = df["a"] / df["a"].shift(1).rolling(7).mean()', SPLIT + JUDGE),
    "a scaled target": ("df = read()", 'df["y"] = (df["y"] - df["y"].mean()) / df["y"].std()', SPLIT + JUDGE),
    "only looked at": ("df = read()", "z = (df - df.mean()) / df.std()\nprint(df.corr()['y'])", SPLIT + JUDGE),
    "a column that is left out": (
        "df = read()",
        'df["z"] = (df["a"] - df["a"].mean()) / df["a"].std()',
        'X = df[["a", "b"]]\ny = df["y"]\n' + ARRAYS,
    ),
    "a column that is dropped": (
        "df = read()",
        'df["z"] = (df["a"] - df["a"].mean()) / df["a"].std()\ndf = df.drop(columns=["z"])',
        SPLIT + JUDGE,
    ),
    "perhaps not run": ("X, y = load()", "if first:\n    X = (X - X.mean()) / X.std()", ARRAYS),
    "never called": ("X, y = load()\ndef f(A):\n    return A / A.std()", ARRAYS),
    "means of another column": ("df = read()", 'df["e"] = df.groupby("g")["a"].transform("mean")', SPLIT + JUDGE),
    "encoded by the training part": (
        "df = read()\n" + SPLIT,
        'e = train.groupby("g")["y"].mean()\ntrain["e"] = train["g"].map(e)\ntest["e"] = test["g"].map(e)',
        JUDGE,
    ),
    "a constant": ("df = read()", 'df["a"] = df["a"].fillna(0)\ndf = df / 255', SPLIT + JUDGE),
    "other data": (
        "old, df = read(1), read(2)",
        'df["a"] = (df["a"] - old["a"].mean()) / old["a"].std()',
        SPLIT + JUDGE,
    ),
    "part of the rows": ("X, y = load()", "X = (X - X[:100].mean(0)) / X[:100].std(0)", ARRAYS),
    "training rows by a mask": (
        "df = read()",
        'm, s = df[df.old]["a"].mean(), df[df.old]["a"].std()\ndf["a"] = (df["a"] - m) / s',
        SPLIT + JUDGE,
    ),
    "training rows by loc": (
        "df = read()",
        'm = df.loc[df.part == "train", "a"].median()\ndf["a"] = df["a"].fillna(m)',
        SPLIT + JUDGE,
    ),
    "training rows by a query": ("df = read()", "s = df.query('old').std()\ndf = df / s", SPLIT + JUDGE),
    "training rows as a group": (
        "df = read()",
        's = df.groupby("part")["a"].std()["train"]\ndf["a"] = df["a"] / s',
        SPLIT + JUDGE,
    ),
    "outliers": (
        "df = read()",
        'df = df[np.abs(stats.zscore(df["a"])) < 3]\ndf = df[(stats.zscore(df) < 3).all(axis=1)]',
        SPLIT + JUDGE,
    ),
    "one or the other": ("X, y = load()", "X = scale(X) if flag else X", ARRAYS),
    "what came before": (
        "df = read()",
        'df["e"] = df.groupby("g")["y"].transform(lambda s: s.shift().expanding().mean())',
        SPLIT + JUDGE,
    ),
    "statistics by a function that may be given them": (
        "def fill(d, m=None):\n    if m is None:\n        m = d.a.median()\n    d['a'] = d.a.fillna(m)\n    return d, m",
        "df = read()\n" + SPLIT + "train, m = fill(train)\ntest, _ = fill(test, m)",
        JUDGE,
    ),
    "a correlation that is only drawn": (
        "df = read()",
        "c = df.corr()['y']\ntop = c.index[:5]\npx.imshow(df[top].corr())",
        SPLIT + JUDGE,
    ),
    "columns that go together": (
        "X = read()",
        "c = X.corr().abs()\ngone = [one for one in c.columns if (c[one] > 0.9).any()]\nX = X.drop(columns=gone)",
        ARRAYS,
    ),
}


@pytest.mark.parametrize("name", CLEAN)
def test_nothing_is_made_up(name):
    assert found(*CLEAN[name]) == set()


def test_a_cell_that_is_not_understood_ends_what_is_known():
    assert found("X, y = load()", "X = (X - X.mean()) / X.std()", "%time x\n", ARRAYS)
    assert not found("X, y = load()", "X = (X - X.mean()) / X.std()", "this is no Python", ARRAYS)
