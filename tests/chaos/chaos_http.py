"""A sound answer and a way to spoil it in, the bytes and pauses that go out instead.

Each way says what of it the book may note: `SOUND` when the whole sound answer went out, however oddly it was
written, `WHOLE` when a whole answer of its status did with another body, `NOTHING` when nobody may be content.
"""

import gzip
import random
import zlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from chaos_fake import GARBAGE, RETRY_AFTER, STATUSES
from chaos_truth import Reply


class Noted(StrEnum):
    SOUND = "sound"
    WHOLE = "whole"
    NOTHING = "nothing"


class End(StrEnum):
    """What becomes of the connection."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"
    HANG = "hang"


class Spoilt(NamedTuple):
    """`said` are bytes, and numbers for pauses in seconds; `None` says the sentence before it for ever."""

    said: tuple[Any, ...]
    noted: Noted = Noted.NOTHING
    end: End = End.KEEP


Way = Callable[[Reply, random.Random], Spoilt]
ENDS = (End.CLOSE, End.RESET, End.HANG)
BOMB = gzip.compress(b"\0" * 30_000_000, 9)


def head_of(reply: Reply, *lines: str, length: Any = None, version: str = "HTTP/1.1") -> bytes:
    """Write a head; `length` is what it says of the body, False says nothing of it."""
    said = len(reply.encoded) if length is None else length
    bare = said is False or reply.status == 204
    sized = () if bare else (f"Content-Length: {said}",)
    named = (f"{name}: {value}" for name, value in reply.headers)
    return "\r\n".join([f"{version} {reply.status} Sound", *named, *lines, *sized, "", ""]).encode()


def sound(reply: Reply, _rng: random.Random | None = None) -> Spoilt:
    return Spoilt((head_of(reply), reply.encoded), Noted.SOUND)


def _half_head(reply: Reply, rng: random.Random) -> Spoilt:
    head = head_of(reply)
    return Spoilt((head[: rng.randrange(len(head) - 3)],), end=rng.choice(ENDS))


def _half_body(reply: Reply, rng: random.Random) -> Spoilt:
    body = reply.encoded or b"??"
    return Spoilt((head_of(reply, length=len(body)), body[: rng.randrange(len(body))]), end=rng.choice(ENDS))


def _nothing(_reply: Reply, rng: random.Random) -> Spoilt:
    return Spoilt((), end=rng.choice(ENDS))


def _short_length(reply: Reply, rng: random.Random) -> Spoilt:
    """Say less than comes: what is left over lies before the next answer."""
    size = rng.randrange(len(reply.encoded) + 1)
    return Spoilt(
        (head_of(reply, length=size) + reply.encoded,), Noted.SOUND if size == len(reply.encoded) else Noted.WHOLE
    )


def _two_answers(reply: Reply, _rng: random.Random) -> Spoilt:
    """Answer, and with the same breath the next question before it is asked. What comes a moment later nobody can tell."""
    return Spoilt((head_of(reply) + reply.encoded + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",), Noted.SOUND)


def _no_length(reply: Reply, rng: random.Random) -> Spoilt:
    """End the body by closing: whether it was whole, nobody can tell but by reading it."""
    size = rng.choice((len(reply.encoded), len(reply.encoded) // 2))
    noted = Noted.SOUND if size == len(reply.encoded) else Noted.WHOLE
    return Spoilt((head_of(reply, length=False), reply.encoded[:size]), noted, End.CLOSE)


def _chunked(reply: Reply, rng: random.Random) -> Spoilt:
    head = head_of(reply, "Transfer-Encoding: chunked", length=False)
    body = b"%x\r\n%s\r\n" % (len(reply.encoded), reply.encoded) if reply.body is not None else b""
    if reply.status == 204 or rng.random() < 0.3:
        return Spoilt((head, body, b"0\r\n\r\n"), Noted.SOUND)
    if rng.random() < 0.5:
        return Spoilt((head, body), end=rng.choice(ENDS))
    return Spoilt(
        (head, rng.choice((b"zz\r\n", b"-1\r\nx\r\n", b"ffffffffffffffffff\r\nx", b"5\r\nabc"))), end=rng.choice(ENDS)
    )


def _endless(reply: Reply, rng: random.Random) -> Spoilt:
    head = head_of(reply, *rng.choice(((), ("Transfer-Encoding: chunked",))), length=False)
    return Spoilt((head, b"1000\r\n" + b"x" * 4096 + b"\r\n", None))


def _drip(reply: Reply, rng: random.Random) -> Spoilt:
    whole = head_of(reply) + reply.encoded
    pause_s = rng.choice((0.0002, 0.002, 0.05))
    return Spoilt(tuple(part for byte in whole for part in (pause_s, bytes([byte]))), Noted.SOUND)


def _informed(reply: Reply, rng: random.Random) -> Spoilt:
    hint = rng.choice((b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"))
    times = rng.choice((1, 20, 200))
    return Spoilt((hint * times, head_of(reply), reply.encoded), Noted.SOUND) if times < 200 else Spoilt((hint, None))


def _headers(reply: Reply, rng: random.Random) -> Spoilt:
    lines = rng.choice((
        ["X-Long: " + "x" * 400_000], [f"X-{n}: y" for n in range(6000)], ["X-Null: a\0b"], ["no colon here"], [": no name"],
        [" folded: yes"], ["Content-Length: 3"], ["Content-Length: -1"], ["Content-Length: 99999999999999999999"],
        ["Content-Length: abc"], ["Transfer-Encoding: gzip"], ["Connection: close"], ["Set-Cookie: " + "a=b; " * 2000],
        ["Content-Type: text/html"], ["Content-Encoding: none"],
    ))  # fmt: skip
    return Spoilt((head_of(reply, *lines), reply.encoded), Noted.SOUND, rng.choice((End.KEEP, End.CLOSE)))


def _another_protocol(reply: Reply, rng: random.Random) -> Spoilt:
    said = rng.choice((
        b"SSH-2.0-OpenSSH_9.6\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"HTTP/3.7 200 OK\r\n\r\n", b"HTTP/1.1 2OO OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n", b"{}", b"\0" * 500, b"HTTP/1.1\r\n\r\n", b"200 OK\r\n\r\n", b"* OK IMAP4 ready\r\n",
    ))  # fmt: skip
    return Spoilt((said,), end=rng.choice(ENDS))


def _old_version(reply: Reply, rng: random.Random) -> Spoilt:
    return Spoilt((head_of(reply, version="HTTP/1.0"), reply.encoded), Noted.SOUND, rng.choice((End.CLOSE, End.RESET)))


def _packed(reply: Reply, rng: random.Random) -> Spoilt:
    whole = gzip.compress(reply.encoded)
    encoding, body, noted = rng.choice((
        ("gzip", whole, Noted.SOUND), ("gzip", BOMB, Noted.NOTHING), ("gzip", whole[: len(whole) // 2], Noted.NOTHING),
        ("gzip", reply.encoded, Noted.NOTHING), ("br", reply.encoded, Noted.NOTHING), ("deflate", zlib.compress(reply.encoded), Noted.SOUND),
        ("gzip, gzip", gzip.compress(whole), Noted.SOUND), ("gzip", whole + b"more", Noted.NOTHING),
    ))  # fmt: skip
    if not reply.encoded:  # nothing is nothing in any encoding
        noted = Noted.SOUND
    return Spoilt((head_of(reply, f"Content-Encoding: {encoding}", length=len(body)), body), noted)


def _garbage(reply: Reply, rng: random.Random) -> Spoilt:
    body = rng.choice(GARBAGE)
    return Spoilt((head_of(reply, length=len(body)), body), Noted.WHOLE)


def _old(reply: Reply, rng: random.Random) -> Spoilt:
    return Spoilt((head_of(reply, f"Age: {rng.choice(('61', '99999', '86400, 5'))}"), reply.encoded))


def _lame(reply: Reply, rng: random.Random) -> Spoilt:
    """Take a while: soon enough, or just about too late."""
    return Spoilt((head_of(reply), rng.choice((0.05, 0.25, 0.35)), reply.encoded), Noted.SOUND)


def refusal(rng: random.Random, url: str) -> tuple[int, Spoilt]:
    """Answer with another status; say which."""
    status = rng.choice([status for status in STATUSES if status >= 200])
    where = rng.choice((url, "/", "http://127.0.0.1:1/", "//", "http://[", "\xff\xfe", "javascript:x"))
    lines = rng.sample(
        (f"Retry-After: {rng.choice(RETRY_AFTER[:-1])}", f"Location: {where}", "Connection: close"), rng.randrange(4)
    )
    return status, Spoilt(
        (head_of(Reply(status, {"error": "no"}), *lines),) + (() if status in {204, 304} else (b'{"error": "no"}',))
    )


REFUSING: tuple[str, ...] = ("status", "status", "nothing")
WAYS: tuple[Way, ...] = (
    _half_head, _half_body, _nothing, _short_length, _two_answers, _no_length, _chunked, _endless, _drip, _informed,
    _headers, _another_protocol, _old_version, _packed, _garbage, _garbage, _old, _lame,
)  # fmt: skip


def sentences(spoilt: Spoilt) -> Iterator[Any]:
    """Give what is said, one after the other; what is said for ever is repeated two thousand times."""
    before: Any = b""
    for said in spoilt.said:
        if said is None:
            yield from (before for _ in range(2000))
        else:
            yield said
        before = said
