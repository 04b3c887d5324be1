"""A flow and what came in, a Judgement out. Pure and total: it gives an answer to whatever staging sent."""

from collections.abc import Mapping
from math import inf
from typing import Any

from releasegate.checks._websocket.spec import SWITCHING, Awaited, Flow, Message, Observation, beginning
from releasegate.checks._websocket.walk import Came, Walk
from releasegate.checks.base import Judgement
from releasegate.expect import (
    MISSING,
    Demand,
    holds,
    judge_duration,
    judge_json,
    judge_value,
    matches_where,
    meets,
    why,
)
from releasegate.expect.text import duration, flat
from releasegate.model import Expectation, Level

EXCERPT = 2048
BRIEF = 200
REFUSED = frozenset({401, 403})
Scope = Mapping[str, Any]
Expectations = tuple[Expectation, ...]


def judge(flow: Flow, observation: Observation, scope: Scope) -> Judgement:
    """Judge the upgrade, then each event in its turn, until one is not as demanded."""
    found, reason = _upgrade(flow, observation, scope), None
    if not holds(found):
        reason = why(found)
    elif observation.status == SWITCHING and flow.events:
        walk = follow(flow, observation, scope)
        events, reason = _events(flow, observation, walk, scope)
        found += events
    if reason is None:
        return Judgement(expectations=found)
    return Judgement(expectations=found, signature=f"websocket {reason}", excerpt=_excerpt(observation))


def passes(flow: Flow, observation: Observation, scope: Scope) -> bool:
    """Tell whether `judge` comes to met, without making its words."""
    status, chosen = observation.status, observation.subprotocol
    if not meets(flow.status, status, scope) or not meets(flow.latency, round(observation.upgrade_s, 6), scope):
        return False
    if status != SWITCHING:
        return True
    if flow.subprotocols and chosen not in flow.subprotocols:
        return False
    walk = follow(flow, observation, scope)
    done = not flow.events or (walk.awaited is None and walk.forbidden is None and walk.unreadable is None)
    return done and (not walk.came or came_well(walk.came[-1], scope))


def follow(flow: Flow, observation: Observation, scope: Scope) -> Walk:
    """Walk along what was recorded, as far as it leads."""
    walk, sends = Walk(flow, scope, observation.sent_s, observation.due_s), dict(observation.sends)
    for message in observation.messages:
        walk.take(message)
        if walk.failed:
            break
        if walk.came and walk.came[-1].message is message:
            came = walk.came[-1]
            if not came_well(came, scope):
                break
            if came.awaited.send is not None:  # one whose time is not known has no answer
                walk.ask(sends.get(came.awaited.label, inf))
    return walk


def came_well(came: Came, scope: Scope) -> bool:
    """Tell whether an event that came is as demanded: what `_came` says in words."""
    awaited = came.awaited
    in_time = meets(awaited.within, round(came.took_s, 6), scope)
    return in_time and (not awaited.json or matches_where(awaited.json, came.message.json, scope))


def _excerpt(observation: Observation) -> str | None:
    last = observation.messages[-1].data if observation.messages else observation.refusal
    return (beginning(last, EXCERPT) if last else None) or None


def _upgrade(flow: Flow, observation: Observation, scope: Scope) -> Expectations:
    step = "authenticate" if observation.status in REFUSED else "upgrade"
    judged = judge_value(flow.status, observation.status, scope, step=step)
    if flow.latency:
        judged += judge_duration(flow.latency, observation.upgrade_s, step="upgrade")
    if flow.subprotocols and observation.status == SWITCHING:  # a browser fails the connection when none is chosen
        chosen = MISSING if observation.subprotocol is None else observation.subprotocol
        judged += judge_value((Demand("subprotocol", "in", list(flow.subprotocols)),), chosen, scope, step="upgrade")
    return judged


def _events(flow: Flow, observation: Observation, walk: Walk, scope: Scope) -> tuple[Expectations, str | None]:
    """Judge what came, then what did not; give why it failed, without what differs from sample to sample."""
    found: Expectations = ()
    for came in walk.came:
        judged = _came(came, scope)
        found += judged
        if not holds(judged):
            return found, _why_not(came, judged)
    if walk.unreadable is not None:
        return (*found, _unreadable(*walk.unreadable, walk)), "a message is not JSON"
    if walk.forbidden is None and walk.awaited is not None:
        missing, reason = _missing(walk.awaited, observation, walk)
        return (*found, missing), reason
    found += tuple(_never(name, walk) for name in flow.never)
    return found, f"{walk.forbidden[0]} came" if walk.forbidden else None


def _came(came: Came, scope: Scope) -> Expectations:
    """Judge an event that came: in time, and with what it must hold."""
    awaited = came.awaited
    timed = tuple(_in_time(demand, came) for demand in awaited.within)
    if awaited.within_s is None and not awaited.optional:
        timed = (_exists(came), *timed)
    return timed + judge_json(awaited.json, came.message.json, scope, step=awaited.label)


