"""Randomness and a key in, one check of a config out, and what must have been served for it to be met."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NONCE = "{{nonce}}"
FEWEST = {"standard": 7, "lean": 5, "single": 1, "once": 1}
"""Good samples without which no check passes; written down here once more on purpose."""


@dataclass(frozen=True)
class Made:
    """`parts`: what the staging must have served whole under one nonce; `tells`: the expectations name the nonce."""

    check: Mapping[str, Any]
    profile: str
    parts: frozenset[str]
    tells: bool = True


def seconds(value_s: float) -> str:
    return f"{round(value_s * 1000)}ms"


def get(rng: random.Random, key: str, timeout: str) -> Made:
    expect: dict[str, Any] = {"status": 200, "json": {"$.check": key, "$.nonce": NONCE}}
    if rng.random() < 0.3:
        expect["latency"] = {"warn": "20ms", "fail": "8s"}
    if rng.random() < 0.3:
        expect["json"]["$.n"] = {"min": 1}
    if rng.random() < 0.3:
        expect |= {"headers": {"Content-Type": {"contains": "json"}}, "body": {"contains": NONCE}}
    http = {"get": f"api:/{key}/{NONCE}", "timeout": timeout, "expect": expect}
    if rng.random() < 0.3:
        http["follow"] = 2
    return Made({"http": http}, "standard", frozenset({"got"}))


def status(_rng: random.Random, key: str, timeout: str) -> Made:
    """A check that looks at the status alone: any whole answer with it will do, a cut one will not."""
    http = {"get": f"api:/{key}/{NONCE}", "timeout": timeout, "expect": {"status": 200}}
    return Made({"http": http}, "standard", frozenset({"status"}), tells=False)


def inside(rng: random.Random, key: str, timeout: str) -> Made:
    made = get(rng, f"in/{key}", timeout)
    made.check["http"]["expect"]["json"]["$.check"] = key
    made.check["http"]["as"] = "user"
    return made


def stranger(key: str, twin: str, timeout: str) -> Made:
    """The refusal of the same without an identity; it counts only while its twin passes."""
    expect = {"status": [401, 403]}
    http = {"get": f"api:/in/{key}/{NONCE}", "as": "nobody", "timeout": timeout, "expect": expect}
    return Made({"twin": twin, "http": http}, "standard", frozenset({"refused"}), tells=False)


def flow(rng: random.Random, key: str, timeout: str) -> Made:
    make: dict[str, Any] = {
        "name": "make", "post": f"api:/{key}/{NONCE}/make", "json": {"nonce": NONCE}, "timeout": timeout,
        "expect": {"status": 201}, "capture": {"id": "$.id"},
    }  # fmt: skip
    if rng.random() < 0.5:
        make["headers"] = {"Idempotency-Key": NONCE}
    read = {
        "name": "read", "get": f"api:/{key}/{NONCE}/things/{{{{id}}}}", "timeout": timeout,
        "expect": {"status": 200, "json": {"$.id": "{{id}}", "$.nonce": NONCE}},
    }  # fmt: skip
    http = {"steps": [make, read], "finally": [{"delete": f"api:/{key}/{NONCE}/things/{{{{id}}}}", "timeout": timeout}]}
    return Made({"http": http}, "lean", frozenset({"made", "got"}))


def poll(rng: random.Random, key: str, timeout: str) -> Made:
    every = {"every": rng.choice(("10ms", "50ms"))} if rng.random() < 0.7 else {}
    http = {
        "get": f"api:/{key}/{NONCE}/poll", "timeout": timeout,
        "poll": {"within": timeout, "until": {"json": {"$.ready": True}}, **every},
        "expect": {"status": 200, "json": {"$.check": key, "$.nonce": NONCE}},
    }  # fmt: skip
    return Made({"http": http}, "standard", frozenset({"ready"}))


def states(rng: random.Random, key: str, timeout: str) -> Made:
    stuck = {"stuck": timeout} if rng.random() < 0.3 else {}
    http = {
        "get": f"api:/{key}/{NONCE}/states", "timeout": timeout, "poll": {"within": timeout, "every": "10ms"},
        "states": {"at": "$.state", "order": ["pending", "running", "completed"], "never": ["failed"], **stuck},
        "expect": {"json": {"$.nonce": NONCE}},
    }  # fmt: skip
    return Made({"http": http}, "standard", frozenset({"completed"}))


def socket(rng: random.Random, key: str, timeout: str) -> Made:
    within = {"within": timeout}
    tells = rng.random() < 0.6
    done = {"done": {**within, "json": {"$.check": key, **({"$.id": NONCE} if tells else {})}}}
    events: list[Any] = [{"started": within}, done]
    if rng.random() < 0.3:
        events.insert(1, {"working": {"optional": True, **within}})
    ask = {"type": "ask", "check": key, "id": NONCE}
    websocket: dict[str, Any] = {
        "connect": f"chat:/{key}/{NONCE}", "send": ask, "where": {"$.id": NONCE}, "events": events, "never": ["error"],
        "timeout": timeout,
    }  # fmt: skip
    if rng.random() < 0.3:
        websocket["as"] = "user"
        websocket["connect"] = f"chat:/in/{key}/{NONCE}"
    return Made({"websocket": websocket}, "lean", frozenset({"done"}), tells)


def tcp(_rng: random.Random, key: str, timeout: str) -> Made:
    return Made({"tcp": {"connect": key, "timeout": timeout}}, "standard", frozenset({"open"}), tells=False)


MAKERS = (get, get, status, inside, flow, poll, states, socket, socket, tcp)
LOOPED = frozenset({get, status, poll, states})
READERS = frozenset({get, status, inside, poll, states, tcp})
"""What may be read beside the failure of another."""
