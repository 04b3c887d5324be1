"""The kind `tcp`: a connection to a target can be made, and how fast. Nothing is sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from releasegate.checks.base import Judgement, Probe
from releasegate.config.node import Node
from releasegate.config.shape import MISSING, Duration, Field, Reading, Table, TargetName, inherited
from releasegate.expect import VACUOUS, Bound, Demand, judge_duration, judge_value, violate_value, why
from releasegate.model import Expectation
from releasegate.template import Template

DEFAULT_TIMEOUT_S = 10.0
CONNECTS = (Demand("connects", "equals", True),)


class Spec(Struct, frozen=True, kw_only=True):
    connect: "str | Template"
    timeout_s: float
    latency: tuple[Demand, ...]


class Connected(Struct, frozen=True, kw_only=True):
    """`took_s` counts from the name look-up to the open connection."""

    connected: bool
    took_s: float


def _build(values: dict[str, Any], _node: Node, ctx: Reading) -> Any:
    timeout_s = inherited(values["timeout"], "timeout", Duration(), ctx)
    if timeout_s is MISSING:
        return MISSING
    expect = values["expect"] or {}
    return Spec(
        connect=values["connect"],
        timeout_s=timeout_s or DEFAULT_TIMEOUT_S,
        latency=expect.get("latency") or (),
    )


EXPECT = Table("expect", {"latency": Field(Bound(), says="how long connecting may take; 250ms, or {warn:, fail:}")})


class Tcp:
    """Connecting is itself the demand; a bound on the latency may stand beside it."""

    name = "tcp"
    table = Table(
        "tcp",
        {
            "connect": Field(TargetName(), required=True, says="the target to connect to"),
            "timeout": Field(Duration(), says="bounds the connection; 10s"),
            "expect": Field(EXPECT, says="latency"),
        },
        _build,
    )
    troubles: tuple[type[Exception], ...] = ()
    reads_by_default = "standard"
    writes_by_default = "single"
    schemes: frozenset[str] = frozenset()

    def targets(self, spec: Spec, values: Mapping[str, Any]) -> tuple[str, ...]:
        return (_name(spec, values),)

    def timeout_s(self, spec: Spec) -> float:
        return spec.timeout_s + 1.0  # the wire's own bound comes first: it names the phase

    def writes(self, _spec: Spec) -> int:
        return 0

    def cleans_up(self, _spec: Spec) -> bool:
        return False

    async def observe(self, spec: Spec, probe: Probe) -> Connected:
        name = _name(spec, probe.scope)
        probe.target, probe.doing = name, "connect"
        contact, phases = await probe.wire.connect_tcp(probe.targets[name], spec.timeout_s)
        probe.contacts.append(contact)
        probe.phases.extend(phases)
        return Connected(connected=True, took_s=sum(phase.duration_s for phase in phases))

    async def clean_up(self, spec: Spec, probe: Probe) -> None:
        """Nothing was written."""

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


def _name(spec: Spec, values: Mapping[str, Any]) -> str:
    return spec.connect.text(values) if isinstance(spec.connect, Template) else spec.connect


KIND = Tcp()
