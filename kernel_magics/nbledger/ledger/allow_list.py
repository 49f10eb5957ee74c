"""What a model file may hold: our own allow-list for skops files, by the role that a name plays in the file.

A skops file is a tree of nodes. Each names a loader (what is done) and a class or function (to what). skops keeps one
list of trusted names for all loaders, so a function that may be *held* may there also be *called* with arguments from
the file. Here a name is allowed in one role only, and whatever is not named is denied:

- held, never called while loading: functions without side effects on anything but their arguments;
- made empty and given attributes: scikit-learn's own estimators (whatever class of that library derives from
  `BaseEstimator`, so that the next release's estimators are covered) and the private helpers in their fitted state;
- called with arguments from the file: a handful of immutable builtins.

Not here, on purpose: `functools.partial` of anything but a function of this list, `operator.methodcaller` and bound
methods (they call whatever they are given, later), `numpy.memmap` (opens a file), `PyFuncDistance` and the
distributions of `scipy.stats` (run code from their state), `joblib.Memory` (reads pickles), readers and fetchers of
every kind, factories like `make_scorer`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

_PLAIN_KEYS = frozenset({"builtins.int", "builtins.float", "builtins.str"})

_NUMPY_SCALARS = frozenset(
    f"numpy.{name}"
    for name in (
        *("bool", "bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "longlong"),
        *("ulonglong", "intc", "uintc", "float16", "float32", "float64", "longdouble", "complex64", "complex128"),
        *("str_", "bytes_", "datetime64", "timedelta64"),
    )
)

KEY_TYPES = _PLAIN_KEYS | (_NUMPY_SCALARS - {"numpy.bool", "numpy.bool_", "numpy.bytes_"})
"""Types of dictionary keys that come back from JSON as they were (`bool("False")` would be `True`)."""

_CONSTRUCTORS = frozenset({"builtins.frozenset", "builtins.range", "builtins.complex", "datetime.timedelta"})

_TYPES = frozenset(
    f"builtins.{name}" for name in ("int", "float", "str", "bool", "complex", "bytes", "list", "tuple", "set", "dict")
)

_FUNCTIONS: dict[str, str] = {
    "numpy": """
        abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh around asarray cbrt ceil clip cos cosh
        deg2rad degrees divide exp exp2 expm1 fabs floor fmax fmin hypot isfinite isinf isnan log log10 log1p log2
        logaddexp logical_not max maximum mean median min minimum multiply nan_to_num nanmax nanmean nanmedian nanmin
        nanstd nansum nanvar negative positive power prod rad2deg radians ravel reciprocal rint round sign sin sinh
        sqrt square std subtract sum tan tanh true_divide trunc var amax amin""",
    "scipy.special": """
        boxcox boxcox1p entr erf erfc erfinv expit exp10 expm1 gammaln inv_boxcox log1p log_expit log_ndtr
        log_softmax logit logsumexp ndtr ndtri softmax xlog1py xlogy""",
    "scipy.spatial.distance": "braycurtis canberra chebyshev cityblock correlation cosine euclidean hamming minkowski"
    " seuclidean sqeuclidean",
    "sklearn.cluster._kmeans": "_kmeans_single_elkan _kmeans_single_lloyd",
    "sklearn.feature_selection._mutual_info": "mutual_info_classif mutual_info_regression",
    "sklearn.feature_selection._univariate_selection": "chi2 f_classif f_oneway f_regression r_regression",
    "sklearn.metrics._classification": """
        accuracy_score balanced_accuracy_score brier_score_loss class_likelihood_ratios classification_report
        cohen_kappa_score confusion_matrix d2_brier_score d2_log_loss_score f1_score fbeta_score hamming_loss
        hinge_loss jaccard_score log_loss matthews_corrcoef multilabel_confusion_matrix
        precision_recall_fscore_support precision_score recall_score zero_one_loss""",
    "sklearn.metrics._ranking": """
        auc average_precision_score confusion_matrix_at_thresholds coverage_error dcg_score det_curve
        label_ranking_average_precision_score label_ranking_loss metric_at_thresholds ndcg_score
        precision_recall_curve roc_auc_score roc_curve top_k_accuracy_score""",
    "sklearn.metrics._regression": """
        d2_absolute_error_score d2_pinball_score d2_tweedie_score explained_variance_score max_error
        mean_absolute_error mean_absolute_percentage_error mean_gamma_deviance mean_pinball_loss
        mean_poisson_deviance mean_squared_error mean_squared_log_error mean_tweedie_deviance median_absolute_error
        r2_score root_mean_squared_error root_mean_squared_log_error""",
    "sklearn.metrics.cluster._bicluster": "consensus_score",
    "sklearn.metrics.cluster._supervised": """
        adjusted_mutual_info_score adjusted_rand_score completeness_score fowlkes_mallows_score
        homogeneity_completeness_v_measure homogeneity_score mutual_info_score normalized_mutual_info_score
        pair_confusion_matrix rand_score v_measure_score""",
    "sklearn.metrics.cluster._unsupervised": """
        calinski_harabasz_score davies_bouldin_score silhouette_samples silhouette_score""",
    "sklearn.utils.validation": "check_array",
    "sklearn.metrics.pairwise": """
        additive_chi2_kernel chi2_kernel cosine_distances cosine_similarity euclidean_distances haversine_distances
        laplacian_kernel linear_kernel manhattan_distances nan_euclidean_distances paired_cosine_distances
        paired_euclidean_distances paired_manhattan_distances pairwise_distances polynomial_kernel rbf_kernel
        sigmoid_kernel""",
}

_HOMES = {  # modules that the same public functions are found in, by version of the library
    "numpy._core._multiarray_umath": "numpy",
    "numpy._core.umath": "numpy",
    "numpy.core._multiarray_umath": "numpy",
    "scipy.special._ufuncs": "scipy.special",
    "scipy.special._special_ufuncs": "scipy.special",
    "scipy.special._logsumexp": "scipy.special",
}

_ARRAY_API_ASARRAY = frozenset({"scipy._lib.array_api_compat.numpy", "scipy._external.array_api_compat.numpy"})

_DISTANCES = (  # those that keep no vector or matrix whose length the C code would take on trust
    "BrayCurtis Canberra Chebyshev Dice Euclidean Hamming Haversine Jaccard Manhattan Minkowski RogersTanimoto"
    " RussellRao SokalMichener SokalSneath"
).split()

_OBJECTS: dict[str, str] = {
    "scipy.interpolate._bsplines": "BSpline _BSpline",  # from scipy 1.18 on, the first hands on to the second
    "sklearn._loss.link": "HalfLogitLink IdentityLink Interval LogLink LogitLink MultinomialLogit",
    "sklearn._loss.loss": """
        AbsoluteError ExponentialLoss HalfBinomialLoss HalfBinomialLossArrayAPI HalfGammaLoss HalfMultinomialLoss
        HalfMultinomialLossArrayAPI HalfPoissonLoss HalfPoissonLossArrayAPI HalfSquaredError HalfTweedieLoss
        HalfTweedieLossIdentity HuberLoss PinballLoss""",
    "sklearn.calibration": "_CalibratedClassifier _SigmoidCalibration _TemperatureScaling",
    "sklearn.cluster._bisect_k_means": "_BisectingTree",
    "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
    "sklearn.gaussian_process.kernels": """
        CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation Matern PairwiseKernel Product RBF
        RationalQuadratic Sum WhiteKernel""",
    "sklearn.metrics._dist_metrics": " ".join(f"{name}Distance{bits}" for name in _DISTANCES for bits in (32, 64)),
    "sklearn.metrics._scorer": "_CurveScorer _MultimetricScorer _PassthroughScorer _Scorer",
    "sklearn.model_selection._split": """
        GroupKFold GroupShuffleSplit KFold LeaveOneGroupOut LeaveOneOut LeavePGroupsOut LeavePOut PredefinedSplit
        RepeatedKFold RepeatedStratifiedKFold ShuffleSplit StratifiedGroupKFold StratifiedKFold
        StratifiedShuffleSplit TimeSeriesSplit _CVIterableWrapper""",
    "sklearn.neighbors._ball_tree": "BallTree BallTree32 BallTree64",
    "sklearn.neighbors._kd_tree": "KDTree KDTree32 KDTree64",
    "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
    "sklearn.utils._bunch": "Bunch",
    "sklearn.utils._metadata_requests": "MetadataRequest MethodMetadataRequest",
    # Their state is the library's own serialised booster, which its parser reads; no Python in it is run.
    "lightgbm.basic": "Booster",
    "lightgbm.sklearn": "LGBMClassifier LGBMModel LGBMRanker LGBMRegressor _LGBMLabelEncoder",
    "xgboost.core": "Booster",
    "xgboost.sklearn": "XGBClassifier XGBModel XGBRFClassifier XGBRFRegressor XGBRanker XGBRegressor",
}

_LOSSES: dict[str, str] = {
    "sklearn._loss._loss": """
        CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss CyHalfMultinomialLoss CyHalfPoissonLoss
        CyHalfSquaredError CyHalfTweedieLoss CyHalfTweedieLossIdentity CyHuberLoss CyPinballLoss""",
    "sklearn.linear_model._sgd_fast": """
        EpsilonInsensitive Hinge Huber Log ModifiedHuber SquaredEpsilonInsensitive SquaredHinge SquaredLoss""",
}
_LOSSES["_loss"] = _LOSSES["sklearn._loss._loss"]


def is_allowed(loader: str, module: str, name: str) -> bool:
    """Tell whether a node of a skops file with this loader may name `module.name`; unknown loaders may name nothing."""
    rule = _RULES.get(loader)
    return rule is not None and rule(module, name)


def _one_of(*names: str) -> Callable[[str, str], bool]:
    allowed = frozenset(names)
    return lambda module, name: f"{module}.{name}" in allowed


def _listed(table: dict[str, str]) -> Callable[[str, str], bool]:
    allowed = {module: frozenset(names.split()) for module, names in table.items()}
    return lambda module, name: name in allowed.get(module, ())


_is_listed_function = _listed(_FUNCTIONS)
_is_listed_object = _listed(_OBJECTS)


def _is_function(module: str, name: str) -> bool:
    if name == "asarray" and module.removesuffix("._aliases") in _ARRAY_API_ASARRAY:
        return True
    return _is_listed_function(_HOMES.get(module, module), name)


def _is_object(module: str, name: str) -> bool:
    return _is_listed_object(module, name) or is_sklearn_estimator(module, name)


@functools.lru_cache(maxsize=1024)
def is_sklearn_estimator(module: str, name: str) -> bool:
    """Tell whether this is an estimator class that scikit-learn defines; imports nothing that is not imported yet.

    Making one means `__new__` and setting attributes. The halving searches are not imported by `import sklearn`, nor
    by the walk over all estimators that skops does; they are named.
    """
    if module == "sklearn.model_selection._search_successive_halving":
        return name in ("HalvingGridSearchCV", "HalvingRandomSearchCV")
    if not module.startswith("sklearn.") or ".tests" in module or module.startswith("sklearn.utils"):
        return False
    base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
    found = getattr(sys.modules.get(module), name, None)
    return isinstance(base, type) and isinstance(found, type) and issubclass(found, base) and found.__module__ == module


def _is_sparse(module: str, name: str) -> bool:
    return module.startswith("scipy.sparse._") and name.rpartition("_")[2] in ("matrix", "array")


_RULES: dict[str, Callable[[str, str], bool]] = {
    "JsonNode": _one_of("builtins.str"),
    "DictNode": _one_of("builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch"),
    "DefaultDictNode": _one_of("collections.defaultdict"),
    "ListNode": _one_of("builtins.list"),
    "SetNode": _one_of("builtins.set"),
    "TupleNode": _one_of("builtins.tuple"),
    "SliceNode": _one_of("builtins.slice"),
    "BytesNode": _one_of("builtins.bytes"),
    "BytearrayNode": _one_of("builtins.bytearray"),
    "TypeNode": _one_of("collections.OrderedDict", *_TYPES, *_NUMPY_SCALARS),
    "FunctionNode": _is_function,
    "ConstructorFromReduceNode": _one_of(*_CONSTRUCTORS),
    "ObjectNode": _is_object,
    "NdArrayNode": _one_of("numpy.ndarray", *_NUMPY_SCALARS),
    "MaskedArrayNode": _one_of("numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"),
    "DTypeNode": _one_of("numpy.dtype"),
    "RandomStateNode": _one_of("numpy.random.mtrand.RandomState"),
    "RandomGeneratorNode": _one_of("numpy.random._generator.Generator"),
    "SparseMatrixNode": _is_sparse,
    "PartialNode": _one_of("functools.partial"),  # its function is a node too, which `skops_file` holds to be listed
    "TreeNode": _one_of("sklearn.tree._tree.Tree"),
    "LossNode": _listed(_LOSSES),
}
