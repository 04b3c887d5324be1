"""A packed body and its codings in, the body out, whole and within its bound. Pure.

libcurl would take a stream that ends in the middle for a whole one; here its end must have come, and nothing after it.
"""

import re
import zlib

OFFER = "gzip, deflate"
ALIASES = {"x-gzip": "gzip"}
KNOWN = frozenset({"gzip", "deflate"})
NONE = frozenset({"", "identity"})
MOST_CODINGS = 5
ZLIB, RAW, GZIP = 15, -15, 31
DEFLATE_METHOD = 8
CHECK = 31
LONGEST_NAME = 40
NO_WEIGHT = re.compile(r"q\s*=\s*0(\.0*)?")


class PackedError(ValueError):
    """What came cannot be unpacked."""


class TooLargeError(ValueError):
    """What came unpacks to more than it may."""


def unpacked(body: bytes, said: str, offered: str, limit: int) -> bytes:
    """Undo what a Content-Encoding says, the last coding first. Raises PackedError, TooLargeError.

    `offered` is the Accept-Encoding that was sent. An empty body (of a HEAD, a 304) is in every coding.
    """
    if not body:
        return body
    codings = [coding for coding in _names(said) if coding not in NONE]
    if len(codings) > MOST_CODINGS:
        raise PackedError(f"the answer is in {len(codings)} codings one around the other")
    for coding in reversed(codings):
        if coding not in KNOWN:
            raise PackedError(f"the answer is in {coding[:LONGEST_NAME]!r}; what can be read here is {OFFER}")
        if not _accepts(offered, coding):
            raise PackedError(f"the answer is in {coding}, which was not asked for")
        body = _inflated(body, coding, limit)
    return body


def _inflated(body: bytes, coding: str, limit: int) -> bytes:
    engine = zlib.decompressobj(GZIP if coding == "gzip" else _kind_of_deflate(body))
    try:
        out = engine.decompress(body, limit + 1)
    except zlib.error:
        raise PackedError(f"the answer's {coding} is broken") from None
    if len(out) > limit:
        raise TooLargeError
    if not engine.eof:
        raise PackedError(f"the answer's {coding} ends too early: a part of the answer is missing")
    if engine.unused_data:
        raise PackedError(f"the answer goes on after the end of its {coding}")
    return out


def _kind_of_deflate(body: bytes) -> int:
    """Tell the zlib format, which `deflate` means, from the bare stream that some servers send under its name."""
    wrapped = body[0] & 0x0F == DEFLATE_METHOD and int.from_bytes(body[:2], "big") % CHECK == 0
    return ZLIB if wrapped else RAW


def _names(said: str) -> list[str]:
    names = [part.strip().lower() for part in said.split(",")]
    return [ALIASES.get(name, name) for name in names]


def _accepts(offered: str, coding: str) -> bool:
    """Tell whether an Accept-Encoding takes a coding: named, or by `*`, and not with a weight of nothing."""
    weights: dict[str, bool] = {}
    for part in offered.split(","):
        name, _, weight = part.partition(";")
        weights[_names(name)[0]] = NO_WEIGHT.fullmatch(weight.strip().lower()) is None
    return weights.get(coding, weights.get("*", False))
