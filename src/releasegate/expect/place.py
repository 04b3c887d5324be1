"""A JSON value and a place in it in, a copy that differs only there out; what is not changed is shared."""

from collections.abc import Callable, Iterable
from typing import Any

from releasegate.jsonpath import WILD, Location

MAX_INDEX = 100_000
_HERE = object()


def put(value: Any, at: Location, new: Any) -> Any:
    """Give the value with `new` at the place, which exists."""
    if not at:
        return new
    copy = value.copy()
    copy[at[0]] = put(value[at[0]], at[1:], new)
    return copy


def put_all(value: Any, places: Iterable[Location], new: Any) -> Any:
    """Give the value with `new` at every place."""
    return _changed(value, _tree(places), lambda _: [new])


def remove(value: Any, places: Iterable[Location]) -> Any:
    """Give the value without these places; the root cannot be one of them."""
    return _changed(value, _tree(places), lambda _: [])


def _tree(places: Iterable[Location]) -> dict[Any, Any]:
    """Join the places into one tree, so that each container on the way is copied once, however many they are."""
    root: dict[Any, Any] = {}
    for at in places:
        node = root
        for step in at:
            node = node.setdefault(step, {})
        node[_HERE] = True
    return root


def _changed(value: Any, tree: dict[Any, Any], change: Callable[[Any], list[Any]]) -> Any:
    if _HERE in tree:
        return change(value)[0]
    if not tree:
        return value
    if isinstance(value, dict):
        return {key: item for name, old in value.items() for key, item in _member(name, old, tree, change)}
    return [item for index, old in enumerate(value) for _, item in _member(index, old, tree, change)]


def _member(key: Any, old: Any, tree: dict[Any, Any], change: Callable[[Any], list[Any]]) -> list[tuple[Any, Any]]:
    if key not in tree:
        return [(key, old)]
    if _HERE in tree[key]:
        return [(key, item) for item in change(old)]
    return [(key, _changed(old, tree[key], change))]


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
    if abs(step) > MAX_INDEX:
        return value
    needed = step + 1 if step >= 0 else -step
    items += [None] * (needed - len(items))
    items[step] = build(items[step], rest, leaf)
    return items
