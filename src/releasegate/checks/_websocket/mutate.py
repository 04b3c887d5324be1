"""A recorded observation in, the smallest change of it that breaks one expectation out. Pure."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from msgspec.structs import replace

from releasegate.checks._websocket.spec import Closed, Flow, Message, Observation
from releasegate.expect import VACUOUS, violate_json, violate_value
from releasegate.expect.place import put_all, remove
from releasegate.jsonpath import compile_path
from releasegate.model import Expectation
from releasegate.strictjson import NotJson

FOREIGN = "another client of the same socket"
FAILED = 503
NORMAL = 1000


def violate(observation: Observation, expectation: Expectation) -> Observation | None:
    """Change the upgrade or the message that a met expectation is about; None when no change could break it."""
    if not expectation.met:
        return None
    subject, _, name = expectation.subject.partition(" ")
    if expectation.subject == "status":
        status = violate_value(observation.status, expectation)
        return None if status is VACUOUS else replace(observation, status=status)
    if expectation.subject == "latency":
        slower = violate_value(observation.upgrade_s, expectation)
        return None if slower is VACUOUS else replace(observation, upgrade_s=slower)
    if subject == "never":
        return _forbidden(observation, name)
    if subject == "event":
        return _without(observation, name) if expectation.operator == "exists" else _later(observation, expectation)
    return _changed(observation, expectation)


def _forbidden(observation: Observation, name: str) -> Observation | None:
    """Put a forbidden event before the last event that came: a copy of that one under the other name."""
    if not observation.matched:
        return None
    index = observation.matched[-1][1]
    last = observation.messages[index]
    places = compile_path(observation.event).locate(last.json)
    bad = _with_json(last, put_all(last.json, places, name))
    return replace(observation, messages=(*observation.messages[:index], bad, *observation.messages[index:]))


def _without(observation: Observation, name: str) -> Observation:
    """Let an event never come: not this one, and none of its name."""
    kept = tuple(m for m in observation.messages if _name(m, observation.event) != name)
    return replace(observation, messages=kept)


def _later(observation: Observation, expectation: Expectation) -> Observation | None:
    """Let an event come later, with all that came after it."""
    index = _index(observation, expectation.subject.partition(" ")[2])
    worse = violate_value(expectation.found[0], expectation)
    if index is None or worse is VACUOUS:
        return None
    by_s = worse - expectation.found[0]
    later = tuple(replace(m, at_s=m.at_s + by_s) for m in observation.messages[index:])
    ended_s = observation.ended_s + by_s
    return replace(observation, messages=(*observation.messages[:index], *later), ended_s=ended_s)


def _changed(observation: Observation, expectation: Expectation) -> Observation | None:
    index = _index(observation, expectation.step or "")
    if index is None:
        return None
    message = observation.messages[index]
    value = violate_json(message.json, expectation)
    return None if value is VACUOUS else _put(observation, index, _with_json(message, value))


def _index(observation: Observation, name: str) -> int | None:
    return next((index for known, index in observation.matched if known == name), None)


def _put(observation: Observation, index: int, message: Message) -> Observation:
    before, after = observation.messages[:index], observation.messages[index + 1 :]
    return replace(observation, messages=(*before, message, *after))


def _with_json(message: Message, value: Any) -> Message:
    return Message(at_s=message.at_s, data=json.dumps(value))


def _name(message: Message, event: str) -> Any:
    """Give what a message calls itself, whoever it is for."""
    if isinstance(message.json, NotJson):
        return None
    found = compile_path(event).select(message.json)
    return found[0] if len(found) == 1 else None


def losses(flow: Flow, observation: Observation) -> tuple[tuple[str, Observation], ...]:
    """Give what a check must notice whatever it demands: no upgrade, silence, events lost, swapped or cut off."""
    if not flow.events:
        return (("no upgrade", replace(observation, status=FAILED)),) if observation.matched else ()
    return (
        ("no upgrade", replace(observation, status=FAILED)),
        ("silence", replace(observation, messages=())),
        *_dropped(flow, observation),
        *_swapped(flow, observation),
        *_cut_off(flow, observation),
        *_strangers(flow, observation),
    )


def _required(flow: Flow) -> list[str]:
    return [event.name for event in flow.events if not event.optional]


def _dropped(flow: Flow, observation: Observation) -> Iterator[tuple[str, Observation]]:
    for name in dict.fromkeys(_required(flow)):
        yield f"{name} dropped", _without(observation, name)


def _swapped(flow: Flow, observation: Observation) -> Iterator[tuple[str, Observation]]:
    """Let two neighbours come in the other order, once each."""
    for one, other in pairwise(_required(flow)):
        first, second = _index(observation, one), _index(observation, other)
        if one == other or first is None or second is None:
            continue
        a, b = observation.messages[first], observation.messages[second]
        order = {first: replace(b, at_s=a.at_s), second: replace(a, at_s=b.at_s)}
        mixed = (
            order.get(index, message)
            for index, message in enumerate(observation.messages)
            if index in order or _name(message, flow.event) not in (one, other)
        )
        yield f"{one} and {other} swapped", replace(observation, messages=tuple(mixed))


def _cut_off(flow: Flow, observation: Observation) -> Iterator[tuple[str, Observation]]:
    """Close before the last event that must come."""
    last = _required(flow)[-1]
    index = _index(observation, last)
    if index is not None:
        kept = tuple(m for m in observation.messages[:index] if _name(m, flow.event) != last)
        closed = Closed(at_s=observation.messages[index].at_s, code=NORMAL, reason="")
        yield f"a close before {last}", replace(observation, messages=kept, closed=closed)


def _strangers(flow: Flow, observation: Observation) -> Iterator[tuple[str, Observation]]:
    """Let every message be another client's: what `where` looks at says something else."""
    for demand in flow.where:
        path = compile_path(demand.subject)
        messages = list(observation.messages)
        for _, index in observation.matched:
            value = messages[index].json
            places = path.locate(value)
            taken_away = demand.operator == "exists" and all(places)
            other = remove(value, places) if taken_away else put_all(value, places, FOREIGN)
            messages[index] = _with_json(messages[index], other)
        yield f"where {demand.subject}: another client's events", replace(observation, messages=tuple(messages))
