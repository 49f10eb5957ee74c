"""Builtin and standard library values by meaning."""

from __future__ import annotations

import abc
import collections
import datetime
import decimal
import enum
import fractions
import io
import itertools
import json
import math
import pathlib
import re
import socket
import threading
import types
import uuid

import pytest

import nbledger.fingerprint
from nbledger.fingerprint import file_fingerprint, fingerprint, flat_fingerprint, token


def same(a, b):
    return fingerprint(a).hash == fingerprint(b).hash and token(a) == token(b)


DISTINCT = [
    None, ..., NotImplemented, True, False, 0, 1, -1, 2**63, -(2**63) - 1, 2**64, 1.0, 0.0, -0.0, math.inf, math.nan, 1j, -1j,
    complex(0.0, -0.0), "", "1", "a", "b", "\udc80", b"", b"1", b"a", bytearray(b"a"), memoryview(b"a"), "x" * 64, "x" * 65, "x" * 66,
    [], (), {}, set(), frozenset(), [1], (1,), {1}, frozenset({1}), {1: 1}, [1, 2], [2, 1], [[1], 2], [1, [2]], [[1, 2]], [True], [1.0],
    {1: 2}, {2: 1}, {"a": {"b": 1}}, {"a": {"b": 2}}, [None], [math.nan], [1] * 10, [1.0] * 10, [True] * 10, ["1"] * 10, [1] * 11,
    ["a", "bc"] * 5, ["ab", "c"] * 5, ["a\0b"] * 10, [2**70] * 10, [None] * 10, (1,) * 10, range(3), range(0, 6, 2), slice(3), slice(0, 3),
    collections.OrderedDict(a=1), collections.Counter("a"), collections.defaultdict(int, a=1), collections.defaultdict(list, a=1),
    collections.deque([1]), collections.deque([1], maxlen=1), collections.ChainMap({1: 1}), types.SimpleNamespace(a=1),
    types.MappingProxyType({1: 1}), decimal.Decimal(1), decimal.Decimal("1.0"), decimal.Decimal("NaN"), fractions.Fraction(1),
    datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    datetime.datetime(2020, 1, 1, fold=1), datetime.time(1), datetime.timedelta(1), datetime.UTC,
    datetime.timezone(datetime.timedelta(hours=1)), uuid.UUID(int=1), re.compile("a"), re.compile("a", re.IGNORECASE), re.compile(b"a"),
    pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("a"), pathlib.PurePosixPath("b"), int, float, len, json.dumps, json.loads, json,
]  # fmt: skip


def test_the_package_itself_can_be_called():
    assert nbledger.fingerprint(5) == fingerprint(5)
    assert nbledger.fingerprint(5, profile=False) == fingerprint(5)


def test_all_distinct_values_have_distinct_hashes_and_tokens():
    assert len({fingerprint(value).hash for value in DISTINCT}) == len(DISTINCT)
    assert len({token(value) for value in DISTINCT}) == len(DISTINCT)
    assert all(fingerprint(value).exactness == "exact" for value in DISTINCT)


@pytest.mark.parametrize("value", DISTINCT, ids=lambda v: type(v).__name__)
def test_a_value_has_the_same_hash_each_time(value):
    assert same(value, value)


def test_dicts_and_sets_do_not_depend_on_order_but_an_ordered_dict_does():
    assert same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert same({8, 0}, {0, 8})
    assert same(frozenset([8, 0]), frozenset([0, 8]))
    assert not same(collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1))


@pytest.mark.parametrize(
    "value",
    [
        [], [1], [1, 2.5, None, "a", True], list(range(100)), ["a"] * 50, [True] * 9, [None] * 10, [2**70] * 9, ["x" * 500],
        (), (1, "b"), {}, {"a": 1, 2: None}, {i: str(i) for i in range(300)}, {1, 2}, frozenset("abc"), ["\ud800"],
    ],
)  # fmt: skip
def test_a_container_of_plain_values_is_the_same_version_however_it_is_hashed(value):
    assert flat_fingerprint(value) == fingerprint(value)


@pytest.mark.parametrize("value", [[[1]], {1: [2]}, {(1,): 1}, [b""], 1, "a", None, collections.OrderedDict(a=1)])
def test_what_holds_more_than_plain_values_is_not_hashed_as_if_it_did_not(value):
    assert flat_fingerprint(value) is None


def test_equal_ranges_are_one_value():
    assert same(range(0, 5, 2), range(0, 6, 2))
    assert same(range(0), range(3, 3))


def test_shared_parts_count_as_equal_copies():
    part = [1, 2, 3]
    assert same([part, part], [[1, 2, 3], [1, 2, 3]])
    long = list("abcdefghijklmnopq") * 20
    assert same([long, long], [list(long), list(long)])


def test_a_cycle_has_a_hash_that_depends_on_its_content():
    def loop(item):
        outer = [item, {}]
        outer[1]["outer"] = outer
        return outer

    assert same(loop(1), loop(1))
    assert not same(loop(1), loop(2))
    assert fingerprint(loop(1)).exactness == "exact"


def test_a_value_built_of_a_doubled_part_sixty_times_is_quick():
    value = ["leaf"]
    for _ in range(60):
        value = [value, value]
    assert fingerprint(value).exactness == "exact"


