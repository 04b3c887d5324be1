"""Demands and values in, one line of text out: `$.status == "healthy"`, and what was got."""

import json
import re
from functools import lru_cache
from itertools import islice
from json.encoder import encode_basestring
from typing import Any

from releasegate.template import Template

WIDTH = 120
SHOWN = 20
_ITEMS = 12
_LEVELS = 4
# What str.splitlines, a terminal or a log would take for more than a sign of this line.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def flat(text: str) -> str:
    """Give the text on one line, every control sign written out."""
    if text.isprintable():
        return text
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def shown(value: Any, width: int = WIDTH) -> str:
    """Write a value as JSON, cut to `width` characters."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, Template):
        return value.source
    if isinstance(value, str):
        cut = value if len(value) <= width else f"{value[: width - 1]}…"
        return flat(encode_basestring(cut))
    text = (
        repr(value)
        if isinstance(value, (int, float))
        else json.dumps(_pruned(value, _LEVELS), ensure_ascii=False, separators=(",", ":"))
    )
    return flat(text if len(text) <= width else f"{text[: width - 1]}…")


def _pruned(value: Any, levels: int) -> Any:
    """Keep only as much of a value as may be shown, so that a huge one costs no more than a small one."""
    if isinstance(value, str):
        return value[: WIDTH + 1]
    if isinstance(value, Template):
        return value.source
    if not levels and value and isinstance(value, (dict, list)):
        return "…"
    if isinstance(value, dict):
        some = {str(key)[:WIDTH]: _pruned(value[key], levels - 1) for key in islice(value, _ITEMS)}
        return some if len(value) <= _ITEMS else {**some, "…": f"{len(value) - _ITEMS} more"}
    if isinstance(value, list):
        items = [_pruned(item, levels - 1) for item in value[:_ITEMS]]
        return items if len(value) <= _ITEMS else [*items, f"… {len(value) - _ITEMS} more"]
    return value


def _between(what: str, demanded: Any) -> str:
    if not isinstance(demanded, dict):
        return f"{what}== {shown(demanded)}"
    return f"{what}{' and '.join(_SIDES[side] + ' ' + shown(bound) for side, bound in demanded.items())}"


def _negated(demanded: Any) -> str:
    if not isinstance(demanded, dict):
        return f"!= {shown(demanded)}"
    return f"not ({' and '.join(said(operator, operand) for operator, operand in demanded.items())})"


_SIDES = {"min": "≥", "max": "≤"}


def said(operator: str, demanded: Any) -> str:  # noqa: PLR0911 - one line for each operator
    """Write what is demanded, without its subject."""
    match operator:
        case "equals":
            return f"== {shown(demanded)}"
        case "min" | "max":
            return f"{_SIDES[operator]} {shown(demanded)}"
        case "exists":
            return "exists" if demanded else "does not exist"
        case "length" | "count":
            return _between(f"{operator} ", demanded)
        case "not":
            return _negated(demanded)
        case "any":
            words = [item if isinstance(item, str) else shown(item) for item in demanded]
            return f"== {words[0]}" if len(words) == 1 else f"in [{','.join(words)}]"
        case "schema":
            return "fits the schema"
        case "type":
            return f"is {shown(demanded)[1:-1] if isinstance(demanded, str) else shown(demanded)}"
    return f"{operator} {shown(demanded)}"


def got(values: list[Any]) -> str:
    """Write what was found: every value up to SHOWN, then how many more."""
    if len(values) == 1:
        return shown(values[0])
    if not values:
        return "nothing"
    width = WIDTH if len(values) <= 3 else WIDTH // 3  # noqa: PLR2004
    text = ", ".join(shown(value, width) for value in values[:SHOWN])
    more = len(values) - SHOWN
    return f"{text} … and {more} more" if more > 0 else text


@lru_cache(maxsize=4096)
def duration(seconds: float) -> str:
    return f"{_rounded(seconds * 1000)} ms" if seconds < 1 else f"{_rounded(seconds)} s"


def size(count: float) -> str:
    for unit, scale in (("MiB", 2**20), ("KiB", 2**10)):
        if count >= scale:
            return f"{_rounded(count / scale)} {unit}"
    return f"{count:g} B"


def _rounded(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")
