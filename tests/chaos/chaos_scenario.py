"""A seed in; a config, and how the staging that it speaks of will really behave, out.

What is known of each check stands beside the config, apart from the product: what a sample must have been served
to be called met, and how many such samples its profile asks for.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import chaos_checks
from chaos_checks import FEWEST, seconds

NEW, OLD = "a1" * 20, "b2" * 20
CROWD = 2000
ENVIRON = {"CHAOS_FALLBACK": "the-fallback-token"}
"""What the config takes from the environment: a secret, unlike what is written into it."""
RULES = (
    "pass_rate >= 95%", "critical.failed == 0", "flaky <= 20%", "warned == 0", "leaked == 0", "timeouts <= 3",
    "red_capable >= 90%", "contacted >= 100%", "latency.max <= 5s", "retries == 0", "fallbacks == 0", "score >= 50%",
)  # fmt: skip


class Mood(StrEnum):
    """How one thing of staging behaves from answer to answer."""

    SOUND = "sound"
    DEAD = "dead"
    FLAKY = "flaky"
    DYING = "dying"
    WAKING = "waking"


WEATHERS = {"fair": (1, 0, 0, 0, 0), "showers": (12, 1, 1, 1, 1), "storm": (2, 2, 3, 1, 1), "night": (0, 1, 0, 0, 0)}


class Fate:
    """Whether each next answer to one key is the sound one. Its own randomness: no other key disturbs it."""

    def __init__(self, seed: int, key: str, weather: str) -> None:
        self.rng = random.Random(f"{seed} {key}")
        self.mood = self.rng.choices(list(Mood), WEATHERS[weather])[0]
        self.share = self.rng.choice((0.05, 0.2, 0.5))
        self.turn = self.rng.randrange(1, 12)
        self.asked = 0

    def sound(self) -> bool:
        self.asked += 1
        match self.mood:
            case Mood.FLAKY:
                return self.rng.random() > self.share
            case Mood.DYING:
                return self.asked <= self.turn
            case Mood.WAKING:
                return self.asked > self.turn
        return self.mood is Mood.SOUND


@dataclass(frozen=True)
class Known:
    """A check as seen from outside of the product. `parts` are what one met sample must have been served."""

    id: str
    key: str
    parts: frozenset[str]
    fewest: int
    advisory: bool = False
    twin: str | None = None
    tells: bool = True
    """Its expectations name the nonce, so that a sample can be held to the very answer that it got."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How long things take, in seconds: long where the clock leaps, short over real sockets."""

    timeout_s: float
    deadline_s: tuple[float, ...]
    own_deadline_s: float
    wait_s: float
    stop_s: float
    crowds: bool = False


@dataclass
class Scenario:
    """All that is decided before a run begins."""

    seed: int
    scale: Scale
    weather: str
    config: dict[str, Any] = field(default_factory=lambda: {"version": 1, "gate": "chaos"})
    checks: dict[str, Known] = field(default_factory=dict)
    deadline_s: float = 0.0
    judged: str | None = NEW
    stop_at_s: float | None = None
    fates: dict[str, Fate] = field(default_factory=dict)

    def fate(self, key: str) -> Fate:
        if key not in self.fates:
            self.fates[key] = Fate(self.seed, key, self.weather)
        return self.fates[key]

    @property
    def wait_s(self) -> float:
        """How long the gate may wait for a deployment, outside of its deadline."""
        revisions = (target.get("revision", {}) for target in self.config["targets"].values())
        return max(
            (int(revision["wait"].removesuffix("ms")) / 1000 for revision in revisions if "wait" in revision),
            default=0.0,
        )


def scenario(seed: int, scale: Scale, ports: Callable[[str], int]) -> Scenario:
    """Draw one. `ports` says where on the loopback each target is; a `tcp` check has one of its own, named by its key."""
    rng = random.Random(seed)
    drawn = Scenario(seed, scale, rng.choices(list(WEATHERS), (2, 5, 3, 1))[0])
    drawn.deadline_s = rng.choice(scale.deadline_s)
    drawn.judged = rng.choices((NEW, None, NEW[:8]), (6, 2, 1))[0]
    # Early more often than late: most runs are short.
    drawn.stop_at_s = scale.stop_s * rng.random() ** 6 if rng.random() < 0.2 else None
    config = drawn.config
    config |= {"targets": _targets(rng, scale, ports), "identities": {"user": _identity(rng)}, "suites": {}}
    crowded = scale.crowds and rng.random() < 0.01
    for number in range(1 if crowded else rng.randrange(1, 3)):
        _suite(drawn, rng, f"s{number}", ports, crowded=crowded)
    if rng.random() < 0.5:
        config["control"] = {"tcp": {"connect": "edge", "timeout": seconds(scale.timeout_s)}}
    config["policy"] = {"concurrency": rng.choice((1, 4, 64)), "deadline": seconds(drawn.deadline_s)}
    config["policy"] |= {
        level: rng.sample(RULES, rng.randrange(1, 4)) for level in ("block", "warn") if rng.random() < 0.4
    }
    if rng.random() < 0.1:
        config["mode"] = "advisory"
    return drawn


