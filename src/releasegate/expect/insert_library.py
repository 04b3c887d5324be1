"""A JSON value and a path of the whole RFC 9535 in; values in which it may select something out.

A filter is answered with an item that has what the filter asks for, as far as it asks simply: comparisons with
a literal, existence, `match` and `search`, joined by && and ||.
"""

from collections.abc import Iterator
from typing import Any

from jsonpath_rfc9535 import filter_expressions as asks
from jsonpath_rfc9535.selectors import FilterSelector, IndexSelector, NameSelector

from releasegate.expect.place import build
from releasegate.expect.texts import matching
from releasegate.jsonpath import WILD
from releasegate.jsonpath_library import segments_of

LEAF = "releasegate"


def guesses(value: Any, text: str) -> Iterator[Any]:
    segments = segments_of(text)
    yield _built(value, segments, LEAF)
    if isinstance(value, list):
        yield _built({}, segments, LEAF)


def _built(value: Any, segments: tuple[Any, ...], leaf: Any) -> Any:
    """Follow the first selector of each segment, making what is missing."""
    if not segments:
        return leaf
    selector, rest = segments[0].selectors[0], segments[1:]
    if isinstance(selector, NameSelector):
        mapping = value if isinstance(value, dict) else {}
        return {**mapping, selector.name: _built(mapping.get(selector.name), rest, leaf)}
    if isinstance(selector, IndexSelector):
        item = value[selector.index] if _has(value, selector.index) else None
        return build(value, (selector.index,), _built(item, rest, leaf))
    item = _asked(selector.expression.expression) if isinstance(selector, FilterSelector) else None
    item = _built(item, rest, item if item is not None else leaf)
    if isinstance(value, dict):
        return {**value, "releasegate": item}
    return [*value, item] if isinstance(value, list) else [item]


def _has(value: Any, index: int) -> bool:
    return isinstance(value, list) and -len(value) <= index < len(value)


def _asked(expression: Any, item: Any = None) -> Any:  # noqa: PLR0911 - one line for each form
    """Give an item that answers the filter, on top of `item`."""
    match expression:
        case asks.LogicalExpression(operator="&&"):
            return _asked(expression.right, _asked(expression.left, item))
        case asks.LogicalExpression():
            return _asked(expression.left, item)
        case asks.FilterExpression():
            return _asked(expression.expression, item)
        case asks.RelativeFilterQuery():
            return _with(item, expression, LEAF)
        case asks.ComparisonExpression(left=asks.RelativeFilterQuery()):
            return _with(item, expression.left, _beside(expression.operator, expression.right))
        case asks.ComparisonExpression(right=asks.RelativeFilterQuery()):
            turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(expression.operator, expression.operator)
            return _with(item, expression.right, _beside(turned, expression.left))
        case asks.FunctionExtension(name="match" | "search", args=[asks.RelativeFilterQuery() as query, fits]):
            return _with(item, query, next(matching(str(getattr(fits, "value", "")))))
    return item if item is not None else {}


def _with(item: Any, query: Any, leaf: Any) -> Any:
    steps = [segment.selectors[0] for segment in query.query.segments]
    plain = tuple(getattr(step, "name", getattr(step, "index", WILD)) for step in steps)
    return build(item, plain, leaf)


def _beside(operator: str, literal: Any) -> Any:
    """Give a value that compares so with the literal."""
    value = getattr(literal, "value", None)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if operator == ">" and value is not None:
        return value + 1 if number else f"{value}z"
    if operator == "<":
        return value - 1 if number and value is not None else ""
    if operator == "!=":
        return f"{value} (changed)"
    return value
