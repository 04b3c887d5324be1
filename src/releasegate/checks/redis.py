"""The kind `redis`: a Redis answers one reading command, with what and how fast; a ping where nothing else is asked.

Its parts stand in `_redis`: the commands that may be sent, the asking, the replies as JSON.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from releasegate.checks._redis.commands import Command, Words
from releasegate.checks.base import Judgement, Probe, Reader
from releasegate.checks.extra import demand_client
from releasegate.config.model import Target
from releasegate.config.node import Node
from releasegate.config.shape import Field, PositiveDuration, Reading, Table, TargetName
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
from releasegate.template import Template, as_text, fill

CLIENT = "redis.asyncio.connection"
DEFAULT_TIMEOUT_S = 10.0
PING = ("PING",)
PONG = (Demand("$", "equals", "PONG"),)
NUMBERED = re.compile(r"(?:/[0-9]{1,9})?")


class Spec(Struct, frozen=True, kw_only=True):
    connect: str | Template
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
    expect, command = values["expect"] or {}, values["command"] or PING
    reply = expect.get("reply") or (PONG if command == PING else ())
    if not reply:
        message = f"nothing is expected of the reply to {command[0]}: it could be anything"
        return ctx.report(node, message, "such as expect: {reply: {$: {max: 100}}}")
    return Spec(
        connect=values["connect"],
        command=command,
        timeout_s=values["timeout"],
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


class Redis(Reader):
    """One connection and one command a sample."""

    name = "redis"
    table = Table(
        "a redis check",
        {
            "connect": Field(TargetName(), required=True, says="the target: redis:// or rediss://"),
            "command": Field(Command(), says="one command that only reads; PING"),
            "timeout": Field(
                PositiveDuration(), default=DEFAULT_TIMEOUT_S, inherits=True, says="bounds the sample; 10s"
            ),
            "expect": Field(EXPECT, says="reply, latency"),
        },
        _build,
    )
    schemes = frozenset({"redis", "rediss"})

    def refuses(self, target: Target) -> tuple[str, str] | None:
        """Say what is wrong with the url of a target, and what to write."""
        if "?" in target.url:
            return "its url has a ?query, and nothing of it would be heeded", "redis://user:password@host:6379/0"
        if not NUMBERED.fullmatch(target.path):
            return "the path of its url is no number of a database", "redis://host:6379/0"
        return None

    async def observe(self, spec: Spec, probe: Probe) -> Reply:
        from releasegate.checks._redis.observe import ask

        (name,) = self.targets(spec, probe.scope)
        words = tuple(as_text(fill(word, probe.scope)) for word in spec.command)
        value, took_s = await ask(probe, name, words, spec.timeout_s)
        return Reply(value=value, took_s=took_s)

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


KIND = Redis()
