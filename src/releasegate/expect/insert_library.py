"""A JSON value and a path of the whole RFC 9535 in; values in which it may select something out."""

from collections.abc import Iterator
from typing import Any


def guesses(value: Any, text: str) -> Iterator[Any]:  # noqa: ARG001
    yield from ()
