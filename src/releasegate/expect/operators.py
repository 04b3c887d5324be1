"""An operator, its operand and one value in; met, unmet or not applicable out. The meaning of every operator.

A value is judged by what `look` makes of it: its length for `length`, its type for `type`, itself for the others.
What was looked at is what an expectation keeps, so it can be judged again from there. None means that the operator
does not apply (`min` of a text): that is never met, and its negation is not met either.
"""

from collections.abc import Callable
from typing import Any

from releasegate import pattern
from releasegate.expect.equality import same

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
OPERATORS = (
    "equals", "in", "not", "type", "exists", "matches", "contains", "length", "count", "min", "max", "schema",
)  # fmt: skip


def type_of(value: Any) -> str:  # noqa: PLR0911 - one line for each type
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case list():
            return "array"
    return "object"


def look(operator: str, value: Any) -> Any:
    """Give what of the value the operator judges."""
    if operator == "type":
        return type_of(value)
    if operator == "length":
        return len(value) if isinstance(value, (str, list, dict)) else None
    return value


def holds(operator: str, demanded: Any, looked: Any) -> bool | None:
    """Judge one value that was looked at. None if the operator does not apply to it."""
    return _MEANING[operator](demanded, looked)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_type(demanded: Any, looked: Any) -> bool | None:
    return bool(looked == demanded) or (demanded == "number" and looked == "integer")


def _matches(demanded: Any, looked: Any) -> bool | None:
    if not isinstance(looked, str) or not isinstance(demanded, str):
        return None
    try:
        return pattern.matches(demanded, looked)
    except pattern.BadPattern:  # what staging sent filled a hole with too much: nothing fits that
        return None


def _contains(demanded: Any, looked: Any) -> bool | None:
    if isinstance(looked, list):
        return any(same(demanded, item) for item in looked)
    if isinstance(looked, (str, dict)) and isinstance(demanded, str):
        return demanded in looked
    return None


def _bounded(demanded: Any, looked: Any) -> bool | None:
    """Judge a length or a count: a number, or {min, max}."""
    if looked is None:
        return None
    if isinstance(demanded, dict):
        sides = [holds(side, bound, looked) for side, bound in demanded.items()]
        return None if None in sides else all(sides)
    return same(demanded, looked) if _number(demanded) else None


def _least(demanded: Any, looked: Any) -> bool | None:
    return bool(looked >= demanded) if _number(looked) and _number(demanded) else None


def _most(demanded: Any, looked: Any) -> bool | None:
    return bool(looked <= demanded) if _number(looked) and _number(demanded) else None


def _in(demanded: Any, looked: Any) -> bool | None:
    return any(same(item, looked) for item in demanded) if isinstance(demanded, list) else None


def _not(demanded: Any, looked: Any) -> bool | None:
    if not isinstance(demanded, dict):
        return not same(demanded, looked)
    inside = [holds(operator, operand, look(operator, looked)) for operator, operand in demanded.items()]
    return None if None in inside else not all(inside)


def _any(demanded: Any, looked: Any) -> bool | None:
    """Judge a status: one of numbers and of classes such as 4xx."""
    if type(looked) is not int:
        return None
    return any(
        looked // 100 == int(item[0]) if isinstance(item, str) and is_class(item) else same(item, looked)
        for item in demanded
    )


def is_class(text: str) -> bool:
    return len(text) == 3 and text[0] in "12345" and text[1:] == "xx"  # noqa: PLR2004


def _schema(demanded: Any, looked: Any) -> bool | None:
    from releasegate.expect import schema

    return schema.fits(demanded, looked)


_MEANING: dict[str, Callable[[Any, Any], bool | None]] = {
    "equals": same,
    "in": _in,
    "not": _not,
    "type": _is_type,
    "matches": _matches,
    "contains": _contains,
    "length": _bounded,
    "count": _bounded,
    "min": _least,
    "max": _most,
    "schema": _schema,
    "any": _any,
}
