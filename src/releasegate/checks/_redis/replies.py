"""What Redis answered in, a JSON value out. Pure; stricter than redis-py, which reads also what Redis never says."""

import re
from typing import Any

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?")
LINE = re.compile(rb"(?:[+-].*|:-?[0-9]{1,19}|[$*](?:-1|[0-9]{1,15}))\r\n", re.DOTALL)
"""What may stand at the beginning of a reply or of a part of it, in RESP2."""
MOST_LEVELS = 50
CODES = frozenset(
    """
    ASK BUSY BUSYGROUP BUSYKEY CLUSTERDOWN CROSSSLOT DENIED ERR EXECABORT INPROG LOADING MASTERDOWN MISCONF MOVED NOAUTH
    NOGROUP NOPERM NOPROTO NOREPLICAS NOSCRIPT NOTBUSY OOM READONLY TRYAGAIN UNKILLABLE WRONGPASS WRONGTYPE
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""With what Redis begins its errors. Other first words are what somebody wrote: they name no failure."""
LONGEST_MESSAGE = 300


class Unreadable(ValueError):  # noqa: N818 - a finding about staging, not an error of ours
    """The answer has no JSON form; the message says why."""


def refusal_of(said: str) -> tuple[str, str]:
    """Give the code of an error, `error` where it has none, and its message."""
    code, _, message = said.partition(" ")
    known = code in CODES
    return code if known else "error", (message if known else said)[:LONGEST_MESSAGE]


class Levels:
    """Follows how deep a reply is nested, line by line."""

    def __init__(self) -> None:
        self.left: list[int] = []
        """How many parts are still to come of each list that is open."""

    def take(self, line: bytes) -> None:
        """Take the next line in. Raises Unreadable for a list in too many lists, ValueError for what is no RESP2."""
        if not LINE.fullmatch(line):
            raise ValueError("no line of RESP2")
        count = int(line[1:]) if line[:1] == b"*" else 0
        if count > 0:
            self.left.append(count)
            if len(self.left) > MOST_LEVELS:
                raise Unreadable(f"nested deeper than {MOST_LEVELS} levels")
            return
        while self.left:
            self.left[-1] -= 1
            if self.left[-1]:
                return
            self.left.pop()


def json_of(name: str, reply: Any) -> Any:
    """Give a reply as JSON: whole numbers, texts, null and lists; INFO and HGETALL as objects. Raises Unreadable."""
    value = _plain(reply)
    if name == "INFO" and isinstance(value, str):
        pairs = (line.partition(":") for line in value.splitlines() if ":" in line and not line.startswith("#"))
        return {field: _number(said) for field, _, said in pairs}
    if name == "HGETALL" and isinstance(value, list):
        return dict(zip(map(str, value[::2]), value[1::2], strict=False))
    return value


def _plain(reply: Any) -> Any:
    if isinstance(reply, bytes):
        try:
            return reply.decode()
        except UnicodeDecodeError:
            raise Unreadable(f"{len(reply):,} bytes of it are no UTF-8 text") from None
    if isinstance(reply, list):
        return [_plain(item) for item in reply]
    if isinstance(reply, Exception):
        raise Unreadable(f"a part of it is an error: {reply}")
    return reply


def _number(text: str) -> Any:
    if not NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
