"""An operator, what it demands and a value in; values that may break it out, the nearest first.

Nothing here is certain: whoever asks judges each candidate.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

from releasegate.expect.operators import TYPES, is_class
from releasegate.expect.texts import matching

MAX_BUILT = 100_000
MAX_TEXT = 10_000_000
SAMPLES: dict[str, Any] = {
    "string": "releasegate", "number": 0.5, "integer": 7, "boolean": True, "array": [], "object": {}, "null": None,
}  # fmt: skip
_DEEP = 3


def candidates(operator: str, demanded: Any, value: Any) -> Iterator[Any]:
    yield from _BREAKING[operator](demanded, value)


def others(value: Any) -> Iterator[Any]:
    """Give values that differ from this one: first of its own type, then of the others."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, str):
        yield f"{value} (changed)"
        yield ""
    elif isinstance(value, (int, float)):
        yield value + 1 if abs(value) < 2**53 else 0
    elif isinstance(value, list):
        yield value[:-1]
        yield [*value, None]
    elif isinstance(value, dict):
        yield {**value, "releasegate": None}
    yield from SAMPLES.values()


def without(demanded: Any, value: Any) -> Iterator[Any]:
    """Give the value without what it is to contain; of the same type."""
    if isinstance(value, str):
        yield value.replace(demanded, "") if isinstance(demanded, str) and demanded else ""
        yield ""
    elif isinstance(value, dict):
        yield {key: item for key, item in value.items() if key != demanded}
    elif isinstance(value, list):
        yield []


def _around(demanded: Any, value: Any) -> Iterator[Any]:
    yield from others(value)
    if isinstance(demanded, list):
        for item in demanded:
            yield from others(item)


def _texts(_: Any, value: Any) -> Iterator[Any]:
    """Texts that a pattern is unlikely to match; only texts, so that `.*` is found out."""
    text = value if isinstance(value, str) else ""
    yield from ("", " ", "\x00", "~", "0", "a", "A", "\n", f"~{text}~", f"{text}\n{text}", text[::-1], "releasegate")


def _below(demanded: Any, _: Any) -> Iterator[Any]:
    yield from _beside(demanded, -1)


def _above(demanded: Any, _: Any) -> Iterator[Any]:
    yield from _beside(demanded, 1)


def _beside(bound: Any, direction: int) -> Iterator[Any]:
    if isinstance(bound, (int, float)) and not isinstance(bound, bool):
        yield bound + direction
        # A float so large that one more is no more.
        if isinstance(bound, float) and math.isfinite(bound + direction * abs(bound)):
            yield bound + direction * abs(bound)


def _resized(demanded: Any, value: Any) -> Iterator[Any]:
    for size in sizes(demanded, MAX_TEXT if isinstance(value, str) else MAX_BUILT):
        if isinstance(value, str):
            yield (value + "x" * size)[:size]
        elif isinstance(value, list):
            yield (value + [value[-1] if value else None] * size)[:size]
        elif isinstance(value, dict):
            added = {f"releasegate{index}": None for index in range(max(0, size - len(value)))}
            yield dict([*value.items(), *added.items()][:size])


def sizes(demanded: Any, most: int = MAX_BUILT) -> list[int]:
    """Give lengths just outside of what is demanded."""
    if isinstance(demanded, dict):
        near = [demanded[side] + by for side, by in (("min", -1), ("max", 1)) if side in demanded]
    else:
        near = [demanded - 1, demanded + 1] if isinstance(demanded, (int, float)) else []
    return [int(size) for size in near if 0 <= size <= most]


def _misfits(_: Any, value: Any) -> Iterator[Any]:
    yield from _damaged(value, _DEEP)
    yield from SAMPLES.values()
    yield from (-1, "", [None], {"releasegate": None})


def _damaged(value: Any, levels: int) -> Iterator[Any]:
    """Give the value with one member gone or of another type."""
    if not levels or not isinstance(value, (dict, list)):
        return
    keys: list[Any] = list(value)[:50] if isinstance(value, dict) else list(range(min(len(value), 3)))
    for key in keys:
        if isinstance(value, dict):
            yield {name: item for name, item in value.items() if name != key}
        for other in others(value[key]):
            yield _replaced(value, key, other)
    for key in keys:
        for damaged in _damaged(value[key], levels - 1):
            yield _replaced(value, key, damaged)


def _replaced(value: Any, key: Any, new: Any) -> Any:
    copy = value.copy()
    copy[key] = new
    return copy


def _statuses(_: Any, __: Any) -> Iterator[Any]:
    yield from (500, 503, 404, 401, 200, 204, 302, 100, 599, 600)


def _wanted(demanded: Any, value: Any) -> Iterator[Any]:
    """Give values that are what `not` forbids."""
    if not isinstance(demanded, dict):
        yield demanded
        return
    for operator, operand in demanded.items():
        yield from _MEETING[operator](operand, value)


def _listed(demanded: Any, _: Any) -> Iterator[Any]:
    yield from demanded if isinstance(demanded, list) else ()


def _containing(demanded: Any, value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield [*value, demanded]
    if isinstance(value, dict) and isinstance(demanded, str):
        yield {**value, demanded: None}
    if isinstance(demanded, str):
        yield f"{value} {demanded}" if isinstance(value, str) else demanded
    yield [demanded]


def _just(demanded: Any, _: Any) -> Iterator[Any]:
    yield demanded


def _sized(demanded: Any, value: Any) -> Iterator[Any]:
    least = demanded.get("min", demanded.get("max", 0)) if isinstance(demanded, dict) else demanded
    if isinstance(least, int) and 0 <= least <= MAX_BUILT:
        yield (value + "x" * least)[:least] if isinstance(value, str) else [None] * least


def _classes(demanded: Any, _: Any) -> Iterator[Any]:
    for item in demanded:
        yield int(item[0]) * 100 if isinstance(item, str) and is_class(item) else item


def _typed(demanded: Any, _: Any) -> Iterator[Any]:
    if demanded in TYPES:
        yield SAMPLES[demanded]


def _matching(demanded: Any, value: Any) -> Iterator[Any]:
    if isinstance(demanded, str):
        for text in matching(demanded):
            yield text
            if isinstance(value, str):
                yield f"{value} {text}"


def _fitting(_: Any, value: Any) -> Iterator[Any]:
    yield from SAMPLES.values()
    yield from _damaged(value, _DEEP)


_BREAKING: dict[str, Callable[[Any, Any], Iterator[Any]]] = {
    "equals": lambda _, value: others(value),
    "in": _around,
    "not": _wanted,
    "type": lambda _, __: iter(SAMPLES.values()),
    "matches": _texts,
    "contains": without,
    "length": _resized,
    "min": _below,
    "max": _above,
    "schema": _misfits,
    "any": _statuses,
}

_MEETING: dict[str, Callable[[Any, Any], Iterator[Any]]] = {
    "equals": _just,
    "in": _listed,
    "type": _typed,
    "matches": _matching,
    "contains": _containing,
    "length": _sized,
    "min": _just,
    "max": _just,
    "schema": _fitting,
    "any": _classes,
}
