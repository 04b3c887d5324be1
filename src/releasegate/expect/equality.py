"""Two JSON values in, whether JSON calls them equal out: 1 equals 1.0, but true is not 1."""

from typing import Any

PLAIN = frozenset({int, float, str})


def same(a: Any, b: Any) -> bool:
    if type(a) in PLAIN and type(b) in PLAIN:
        return bool(a == b)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict):
        return isinstance(b, dict) and len(a) == len(b) and all(k in b and same(v, b[k]) for k, v in a.items())
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)
