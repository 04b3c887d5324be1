"""Messages in, how far they lead along the awaited events out. Pure; asked while a sample is taken, and to judge it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from releasegate.checks._websocket.spec import Awaited, Flow, Message
from releasegate.expect import matches_where
from releasegate.jsonpath import TooManyNodes, compile_path
from releasegate.strictjson import NotJson

SENT, OPENED = "the send", "the upgrade"


@dataclass(frozen=True, slots=True)
class Came:
    """An awaited event that came, `took_s` after `since` (an event, the send, the upgrade)."""

    awaited: Awaited
    message: Message
    took_s: float
    since: str


@dataclass(slots=True)
class Walk:
    """The way through the events of a flow. Each message of ours takes the first event that waits for it.

    Others may come between. An event that comes before its turn (`early`), or in its turn and before the send that it
    should answer (`hasty`), is remembered: if it does not come again, that is why.
    `pending` is what may come next: optional events, and the first that must; empty when all have come.
    """

    flow: Flow
    scope: Mapping[str, Any]
    since_s: float
    due_s: float
    came: list[Came] = field(default_factory=list)
    early: dict[str, float] = field(default_factory=dict)
    hasty: set[str] = field(default_factory=set)
    forbidden: tuple[str, Message] | None = None
    unreadable: tuple[str, Message] | None = None
    ours: int = 0
    pending: tuple[Awaited, ...] = ()
    later: frozenset[str] = frozenset()
    asked: bool = False
    _at: int = 0

    def __post_init__(self) -> None:
        self.asked = self.flow.send is not None
        self._go_to(0)

    @property
    def since(self) -> str:
        """Name what `since_s` is the time of: an event, a send, the upgrade."""
        if self.came:
            label = self.came[-1].awaited.label
            return f"{label}'s send" if self.asked else label
        return SENT if self.asked else OPENED

    @property
    def awaited(self) -> Awaited | None:
        """The next event that must come; None when all have come."""
        return self.pending[-1] if self.pending else None

    @property
    def deadline_s(self) -> float | None:
        """When no pending event can be in time any more, on the clock of the messages; None if nothing bounds it.

        An optional event that has longer than the one that must come holds the wait open.
        """
        awaited = self.awaited
        if awaited is None or awaited.within_s is None:
            return None
        return round(self.since_s + max(event.within_s or 0.0 for event in self.pending), 6)

    @property
    def failed(self) -> bool:
        """Tell whether something came that nothing after it can mend."""
        return self.forbidden is not None or self.unreadable is not None

    @property
    def over(self) -> bool:
        return not self.pending or self.failed

    def ask(self, at_s: float) -> None:
        """Go on from the send of the event that came last: what is awaited now arrives after it."""
        self.since_s, self.asked = max(self.since_s, at_s), True

    def take(self, message: Message) -> str | None:
        """Go on by one message; give the name of the event that it is, if it is ours.

        One that came when the sample's time was over leads nowhere.
        """
        name = name_of(self.flow, message, self.scope)
        if message.at_s <= self.due_s:
            if name is not None:
                self.ours += 1
                self._follow(name, message)
            elif (self.came or not self._is_before_the_send(message)) and (why := message.unreadable) is not None:
                self.unreadable = (why, message)
        if not self.came or self.came[-1].message is not message:
            message.forget()
        return name

    def _follow(self, name: str, message: Message) -> None:
        if name in self.flow.never:
            self.forbidden = (name, message)
            return
        for index, event in enumerate(self.pending, self._at):
            if event.name == name and not (event.optional and self._is_late(message)):
                if self._is_before_the_send(message):
                    self.hasty.add(name)
                    return
                self.came.append(Came(event, message, max(0.0, message.at_s - self.since_s), self.since))
                self.since_s, self.asked = max(self.since_s, message.at_s), False
                self.hasty.clear()
                self._go_to(index + 1)
                return
        if name in self.later:
            self.early[name] = message.at_s

    def _is_before_the_send(self, message: Message) -> bool:
        return self.asked and message.at_s <= self.since_s

    def _is_late(self, message: Message) -> bool:
        """Tell whether the wait was over: what must come is too late, and what may come does not mend that."""
        return self.deadline_s is not None and message.at_s > self.deadline_s

    def _go_to(self, index: int) -> None:
        turn = self.flow.turns[index]
        self._at, self.pending, self.later = index, turn.pending, turn.later


def name_of(flow: Flow, message: Message, scope: Mapping[str, Any]) -> str | None:
    """Give the name of a message that is ours; None for one that is not, or that says no single name."""
    value = message.json
    if isinstance(value, NotJson) or (flow.where and not matches_where(flow.where, value, scope)):
        return None
    try:
        found = compile_path(flow.event).select(value)
    except TooManyNodes:
        return None
    return found[0] if len(found) == 1 and isinstance(found[0], str) else None
