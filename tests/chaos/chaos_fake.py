"""A scenario in, a Wire without a network out, that fails in every way in which the contract lets a wire fail, and some more.

It hangs for ever, is slow to be cancelled, raises CouldNotLook of any phase and reason, and answers with anything.
"""

import asyncio
import json
import random
from typing import NoReturn

from chaos_clock import Clocks
from chaos_scenario import Scenario
from chaos_truth import Reply, Staging
from msgspec.structs import replace

from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Phase, Trouble
from releasegate.wire.types import HttpAnswer, HttpRequest, Message

BEFORE = {  # phases in which nothing has been sent yet, each with its reasons
    "name": ("dns", "timeout"),
    "connect": ("refused", "unreachable", "timeout", "reset", "not allowed"),
    "TLS": ("tls", "closed"),
}
AFTER = {
    "request": ("reset", "closed", "timeout"),
    "first byte": ("reset", "closed", "timeout"),
    "transfer": ("reset", "closed", "timeout", "protocol", "too large"),
}
GRACE_S = 2.0
"""How long the most stubborn wait takes to be cancelled."""
DEEP = b"[" * 5000
GARBAGE = (
    b"", b"{", b"null", b"[]", b"<html>Log in</html>", b'{"check": "x", "nonce": "y"}', b"\xff\xfe{}", b'{"n": NaN}',
    b'{"n": 1e999}', DEEP, b'{"nonce": 1, "nonce": 2}', b'"\\ud800"', b"\x00" * 100, b"1" * 5000, b'{"check": {}}',
)  # fmt: skip
STATUSES = (0, 100, 204, 301, 302, 307, 400, 401, 403, 404, 418, 429, 500, 502, 503, 504, 599, 999)
RETRY_AFTER = (
    "0",
    "1",
    "5",
    "6",
    "-1",
    "1e9",
    "99999999999999999999",
    "Wed, 21 Oct 2015 07:28:00 GMT",
    "soon",
    "",
    "٣",
)
REFUSING, DISTORTING = (
    ("unreached", "hang", "stubborn", "status"),
    ("cut", "garbage", "late", "old", "hang after", "stranger"),
)


