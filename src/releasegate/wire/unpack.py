"""A packed body and its codings in, the body out, whole and within its bound. Pure.

libcurl would take a stream that ends in the middle for a whole one; here its end must have come, and nothing after it.
"""

import re
import zlib

OFFER = "gzip, deflate"
ALIASES = {"x-gzip": "gzip"}
KNOWN = frozenset({"gzip", "deflate"})
NONE = re.compile(  # no coding, but what servers write in its place: a charset, a type, a way of transport
    r"|identity|none|null|no|off|plain|text|binary|[78]bit|chunked|aws-chunked|amz-1\.0"
    r"|utf-?(8|16|32)|(us-)?ascii|iso[-_]?8859-?\d*|latin-?1|(windows|cp)-?125\d|charset=.*|(text|application)/.*"
)
MOST_CODINGS = 5
ZLIB, RAW, GZIP = 15, -15, 31
MEMBER = b"\x1f\x8b"
MOST_MEMBERS = 10_000
PIECE = 2**14
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
    codings = [coding for coding in _names(said) if not NONE.fullmatch(coding)]
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
    """Undo one coding. A gzip may have several members, and zeros after the last (RFC 1952 and gzip itself)."""
    zipped = coding == "gzip"
    out: list[bytes] = []
    at, room = 0, limit
    for _ in range(MOST_MEMBERS if zipped else 1):
        at, room = _member(body, at, GZIP if zipped else _kind_of_deflate(body), room, out)
        if not body.startswith(MEMBER, at):
            break
    rest = body[at:]
    if rest.strip(b"\0") if zipped else rest:
        raise PackedError(f"the answer goes on after the end of its {coding}")
    return out[0] if len(out) == 1 else b"".join(out)


def _member(body: bytes, at: int, kind: int, room: int, out: list[bytes]) -> tuple[int, int]:
    """Unpack from `at` to the end of one stream; give where that is, and the room that is left.

    Piece by piece, since zlib copies what comes after the end: many small members would copy a large body many times.
    """
    engine = zlib.decompressobj(kind)
    name = "gzip" if kind == GZIP else "deflate"
    while not engine.eof:
        piece = body[at : at + PIECE]
        if not piece:
            raise PackedError(f"the answer's {name} ends too early: a part of the answer is missing")
        try:
            out.append(engine.decompress(piece, room + 1))
        except zlib.error:
            raise PackedError(f"the answer's {name} is broken") from None
        room -= len(out[-1])
        if room < 0:
            raise TooLargeError
        at += len(piece) - len(engine.unused_data)
    return at, room


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
