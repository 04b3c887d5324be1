"""A flow and a probe in, what was observed out: connect, authenticate, upgrade, ask, and all that came. All I/O."""

import json
from dataclasses import dataclass, field
from typing import Any

from releasegate.checks._websocket.judge import came_well
from releasegate.checks._websocket.spec import SWITCHING, Closed, Flow, Message, Observation
from releasegate.checks._websocket.walk import Walk
from releasegate.checks.base import Probe
from releasegate.checks.compose import Headers, Refused, filled_headers, filled_path, merged
from releasegate.config.model import NOBODY, Target
from releasegate.errors import CouldNotLook
from releasegate.model import Moment, Phase
from releasegate.template import Template, as_text, fill
from releasegate.wire.origin import absolute
from releasegate.wire.types import Socket

MOST_MESSAGES = 10_000
MOST_BYTES = 32 * 2**20
KEPT_MESSAGES = 100
KEPT_TEXT = 1000
BRIEF = 60
REFUSAL = 2048
ABNORMAL = 1006
NOT_OURS = "not ours"
COOKIE_FIELDS = 7


async def observe(flow: Flow, probe: Probe) -> Observation:
    """Open the socket, ask, and wait until the events have come, one cannot come any more, or the time is over."""
    target, url, headers = await _compose(flow, probe)
    ends = probe.clock() + flow.timeout_s
    asked = probe.clock()
    try:
        socket, phases = await probe.wire.open_websocket(
            target, url, headers, flow.timeout_s, max_message=target.max_body, subprotocols=flow.subprotocols
        )
    except CouldNotLook as error:
        return _refused(error, probe, probe.clock() - asked)
    probe.phases.extend(phases)
    upgrade_s = probe.clock() - asked
    try:
        if not flow.events:
            return Observation(status=SWITCHING, upgrade_s=upgrade_s)
        return await _Listener(flow, probe, socket, ends).listen(upgrade_s)
    finally:
        await _close(socket, probe)


async def _compose(flow: Flow, probe: Probe) -> tuple[Target, str, Headers]:
    """Say where to connect and what to show there. Raises CouldNotLook."""
    name = flow.url.target
    target = probe.targets[name.text(probe.scope) if isinstance(name, Template) else str(name)]
    probe.target = target.name
    try:
        url = absolute(target, filled_path(flow.path, (), probe.scope))
        headers = merged(target.headers, filled_headers(flow.headers, probe.scope))
    except Refused as refused:
        probe.doing = "upgrade"
        raise probe.trouble("not allowed", str(refused)) from None
    if not flow.logs_in:
        return target, url, headers
    who = flow.identity.text(probe.scope) if isinstance(flow.identity, Template) else str(flow.identity)
    if who == NOBODY:
        return target, url, headers
    with probe.phase("authenticate"):
        given = await probe.credentials.headers(who, target)
        cookies = await probe.credentials.cookies(who, target)
    if probe.credentials.fell_back(who):
        probe.fallback = who
    return target, url, merged(target.headers, given, _cookie(cookies), filled_headers(flow.headers, probe.scope))


def _cookie(lines: tuple[str, ...]) -> Headers:
    """Write cookies, given as Netscape lines, as the header that shows them."""
    pairs = [line.split("\t")[5:] for line in lines if line.count("\t") == COOKIE_FIELDS - 1]
    return (("Cookie", "; ".join(f"{name}={value}" for name, value in pairs)),) if pairs else ()


def _refused(error: CouldNotLook, probe: Probe, took_s: float) -> Observation:
    """Take an upgrade that was answered otherwise as what it is: an answer. Raises any other trouble again."""
    answer = getattr(error, "answer", None)
    if answer is None:
        raise error
    probe.phases.extend(error.phases)
    if error.contact is not None:
        probe.contacts.append(error.contact)
    said = answer.body[:REFUSAL].decode("utf-8", "replace")
    return Observation(status=answer.status, upgrade_s=took_s, refusal=said)


async def _close(socket: Socket, probe: Probe) -> None:
    """Say goodbye; who answered, with all bytes, is known only now."""
    doing = probe.doing
    try:
        with probe.phase("close"):
            await socket.close()
    finally:
        probe.doing = doing
        probe.contacts.append(socket.contact)