async def hang() -> NoReturn:
    """Never end."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def hang_stubbornly(rng: random.Random) -> NoReturn:
    """Never end, and take a while to be cancelled."""
    try:
        await hang()
    finally:
        await asyncio.sleep(rng.uniform(0, GRACE_S))


def trouble(rng: random.Random, where: dict[str, tuple[str, ...]], target: Target) -> CouldNotLook:
    phase = rng.choice(list(where))
    reason = rng.choice(where[phase])
    told = Trouble(phase=phase, reason=reason, message=f"\x1b[31mit was {reason}\u202e", target=target.name)
    phases = tuple(Phase(name=name, duration_s=rng.random()) for name in rng.sample(list(BEFORE), 2))
    contact = contact_of(target) if rng.random() < 0.5 else None
    return CouldNotLook(told, phases, contact, reused=rng.random() < 0.3)


def contact_of(target: Target) -> Contact:
    return Contact(target=target.name, host=target.host, port=target.port, address="127.0.0.1", bytes_received=9)


class FakeWire:
    """Implements `wire.types.Wire`. What it serves whole it notes in the staging's book."""

    def __init__(self, scenario: Scenario, staging: Staging, clocks: Clocks) -> None:
        self.scenario, self.staging, self.clocks = scenario, staging, clocks
        self.closed = False

    async def fetch(self, request: HttpRequest) -> HttpAnswer:
        path = "/" + request.url.removeprefix(request.target.origin).lstrip("/")
        parts = [part for part in path.split("/") if part not in {"", "in"}]
        fate = self.scenario.fate(f"{path} of {request.target.name}" if len(parts) < 2 else parts[0])
        rng, bounded = fate.rng, len(parts) < 2 and path == "/revision"
        await asyncio.sleep(rng.uniform(0, 0.05))
        sound, how = fate.sound(), rng.choice(REFUSING + DISTORTING)
        if not sound and how in REFUSING:
            return await self._refuse(how, request, rng, bounded=bounded)
        headers = {name.lower(): value for name, value in request.headers}
        reply = self.staging.answer(request.method, path, headers, request.target.name)
        if not sound:
            return await self._distort(how, request, reply, rng, bounded=bounded)
        self.staging.note(reply)
        if path == "/revision":
            self.staging.note_revision(request.target.name, reply.body["revision"])
        return self._answered(request, reply, rng)

    async def _refuse(self, how: str, request: HttpRequest, rng: random.Random, *, bounded: bool) -> HttpAnswer:
        """Fail before anything was done."""
        if how == "unreached":
            raise trouble(rng, BEFORE, request.target)
        if how in {"hang", "stubborn"}:
            await self._hang(how, request, rng, bounded=bounded)
        # That it has taken something away which it has not is a lie that nobody can see through.
        status = 500 if request.method == "DELETE" else rng.choice(STATUSES)
        headers = [
            ("Retry-After", rng.choice(RETRY_AFTER)),
            ("Location", rng.choice(("/", "", "http://evil.test/", "::"))),
        ]
        if status in {401, 403}:
            self.staging.note_refusal(request.url)
        body = rng.choice(({"error": "no"}, None))
        return self._answered(request, Reply(status, body, tuple(rng.sample(headers, rng.randrange(3)))), rng)

    async def _hang(self, how: str, request: HttpRequest, rng: random.Random, *, bounded: bool) -> NoReturn:
        """Hang. A reading of the revision has no bound but the wire's own, which the contract promises."""
        if bounded:
            await asyncio.sleep(request.timeout_s)
            said = Trouble(phase="first byte", reason="timeout", message="nothing", target=request.target.name)
            raise CouldNotLook(said)
        await (hang_stubbornly(rng) if how == "stubborn" else hang())

    async def _distort(
        self, how: str, request: HttpRequest, reply: Reply, rng: random.Random, *, bounded: bool
    ) -> HttpAnswer:
        """Do what was asked, and let something else than its answer come back."""
        if how == "cut":
            raise trouble(rng, AFTER, request.target)
        if how == "hang after":
            await self._hang("hang", request, rng, bounded=bounded)
        if how == "late":
            await asyncio.sleep(request.timeout_s)
            said = Trouble(phase="transfer", reason="timeout", message="too late", target=request.target.name)
            raise CouldNotLook(said)
        answer = self._answered(request, reply, rng)
        if how == "old":
            return replace(answer, headers=(*answer.headers, ("age", rng.choice(("61", "99999", "86400, 5")))))
        body = rng.choice(GARBAGE)
        if how == "stranger":
            body = json.dumps(
                {"check": reply.key, "nonce": "f" * 32, "id": 1, "n": -1, "ready": True, "state": "failed"}
            ).encode()
        self.staging.note_whole(reply)
        return replace(answer, body=body)

    def _answered(self, request: HttpRequest, reply: Reply, rng: random.Random) -> HttpAnswer:
        took_s = rng.uniform(0, 0.04)
        headers = tuple((name.lower(), value) for name, value in reply.headers)
        return HttpAnswer(
            status=reply.status, headers=headers, body=reply.encoded, phases=(Phase(name="transfer", duration_s=took_s),),
            contact=contact_of(request.target), total_s=took_s, cookies=request.cookies,
        )  # fmt: skip

    async def families(self, target: Target) -> tuple[int, ...]:
        fate = self.scenario.fate(f"families of {target.name}")
        if fate.sound():
            return ()
        if fate.rng.random() < 0.3:
            raise trouble(fate.rng, BEFORE, target)
        return fate.rng.choice(((4, 6), (4,), (6,)))

    async def connect_tcp(self, target: Target, timeout_s: float) -> tuple[Contact, tuple[Phase, ...]]:
        fate = self.scenario.fate(target.name)
        await asyncio.sleep(fate.rng.uniform(0, 0.05))
        if not fate.sound():
            await (hang() if fate.rng.random() < 0.4 else asyncio.sleep(0))
            raise trouble(fate.rng, BEFORE, target)
        self.staging.served[target.name, ""].add("open")
        return contact_of(target), (Phase(name="connect", duration_s=0.001),)

    async def open_websocket(
        self, target: Target, url: str, headers: tuple[tuple[str, str], ...], timeout_s: float, *, max_message: int,
        subprotocols: tuple[str, ...] = (),
    ) -> tuple["FakeSocket", tuple[Phase, ...]]:  # fmt: skip
        parts = [part for part in url.removeprefix(target.origin).split("/") if part]
        key, nonce = parts[-2:]
        fate = self.scenario.fate(key)
        rng, sound = fate.rng, fate.sound()
        await asyncio.sleep(rng.uniform(0, 0.05))
        shown = {name.lower(): value for name, value in headers}.get("authorization", "")
        if parts[0] == "in" and shown.removeprefix("Bearer ") not in self.staging.tokens:
            raise trouble(rng, {"upgrade": ("status 401",)}, target)
        how = rng.choice(("unreached", "hang", "stubborn", *FakeSocket.WAYS)) if not sound else "sound"
        if how == "unreached":
            raise trouble(rng, BEFORE | {"upgrade": ("protocol", "closed")}, target)
        if how in {"hang", "stubborn"}:
            await (hang_stubbornly(rng) if how == "stubborn" else hang())
        self.staging.sampling = True
        return FakeSocket(self, target, Reply(101, key=key, nonce=nonce, part="done"), how, rng), ()

    async def aclose(self) -> None:
        self.closed = True


