"""Values in, what of them the evidence keeps out: whole if they are small, else a word on each."""

from typing import Any

from msgspec.json import encode

MAX_BYTES = 2048
MAX_VALUES = 20
_EXCERPT = 200
_SMALL = (int, float, bool, type(None))


def keep(values: list[Any]) -> tuple[list[Any], bool]:
    """Give the values to keep, and whether they are all there and whole."""
    if len(values) == 1:
        small, whole = keep_one(values[0])
        return [small], whole
    whole = len(values) <= MAX_VALUES
    kept = []
    for value in values[:MAX_VALUES]:
        small, intact = keep_one(value)
        kept.append(small)
        whole = whole and intact
    return kept, whole


def keep_one(value: Any) -> tuple[Any, bool]:
    if isinstance(value, _SMALL):
        return value, True
    if isinstance(value, str):
        return (value, True) if _fits(value) else (_excerpt(value), False)
    return (value, True) if _room(value, MAX_BYTES) > 0 and _fits(value) else (_summary(value), False)


def _fits(value: Any) -> bool:
    if isinstance(value, str) and len(value) > MAX_BYTES:
        return False
    try:
        return len(encode(value)) <= MAX_BYTES
    except (UnicodeEncodeError, RecursionError):
        return False


def _room(value: Any, left: int) -> int:
    """Give how many bytes are left at best after writing the value; stops as soon as there are none."""
    if isinstance(value, str):
        return left - len(value)
    if isinstance(value, dict):
        for key, item in value.items():
            left = _room(item, left - len(key) - 4)
            if left <= 0:
                break
    elif isinstance(value, list):
        for item in value:
            left = _room(item, left - 1)
            if left <= 0:
                break
    return left - 1


def _excerpt(value: str) -> str:
    start = value[:_EXCERPT].encode("utf-8", "replace").decode()
    return f"{start}… ({len(value):,} characters in all)"


def _summary(value: Any) -> str:
    if isinstance(value, list):
        return f"an array of {len(value):,} items"
    return f"an object of {len(value):,} members"
