"""A pattern in, texts that it probably matches out: enough to show that a forbidden text would be noticed."""

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

_MAX_REPEAT = 1000
_CATEGORIES = {
    "CATEGORY_DIGIT": "0", "CATEGORY_NOT_DIGIT": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_SPACE": "a",
    "CATEGORY_WORD": "a", "CATEGORY_NOT_WORD": " ",
}  # fmt: skip
_PRINTABLE = "a0 _-AZ~./"


def matching(pattern: str) -> Iterator[str]:
    """Give a text that fits the pattern as Python reads it, then the pattern itself, which fits if it is plain."""
    # The standard library's own reader; RE2 shares the syntax that a gate's patterns use.
    from re import _parser  # type: ignore[attr-defined]

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield _written(_parser.parse(pattern))
    except (re.error, RecursionError, OverflowError, ValueError):
        pass
    yield pattern


def _written(parsed: Any) -> str:
    return "".join(_one(str(operation), argument) for operation, argument in parsed)


def _one(operation: str, argument: Any) -> str:  # noqa: PLR0911 - one line for each operation
    match operation:
        case "LITERAL":
            return chr(int(argument))
        case "NOT_LITERAL":
            return "a" if argument != ord("a") else "b"
        case "ANY":
            return "a"
        case "IN":
            return _of_class(argument)
        case "BRANCH":
            return _written(argument[1][0])
        case "SUBPATTERN":
            return _written(argument[3])
        case "MAX_REPEAT" | "MIN_REPEAT":
            least = int(argument[0]) or int(bool(argument[1]))
            return _written(argument[2]) * min(least, _MAX_REPEAT)
    return ""


def _of_class(members: list[Any]) -> str:
    kinds = [(str(operation), argument) for operation, argument in members]
    if kinds and kinds[0][0] == "NEGATE":
        refused = [_inside(kind, argument) for kind, argument in kinds[1:]]
        return next((sign for sign in _PRINTABLE if not any(test(sign) for test in refused)), "é")
    kind, argument = kinds[0]
    first = argument[0] if kind == "RANGE" else argument
    return chr(int(first)) if kind in ("RANGE", "LITERAL") else _CATEGORIES.get(str(argument), "")


def _inside(kind: str, argument: Any) -> Callable[[str], bool]:
    if kind == "RANGE":
        return lambda sign: bool(argument[0] <= ord(sign) <= argument[1])
    if kind == "LITERAL":
        return lambda sign: bool(ord(sign) == argument)
    sample = _CATEGORIES.get(str(argument), "")
    return lambda sign: sign == sample
