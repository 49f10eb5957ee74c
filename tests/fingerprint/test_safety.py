"""Fingerprints never raise, never run the user's code for show, never change a value."""

from __future__ import annotations

import copy
import ctypes
import os
import pickle
import random
import sys
import threading
import tracemalloc
import warnings
import weakref

import numpy as np
import pandas as pd
import pytest

from nbledger.fingerprint import fingerprint, token


class Hostile:
    """Each way that Python offers to look at an object complains."""

    def _refuse(self, *args, **kwargs):
        raise RuntimeError("do not touch")

    __eq__ = __repr__ = __str__ = __len__ = __iter__ = __bool__ = __getattr__ = __contains__ = __getitem__ = _refuse
    __hash__ = _refuse
    __array__ = __index__ = __float__ = __format__ = _refuse

    @property
    def value(self):
        raise RuntimeError("a property was run")


class LyingClass:
    @property
    def __class__(self):
        raise RuntimeError("who asks?")


class NoReduce:
    def __reduce_ex__(self, protocol):
        raise ValueError("no")


class BadReduce:
    def __reduce_ex__(self, protocol):
        return 5


class EndlessReduce:
    def __reduce_ex__(self, protocol):
        return EndlessReduce, (), {"again": EndlessReduce()}


class ExitingReduce:
    def __reduce_ex__(self, protocol):
        raise RecursionError


class NoisyReduce:
    def __reduce_ex__(self, protocol):
        warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
        return NoisyReduce, ()


class BadMeta(type):
    def __getattribute__(cls, name):
        if name in ("__module__", "__qualname__"):
            raise RuntimeError(name)
        return super().__getattribute__(name)


class Odd(metaclass=BadMeta):
    pass


def objects(*items):
    array = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        array[place] = item
    return array


def hostile():
    """Return the values; pytest must not see them, it would ask what they are."""
    return [
        Hostile(), LyingClass(), NoReduce(), BadReduce(), EndlessReduce(), ExitingReduce(), NoisyReduce(), Odd(), Odd, {"k": Hostile()},
        [Hostile()] * 20, objects(NoReduce(), 1), pd.Series(objects(Odd(), None)), weakref.ref(Hostile),
        ctypes.c_int(3), ctypes.pointer(ctypes.c_int(3)), sys._getframe(), threading.local(), threading.current_thread(), sys.stdout, os.environ,
        threading.Lock(), memoryview(b"abc").cast("B"), type("T", (), {"__module__": 5})(), sys, object, type, super(Hostile, Hostile()),
        (lambda: (yield))(), property(), NotImplemented, pd.DataFrame({"a": objects(NoReduce())}), pd.DataFrame([[1]], columns=[Hostile]), Exception("x"),
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(len(hostile())))
def test_nothing_raises(number):
    value = hostile()[number]
    version = fingerprint(value)
    assert version.exactness in ("exact", "opaque")
    assert (token(value) is None) == (version.exactness == "opaque")


def test_objects_that_refuse_every_operation_are_still_exact():
    assert fingerprint(Hostile()).exactness == "exact"
    assert fingerprint(Hostile()).hash == fingerprint(Hostile()).hash


ANGRY = [lambda value=value: value for value in hostile()]


def random_value(rng, depth=0):
    makers = [
        lambda: rng.randint(-(10**20), 10**20), rng.random, lambda: None, lambda: rng.choice([True, False]), lambda: "x" * rng.randint(0, 200),
        lambda: os.urandom(rng.randint(0, 100)), lambda: np.arange(rng.randint(0, 50)), lambda: rng.choice(ANGRY)(), lambda: object(),
    ]  # fmt: skip
    if depth < 4:
        nest = lambda: random_value(rng, depth + 1)  # noqa: E731
        makers += [
            lambda: [nest() for _ in range(rng.randint(0, 9))], lambda: tuple(nest() for _ in range(3)), lambda: {i: nest() for i in range(3)},
            lambda: pd.Series([nest() for _ in range(3)], dtype=object), lambda: {str(i) for i in range(rng.randint(0, 9))},
        ]  # fmt: skip
    return rng.choice(makers)()


def test_a_thousand_random_values_do_not_raise():
    rng = random.Random(0)
    for _ in range(1000):
        value = random_value(rng)
        version = fingerprint(value)
        if version.exactness == "exact":
            again = fingerprint(value)
            assert (again.exactness, again.hash) == ("exact", version.hash)
            assert token(value) == token(value)


def test_an_exception_is_the_same_whoever_looked_at_it_and_whatever_pickles_exceptions():
    import copyreg

    fresh, looked_at, told = ValueError("x", 1), ValueError("x", 1), ValueError("x", 1)
    told.code = 3
    assert vars(looked_at) == {}
    found = [fingerprint(error).hash for error in (fresh, looked_at, told)]
    assert found[0] == found[1] != found[2]
    copyreg.pickle(ValueError, lambda error: (str, (repr(error.__traceback__), id(error))))
    try:
        assert [fingerprint(error).hash for error in (fresh, looked_at, told)] == found
    finally:
        del copyreg.dispatch_table[ValueError]