def _targets(rng: random.Random, scale: Scale, ports: Callable[[str], int]) -> dict[str, Any]:
    targets: dict[str, Any] = {name: {"url": f"http://127.0.0.1:{ports(name)}"} for name in ("api", "auth")}
    targets["chat"] = {"url": f"ws://127.0.0.1:{ports('chat')}"}
    for name in ("api", "auth", "chat"):
        targets[name]["max_body"] = "64KiB"
        if rng.random() < 0.3:
            targets[name]["concurrency"] = rng.choice((1, 2))
    targets["edge"] = {"url": f"tcp://127.0.0.1:{ports('edge')}"}
    if rng.random() < 0.7:
        targets["api"]["revision"] = _revision(rng, scale)
    if rng.random() < 0.2:
        targets["auth"] |= {"revision": _revision(rng, scale), "foreign": rng.random() < 0.5}
    return targets


def _revision(rng: random.Random, scale: Scale) -> dict[str, Any]:
    where = rng.choice(({"at": "$.revision"}, {"header": "X-Revision"}, {"body": '"revision": "([0-9a-f]+)"'}))
    waits = {"wait": seconds(scale.wait_s)} if rng.random() < 0.5 else {}
    return {"get": "/revision", **where, "settle": rng.choice((1, 3, 6)), **waits}


def _identity(rng: random.Random) -> dict[str, Any]:
    login = {"post": "auth:/login", "json": {"user": "gate", "password": "correct horse"}, "token": "$.access_token"}
    if rng.random() < 0.3:
        login["expires_in"] = rng.choice(("50ms", "1s", "40s"))
    return {"login": login, **({"fallback": {"bearer": "${CHAOS_FALLBACK}"}} if rng.random() < 0.3 else {})}


def _suite(drawn: Scenario, rng: random.Random, suite: str, ports: Callable[[str], int], *, crowded: bool) -> None:
    checks: dict[str, Any] = {}
    readers: list[str] = []
    drawn.config["suites"][suite] = {"weight": rng.choice((0, 1, 5)) if suite != "s0" else 1, "checks": checks}
    for number in range(1 if crowded else rng.randrange(1, 9)):
        name, key = f"c{number}", f"{suite}c{number}"
        make = chaos_checks.get if crowded else rng.choice(chaos_checks.MAKERS)
        values = ("",)
        if make in chaos_checks.LOOPED and (crowded or rng.random() < 0.2):
            values = tuple(f"-{value}" for value in range(CROWD if crowded else 3))
        made = make(rng, key + ("{{v}}" if len(values) > 1 else ""), seconds(drawn.scale.timeout_s))
        check = dict(made.check)
        if len(values) > 1:
            check["for"] = {"v": list(values)}
        if make is chaos_checks.tcp:
            drawn.config["targets"][key] = {"url": f"tcp://127.0.0.1:{ports(key)}"}
        _dress(check, rng, drawn.scale, [f"{suite}.{other}" for other in checks])
        if readers and rng.random() < 0.3:
            check["diagnose"] = rng.sample(readers, rng.randrange(1, len(readers) + 1))
        fewest = FEWEST[check.get("samples", made.profile)]
        checks[name] = check
        if make in chaos_checks.READERS and len(values) < CROWD:
            readers.append(f"{suite}.{name}")
        for value in values:
            case = f"{suite}.{name}" + (f"[{value}]" if value else "")
            known = Known(case, key + value, made.parts, fewest, check.get("advisory", False), tells=made.tells)
            drawn.checks[case] = known
        if make is chaos_checks.inside and rng.random() < 0.7:
            made = chaos_checks.stranger(f"{key}-out", f"{suite}.{name}", seconds(drawn.scale.timeout_s))
            checks[f"{name}-out"] = made.check
            case = f"{suite}.{name}-out"
            drawn.checks[case] = Known(case, f"{key}-out", made.parts, 7, twin=f"{suite}.{name}", tells=False)


def _dress(check: dict[str, Any], rng: random.Random, scale: Scale, before: list[str]) -> None:
    """Put on what any kind may have."""
    if before and rng.random() < 0.25:
        check["needs"] = rng.choice(before)
    if rng.random() < 0.3:
        check["samples"] = rng.choice(tuple(FEWEST))
    if rng.random() < 0.15:
        check["deadline"] = seconds(scale.own_deadline_s)
    elif rng.random() < 0.1:
        check["window"] = seconds(min(scale.timeout_s, scale.deadline_s[0] / 2))
    mark = rng.choices(("critical", "advisory", None), (2, 1, 7))[0]
    if mark:
        check[mark] = True
