"""A WebSocket that was asked for in, what comes over it out: as it should be, or spoilt in one way."""

import base64
import hashlib
import json
import random
import struct
from typing import Any

from chaos_http import ENDS, End, Noted, Spoilt
from chaos_truth import Reply

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
UPGRADES = (
    "bad accept",
    "no accept",
    "extension",
    "200",
    "401",
    "503",
    "half",
    "silence",
    "protocol",
    "flood of heads",
)
FLOWS = (
    "silence", "gone", "goodbye", "others", "reordered", "garbage", "forbidden", "hasty", "reserved bits", "reserved opcode",
    "oversized", "masked", "long control", "orphan", "not utf-8", "bad close", "pings", "fragments", "endless fragments",
    "drip", "noise", "binary",
)  # fmt: skip


def frame(data: bytes | str, opcode: int = TEXT, *, fin: bool = True, bits: int = 0, masked: bool = False) -> bytes:
    """Write one frame, also such as may not be."""
    payload = data.encode() if isinstance(data, str) else data
    first, mask = (0x80 if fin else 0) | bits | opcode, 0x80 if masked else 0
    if len(payload) < 126:
        size = bytes([mask | len(payload)])
    elif len(payload) < 2**16:
        size = bytes([mask | 126]) + struct.pack("!H", len(payload))
    else:
        size = bytes([mask | 127]) + struct.pack("!Q", len(payload))
    return bytes([first]) + size + (b"\0\0\0\0" if masked else b"") + payload


def upgrade(key: str, how: str, rng: random.Random) -> Spoilt:
    """Answer the upgrade; spoilt if `how` is one of UPGRADES."""
    accept = base64.b64encode(hashlib.sha1(key.encode() + MAGIC).digest()).decode()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    match how:
        case "bad accept":
            lines.append("Sec-WebSocket-Accept: bm90IHlvdXJzISEhISEhISE=")
        case "no accept":
            pass
        case "extension":
            lines += [f"Sec-WebSocket-Accept: {accept}", "Sec-WebSocket-Extensions: permessage-deflate"]
        case "200" | "401" | "503":
            length = rng.choice(("2", "99999", "-1"))
            return Spoilt(
                (f"HTTP/1.1 {how} No\r\nContent-Length: {length}\r\n\r\n{{}}".encode(),), end=rng.choice(ENDS)
            )
        case "half":
            return Spoilt(("\r\n".join(lines).encode(),), end=rng.choice(ENDS))
        case "silence":
            return Spoilt((), end=rng.choice(ENDS))
        case "protocol":
            return Spoilt(
                (rng.choice((b"SSH-2.0-x\r\n\r\n", b"\x16\x03\x01", b"HTTP/1.1 101\r\n\r\n")),), end=rng.choice(ENDS)
            )
        case "flood of heads":
            return Spoilt((b"HTTP/1.1 101 X\r\n" + b"X-Y: z\r\n" * 500, None))
        case _:
            lines.append(f"Sec-WebSocket-Accept: {accept}")
    return Spoilt(("\r\n".join([*lines, "", ""]).encode(),))


def events(reply: Reply) -> list[dict[str, Any]]:
    return [{"type": kind, "id": reply.nonce, "check": reply.key} for kind in ("started", "working", "done")]


def early(reply: Reply, how: str) -> tuple[bytes, ...]:
    """Say something before anybody asked."""
    other = frame(json.dumps(events(reply)[2] | {"id": "f" * 32}))
    return tuple(frame(json.dumps(event)) for event in events(reply)) if how == "hasty" else (other,)


def flow(reply: Reply, how: str, rng: random.Random) -> Spoilt:  # noqa: PLR0911 - one for each way
    """Answer what was asked; soundly unless `how` is one of FLOWS."""
    started, working, done = map(json.dumps, events(reply))
    other = frame(json.dumps(events(reply)[2] | {"id": "f" * 32}))
    begun, sound = frame(started), (frame(started), other, *[frame(working)] * rng.randrange(2), frame(done))
    wrong = {
        "reserved bits": frame(done, bits=0x40), "reserved opcode": frame(done, 5), "masked": frame(done, masked=True),
        "oversized": b"\x81\x7f" + struct.pack("!Q", rng.choice((2**16 + 1, 2**40, 2**63))) + b"x" * 100,
        "long control": frame(b"x" * 126, PING), "orphan": frame(done, 0), "not utf-8": frame(b'{"type": "\xff\xfe"}'),
        "bad close": frame(struct.pack("!H", rng.choice((0, 999, 1005, 1006, 5000))), CLOSE), "binary": frame(b"\xff\0\1", BINARY),
        "garbage": frame(rng.choice(('{"type": "done"', '{"id":1,"id":2}', "[NaN]", "{" * 9000))),
    }  # fmt: skip
    match how:
        case "silence" | "hasty":
            return Spoilt((), end=End.HANG)
        case "gone":
            return Spoilt((begun,), end=rng.choice((End.CLOSE, End.RESET)))
        case "goodbye":
            code = rng.choice((1000, 1001, 1011, 3000, 4999))
            return Spoilt((begun, frame(struct.pack("!H", code) + b"bye \x1b[31m", CLOSE)), end=End.CLOSE)
        case "others":
            theirs = tuple(frame(json.dumps(event | {"id": "f" * 32})) for event in events(reply))
            return Spoilt(theirs * 20, end=End.HANG)
        case "reordered":
            return Spoilt((frame(done), frame(working), begun), end=End.HANG)
        case "forbidden":
            return Spoilt((begun, frame(json.dumps(events(reply)[0] | {"type": "error"})), frame(done)))
        case "pings":
            return Spoilt((frame(b"x", PING) * 1000, *sound), Noted.SOUND)
        case "fragments":
            parts = (frame(done[:9], fin=False), frame(b"", 0, fin=False), frame(b"y", PING), frame(done[9:], 0))
            return Spoilt((begun, *parts), Noted.SOUND)
        case "endless fragments":
            return Spoilt((begun, frame(b"x", fin=False), frame(b"x" * 2000, 0, fin=False), None))
        case "drip":
            pause_s = rng.choice((0.0002, 0.001, 0.02))
            return Spoilt(tuple(part for byte in b"".join(sound) for part in (pause_s, bytes([byte]))), Noted.SOUND)
        case "noise":
            return Spoilt((rng.randbytes(300),), end=rng.choice(ENDS))
        case str() if how in wrong:
            return Spoilt((begun, wrong[how]), end=rng.choice(ENDS))
    return Spoilt(sound, Noted.SOUND)
