"""A JSON value and a path that selects nothing in it in; values in which it may select something out."""

from collections.abc import Iterator
from typing import Any

from releasegate.expect.place import build
from releasegate.jsonpath import Path

LEAF = "releasegate"
MAX_STEPS = 100


def inserted(value: Any, path: Path) -> Iterator[Any]:
    """Build what is missing on the way to a plain path; what a filter looks for is built from the filter."""
    if path.text.count(".") + path.text.count("[") > MAX_STEPS:
        return
    if path.steps is not None:
        yield build(value, path.steps, LEAF)
        return
    from releasegate.expect.insert_library import guesses

    yield from guesses(value, path.text)
