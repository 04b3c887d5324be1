"""A JSON value and a place in it in, a copy that differs only there out; what is not changed is shared."""

from typing import Any

from releasegate.jsonpath import WILD, Location


def put(value: Any, at: Location, new: Any) -> Any:
    """Give the value with `new` at the place, which exists."""
    if not at:
        return new
    copy = value.copy()
    copy[at[0]] = put(value[at[0]], at[1:], new)
    return copy


def remove(value: Any, places: list[Location]) -> Any:
    """Give the value without these places; the root cannot be one of them."""
    for at in sorted(places, key=_order, reverse=True):
        value = _without(value, at)
    return value


def _order(at: Location) -> list[tuple[int, int | str]]:
    # Later items of an array first, and what is inside before what holds it: earlier removals move no place.
    return [(0, step) if isinstance(step, int) else (1, step) for step in at]


def _without(value: Any, at: Location) -> Any:
    copy = value.copy()
    if len(at) == 1:
        del copy[at[0]]
    else:
        copy[at[0]] = _without(value[at[0]], at[1:])
    return copy


def build(value: Any, steps: tuple[Any, ...], leaf: Any) -> Any:
    """Give the value with `leaf` where a plain path points, and all that is missing on the way."""
    if not steps:
        return leaf
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        mapping = value if isinstance(value, dict) else {}
        return {**mapping, step: build(mapping.get(step), rest, leaf)}
    items = list(value) if isinstance(value, list) else []
    if step is WILD:
        return [*items, build(None, rest, leaf)]
    needed = step + 1 if step >= 0 else -step
    items += [None] * (needed - len(items))
    items[step] = build(items[step], rest, leaf)
    return items
