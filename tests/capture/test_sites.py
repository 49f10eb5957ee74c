"""The name that a call's value goes by, from its place in the source."""

from __future__ import annotations

import itertools
import linecache
import sys

import pytest

from nbledger.capture.hooks.sites import Site, offer_sources, site_of

_numbers = itertools.count()  # an address would come again, with the lines that `linecache` still has for it


def observed(source, *, keep_source=True, **names):
    """Run a source in which `f(...)` notes its site, and return the sites."""
    sites = []

    def f(*args, **kwargs):
        sites.append(site_of(sys._getframe(1)))
        return Value(0.5)

    class Value(float):
        def mean(self):
            return self

        def __iter__(self):
            return iter((1.0, 2.0, 3.0, 4.0))

        def __getitem__(self, index):
            return 1.0

    class Model:
        fit = score = staticmethod(f)

    filename = f"<source {next(_numbers)}>"
    if keep_source:
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace = {
        "f": f,
        "model": Model(),
        "Model": Model,
        "models": {"rf": Model()},
        "results": {},
        "sqrt": abs,
        **names,
    }
    exec(compile(source, filename, "exec"), namespace)
    return sites


NAMED = [
    ("accuracy = f(y, p)", "accuracy"),
    ("accuracy: float = f()", "accuracy"),
    ("(accuracy := f())", "accuracy"),
    ("accuracy = other = f()", "accuracy"),
    ("results['acc'] = f()", "acc"),
    ("results = {'acc': f()}", "acc"),
    ("results = {'test': {'acc': f(), 'n': 1}}", "acc"),
    ("results = dict(acc=f())", "acc"),
    ("print(acc=f()) if False else dict(acc=f())", "acc"),
    ("name = 'rf'\nresults[name] = f()", "rf"),
    ("name = 'rf'\nresults[f'{name}_acc'] = f()", "rf_acc"),
    ("for depth in (3,):\n    results[f'acc_{depth}'] = f()", "acc_3"),
    ("results = {name: f() for name in ('rf',)}", "rf"),
    ("def g():\n    return {name: f() for name in ('rf',)}\ng()", "rf"),
    ("accs = [f() for _ in range(1)]", "accs"),
    ("class C:\n    def run(self):\n        self.acc = f()\nC().run()", "acc"),
    ("acc = round(f(), 3)", "acc"),
    ("acc = float(round(f(), 3))", "acc"),
    ("acc = f() if True else 0", "acc"),
    ("acc = f(\n    1,\n    2,\n)", "acc"),
    ("acc = (\n    model\n    .score(1)\n)", "acc"),
    ("def judge():\n    return f()\nacc = judge()", "acc"),
    ("def judge():\n    return f()\ndef outer():\n    return judge()\nacc = outer()", "acc"),
    ("judge = lambda: f()\nacc = judge()", "acc"),
    ("acc, f1 = f(), 1", "acc"),
    ("accs = list(map(f, [1]))", "accs"),
    (
        "def twice(g):\n    def inner():\n        return g()\n    return inner\n@twice\ndef judge():\n    return f()\nacc = judge()",
        "acc",
    ),
    ("é = 'ü'; acc = f()", "acc"),
    ("with open('/dev/null') as file:\n    acc = f(file)", "acc"),
    ("args = (1, 2)\nacc = f(*args, **{})", "acc"),
]

UNNAMED = [
    "f()",
    "print(f())",
    "print('acc', f())",
    "print(f'{f():.3f}')",
    "x = [f(), 1]",
    "scores = []\nscores.append(f())",
    "_ = f()",
    "results[3] = f()",
    "if f() > 1: pass",
    "assert f()",
    "x = 1\nx += f()",
    "def judge():\n    return f()\njudge()",
    "acc, *rest = f(), 1, 2",
    "exec('f()')",
    "best = max([1, 2], key=lambda m: f(m))",
    "best = max([1, 2], key=f)",
    "order = sorted([1, 2], key=f)",
]


@pytest.mark.parametrize(("source", "name"), NAMED)
def test_a_value_goes_by_the_name_that_it_is_given(source, name):
    site = observed(source, y=1, p=1)[-1]
    assert site.name == name
    assert site.derived_name is None


