"""The kind `dns`: a name server answers a question over TCP, with what, and how fast."""

from collections.abc import Mapping, Sequence
from typing import Any

from dns.exception import DNSException
from msgspec import Struct
from msgspec.structs import replace

from releasegate.checks.base import Judgement, Probe, Reader
from releasegate.checks.stream import stream
from releasegate.config.node import Node
from releasegate.config.shape import Field, OneOf, PositiveDuration, Reading, Table, TargetName, Templated
from releasegate.expect import (
    VACUOUS,
    Bound,
    Demand,
    JsonExpect,
    judge_duration,
    judge_json,
    judge_value,
    violate_json,
    violate_value,
    why,
)
from releasegate.model import Expectation
from releasegate.template import as_text, fill

SOUND = (Demand("rcode", "equals", "NOERROR"),)
ANY_RECORD = (Demand("$[*]", "exists", True),)


class Spec(Struct, frozen=True, kw_only=True):
    """What a check says. `connect` and `name` may have holes."""

    connect: Any
    name: Any
    type: str
    timeout_s: float
    answers: tuple[Demand, ...]
    latency: tuple[Demand, ...]


class Answer(Struct, frozen=True, kw_only=True):
    """What a sample saw. The records are sorted: a server may turn them in a circle."""

    rcode: str
    records: list[str]
    took_s: float


def _build(values: dict[str, Any], _node: Node, _ctx: Reading) -> Any:
    expect = values["expect"] or {}
    return Spec(
        connect=values["connect"],
        name=values["name"],
        type=values["type"],
        timeout_s=values["timeout"],
        answers=expect.get("answers") or ANY_RECORD,
        latency=expect.get("latency") or (),
    )


EXPECT = Table(
    "expect",
    {
        "answers": Field(JsonExpect(), says="JSONPaths into the sorted list of records, as texts"),
        "latency": Field(Bound(), says="from the question to its answer; 250ms, or {warn:, fail:}"),
    },
)
TABLE = Table(
    "a dns check",
    {
        "connect": Field(TargetName(), required=True, says="the name server, a target of scheme tcp"),
        "name": Field(Templated(), required=True, says="the name to ask for"),
        "type": Field(OneOf("A", "AAAA", "CNAME", "MX", "NS", "TXT"), default="A", says="the type of record; A"),
        "timeout": Field(PositiveDuration(), default=5.0, inherits=True, says="bound on one sample; 5s"),
        "expect": Field(EXPECT, says="answers, latency"),
    },
    _build,
)


class Dns(Reader):
    """A question over TCP, which may be repeated: it changes nothing."""

    name = "dns"
    table = TABLE
    troubles: tuple[type[Exception], ...] = (DNSException,)
    schemes = frozenset({"tcp"})

    async def observe(self, spec: Spec, probe: Probe) -> Answer:
        from dns import message, rcode, rdatatype

        question = message.make_query(as_text(fill(spec.name, probe.scope)), spec.type)
        asked = question.to_wire()
        (server,) = self.targets(spec, probe.scope)
        async with stream(probe, server, spec.timeout_s) as tcp:
            began = probe.clock()
            with probe.phase("question"):
                await tcp.send(len(asked).to_bytes(2, "big") + asked)
            with probe.phase("answer"):
                size = int.from_bytes(await tcp.receive_exactly(2), "big")
                answer = message.from_wire(await tcp.receive_exactly(size))
                if not question.is_response(answer):
                    raise probe.trouble("protocol", "the answer is one to another question")
            took_s = probe.clock() - began
        wanted = rdatatype.from_text(spec.type)
        records = [record.to_text() for group in answer.answer if group.rdtype == wanted for record in group]
        return Answer(rcode=rcode.to_text(answer.rcode()), records=sorted(records), took_s=took_s)

    def judge(self, spec: Spec, observation: Answer, scope: Mapping[str, Any]) -> Judgement:
        expectations = (
            *judge_value(SOUND, observation.rcode, scope),
            *judge_json(spec.answers, observation.records, scope),
            *judge_duration(spec.latency, observation.took_s),
        )
        reason = why(expectations)
        return Judgement(expectations=expectations, signature=f"dns {reason}" if reason else None)

    def violate(self, observation: Answer, expectation: Expectation) -> Answer | None:
        if expectation.subject.startswith("$"):
            records = violate_json(observation.records, expectation)
            return None if records is VACUOUS else replace(observation, records=records)
        part = "took_s" if expectation.subject == "latency" else "rcode"
        worse = violate_value(getattr(observation, part), expectation)
        return None if worse is VACUOUS else replace(observation, **{part: worse})

    def losses(self, _spec: Spec, observation: Answer) -> Sequence[tuple[str, Answer]]:
        return (("no answer", replace(observation, rcode="SERVFAIL", records=[])),)


KIND = Dns()
