"""A payload that anybody may have shaped in, texts and numbers at its paths out: None where there is no such thing."""

import re
from collections.abc import Mapping
from typing import Any

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
REPOSITORY = re.compile(r"[A-Za-z0-9_-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
LONGEST = 1_000
MOST = 2**53


def value_at(payload: Any, *path: str) -> Any:
    for key in path:
        payload = payload.get(key) if isinstance(payload, Mapping) else None
    return payload


def text_at(payload: Any, *path: str) -> str | None:
    """Give a text; None when it is empty, or longer than anything that is meant here."""
    value = value_at(payload, *path)
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST else None


def commit_at(payload: Any, *path: str) -> str | None:
    text = text_at(payload, *path)
    return text if text and COMMIT.fullmatch(text) else None


def repository_at(payload: Any, *path: str) -> str | None:
    text = text_at(payload, *path)
    return text if text and REPOSITORY.fullmatch(text) else None


def number_of(value: Any) -> int | None:
    """Give a number of a pull request, also from the text that an input is."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= len(str(MOST)):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < MOST else None
