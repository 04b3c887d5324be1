"""The kind `redis`: a Redis answers one reading command, with what and how fast; a ping where nothing else is asked.

Its parts stand in `_redis`: the commands that may be sent, the asking, the replies as JSON.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from releasegate.checks._redis.commands import Command, Words
from releasegate.checks.base import Judgement, Probe
from releasegate.checks.extra import demand_client
from releasegate.config.model import Target
from releasegate.config.node import Node
from releasegate.config.shape import MISSING, Duration, Field, Reading, Table, TargetName, inherited
from releasegate.expect import (
    VACUOUS,
    Bound,
    Demand,
    JsonExpect,
    judge_duration,
    judge_json,
    violate_json,
    violate_value,
    why,
)
from releasegate.model import Expectation
from releasegate.template import Template

CLIENT = "redis.asyncio.connection"
DEFAULT_TIMEOUT_S = 10.0
SLACK_S = 2.0
PING = ("PING",)
PONG = (Demand("$", "equals", "PONG"),)
NUMBERED = re.compile(r"(?:/[0-9]{1,9})?")


class Spec(Struct, frozen=True, kw_only=True):
    connect: "str | Template"
    command: Words
    timeout_s: float
    reply: tuple[Demand, ...]
    latency: tuple[Demand, ...]


class Reply(Struct, frozen=True, kw_only=True):
    """`value` is the reply as JSON; `took_s` counts from the command to its whole reply."""

    value: Any
    took_s: float


def _build(values: dict[str, Any], node: Node, ctx: Reading) -> Any:
    demand_client(node, ctx, kind="redis", module=CLIENT)
    timeout_s = inherited(values["timeout"], "timeout", Duration(), ctx)
    if timeout_s is MISSING:
        return MISSING
    expect, command = values["expect"] or {}, values["command"] or PING
    reply = expect.get("reply") or (PONG if command == PING else ())
    if not reply:
        message = f"nothing is expected of the reply to {command[0]}: it could be anything"
        return ctx.report(node, message, "such as expect: {reply: {$: {max: 100}}}")
    return Spec(
        connect=values["connect"],
        command=command,
        timeout_s=timeout_s or DEFAULT_TIMEOUT_S,
        reply=reply,
        latency=expect.get("latency") or (),
    )


EXPECT = Table(
    "expect",
    {
        "reply": Field(JsonExpect(), says="JSONPaths of the reply and what they must select; PONG for a PING"),
        "latency": Field(Bound(), says="from the command to its reply; 250ms, or {warn:, fail:}"),
    },
)


class Redis:
    """One connection and one command a sample."""

    name = "redis"
    table = Table(
        "a redis check",
        {
            "connect": Field(TargetName(), required=True, says="the target: redis:// or rediss://"),
            "command": Field(Command(), says="one command that only reads; PING"),
            "timeout": Field(Duration(), says="bounds the sample; 10s"),
            "expect": Field(EXPECT, says="reply, latency"),
        },
        _build,
    )
    troubles: tuple[type[Exception], ...] = ()
    reads_by_default = "standard"
    writes_by_default = "single"
    schemes = frozenset({"redis", "rediss"})

    def targets(self, spec: Spec, values: Mapping[str, Any]) -> tuple[str, ...]:
        return (_filled(spec.connect, values),)

    def refuses(self, target: Target) -> tuple[str, str] | None:
        """Say what is wrong with the url of a target, and what to write."""
        if "?" in target.url:
            return "its url has a ?query, and nothing of it would be heeded", "redis://user:password@host:6379/0"
        if not NUMBERED.fullmatch(target.path):
            return "the path of its url is no number of a database", "redis://host:6379/0"
        return None

    def timeout_s(self, spec: Spec) -> float:
        return spec.timeout_s + SLACK_S  # the stream's own bound comes first: it names the phase; then the goodbye

    def writes(self, _spec: Spec) -> int:
        return 0

    def cleans_up(self, _spec: Spec) -> bool:
        return False

    async def observe(self, spec: Spec, probe: Probe) -> Reply:
        from releasegate.checks._redis.observe import ask

        words = tuple(_filled(word, probe.scope) for word in spec.command)
        value, took_s = await ask(probe, _filled(spec.connect, probe.scope), words, spec.timeout_s)
        return Reply(value=value, took_s=took_s)

    async def clean_up(self, spec: Spec, probe: Probe) -> None:
        """Nothing was written."""

    def judge(self, spec: Spec, observation: Reply, scope: Mapping[str, Any]) -> Judgement:
        expectations = (
            *judge_json(spec.reply, observation.value, scope, step="reply"),
            *judge_duration(spec.latency, observation.took_s),
        )
        reason = why(expectations)
        return Judgement(expectations=expectations, signature=f"redis {reason}" if reason else None)

    def violate(self, observation: Reply, expectation: Expectation) -> Reply | None:
        if expectation.step == "reply":
            other = violate_json(observation.value, expectation)
            return None if other is VACUOUS else replace(observation, value=other)
        worse = violate_value(observation.took_s, expectation)
        return None if worse is VACUOUS else replace(observation, took_s=worse)


def _filled(text: "str | Template", values: Mapping[str, Any]) -> str:
    return text.text(values) if isinstance(text, Template) else text


KIND = Redis()
