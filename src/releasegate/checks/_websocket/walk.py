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

    Others may come between. An event that comes before its turn is remembered: if it does not come again, that is why.
    """

    flow: Flow
    scope: Mapping[str, Any]
    since_s: float
    came: list[Came] = field(default_factory=list)
    early: dict[str, float] = field(default_factory=dict)
    forbidden: tuple[str, Message] | None = None
    at: int = 0
    ours: int = 0

    @property
    def since(self) -> str:
        if self.came:
            return self.came[-1].awaited.name
        return OPENED if self.flow.send is None else SENT

    @property
    def awaited(self) -> Awaited | None:
        """The next event that must come; None when all have come."""
        return next((event for event in self.flow.events[self.at :] if not event.optional), None)

    @property
    def deadline_s(self) -> float | None:
        """When the next event is too late, on the clock of the messages; None if nothing bounds it."""
        awaited = self.awaited
        return None if awaited is None or awaited.within_s is None else self.since_s + awaited.within_s

    @property
    def over(self) -> bool:
        return self.awaited is None or self.forbidden is not None

    def take(self, message: Message) -> str | None:
        """Go on by one message; give the name of the event that it is, if it is ours."""
        name = name_of(self.flow, message, self.scope)
        if name is None:
            return None
        self.ours += 1
        if name in self.flow.never:
            self.forbidden = (name, message)
            return name
        for index in range(self.at, len(self.flow.events)):
            event = self.flow.events[index]
            if event.name == name:
                self._match(index, event, message)
                return name
            if not event.optional:
                break
        if any(event.name == name for event in self.flow.events[self.at :]):
            self.early[name] = message.at_s
        return name

    def _match(self, index: int, event: Awaited, message: Message) -> None:
        self.came.append(Came(event, message, max(0.0, message.at_s - self.since_s), self.since))
        self.since_s = max(self.since_s, message.at_s)
        self.at = index + 1


def name_of(flow: Flow, message: Message, scope: Mapping[str, Any]) -> str | None:
    """Give the name of a message that is ours; None for one that is not, or that says no single name."""
    value = message.json
    if isinstance(value, NotJson) or not matches_where(flow.where, value, scope):
        return None
    try:
        found = compile_path(flow.event).select(value)
    except TooManyNodes:
        return None
    return found[0] if len(found) == 1 and isinstance(found[0], str) else None