class FakeSocket:
    """An open WebSocket that behaves in one way."""

    WAYS = ("silent", "gone", "goodbye", "others", "reordered", "garbage", "flood", "forbidden", "protocol", "binary",
            "hasty", "no close", "no send")  # fmt: skip
    subprotocol = None

    def __init__(self, wire: FakeWire, target: Target, reply: Reply, how: str, rng: random.Random) -> None:
        self.wire, self.reply, self.how, self.rng = wire, reply, how, rng
        self.contact = contact_of(target)
        self.close_code: int | None = None
        self.close_reason = ""
        self.opened_s = wire.clocks.clock()
        self.early = self._script(early=True)
        self.messages: list[str | bytes] = []

    def _script(self, *, early: bool = False) -> list[str | bytes]:  # noqa: PLR0911 - one for each way
        """Write what comes, before it was asked for or after."""
        key, nonce = self.reply.key, self.reply.nonce
        own = [{"type": kind, "id": nonce, "check": key} for kind in ("started", "working", "done")]
        other = json.dumps({"type": "done", "id": "f" * 32, "check": key})
        if early:
            return [json.dumps(event) for event in own] if self.how == "hasty" else [other]
        match self.how:
            case "silent" | "hasty" | "gone" | "goodbye" | "protocol":
                return []
            case "others":
                return [json.dumps(event | {"id": "f" * 32}) for event in own] * 2
            case "reordered":
                return [json.dumps(event) for event in reversed(own)]
            case "garbage":
                return [
                    json.dumps(own[0]),
                    self.rng.choice(('{"type": "done"', '{"id":1,"id":2}', "[NaN]", "{" * 9000)),
                ]
            case "flood":
                return [other] * 10_050
            case "forbidden":
                return [json.dumps(own[0]), json.dumps(own[0] | {"type": "error"}), json.dumps(own[2])]
            case "binary":
                return [b"\xff\x00\x01", json.dumps(own[0]), b'{"type": "done"\xff']
        return [json.dumps(own[0]), other, *([json.dumps(own[1])] * self.rng.randrange(2)), json.dumps(own[2])]

    async def send(self, _text: str) -> None:
        if self.how == "no send":
            await hang()
        self.messages += self._script()
        if self.how in {"sound", "no close"}:
            self.wire.staging.note(self.reply)

    async def receive(self, timeout_s: float) -> Message | None:
        if self.early:
            return Message(self.opened_s, self.early.pop(0))
        pause_s = 0.0 if self.how == "flood" else self.rng.uniform(0.001, 0.02)
        if self.messages and timeout_s >= pause_s:
            await asyncio.sleep(pause_s)
            return Message(self.wire.clocks.clock(), self.messages.pop(0))
        if not self.messages and self.how in {"gone", "goodbye"}:
            self.close_code = 1006 if self.how == "gone" else self.rng.choice((1000, 1001, 1011, 3999, 4999))
            return None
        if not self.messages and self.how == "protocol":
            raise CouldNotLook(Trouble(phase="transfer", reason="protocol", message="reserved bits must be 0"))
        await asyncio.sleep(timeout_s)
        raise TimeoutError

    async def close(self) -> None:
        if self.how == "no close":
            await asyncio.sleep(1.0)