def unchanged_values():
    shared = [1, 2]
    yield [shared, shared, {"a": {1, 2}, "b": bytearray(b"x")}]
    yield pd.DataFrame(
        {"a": [1, None], "b": ["x", None], "c": pd.Categorical(["u", "v"]), "d": pd.array([1, None], dtype="Int64")}
    )
    yield pd.DataFrame(
        np.arange(20.0).reshape(5, 4), columns=list("abcd"), index=pd.MultiIndex.from_product([["x"], range(5)])
    )
    yield np.ma.masked_array([1, 2], [0, 1])
    yield np.arange(10)[::2]
    yield random.Random(3)
    yield np.random.default_rng(3)


@pytest.mark.parametrize("value", list(unchanged_values()), ids=lambda v: type(v).__name__)
def test_a_value_pickles_to_the_same_bytes_afterwards(value):
    before = pickle.dumps(value)
    fingerprint(value)
    token(value)
    assert pickle.dumps(value) == before
    assert fingerprint(copy.deepcopy(value)).hash == fingerprint(value).hash


def test_nothing_is_kept_alive():
    class Kept:
        pass

    value = Kept()
    watch = weakref.ref(value)
    fingerprint([value])
    token([value])
    del value
    assert watch() is None


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, MemoryError, SystemExit])
def test_an_interrupt_goes_through(interrupt):
    class Stop:
        def __reduce_ex__(self, protocol):
            raise interrupt

    with pytest.raises(interrupt):
        fingerprint([Stop()])
    with pytest.raises(interrupt):
        token(Stop())


def test_a_large_frame_needs_little_extra_memory():
    frames = [
        pd.DataFrame(np.ones((2_000_000, 10)), copy=False),
        pd.DataFrame({f"c{i}": np.ones(2_000_000) for i in range(10)}),
        pd.DataFrame(np.asfortranarray(np.ones((200_000, 100))), copy=False),
    ]
    for frame in frames:
        for call in (fingerprint, token):
            tracemalloc.start()
            call(frame)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 64 << 20


def test_a_forked_child_can_fingerprint_after_its_parent_did():
    array = np.ones(2_000_000)
    expected = fingerprint(array).hash
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        os._exit(0 if fingerprint(array).hash == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_threads_can_fingerprint_at_once():
    frame = pd.DataFrame(np.arange(2_000_000.0).reshape(-1, 4))
    expected = fingerprint(frame).hash
    found = []
    threads = [threading.Thread(target=lambda: found.append(fingerprint(frame).hash)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


class Node:
    def __init__(self, depth: int) -> None:
        self.children = [Node(depth - 1) for _ in range(3)] if depth else []


def test_a_huge_graph_of_objects_is_opaque_rather_than_slow():
    assert fingerprint(Node(5)).exactness == "exact"
    assert fingerprint(Node(9)).exactness == "opaque"
    assert token(Node(9)) is None
    assert fingerprint([{"a": i} for i in range(30_000)]).exactness == "exact"


def test_a_colormap_that_was_used_is_the_one_that_it_was():
    pytest.importorskip("matplotlib")
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap

    for make in (
        lambda: ListedColormap(["red", "blue"], name="two"),
        lambda: LinearSegmentedColormap.from_list("two", ["red", "blue"]),
    ):
        colors = make()
        fresh = fingerprint(colors)
        assert fresh.exactness == "exact"
        assert not colors._isinit, "looking at it is no use of it"
        colors(0.5)
        assert fingerprint(colors) == fresh
        colors._lut[0] = 0.0
        assert fingerprint(colors).hash != fresh.hash


def test_a_matplotlib_figure_is_opaque_and_costs_nothing():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 2)
    assert (fingerprint(figure).kind, fingerprint(figure).exactness) == ("figure", "opaque")
    assert fingerprint(axes).exactness == "opaque"
    pyplot.close(figure)


def test_a_class_holds_what_it_held_after_its_objects_were_looked_at():
    class Consumer:
        def __init__(self, wealth):
            self.wealth = wealth

    class Saver(Consumer):
        rate = 0.1

    before = [list(vars(cls)) for cls in (Consumer, Saver)]
    first, empty = fingerprint([Consumer(3), Saver(4)]), fingerprint(Consumer.__new__(Consumer))
    assert [list(vars(cls)) for cls in (Consumer, Saver)] == before
    assert fingerprint([Consumer(3), Saver(4)]).hash == first.hash
    Consumer(3).__reduce_ex__(4)  # it is pickled, and Python notes its slots: `Consumer` is the same value
    assert fingerprint(Consumer.__new__(Consumer)).hash == empty.hash
