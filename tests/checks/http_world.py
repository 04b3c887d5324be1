"""A scripted staging for the `http` kind: configs as plain values in, samples out, on a clock that tests own."""

import asyncio
import json as jsonlib
from dataclasses import dataclass, field

from releasegate.checks.http import KIND
from releasegate.config.model import Target
from releasegate.config.node import Node
from releasegate.config.shape import Reading
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Phase, Trouble
from releasegate.sample import Taken, World, take, witness
from releasegate.wire.types import HttpAnswer

TARGETS = {
    "api": Target(name="api", url="http://api.test:80", scheme="http", host="api.test", port=80, path="/v1"),
    "auth": Target(name="auth", url="https://auth.test:443", scheme="https", host="auth.test", port=443),
}
NONCE = "0123456789abcdef0123456789abcdef"


def node(value, line=1, file="releasegate.yml"):
    """Give a plain value as the loader would: with places, though all on one line."""
    if isinstance(value, dict):
        keys = {key: Node(key, line, 1, key, file=file) for key in value}
        return Node({key: node(item, line, file) for key, item in value.items()}, line, 1, keys=keys, file=file)
    if isinstance(value, list):
        return Node([node(item, line, file) for item in value], line, 1, file=file)
    return Node(value, line, 1, str(value), isinstance(value, str), file=file)


def read_by(kind, targets, config, *, loops, defaults, file="releasegate.yml"):
    """Give what a kind's table makes of a check, and what it finds wrong with it."""
    ctx = Reading(names={"target": set(targets), "identity": {"gate-user", "admin"}})
    ctx.loops = loops or {}
    ctx.scope |= set(ctx.loops)
    ctx.defaults = {key: node(value) for key, value in (defaults or {}).items()}
    flow = kind.table.read(node(config, file=file), ctx)
    for check in ctx.deferred:
        check()
    return flow, ctx.problems


def read(config, *, loops=None, defaults=None, file="releasegate.yml"):
    """Read a check that is right."""
    flow, problems = read_by(KIND, TARGETS, config, loops=loops, defaults=defaults, file=file)
    assert not problems, [str(problem) for problem in problems]
    return flow


def problems(config, *, loops=None, defaults=None):
    """Read a check that is wrong: what the author is told, in one text."""
    _, found = read_by(KIND, TARGETS, config, loops=loops, defaults=defaults)
    return "\n".join(str(problem) for problem in found)


@dataclass
class Reply:
    """What staging answers to one request."""

    status: int = 200
    headers: tuple = ()
    body: bytes = b""
    took_s: float = 0.01
    cookies: tuple | None = None


def reply(status=200, json=None, *, body=b"", headers=None, took_s=0.01, cookies=None):
    if json is not None:
        body = jsonlib.dumps(json).encode()
    pairs = headers.items() if isinstance(headers, dict) else headers or ()
    return Reply(status, tuple((name.lower(), value) for name, value in pairs), body, took_s, cookies)


def trouble(reason="refused", phase="connect"):
    return CouldNotLook(Trouble(phase=phase, reason=reason, message=f"it was {reason}"))


@dataclass
class Staging:
    """Answers by script, the last reply again and again; keeps every request. Time passes here only."""

    replies: list
    now: float = 100.0
    requests: list = field(default_factory=list)
    logins: list = field(default_factory=list)
    broken: set = field(default_factory=set)
    fell: set = field(default_factory=set)
    identity_cookies: tuple = ()

    async def fetch(self, request):
        self.requests.append(request)
        said = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if callable(said):
            said = said(request)
        if isinstance(said, CouldNotLook):
            raise said
        if said.took_s > request.timeout_s:
            self.now += request.timeout_s
            raise trouble("timeout", "first byte")
        self.now += said.took_s
        return HttpAnswer(
            status=said.status,
            headers=said.headers,
            body=said.body,
            phases=(Phase(name="connect", duration_s=0.001), Phase(name="first byte", duration_s=said.took_s)),
            contact=Contact(
                target=request.target.name,
                host=request.target.host,
                port=request.target.port,
                address="192.0.2.7",
                bytes_sent=10,
                bytes_received=20,
            ),
            total_s=said.took_s,
            cookies=request.cookies if said.cookies is None else said.cookies,
        )

    async def sleep(self, pause_s):
        self.now += pause_s

    async def headers(self, identity, target):
        self.logins.append((identity, target.name))
        if identity in self.broken:
            raise CouldNotLook(Trouble(phase="login", reason="status 500", message="no login", target="auth"))
        return (("Authorization", f"Bearer {identity}"),)

    async def cookies(self, identity, target):
        return self.identity_cookies

    def fell_back(self, identity):
        return identity in self.fell

    def world(self, targets=TARGETS):
        return World(
            targets=targets,
            wire=self,
            credentials=self,
            clock=lambda: self.now,
            wall=lambda: "2026-01-02T03:04:05Z",
            sleep=self.sleep,
            nonce=lambda: NONCE,
        )

    def said(self, index=-1):
        """Give a request's headers, by lower-case name."""
        return {name.lower(): value for name, value in self.requests[index].headers}


def taken(flow, staging, values=None, targets=TARGETS) -> Taken:
    return asyncio.run(take(KIND, flow, values or {}, staging.world(targets)))


def sample(config, *replies, values=None, loops=None):
    """Take one sample of a check against what staging answers, in order."""
    staging = Staging(list(replies))
    flow = read(config, loops=loops or {key: [value] for key, value in (values or {}).items()})
    return taken(flow, staging, values).sample, staging


def survivors(config, *replies):
    """Name what could not have turned a green sample of this check red."""
    flow, staging = read(config), Staging(list(replies))
    one = taken(flow, staging)
    assert one.sample.met, unmet(one.sample)
    return witness(KIND, flow, one)[1]


def unmet(one):
    return [expectation.text for expectation in one.expectations if not expectation.met]
