"""The words by which `flow` knows what is done to rows, in pandas, NumPy, SciPy and scikit-learn."""

from __future__ import annotations

import ast
import re

CENTRES = frozenset({"mean", "median", "nanmean", "nanmedian", "mode", "average"})
SPREADS = frozenset({"std", "var", "nanstd", "nanvar", "sem"})
EXTREMES = frozenset({"min", "max"})
STATISTICS = (
    CENTRES
    | SPREADS
    | EXTREMES
    | {"corr", "transform", "agg", "aggregate", "apply", "amin", "amax", "nanmin", "nanmax"}
)
CORRELATES = frozenset(
    {"corr", "corrwith", "mutual_info_classif", "mutual_info_regression", "f_classif", "f_regression", "chi2"}
)
SCALERS = frozenset(
    {"zscore", "scale", "minmax_scale", "maxabs_scale", "robust_scale", "quantile_transform", "power_transform"}
)
"""Functions that scale rows by statistics of the very rows that they are given."""

WINDOWS = frozenset({"rolling", "expanding", "ewm", "resample"})
JOINS = frozenset({"concat", "vstack", "hstack", "concatenate", "column_stack", "append", "stack", "where"})
FITS = frozenset({"fit", "fit_transform", "fit_predict", "partial_fit", "fit_resample"})
JUDGES = frozenset(
    {"fit", "partial_fit", "score", "predict", "predict_proba", "predict_log_proba", "decision_function",
     "cross_val_score", "cross_validate", "cross_val_predict"}
)  # fmt: skip
KEEPS = frozenset(
    {"DataFrame", "Series", "abs", "apply", "array", "asarray", "asfreq", "assign", "astype", "clip", "copy",
     "div", "drop", "exp", "fillna", "flatten", "get_dummies", "groupby", "join", "log", "log10", "log1p",
     "map", "mul", "nan_to_num", "ravel", "rename", "replace", "reset_index", "reshape", "round",
     "select_dtypes", "set_index", "sqrt", "squeeze", "sub", "to_frame", "to_numpy", "transform"}
)  # fmt: skip
"""Calls that give back every row that they were given."""

IMPORTANCES = frozenset({"feature_importances_", "coef_"})
SCALARS = frozenset(
    {"len", "print", "range", "enumerate", "int", "float", "str", "round", "type", "isinstance", "nunique"}
)
TRANSFORMS = frozenset({"transform", "predict", "predict_proba", "decision_function", "inverse_transform"})
NO_ROWS = frozenset({"columns", "index", "shape", "dtypes", "dtype", "size", "ndim", "empty"})
FRAME_WORDS = frozenset(
    {
        "columns",
        "iloc",
        "loc",
        "head",
        "describe",
        "dropna",
        "fillna",
        "groupby",
        "drop",
        "info",
        "isna",
        "isnull",
        "dtypes",
    }
)

_MAGIC = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)


def plain_source(source: str) -> str:
    """Return a cell's source with its magic and shell lines left out."""
    return _MAGIC.sub(r"\1pass", source)


def root(node: ast.expr) -> str | None:
    """Return the name that an expression starts from: `df` of `df.loc[mask, "age"]`."""
    while True:
        match node:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Call(func=inner):
                node = inner
            case _:
                return None


def by_rows(node: ast.Call) -> bool:
    """Tell whether a statistic goes along rows: `axis=1`, `axis="columns"`, `axis=-1`."""
    values = [keyword.value for keyword in node.keywords if keyword.arg == "axis"] or node.args
    for value in values:
        try:
            plain = ast.literal_eval(value)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        if plain in (1, -1, "columns") and not isinstance(plain, bool):
            return True
        if isinstance(plain, tuple) and 0 not in plain:
            return True
    return False


def takes_columns(node: ast.expr) -> bool:
    """Tell whether an index takes columns with all their rows: by name, or after `:`."""
    if isinstance(node, ast.Tuple) and node.elts:
        first = node.elts[0]
        return isinstance(first, ast.Slice) and first.lower is None and first.upper is None and first.step is None
    return strings(node)


def strings(node: ast.expr) -> bool:
    """Tell whether an index is a column's name, or a list of names."""
    match node:
        case ast.Constant(value=str()):
            return True
        case ast.List(elts=[ast.Constant(value=str()), *_]):
            return True
    return False


def constant(node: ast.expr) -> str:
    """Return the text that a node is, or an empty one."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def spelled(node: ast.Call) -> tuple[str, ...]:
    """Return the texts that a call makes of one text: `"age fare".split()`, `list("abc")`."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="split"), args=[]):
            return tuple(text.split())
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="split"), args=[mark]):
            return tuple(text.split(constant(mark))) if constant(mark) else ()
        case ast.Call(func=ast.Name(id="list" | "tuple" | "set"), args=[ast.Constant(value=str(text))]):
            return tuple(text)
    return ()


def calls_in(node: ast.expr) -> frozenset[str]:
    """Return the names of the methods and functions that are called in an expression."""
    found = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return frozenset(
        one.attr if isinstance(one, ast.Attribute) else one.id
        for one in found
        if isinstance(one, ast.Attribute | ast.Name)
    )


def in_place(node: ast.Call) -> bool:
    """Tell whether a call says `inplace=True`."""
    return any(
        one.arg == "inplace" and isinstance(one.value, ast.Constant) and one.value.value is True
        for one in node.keywords
    )
