"""The kind `tcp`: a connection to a target can be made, and how fast. Nothing is sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from releasegate.checks.base import Judgement, Probe, Reader
from releasegate.config.node import Node
from releasegate.config.shape import Field, PositiveDuration, Reading, Table, TargetName
from releasegate.expect import VACUOUS, Bound, Demand, judge_duration, judge_value, violate_value, why
from releasegate.model import Expectation
from releasegate.template import Template

DEFAULT_TIMEOUT_S = 10.0
CONNECTS = (Demand("connects", "equals", True),)


class Spec(Struct, frozen=True, kw_only=True):
    connect: str | Template
    timeout_s: float
    latency: tuple[Demand, ...]


class Connected(Struct, frozen=True, kw_only=True):
    """`took_s` counts from the name look-up to the open connection."""

    connected: bool
    took_s: float


def _build(values: dict[str, Any], _node: Node, _ctx: Reading) -> Any:
    latency = (values["expect"] or {}).get("latency") or ()
    return Spec(connect=values["connect"], timeout_s=values["timeout"], latency=latency)


EXPECT = Table("expect", {"latency": Field(Bound(), says="how long connecting may take; 250ms, or {warn:, fail:}")})


class Tcp(Reader):
    """Connecting is itself the demand; a bound on the latency may stand beside it."""

    name = "tcp"
    table = Table(
        "tcp",
        {
            "connect": Field(TargetName(), required=True, says="the target to connect to"),
            "timeout": Field(
                PositiveDuration(), default=DEFAULT_TIMEOUT_S, inherits=True, says="bounds the connection; 10s"
            ),
            "expect": Field(EXPECT, says="latency"),
        },
        _build,
    )

    async def observe(self, spec: Spec, probe: Probe) -> Connected:
        (name,) = self.targets(spec, probe.scope)
        probe.target, probe.doing = name, "connect"
        contact, phases = await probe.wire.connect_tcp(probe.targets[name], spec.timeout_s)
        probe.contacts.append(contact)
        probe.phases.extend(phases)
        return Connected(connected=True, took_s=sum(phase.duration_s for phase in phases))

    def judge(self, spec: Spec, observation: Connected, scope: Mapping[str, Any]) -> Judgement:
        expectations = (
            *judge_value(CONNECTS, observation.connected, scope),
            *judge_duration(spec.latency, observation.took_s),
        )
        reason = why(expectations)
        return Judgement(expectations=expectations, signature=f"tcp {reason}" if reason else None)

    def violate(self, observation: Connected, expectation: Expectation) -> Connected | None:
        if expectation.subject == CONNECTS[0].subject:
            return replace(observation, connected=False)
        worse = violate_value(observation.took_s, expectation)
        return None if worse is VACUOUS else replace(observation, took_s=worse)

    def losses(self, _spec: Spec, observation: Connected) -> Sequence[tuple[str, Connected]]:
        return (("no connection", replace(observation, connected=False)),)


KIND = Tcp()