class Node:
    def __init__(self, name):
        self.name, self.friends = name, []


def clique(size, odd=0):
    nodes = [Node(i) for i in range(size)]
    for node in nodes:
        node.friends = list(nodes)
    nodes[-1].name += odd
    return nodes


def test_a_graph_in_which_all_know_all_is_hashed_in_time_and_by_content():
    assert same(clique(30), clique(30))
    assert not same(clique(30), clique(30, odd=1))


def test_a_list_nested_ten_thousand_deep_is_opaque_and_does_not_crash():
    value = []
    for _ in range(10_000):
        value = [value]
    assert fingerprint(value).exactness == "opaque"
    assert token(value) is None


def test_a_list_nested_a_hundred_deep_is_exact():
    value = []
    for _ in range(100):
        value = [value]
    assert fingerprint(value).exactness == "exact"


def test_depth_is_the_same_wherever_the_stack_stands():
    value = []
    for _ in range(140):
        value = [value]

    def deep(levels):
        return fingerprint(value) if not levels else deep(levels - 1)

    assert deep(200).hash == fingerprint(value).hash


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Access(enum.Flag):
    READ = 1
    WRITE = 2


def test_enum_members_differ_from_each_other_and_from_their_values():
    values = [Colour.RED, Colour.BLUE, 1, Access.READ, Access.READ | Access.WRITE]
    assert len({fingerprint(v).hash for v in values}) == len(values)
    assert all(fingerprint(v).exactness == "exact" for v in values)


def opaque_values():
    yield (i for i in range(3))
    yield iter([1])
    yield map(str, [1])
    yield itertools.count()
    yield threading.Lock()
    yield threading.Thread()
    with socket.socket() as open_socket:
        yield open_socket


def test_a_file_in_memory_is_its_content_and_the_place_in_it():
    read, other = io.StringIO("ab"), io.StringIO("ab")
    assert fingerprint(read).exactness == "exact"
    assert fingerprint(read).hash == fingerprint(other).hash != fingerprint(io.BytesIO(b"ab")).hash
    before = token(read)
    read.read(1)
    assert fingerprint(read).hash != fingerprint(other).hash
    assert token(read) != before
    other.close()
    assert fingerprint(other).hash not in {fingerprint(io.StringIO("ab")).hash, fingerprint(read).hash}


def test_an_abstract_class_is_also_what_it_was_told_to_count_as_its_own():
    class Animal(abc.ABC):
        @abc.abstractmethod
        def eat(self): ...

    class Robot:
        pass

    before = fingerprint(Animal).hash
    isinstance(Robot(), Animal)
    assert fingerprint(Animal).hash == before
    Animal.register(Robot)
    assert fingerprint(Animal).hash != before


def test_what_would_be_consumed_or_cannot_be_read_is_opaque_and_equals_nothing():
    for value in opaque_values():
        version = fingerprint(value)
        assert version.exactness == "opaque", value
        assert version.hash != fingerprint(value).hash
        assert token(value) is None
        assert fingerprint([1, {"deep": value}]).exactness == "opaque"
        assert token([1, {"deep": value}]) is None


def test_an_iterator_is_not_consumed():
    numbers = iter([1, 2, 3])
    counted = (i for i in range(3))
    fingerprint([numbers, counted])
    token(numbers)
    assert (next(numbers), next(counted)) == (1, 0)


def test_an_open_file_is_opaque_and_stays_where_it_is(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("hello")
    with path.open() as file:
        assert fingerprint(file).exactness == "opaque"
        assert file.read() == "hello"


def test_kind_shape_and_type_name_of_plain_values():
    assert (fingerprint(5).kind, fingerprint(5).type_name, fingerprint(5).shape) == ("value", "int", None)
    assert fingerprint([1, 2]).shape == (2,)
    assert fingerprint(b"abc").nbytes == 3
    assert fingerprint(json).kind == "module"
    assert fingerprint(len).kind == "function"
    assert fingerprint(int).kind == "class"
    assert fingerprint(object()).kind == "object"


def test_a_file_is_its_bytes(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"x" * 5_000_000)
    two.write_bytes(b"x" * 5_000_000)
    version = file_fingerprint(one)
    assert version == file_fingerprint(two)
    assert (version.kind, version.nbytes, version.exactness, len(version.hash)) == ("file", 5_000_000, "exact", 32)
    two.write_bytes(b"x" * 4_999_999 + b"y")
    assert file_fingerprint(two).hash != version.hash
    with pytest.raises(FileNotFoundError):
        file_fingerprint(tmp_path / "none")


def test_views_of_a_dict_are_what_they_show():
    one, other = {"a": 1, "b": [2]}, {"b": [2], "a": 1}
    assert fingerprint(one.keys()).exactness == "exact"
    assert fingerprint(one.keys()).hash == fingerprint(other.keys()).hash
    assert fingerprint(one.items()).hash == fingerprint(other.items()).hash
    assert fingerprint(one.values()).hash == fingerprint({"x": 1, "y": [2]}.values()).hash
    assert len({fingerprint(view).hash for view in (one.keys(), one.items(), one.values(), {"a": 1}.keys())}) == 4
