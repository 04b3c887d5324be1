"""A recorded observation in, the smallest change of it that breaks one expectation out. Pure."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from msgspec.structs import replace

from releasegate.checks._websocket.spec import Closed, Flow, Message, Observation
from releasegate.expect import VACUOUS, Demand, violate_json, violate_value
from releasegate.expect.place import put_all
from releasegate.jsonpath import compile_path
from releasegate.model import Expectation

FOREIGN = "another client of the same socket"
FAILED = 503
OF_THE_UPGRADE = {"status": "status", "latency": "upgrade_s", "subprotocol": "subprotocol"}
NORMAL = 1000


def violate(observation: Observation, expectation: Expectation) -> Observation | None:
    """Change the upgrade or the message that a met expectation is about; None when no change could break it."""
    if not expectation.met:
        return None
    events = _events(observation)
    if expectation.subject in OF_THE_UPGRADE:
        field = OF_THE_UPGRADE[expectation.subject]
        other = violate_value(getattr(events, field), expectation)
        return None if other is VACUOUS else replace(events, **{field: other})
    subject, _, name = expectation.subject.partition(" ")
    if subject == "never":
        return _forbidden(events, name)
    if subject == "event":
        return _without(events, name) if expectation.operator == "exists" else _later(events, expectation)
    return _changed(events, expectation)


def _forbidden(events: Observation, name: str) -> Observation | None:
    """Put a forbidden event before the last event that came: a copy of that one under the other name."""
    if not events.messages:
        return None
    last = events.messages[-1]
    places = compile_path(events.event).locate(last.json)
    bad = _with_json(last, put_all(last.json, places, name))
    return replace(events, messages=(*events.messages[:-1], bad, last))


def _without(events: Observation, label: str) -> Observation:
    """Let an event never come."""
    return replace(events, messages=tuple(m for m, (known, _) in _labelled(events) if known != label))


def _later(events: Observation, expectation: Expectation) -> Observation | None:
    """Let an event come later, with all that came after it; the sample's own time goes with it."""
    index = _index(events, expectation.subject.partition(" ")[2])
    worse = violate_value(expectation.found[0], expectation)
    if index is None or worse is VACUOUS:
        return None
    by_s = worse - expectation.found[0]
    later = tuple(m.moved(m.at_s + by_s) for m in events.messages[index:])
    return replace(
        events,
        messages=(*events.messages[:index], *later),
        ended_s=events.ended_s + by_s,
        due_s=events.due_s + by_s,
    )


def _changed(events: Observation, expectation: Expectation) -> Observation | None:
    index = _index(events, expectation.step or "")
    if index is None:
        return None
    message = events.messages[index]
    value = violate_json(message.json, expectation)
    if value is VACUOUS:
        return None
    changed = _with_json(message, value)
    return replace(events, messages=(*events.messages[:index], changed, *events.messages[index + 1 :]))


def _events(observation: Observation) -> Observation:
    """Keep the messages that the awaited events are, each under its label: what came between decides nothing.

    So a mutant is judged in the time that the events take, however many messages came.
    """
    messages = tuple(observation.messages[index] for _, index in observation.matched)
    matched = tuple((label, number) for number, (label, _) in enumerate(observation.matched))
    return replace(observation, messages=messages, matched=matched)


def _labelled(events: Observation) -> Iterator[tuple[Message, tuple[str, int]]]:
    return zip(events.messages, events.matched, strict=True)


def _index(events: Observation, label: str) -> int | None:
    return next((index for known, index in events.matched if known == label), None)


def _with_json(message: Message, value: Any) -> Message:
    return Message(at_s=message.at_s, data=json.dumps(value))


def losses(flow: Flow, observation: Observation) -> tuple[tuple[str, Observation], ...]:
    """Give what a check must notice whatever it demands: no upgrade, silence, events lost, swapped or cut off."""
    if not flow.events:
        return ()
    events = _events(observation)
    return (
        ("no upgrade", replace(events, status=FAILED)),
        ("silence", replace(events, messages=(), matched=())),
        *((f"{label} dropped", _without(events, label)) for label in _required(flow)),
        *_swapped(flow, events),
        *_cut_off(flow, events),
        *_unasked(flow, events),
        *_strangers(flow, events),
    )


def _required(flow: Flow) -> list[str]:
    return [event.label for event in flow.events if not event.optional]


def _swapped(flow: Flow, events: Observation) -> Iterator[tuple[str, Observation]]:
    """Let two neighbours come in the other order."""
    names = {event.label: event.name for event in flow.events}
    for one, other in pairwise(_required(flow)):
        first, second = _index(events, one), _index(events, other)
        if names[one] == names[other] or first is None or second is None:
            continue
        messages = list(events.messages)
        a, b = messages[first], messages[second]
        messages[first], messages[second] = b.moved(a.at_s), a.moved(b.at_s)
        yield f"{one} and {other} swapped", replace(events, messages=tuple(messages))


def _cut_off(flow: Flow, events: Observation) -> Iterator[tuple[str, Observation]]:
    """Close before the last event that must come."""
    last = _required(flow)[-1]
    index = _index(events, last)
    if index is not None:
        closed = Closed(at_s=events.messages[index].at_s, code=NORMAL, reason="")
        yield f"a close before {last}", replace(events, messages=events.messages[:index], closed=closed)


def _unasked(flow: Flow, events: Observation) -> Iterator[tuple[str, Observation]]:
    """Let what must answer a send have come before it, with all that came in between."""
    asked, sends = (("the send", events.sent_s, 0) if flow.send is not None else None), dict(events.sends)
    for event in flow.events:
        index = _index(events, event.label)
        if asked is not None and index is not None and not event.optional:
            who, at_s, begin = asked
            moved = (m.moved(min(m.at_s, at_s)) for m in events.messages[begin : index + 1])
            messages = (*events.messages[:begin], *moved, *events.messages[index + 1 :])
            yield f"{event.label} before {who}", replace(events, messages=messages)
            asked = None
        if index is not None and event.label in sends:
            asked = f"{event.label}'s send", sends[event.label], index + 1


def _strangers(flow: Flow, events: Observation) -> Iterator[tuple[str, Observation]]:
    """Let every message be another client's: what `where` looks at is not what it demands."""
    for demand in flow.where:
        messages = tuple(_with_json(m, _strange(m.json, demand)) for m in events.messages)
        name = f"where {demand.subject} {demand.operator}: another client's events"
        yield name, replace(events, messages=messages)


def _strange(value: Any, demand: Demand) -> Any:
    """Give a message that does not meet a demand; the same if none can be made: that is found out by judging."""
    if not demand.constant:
        return put_all(value, compile_path(demand.subject).locate(value), FOREIGN)
    met = Expectation(
        subject=demand.subject, operator=demand.operator, demanded=demand.value, found=[], met=True, text=""
    )
    other = violate_json(value, met)
    return value if other is VACUOUS else other
