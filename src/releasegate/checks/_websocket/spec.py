"""The nouns of the `websocket` kind: what its table makes of a config, and what `observe` brings home."""

import codecs
import re
from functools import cached_property
from typing import Any

from msgspec import Struct

from releasegate.config.model import NOBODY
from releasegate.config.shape import Url
from releasegate.expect import Demand
from releasegate.template import Template

SWITCHING = 101
SMALL = 256
HEAD = 256
CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
ENDS_OF_WORDS = " \t\r\n\"',;<>"
Demands = tuple[Demand, ...]


class Awaited(Struct, frozen=True, kw_only=True):
    """An event that must come, or may if it is `optional`. `within` is a Bound's demands; `send` follows it.

    `label` tells events of one name apart: the second `tick` of a flow is `tick#2`.
    """

    name: str
    label: str
    within: Demands = ()
    within_s: float | None = None
    json: Demands = ()
    optional: bool = False
    send: Any = None


class Turn(Struct, frozen=True):
    """What may come next: optional events, and the first that must (`pending`); the names of all after it (`later`)."""

    pending: tuple[Awaited, ...]
    later: frozenset[str]


class Flow(Struct, frozen=True, kw_only=True, dict=True):
    """What a `websocket` check is. `send` and `where` are compiled; `event` is the JSONPath to a message's name."""

    url: Url
    path: str | Template
    identity: str | Template | None = None
    headers: tuple[tuple[str, str | Template], ...] = ()
    subprotocols: tuple[str, ...] = ()
    timeout_s: float = 30.0
    send: Any = None
    event: str = "$.type"
    where: Demands = ()
    events: tuple[Awaited, ...] = ()
    never: tuple[str, ...] = ()
    status: Demands = (Demand("status", "equals", SWITCHING),)
    latency: Demands = ()

    @property
    def logs_in(self) -> bool:
        return self.identity is not None and self.identity != NOBODY

    @property
    def sends(self) -> int:
        return sum(message is not None for message in (self.send, *(awaited.send for awaited in self.events)))

    @property
    def knows_its_answers(self) -> bool:
        """Tell whether something that this sample alone knows picks the answers, or is demanded of them."""
        demands = (*self.where, *(demand for awaited in self.events for demand in awaited.json))
        return any(not demand.constant for demand in demands)

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """Give the turn after so many events as the index says; after the last, nothing is pending."""
        return tuple(_turn(self.events[index:]) for index in range(len(self.events) + 1))


def _turn(left: tuple[Awaited, ...]) -> Turn:
    until = next((number for number, event in enumerate(left, 1) if not event.optional), 0)
    return Turn(left[:until], frozenset(event.name for event in left[until:]))


class Message(Struct, frozen=True, kw_only=True, dict=True):
    """One message that came, `at_s` seconds after the sample began; a text is `str` unless it is no UTF-8."""

    at_s: float
    data: str | bytes

    @cached_property
    def json(self) -> Any:
        """The parsed message, or the NotJson that says why there is none."""
        from releasegate.strictjson import NotJson, parse

        try:
            return parse(self.data.encode() if isinstance(self.data, str) else self.data)
        except NotJson as refused:
            return refused

    @property
    def unreadable(self) -> str | None:
        """Say why a message that begins like JSON is none; None for one that is, or does not pretend to be."""
        from releasegate.strictjson import NotJson

        return str(self.json) if isinstance(self.json, NotJson) and _begins_like_json(self.data) else None

    def forget(self) -> None:
        """Drop what was parsed of a message that is not small: it is many times as large as its text."""
        if len(self.data) > SMALL:
            self.__dict__.pop("json", None)

    def moved(self, at_s: float) -> "Message":
        """Give the same message at another time."""
        moved = Message(at_s=at_s, data=self.data)
        moved.__dict__.update(self.__dict__)
        return moved

    def beginning(self, most: int) -> str:
        """Give at most so many characters, without the word that they cut: half a token is no longer redacted."""
        return beginning(self.data, most)


def _begins_like_json(data: str | bytes) -> bool:
    """Tell whether a text begins with a bracket of JSON.

    Bytes that are no UTF-8 may be a broken text, or sound and pictures: in those stand control characters.
    """
    if isinstance(data, str):
        return data.lstrip().removeprefix("\ufeff").lstrip().startswith(("{", "["))
    try:
        return _begins_like_json(data.decode())
    except UnicodeDecodeError:
        head = data.lstrip().removeprefix(codecs.BOM_UTF8).lstrip()[:HEAD]
    return head.startswith((b"{", b"[")) and CONTROLS.search(head) is None


def beginning(data: str | bytes, most: int) -> str:
    """Cut a text to `most` characters (or bytes), and then back to the end of a word."""
    start = data[:most]
    text = start if isinstance(start, str) else start.decode("utf-8", "backslashreplace")
    return text if len(start) == len(data) else text[: 1 + max(map(text.rfind, ENDS_OF_WORDS))]


class Closed(Struct, frozen=True, kw_only=True):
    """The server said goodbye before all had come."""

    at_s: float
    code: int
    reason: str


class Observation(Struct, frozen=True, kw_only=True):
    """All that came. `status` is what the upgrade was answered with, after `upgrade_s`; `refusal` the body of another.

    `sent_s` is when the first message went out (or the socket was open, if none does), `sends` when those of the events
    did, by label; `ended_s` when the waiting ended, `due_s` when the sample's own time was over. All count from its
    begin, as the messages do.
    """

    status: int
    upgrade_s: float
    subprotocol: str | None = None
    refusal: str | None = None
    sent_s: float = 0.0
    sends: tuple[tuple[str, float], ...] = ()
    ended_s: float = 0.0
    due_s: float = float("inf")
    messages: tuple[Message, ...] = ()
    closed: Closed | None = None
    event: str = "$.type"
    matched: tuple[tuple[str, int], ...] = ()
    """Labels of the events that came, with the indexes of their messages: where a mutant changes something.
    Never judged."""
