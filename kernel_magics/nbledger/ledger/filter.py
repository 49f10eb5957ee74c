"""The filter language: MLflow's `search_runs` grammar, as a small syntax tree.

    filter     := either
    either     := both (OR both)*
    both       := negation (AND negation)*
    negation   := NOT negation | "(" either ")" | comparison
    comparison := name operator literal | name [NOT] LIKE|ILIKE text | name [NOT] IN "(" literal, ... ")"
                | name IS [NOT] NULL
    name       := [metrics|params|tags|attributes "."] (word | "quoted" | `quoted`)

Source: https://mlflow.org/docs/latest/search-runs. OR, NOT and parentheses go beyond it. A wrong token raises a
`FilterError` with a caret below it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from functools import lru_cache

from nbledger.ledger.conditions import (
    ATTRIBUTES,
    ENTITIES,
    STATUSES,
    Comparison,
    Condition,
    Group,
    Literals,
    Name,
    Not,
    Order,
)
from nbledger.ledger.errors import FilterError
from nbledger.ledger.tokens import Token, error_at, tokens

#: Python's own recursion limit is met at about 300.
_DEEPEST = 100
#: SQLite takes expressions of a depth of 1,000, and 32,766 values.
_MOST_CONDITIONS, _MOST_VALUES = 500, 10_000
_KEYWORDS = frozenset({"AND", "OR", "NOT", "LIKE", "ILIKE", "IN", "IS", "NULL", "TRUE", "FALSE", "ASC", "DESC"})
#: A number of seconds beyond this is the year 5138: it is milliseconds.
_MILLISECONDS = 1e11
_OPERATORS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


@lru_cache(maxsize=256)
def parse(text: str) -> Condition | None:
    """Return the tree of a filter, `None` for an empty one. Raises `FilterError`."""
    parser = _Parser(text)
    if parser.peek().kind == "end":
        return None
    found = parser.either()
    parser.expect_end()
    return found


def parse_order(order: str | list[str] | tuple[str, ...] | None) -> tuple[Order, ...]:
    """Return the keys of `order_by`: texts such as `metrics.accuracy desc`, several in a list or after commas."""
    return _parse_order((order,) if isinstance(order, str) else tuple(order or ()))


@lru_cache(maxsize=256)
def _parse_order(texts: tuple[str, ...]) -> tuple[Order, ...]:
    found: list[Order] = []
    for text in texts:
        parser = _Parser(text)
        while parser.peek().kind != "end":
            name = parser.name()
            descending = parser.take_word("DESC")
            if not descending:
                parser.take_word("ASC")
            found.append(Order(name, descending))
            if not parser.take("mark", ","):
                break
        parser.expect_end(": ASC or DESC may follow a name, and further names after commas")
    return tuple(found)


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.position = 0
        self.depth = 0
        self.conditions = 0

    # -- tokens -------------------------------------------------------------------------------------------------

    def peek(self) -> Token:
        return self.tokens[self.position]

    def next(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def take(self, kind: str, value: str) -> bool:
        token = self.peek()
        if token.kind == kind and token.value == value:
            self.position += 1
            return True
        return False

    def take_word(self, word: str) -> bool:
        token = self.peek()
        if token.kind == "word" and token.value.upper() == word:
            self.position += 1
            return True
        return False

    def fail(self, problem: str, token: Token | None = None) -> FilterError:
        return error_at(problem, self.text, token or self.peek())

    def expect_end(self, remedy: str = ": join conditions with AND or OR") -> None:
        token = self.peek()
        if token.kind != "end":
            hint = "" if token.value == ")" else remedy
            raise self.fail(f"Unexpected {token.value!r}{hint}")

    # -- conditions ---------------------------------------------------------------------------------------------

    def either(self) -> Condition:
        parts = [self.both()]
        while self.take_word("OR"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Group("OR", tuple(parts))

    def both(self) -> Condition:
        parts = [self.negation()]
        while self.take_word("AND"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Group("AND", tuple(parts))

    def negation(self) -> Condition:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.fail("The filter is nested too deeply")
        try:
            if self.take_word("NOT"):
                return Not(self.negation())
            if not self.take("mark", "("):
                return self.comparison()
            found = self.either()
            if not self.take("mark", ")"):
                raise self.fail("Expected ')' to close the parenthesis")
            return found
        finally:
            self.depth -= 1

    def comparison(self) -> Condition:
        self.conditions += 1
        if self.conditions > _MOST_CONDITIONS:
            raise self.fail(f"The filter has more than {_MOST_CONDITIONS} conditions: write several values as IN (...)")
        name = self.name()
        token = self.next()
        word = token.value.upper() if token.kind == "word" else ""
        if token.kind == "operator":
            return Comparison(name, _OPERATORS[token.value], (self.literal(name),))
        if word == "IS":
            negated = self.take_word("NOT")
            if not self.take_word("NULL"):
                raise self.fail("Expected NULL after IS")
            return _negated(Comparison(name, "NULL"), negated)
        negated = word == "NOT"
        if negated:
            token = self.next()
            word = token.value.upper()
        if word in ("LIKE", "ILIKE"):
            return _negated(Comparison(name, word, (self.pattern(),)), negated)
        if word == "IN":
            return _negated(Comparison(name, "IN", self.literals(name)), negated)
        raise self.fail("Expected one of =, !=, >, >=, <, <=, LIKE, ILIKE, IN, IS NULL", token)

    def pattern(self) -> str:
        token = self.next()
        if token.kind not in ("text", "quoted"):
            raise self.fail("Expected a quoted pattern such as '%forest%'", token)
        return token.value

    def literals(self, name: Name) -> tuple[Literals, ...]:
        if not self.take("mark", "("):
            raise self.fail("Expected '(' after IN")
        found = [self.literal(name)]
        while self.take("mark", ","):
            found.append(self.literal(name))
            if len(found) > _MOST_VALUES:
                raise self.fail(f"The list after IN has more than {_MOST_VALUES:,} values")
        if not self.take("mark", ")"):
            raise self.fail("Expected ',' or ')' in the list after IN")
        return tuple(found)

    def literal(self, name: Name) -> Literals:
        token = self.next()
        if token.kind == "number":
            return self.checked(name, _number(token.value), token)
        if token.kind in ("text", "quoted"):
            return self.checked(name, token.value, token)
        if token.kind == "word":
            word = token.value.upper()
            if word in ("TRUE", "FALSE"):
                return self.checked(name, word == "TRUE", token)
            if word in ("NAN", "INF", "INFINITY", "-INF", "-INFINITY"):
                return float(word)
            if word == "NULL":
                raise self.fail("Compare with NULL by IS NULL or IS NOT NULL", token)
            raise self.fail(f"Expected a number or a quoted text: '{token.value}'", token)
        raise self.fail("Expected a number or a quoted text", token)

    def checked(self, name: Name, value: Literals, token: Token) -> Literals:
        """Return `value` as what `name` is compared with. Times are seconds, or milliseconds as MLflow has them."""
        if name.entity == "metrics" and isinstance(value, str):
            raise self.fail("A metric is compared with a number, without quotes", token)
        if name.entity != "attributes":
            return value
        if name.key in ("started_at", "ended_at"):
            if isinstance(value, str):
                try:
                    return datetime.datetime.fromisoformat(value).timestamp()
                except ValueError:
                    raise self.fail("Expected a time such as '2026-05-03' or '2026-05-03T10:00'", token) from None
            return value / 1000 if value > _MILLISECONDS else value
        if name.key == "status":
            word = str(value).lower()
            if word not in STATUSES:
                raise self.fail(f"A status is one of {', '.join(STATUSES)}", token)
            return word
        if name.key == "tracked":
            return str(value).lower() in ("1", "true")
        if name.key in ("duration", "position") and isinstance(value, str):
            raise self.fail(f"{name.key} is compared with a number, without quotes", token)
        return value

    # -- names --------------------------------------------------------------------------------------------------

    def name(self) -> Name:
        token = self.next()
        if token.kind not in ("word", "quoted") or (token.kind == "word" and token.value.upper() in _KEYWORDS):
            raise self.fail("Expected a name such as metrics.accuracy or params.max_depth", token)
        if self.take("mark", "."):
            entity = ENTITIES.get(token.value.lower())
            if entity is None:
                near = _near(token.value.lower(), ENTITIES)
                hint = f", perhaps {ENTITIES[near]!r}" if near else ""
                raise self.fail(f"{token.value!r} is none of metrics, params, tags, attributes{hint}", token)
            return self.key(entity)
        known = ATTRIBUTES.get(token.value.lower())
        if known is None:
            raise self.fail(_bare(token.value), token)
        return Name("attributes", known)

    def key(self, entity: str) -> Name:
        token = self.next()
        if token.kind not in ("word", "quoted", "number"):
            raise self.fail(f"Expected a name after '{entity}.'; quote odd names as {entity}.\"max depth\"", token)
        if entity == "attributes":
            known = ATTRIBUTES.get(token.value.lower())
            if known is None:
                near = _near(token.value.lower(), ATTRIBUTES)
                hint = f"perhaps {near!r}" if near else "one of " + ", ".join(sorted(set(ATTRIBUTES.values())))
                raise self.fail(f"There is no attribute {token.value!r}: {hint}", token)
            return Name(entity, known)
        value, end = token.value, token.end
        if token.kind != "quoted":  # names such as `split.train` or `val/f1.macro` run on over dots
            while self.peek().kind in ("word", "number", "mark") and self.peek().start == end:
                following = self.peek()
                if following.kind == "mark" and following.value != ".":
                    break
                value += following.value
                end = self.next().end
        return Name(entity, value)


def _near(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known word that is most like `word`."""
    import difflib

    found = difflib.get_close_matches(word, known, 1, cutoff)
    return found[0] if found else None


def _negated(condition: Condition, negated: bool) -> Condition:
    return Not(condition) if negated else condition


def _bare(name: str) -> str:
    near = _near(name.lower(), ATTRIBUTES, 0.8)
    quoted = name if re.fullmatch(r"[\w.]+", name) else f'"{name}"'
    also = f", or the attribute {near!r}" if near else ""
    return f"{name!r} needs a prefix: perhaps metrics.{quoted}, params.{quoted} or tags.{quoted}{also}"


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
