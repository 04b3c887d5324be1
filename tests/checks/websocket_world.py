"""A scripted staging for the `websocket` kind: what comes, and when, in; samples out, on a clock that tests own."""

import asyncio
import json as jsonlib
from dataclasses import dataclass, field

from http_world import NONCE, read_by, unmet

from releasegate.checks.websocket import KIND
from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Phase, Trouble
from releasegate.sample import Taken, World, take, witness
from releasegate.wire.types import HttpAnswer, Message

CHAT = Target(name="chat", url="ws://chat.test:80", scheme="ws", host="chat.test", port=80, path="/v1")
OTHER = Target(name="other", url="wss://other.test:443", scheme="wss", host="other.test", port=443)
TARGETS = {"chat": CHAT, "other": OTHER}
CONTACT = Contact(target="chat", host="chat.test", port=80, address="192.0.2.8", bytes_received=99)
OPENS_S = 0.25
STRANGER = "thread-of-another-client"


def read(config, *, loops=None, defaults=None):
    """Read a check that is right; what is only warned of does not make it wrong."""
    flow, problems = read_by(KIND, TARGETS, config, loops=loops, defaults=defaults)
    assert all(problem.warning for problem in problems), [str(problem) for problem in problems]
    return flow


def problems(config, *, loops=None, defaults=None):
    """Read a check that is wrong: what the author is told, in one text."""
    return "\n".join(str(problem) for problem in read_by(KIND, TARGETS, config, loops=loops, defaults=defaults)[1])


def talk(*events, **more):
    """A check that asks, and awaits events of its own thread."""
    return {
        "connect": "chat:/ws",
        "send": {"type": "start_agent", "thread_id": "{{nonce}}"},
        "where": {"$.thread_id": "{{nonce}}"},
        "events": list(events),
        **more,
    }


def ours(name, **more):
    return jsonlib.dumps({"type": name, "thread_id": NONCE, **more})


def theirs(name, **more):
    return ours(name, **{"thread_id": STRANGER, **more})


@dataclass(frozen=True)
class Goodbye:
    code: int
    reason: str = ""


@dataclass
class Staging:
    """Wire, socket and credentials in one. `script` is what comes: (seconds after the upgrade, what).

    `answers` gives more of it for each text that is sent. `busy_s` passes before each receiving: the gate is slow.
    """

    script: list = field(default_factory=list)
    refusal: tuple | None = None
    trouble: CouldNotLook | None = None
    answers: object = None
    busy_s: float = 0.0
    now: float = 100.0
    opened: float = 0.0
    sent: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    closings: int = 0
    broken: bool = False
    fell: bool = False
    identity_cookies: tuple = ()
    close_code: int | None = None
    close_reason: str = ""
    subprotocol: str | None = None
    refuses_subprotocols: bool = False
    contact: Contact = CONTACT

    async def open_websocket(self, target, url, headers, timeout_s, *, max_message, subprotocols=()):
        self.asked.append({"target": target.name, "url": url, "headers": dict(headers), "timeout_s": timeout_s})
        self.asked[-1] |= {"max_message": max_message, "subprotocols": subprotocols, "pairs": headers}
        self.now += OPENS_S
        phases = (Phase(name="connect", duration_s=0.05), Phase(name="upgrade", duration_s=0.2))
        if self.trouble:
            raise self.trouble
        if self.refusal:
            raise refused(*self.refusal, phases=phases, contact=self.contact)
        self.opened = self.now
        if subprotocols and not self.refuses_subprotocols:
            self.subprotocol = subprotocols[0]
        return self, phases

    async def send(self, text):
        self.sent.append((round(self.now - self.opened, 6), text))
        for after_s, what in self.answers(text) if self.answers else ():
            self.script.append((self.now - self.opened + after_s, what))

    async def receive(self, timeout_s):
        assert timeout_s >= 0
        self.now += self.busy_s
        if self.close_code is not None:
            return None
        at = self.opened + self.script[0][0] if self.script else float("inf")
        if at > self.now + timeout_s + 1e-9:
            self.now += timeout_s
            raise TimeoutError
        _, what = self.script.pop(0)
        self.now = max(self.now, at)
        if isinstance(what, Goodbye):
            self.close_code, self.close_reason = what.code, what.reason
            return None
        if isinstance(what, CouldNotLook):
            raise what
        return Message(at, what)

    async def close(self):
        self.closings += 1

    async def sleep(self, pause_s):
        self.now += pause_s

    async def headers(self, identity, target):
        self.now += 0.5
        if self.broken:
            raise CouldNotLook(Trouble(phase="login", reason="status 500", message="no login", target="auth"))
        return (("Authorization", f"Bearer token-of-{identity}"),)

    async def cookies(self, identity, target):
        return self.identity_cookies

    def fell_back(self, identity):
        return self.fell

    def world(self):
        return World(
            targets=TARGETS,
            wire=self,
            credentials=self,
            clock=lambda: self.now,
            wall=lambda: "2026-01-02T03:04:05Z",
            sleep=self.sleep,
            nonce=lambda: NONCE,
        )


def refused(status, body=b"", *, phases=(), contact=None):
    """An upgrade that was answered with something else, as the wire tells it."""
    error = CouldNotLook(Trouble(phase="upgrade", reason=f"status {status}", message="refused"), phases, contact)
    error.answer = HttpAnswer(
        status=status, headers=(), body=body, phases=phases, contact=contact or CONTACT, total_s=0.25
    )
    return error


def taken(flow, staging, values=None) -> Taken:
    return asyncio.run(take(KIND, flow, values or {}, staging.world()))


def sample(config, *script, values=None, **staging):
    """Take one sample of a check against what comes."""
    world = Staging(list(script), **staging)
    flow = read(config, loops={key: [value] for key, value in (values or {}).items()})
    return taken(flow, world, values).sample, world


def survivors(config, *script, **staging):
    """Name what could not have turned a green sample of this check red."""
    flow = read(config)
    one = taken(flow, Staging(list(script), **staging))
    assert one.sample.met, unmet(one.sample)
    return witness(KIND, flow, one)[1]


AGENT = ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"]
RUN = talk(
    *({name: {"within": "5s"}} for name in AGENT[:-1]),
    {"agent_completed": {"within": {"warn": "5s", "fail": "10s"}, "json": {"$.result": {"exists": True}}}},
    never=["error"],
)
HEALTHY = [(0.1 * n, ours(name, result={})) for n, name in enumerate(AGENT, 1)]


def names(one):
    return [phase.name for phase in one.phases]


def spans(one):
    return {phase.name: round(phase.duration_s, 6) for phase in one.phases}


def trouble(reason, phase, message="it was so"):
    return CouldNotLook(Trouble(phase=phase, reason=reason, message=message), (Phase(name="name", duration_s=0.01),))
