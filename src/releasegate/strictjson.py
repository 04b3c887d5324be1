"""Bytes of an answer in, a JSON value out; or NotJson with the reason, in a few words.

Stricter than most readers, because a gate that guesses what staging meant can turn green by luck: no duplicate
keys, no NaN and no infinity, no invalid UTF-8, no lone surrogates, no absurd depth and no absurd numbers.
One byte order mark at the start is skipped, as RFC 8259 allows. Whole numbers stay exact.
"""

import json
import math
import re
from itertools import accumulate
from typing import Any

MAX_DEPTH = 100
MAX_DIGITS = 400
LONGEST_KEY = 60

# Possessive, and a text that is never closed is eaten up to the end: linear whatever staging sends.
_TEXTS = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NO_BRACKETS = re.compile(r"[^\[\]{}]++")
_SURROGATE = re.compile("[\ud800-\udfff]")
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


class NotJson(ValueError):  # noqa: N818 - what staging sent is not JSON: that is a finding, not an error of ours
    """The text is not strict JSON; the message says why, without quoting more than a key."""


def parse(data: bytes) -> Any:
    """Parse one JSON text. Raises NotJson."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotJson(f"invalid UTF-8 at byte {error.start}") from None
    if not text.strip(" \t\r\n"):
        raise NotJson("empty")
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise NotJson(f"nested deeper than {MAX_DEPTH} levels")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(f"{_said(error.msg)} at line {error.lineno} column {error.colno}") from None
    if "\\u" in text and _has_lone_surrogate(value):
        raise NotJson("a lone surrogate, which is no character")
    return value


def _said(message: str) -> str:
    return (message[:1].lower() + message[1:]).removesuffix(" at")


def _depth(text: str) -> int:
    brackets = _NO_BRACKETS.sub("", _TEXTS.sub("", text))
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def _has_lone_surrogate(value: Any) -> bool:
    # The decoder joins proper pairs, so what is left of the range after it stands alone.
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if _SURROGATE.search(item):
                return True
        elif isinstance(item, dict):
            stack.extend(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                shown = key if len(key) <= LONGEST_KEY else f"{key[:LONGEST_KEY]}…"
                raise NotJson(f"duplicate key {json.dumps(shown, ensure_ascii=False)}")
            seen.add(key)
    return out


def _constant(name: str) -> Any:
    raise NotJson(f"{name} is no JSON number")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise NotJson(f"a number of more than {MAX_DIGITS} digits")
    return int(text)


def _decimal(text: str) -> float:
    if len(text) > MAX_DIGITS:
        raise NotJson(f"a number of more than {MAX_DIGITS} digits")
    number = float(text)
    if math.isinf(number):
        raise NotJson("a number beyond every bound")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_decimal
)