@pytest.mark.parametrize("source", UNNAMED)
def test_a_value_without_a_name_has_none(source):
    site = observed(source)[0]
    assert site.name is None
    assert site.elements == ()


@pytest.mark.parametrize(
    ("source", "elements"),
    [
        ("p, r, f1, _ = f()", ("p", "r", "f1", None)),
        ("[p, r, f1, s] = f()", ("p", "r", "f1", "s")),
        ("results['p'], results['r'], a, b = f()", ("p", "r", "a", "b")),
        ("f1 = f()[2]", (None, None, "f1")),
    ],
)
def test_an_unpacked_value_has_a_name_for_each_part(source, elements):
    assert observed(source)[0].elements == elements


@pytest.mark.parametrize(
    ("source", "name", "through"),
    [
        ("rmse = sqrt(f())", "rmse", ("sqrt",)),
        ("rmse = f() ** 0.5", "rmse", ()),
        ("error = 1 - f()", "error", ()),
        ("acc = f().mean()", "acc", ("mean",)),
        ("acc = round(f().mean(), 3)", "acc", ("mean",)),
        ("def judge():\n    return sqrt(f())\nrmse = judge()", "rmse", ("sqrt",)),
    ],
)
def test_a_computed_value_is_derived_and_not_the_value_itself(source, name, through):
    site = observed(source)[0]
    assert site.name is None
    assert site.derived_name == name
    assert site.through == through
    assert site.top_level


@pytest.mark.parametrize(
    ("source", "receiver"),
    [
        ("model.fit(1)", "model"),
        ("models['rf'].fit(1)", "rf"),
        ("name = 'rf'\nmodels[name].fit(1)", "rf"),
        ("class C: pass\nc = C()\nc.clf = model\nc.clf.fit(1)", "clf"),
        ("clf = Model().fit(1)", None),
    ],
)
def test_the_receiver_of_a_method_is_known(source, receiver):
    assert observed(source)[0].receiver == receiver


def test_the_names_of_arguments_are_known():
    site = observed("model.fit(X, df['y'], sample_weight=w, n=3)", X=1, df={"y": 1}, w=1)[0]
    assert site.arguments == {0: "X", 1: "df['y']", "sample_weight": "w"}


def test_each_round_of_a_loop_and_each_call_on_a_line_has_its_own_site():
    sites = observed("for i in range(2):\n    a = f(); b = f(f())")
    assert [site.name for site in sites] == ["a", None, "b", "a", None, "b"]


def test_without_source_the_place_is_known_and_no_name():
    site = observed("acc = f()", keep_source=False)[0]
    assert isinstance(site, Site)
    assert site.name is None
    assert site.line == 1


def test_a_source_that_was_offered_is_used_where_the_file_has_none():
    offer_sources(["other = 1", "acc = f()", "x = ((("])
    assert observed("acc = f()", keep_source=False)[0].name == "acc"
    offer_sources(["wrong = g()"])
    assert observed("acc = f()", keep_source=False)[0].name is None
    offer_sources([])


def test_a_source_that_does_not_fit_its_code_gives_no_name():
    source = "acc = f()"
    linecache.cache["<another>"] = (1, None, ["x = (((\n"], "<another>")
    sites = []
    exec(compile(source, "<another>", "exec"), {"f": lambda: sites.append(site_of(sys._getframe(1)))})
    assert sites[0].name is None


def test_a_cell_that_is_edited_under_the_same_file_name_is_read_anew():
    sites = []

    def f():
        sites.append(site_of(sys._getframe(1)))

    for name in ("first", "second"):
        source = f"{name} = f()"
        linecache.cache["<edited>"] = (len(source), None, [source], "<edited>")
        exec(compile(source, "<edited>", "exec"), {"f": f})
    assert [site.name for site in sites] == ["first", "second"]


def test_top_level_tells_a_cell_from_a_function():
    cell, function = observed("f()\ndef g():\n    f()\ng()")
    assert cell.top_level
    assert not function.top_level


def test_a_site_without_a_frame_is_unknown():
    assert site_of(None) == Site()
