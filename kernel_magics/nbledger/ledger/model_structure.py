"""Checks on the arrays inside a stored model that C code follows without looking at their bounds.

scikit-learn walks trees, space partitions, splines and support vectors by indices that come from the file: a crafted
one makes `predict` read outside its memory, or never end. skops therefore refuses decision trees altogether; here they
are loaded after these checks. What the file says is compared with itself: children come after their parent and exist,
features exist, counts fit lengths.

The nodes are skops'. What is needed to build an object is constructed and checked *before* the object is; the rest is
checked on the objects, before anyone gets to use them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any


class WrongStructureError(ValueError):
    """A stored model contradicts itself."""


def check_before(nodes: Iterable[Any]) -> None:
    """Check what the trees, partitions and splines among these skops nodes are about to be made of."""
    trees = []
    for node in nodes:
        name = f"{node.module_name}.{node.class_name}"
        if type(node).__name__ == "TreeNode":
            trees.append((node.children["args"].construct(), node.children["attrs"].construct()))
        elif name in _BEFORE:
            _BEFORE[name](node.children["attrs"].construct())
    if trees:
        _check_trees(trees)


def check_after(nodes: Iterable[Any]) -> None:
    """Check the constructed objects of these skops nodes: the parts must fit the features that the whole accepts."""
    for node in nodes:
        kind = type(node).__name__
        if kind == "SparseMatrixNode":
            node.construct().check_format(full_check=True)
        elif kind == "RandomStateNode":
            state = node.construct().get_state(legacy=False)["state"]
            _require(0 <= state.get("pos", 0) <= len(state["key"]), "a random state")
        elif kind == "ObjectNode":
            _check_estimator(node.construct())


def _require(condition: Any, what: str) -> None:
    if not condition:
        raise WrongStructureError(what)


def _check_trees(trees: Sequence[tuple[Any, Any]]) -> None:
    """Check all decision trees at once: of a forest there are hundreds, and each numpy call has its price."""
    import numpy as np

    widths, all_nodes = [], []
    for (n_features, n_classes, n_outputs), attrs in trees:
        nodes, values = attrs["nodes"], attrs["values"]
        _require(type(n_features) is int and type(n_outputs) is int, "a tree's sizes are not numbers")
        _require(isinstance(n_classes, np.ndarray) and n_classes.shape == (n_outputs,), "a tree's classes")
        _require(n_outputs > 0 and n_features > 0 and n_classes.dtype == np.intp, "a tree's sizes")
        _require(nodes.ndim == 1 and len(nodes) > 0 and attrs["node_count"] == len(nodes), "a tree's node count")
        largest = int(n_classes.max())
        _require(n_classes.min() > 0 and values.shape == (len(nodes), n_outputs, largest), "a tree's values")
        widths.append(n_features)
        all_nodes.append(nodes)
    _require(len({nodes.dtype for nodes in all_nodes}) == 1, "trees of more than one kind")
    counts = np.array([len(nodes) for nodes in all_nodes])
    joined = np.concatenate(all_nodes)
    own = np.arange(len(joined)) - np.repeat(np.cumsum(counts) - counts, counts)
    size, width = np.repeat(counts, counts), np.repeat(np.array(widths), counts)
    left, right, feature = joined["left_child"], joined["right_child"], joined["feature"]
    leaf = left == -1
    for child in (left, right):
        _require((leaf | ((child > own) & (child < size))).all(), "a tree's children")
    _require((leaf | ((feature >= 0) & (feature < width))).all(), "a tree's features")


def _check_predictor(attrs: Any) -> None:
    """Check one tree of a histogram gradient boosting."""
    import numpy as np

    nodes = attrs["nodes"]
    _require(nodes.ndim == 1 and len(nodes) > 0, "a tree without nodes")
    inner = nodes["is_leaf"] == 0
    own = np.arange(len(nodes))
    for name in ("left", "right"):
        child = nodes[name].astype(np.int64)
        _require((~inner | ((child > own) & (child < len(nodes)))).all(), "a tree's children")
    categorical = nodes["bitset_idx"][inner & (nodes["is_categorical"] != 0)]
    for name in ("binned_left_cat_bitsets", "raw_left_cat_bitsets"):
        bitsets = attrs[name]
        _require(bitsets.ndim == 2 and bitsets.shape[1] == 8, "a tree's categories")
        _require((categorical < len(bitsets)).all(), "a tree's categories")


def _check_partition(attrs: Any) -> None:
    """Check a k-d tree or ball tree, whose state is a tuple."""
    import numpy as np

    data, index, node_data, bounds, leaf_size, levels, n_nodes = attrs[:7]
    metric, weights = attrs[11], attrs[12]
    n_samples, n_features = data.shape
    _require(index.shape == (n_samples,) and n_samples > 0 and leaf_size > 0, "a partition's index")
    _require(((index >= 0) & (index < n_samples)).all(), "a partition's index")
    _require(node_data.shape == (n_nodes,) and n_nodes == 2**levels - 1, "a partition's nodes")
    _require(bounds.shape[1:] == (n_nodes, n_features) and len(bounds) in (1, 2), "a partition's bounds")
    start, end = node_data["idx_start"], node_data["idx_end"]
    _require(((start >= 0) & (start <= end) & (end <= n_samples)).all(), "a partition's ranges")
    deepest = 2 * np.arange(n_nodes) + 2 >= n_nodes
    _require((node_data["is_leaf"][deepest] != 0).all(), "a partition's leaves")
    _require(weights is None or weights.shape == (n_samples,), "a partition's weights")
    _require(type(metric).__module__ == "sklearn.metrics._dist_metrics", "a partition's metric")


def _check_kd_bounds(attrs: Any) -> None:
    _check_partition(attrs)
    _require(len(attrs[3]) == 2, "a partition's bounds")


def _check_distance(attrs: Any) -> None:
    """Check that a distance brings no vector or matrix of its own, whose length nobody would look at."""
    _require(len(attrs) == 3 and attrs[1].size == 0 and attrs[2].size <= 1, "a distance with weights")


def _check_spline(attrs: Any) -> None:
    """Check a spline; which of the two pairs of names it uses depends on the version of scipy."""
    for knots, coefficients in (("t", "c"), ("_t", "_c")):
        if knots in attrs or coefficients in attrs:
            _check_knots(attrs[knots], attrs[coefficients], attrs["k"])


def _check_knots(knots: Any, coefficients: Any, degree: Any) -> None:
    import numpy as np

    _require(type(knots) is np.ndarray and type(coefficients) is np.ndarray, "a spline's arrays")
    _require(type(degree) is int and degree >= 0 and knots.ndim == 1, "a spline's degree")
    bases = len(knots) - degree - 1
    _require(bases >= degree + 1 and len(coefficients) >= bases, "a spline's knots")
    _require(((knots[1:] - knots[:-1]) >= 0).all(), "a spline's knots")


def _check_public_spline(attrs: Any) -> None:
    """Check a spline that from scipy 1.18 on hands everything on to a private one, which is checked as a node too."""
    if isinstance(attrs, tuple):
        home = type(attrs[0])
        _require((home.__module__, home.__name__) == ("scipy.interpolate._bsplines", "_BSpline"), "a spline's kind")
    else:
        _check_spline(attrs)


_BEFORE: dict[str, Callable[[Any], None]] = {
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": _check_predictor,
    "scipy.interpolate._bsplines.BSpline": _check_public_spline,
    "scipy.interpolate._bsplines._BSpline": _check_spline,
}
for _bits in ("", "32", "64"):
    _BEFORE[f"sklearn.neighbors._kd_tree.KDTree{_bits}"] = _check_kd_bounds
    _BEFORE[f"sklearn.neighbors._ball_tree.BallTree{_bits}"] = _check_partition


def _check_estimator(value: Any) -> None:
    state = getattr(value, "__dict__", {})
    if "tree_" in state and "criterion" in state:
        _require(getattr(state["tree_"], "n_features", None) == state.get("n_features_in_"), "a tree's features")
    if "_predictors" in state:
        width = state.get("n_features_in_")
        _require(type(width) is int, "a boosting's features")
        for predictor in (one for stage in state["_predictors"] for one in stage):
            nodes = predictor.nodes
            feature = nodes["feature_idx"][nodes["is_leaf"] == 0]
            _require(((feature >= 0) & (feature < width)).all(), "a boosting's features")
    if "estimators_" in state and type(value).__name__.startswith("GradientBoosting"):
        for tree in state["estimators_"].ravel():
            _require(tree.n_features_in_ == state.get("n_features_in_"), "a boosting's features")
    if "_n_support" in state and "support_vectors_" in state:
        _check_support_vectors(state, regression=getattr(value, "_impl", "") not in ("c_svc", "nu_svc"))


def _check_support_vectors(state: dict[str, Any], *, regression: bool) -> None:
    counts, vectors = state["_n_support"], state["support_vectors_"]
    total = int(counts.sum())
    classes = 2 if regression else len(counts)
    pairs = classes * (classes - 1) // 2
    _require((counts >= 0).all() and len(counts) >= 2, "support vectors")
    used = int(counts[0]) if regression else total
    empty = vectors.shape[0] == 0 or vectors.shape[1] == 0  # a precomputed kernel keeps no vectors
    _require(empty or vectors.shape[0] == used, "support vectors")
    _require(state["support_"].shape == (used,), "support vectors")
    _require(state["_dual_coef_"].shape == (classes - 1, used), "support vectors")
    _require(state["_intercept_"].shape == (pairs,), "support vectors")
    for name in ("_probA", "_probB"):
        _require(len(state[name]) in (0, pairs), "support vectors")