def _in_time(demand: Demand, came: Came) -> Expectation:
    """Judge one bound; a wait that only rounding makes as long as it is told to the microsecond."""
    name, took_s = came.awaited.label, round(came.took_s, 6)
    met, bound, got = took_s <= demand.value, duration(demand.value), duration(took_s)
    if not met and got == bound:
        got = f"{took_s:.6f} s"
    return Expectation(
        subject=f"event {name}", operator=demand.operator, demanded=demand.value, found=[took_s], met=met,
        text=f"{flat(name)} within {bound} of {flat(came.since)} (got {got})", level=demand.level,
    )  # fmt: skip


def _exists(came: Came) -> Expectation:
    return Expectation(
        subject=f"event {came.awaited.label}", operator="exists", demanded=True, found=[round(came.took_s, 6)],
        met=True, text=f"{flat(came.awaited.label)} comes (got it {duration(came.took_s)} after {flat(came.since)})",
    )  # fmt: skip


def _why_not(came: Came, judged: Expectations) -> str:
    first = next(e for e in judged if not e.met and e.level is Level.FAIL)
    return f"{came.awaited.label} too late" if first.subject.startswith("event ") else str(why(judged))


def _never(name: str, walk: Walk) -> Expectation:
    """Judge that a forbidden event did not come."""
    message = walk.forbidden[1] if walk.forbidden and walk.forbidden[0] == name else None
    text = f"{flat(name)} never comes (got nothing)"
    if message is not None:
        text = f"{flat(name)} must never come, and came {_when(message, walk)}: {flat(message.beginning(BRIEF))}"
    return Expectation(
        subject=f"never {name}", operator="exists", demanded=False, found=[] if message is None else [name],
        met=message is None, text=text,
    )  # fmt: skip


def _unreadable(reason: str, message: Message, walk: Walk) -> Expectation:
    """Say why a message cannot be read: nobody can tell whose it is, nor whether it is a forbidden one."""
    return Expectation(
        subject="unreadable message", operator="exists", demanded=False, found=[reason], met=False,
        text=f"a message is not JSON: {flat(reason)}, {_when(message, walk)}",
    )  # fmt: skip


def _when(message: Message, walk: Walk) -> str:
    """Say how long after the last thing that counts a message came, or before it."""
    after_s = message.at_s - walk.since_s
    if walk.asked and after_s < 0:
        return f"{duration(_tenth(-after_s))} before {flat(walk.since)}"
    return f"{duration(_tenth(max(0.0, after_s)))} after {flat(walk.since)}"


def _missing(awaited: Awaited, observation: Observation, walk: Walk) -> tuple[Expectation, str]:
    """Say which event did not come, since when it was awaited, and what came instead."""
    name, deadline_s = flat(awaited.label), walk.deadline_s
    ended_s = min(observation.ended_s, observation.due_s, observation.due_s if deadline_s is None else deadline_s)
    since = f"{duration(_tenth(max(0.0, ended_s - walk.since_s)))} after {flat(walk.since)}"
    closed, goodbye = observation.closed, ""
    if closed is not None:
        said = f' "{flat(closed.reason)}"' if closed.reason else ""
        goodbye = f"closed with {closed.code}{said}"
    rest = f"{goodbye}, {since}" if goodbye else since
    if awaited.name in walk.hasty:
        text = f"{name} came before {flat(walk.since)}, and not again ({rest})"
        return _absent(awaited, text), f"{awaited.label} before the send"
    if awaited.name in walk.early:
        before = duration(_tenth(max(0.0, walk.since_s - walk.early[awaited.name])))
        text = f"{name} came out of order, {before} before {flat(walk.since)}, and not again ({rest})"
        return _absent(awaited, text), f"{awaited.label} out of order"
    if closed is not None:
        reason = f"closed {closed.code} waiting for {awaited.label}"
        return _absent(awaited, f"{goodbye} waiting for {name}, {since}"), reason
    text = f"timeout waiting for {name}, {since}{_at_the_end(observation, walk)}"
    return _absent(awaited, text), f"timeout waiting for {awaited.label}"


def _at_the_end(observation: Observation, walk: Walk) -> str:
    """Add what bounded the wait if not the event's own time, and that nothing of ours came although others did."""
    end, came = "", len(observation.messages)
    if walk.deadline_s is None or observation.due_s < walk.deadline_s:
        end = f": the sample's {duration(walk.flow.timeout_s)} were over"
    if came and not walk.ours:
        end += f"; {came:,} message{'' if came == 1 else 's'} came, none of ours"
    return end


def _tenth(seconds: float) -> float:
    """Round for reading: to the millisecond below a second, to a tenth above."""
    return round(seconds, 3 if seconds < 1 else 1)


def _absent(awaited: Awaited, text: str) -> Expectation:
    return Expectation(
        subject=f"event {awaited.label}", operator="exists", demanded=True, found=[], met=False, text=text
    )