def encoded(compiled: Any, scope: dict[str, Any]) -> str:
    """Fill a message: JSON is written as JSON, a text stays as it is."""
    filled = fill(compiled, scope)
    if isinstance(compiled, (str, Template)):
        return as_text(filled)
    return json.dumps(filled, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@dataclass(slots=True)
class _Listener:
    """Sends, and takes what comes, in the order in which it came."""

    flow: Flow
    probe: Probe
    socket: Socket
    ends: float
    messages: list[Message] = field(default_factory=list)
    matched: list[tuple[str, int]] = field(default_factory=list)
    bytes: int = 0
    tail: list[Moment] = field(default_factory=list)

    async def listen(self, upgrade_s: float) -> Observation:
        flow, probe = self.flow, self.probe
        if flow.send is not None:
            with probe.phase("request"):
                await self.socket.send(encoded(flow.send, probe.scope))
        sent_s = probe.clock() - probe.began
        walk = Walk(flow, probe.scope, sent_s)
        try:
            closed = await self._until_over(walk)
        finally:
            self._note_end(walk)
        return Observation(
            status=SWITCHING,
            upgrade_s=upgrade_s,
            sent_s=sent_s,
            ended_s=probe.clock() - probe.began,
            messages=tuple(self.messages),
            closed=closed,
            event=flow.event,
            matched=tuple(self.matched),
        )

    async def _until_over(self, walk: Walk) -> Closed | None:
        probe = self.probe
        while not walk.over:
            assert walk.awaited is not None  # noqa: S101 - else the walk is over
            probe.doing = walk.awaited.name
            until = self.ends if walk.deadline_s is None else min(self.ends, probe.began + walk.deadline_s)
            try:
                received = await self.socket.receive(max(0.0, until - probe.clock()))
            except TimeoutError:
                return None
            except CouldNotLook as error:
                raise probe.trouble(error.trouble.reason, error.trouble.message) from None
            if received is None:
                return self._closed(walk)
            message = Message(at_s=max(0.0, received.arrived - probe.began), data=received.data)
            self._keep(message)
            before = len(walk.came)
            self._note(message, walk.take(message))
            if len(walk.came) > before and not await self._go_on(walk):
                return None
            if received.arrived > until:
                return None
        return None

    async def _go_on(self, walk: Walk) -> bool:
        """Record the event that came; send what follows it. False when it is not as demanded."""
        came = walk.came[-1]
        self.matched.append((came.awaited.name, len(self.messages) - 1))
        self.probe.phases.append(Phase(name=came.awaited.name, duration_s=came.took_s))
        if not came_well(came, self.probe.scope):
            return False
        if came.awaited.send is not None:
            await self.socket.send(encoded(came.awaited.send, self.probe.scope))
        return True

    def _closed(self, walk: Walk) -> Closed:
        """Read how the server left. Raises CouldNotLook when it did so without a word."""
        probe, code = self.probe, self.socket.close_code
        now_s = probe.clock() - probe.began
        if code is None or code == ABNORMAL:
            waited_s = round(max(0.0, now_s - walk.since_s), 3)
            raise probe.trouble(
                "closed", f"the connection ended without a close frame, {waited_s:g} s after {walk.since}"
            )
        probe.note_moment("closed", f"{code} {self.socket.close_reason}".rstrip())
        return Closed(at_s=now_s, code=code, reason=self.socket.close_reason)

    def _keep(self, message: Message) -> None:
        self.messages.append(message)
        self.bytes += len(message.data)
        if len(self.messages) > MOST_MESSAGES or self.bytes > MOST_BYTES:
            raise self.probe.trouble(
                "too large", f"more than {MOST_MESSAGES:,} messages or {MOST_BYTES // 2**20} MiB came in one sample"
            )

    def _note(self, message: Message, name: str | None) -> None:
        """Put a message into the timeline: the first ones at once, the last ones when it is over."""
        text, data = message.text, message.text
        if len(text) > KEPT_TEXT:
            data = f"{text[:KEPT_TEXT]}… ({len(text) - KEPT_TEXT:,} more characters)"
        moment = Moment(
            at_s=round(message.at_s, 6), name=name or NOT_OURS, text="" if name else text[:BRIEF], data=data
        )
        if len(self.probe.timeline) < KEPT_MESSAGES // 2:
            self.probe.timeline.append(moment)
            return
        self.tail.append(moment)
        if len(self.tail) > KEPT_MESSAGES // 2:
            self.tail.pop(0)

    def _note_end(self, walk: Walk) -> None:
        """Keep the last messages, say what was left out, and for how long the one that is missing was awaited."""
        closed = [moment for moment in self.probe.timeline if moment.name == "closed"]
        kept = self.probe.timeline[: len(self.probe.timeline) - len(closed)]
        self.probe.timeline[:] = kept
        self.probe.timeline.extend((*self.tail, *closed))
        left_out = len(self.messages) - len(kept) - len(self.tail)
        if left_out > 0:
            self.probe.notes.append(f"{left_out:,} of {len(self.messages):,} messages are not kept here")
        if walk.awaited is not None and walk.forbidden is None:
            waited_s = max(0.0, self.probe.clock() - self.probe.began - walk.since_s)
            self.probe.phases.append(Phase(name=walk.awaited.name, duration_s=waited_s))
