"""A flow and a probe in, what was observed out: connect, authenticate, upgrade, ask, and all that came. All I/O."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from releasegate.checks._websocket.judge import came_well
from releasegate.checks._websocket.spec import SWITCHING, Closed, Flow, Message, Observation, beginning
from releasegate.checks._websocket.walk import Walk
from releasegate.checks.base import Probe
from releasegate.checks.compose import Headers, Refused, cookie_header, filled_headers, filled_path, merged
from releasegate.config.model import NOBODY, Target
from releasegate.errors import CouldNotLook
from releasegate.expect.text import duration
from releasegate.model import Moment, Phase
from releasegate.template import Template, as_text, fill
from releasegate.wire.origin import absolute
from releasegate.wire.types import Message as Received
from releasegate.wire.types import Socket

MOST_MESSAGES = 10_000
MOST_BYTES = 32 * 2**20
KEPT_MESSAGES = 100
KEPT_TEXT = 1000
KEPT_NAME = 100
BRIEF = 60
SETTLE_S = 0.02
ABNORMAL = 1006
NOT_OURS = "not ours"
NOT_JSON = "not JSON"


async def observe(flow: Flow, probe: Probe) -> Observation:
    """Open the socket, ask, and wait until the events have come, one cannot come any more, or the time is over."""
    target, url, headers = await _compose(flow, probe)
    asked = probe.clock()
    due_s = round(asked - probe.began + flow.timeout_s, 6)
    try:
        socket, phases = await probe.wire.open_websocket(
            target,
            url,
            probe.traced(headers),
            flow.timeout_s,
            max_message=target.max_body,
            subprotocols=flow.subprotocols,
        )
    except CouldNotLook as error:
        return _refused(error, probe, probe.clock() - asked)
    probe.phases.extend(phases)
    upgrade_s = probe.clock() - asked
    try:
        if not flow.events:
            return Observation(status=SWITCHING, upgrade_s=upgrade_s, subprotocol=socket.subprotocol)
        return await _Listener(flow, probe, socket, due_s).listen(upgrade_s)
    finally:
        await _close(socket, probe)


async def _compose(flow: Flow, probe: Probe) -> tuple[Target, str, Headers]:
    """Say where to connect and what to show there. Raises CouldNotLook."""
    name = flow.url.target
    target = probe.targets[as_text(fill(name, probe.scope))]
    probe.target = target.name
    try:
        url = absolute(target, filled_path(flow.path, (), probe.scope))
        own = filled_headers(flow.headers, probe.scope)
    except Refused as refused:
        probe.doing = "upgrade"
        raise probe.trouble("not allowed", str(refused)) from None
    who = as_text(fill(flow.identity, probe.scope)) if flow.logs_in else NOBODY
    if who == NOBODY:
        return target, url, merged(target.headers, own)
    with probe.phase("authenticate"):
        given, cookies = await probe.shown(who, target)
    crumbs = cookie_header(cookies, urlsplit(url).path or "/")
    return target, url, merged(target.headers, given, crumbs, own)


def _refused(error: CouldNotLook, probe: Probe, took_s: float) -> Observation:
    """Take an upgrade that was answered otherwise as what it is: an answer. Raises any other trouble again."""
    answer = getattr(error, "answer", None)
    if answer is None:
        raise error
    probe.phases.extend(error.phases)
    if error.contact is not None:
        probe.contacts.append(error.contact)
    said = answer.body.decode("utf-8", "replace")
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
    """Sends, and takes what comes, in the order in which it came. Times count from the begin of the sample."""

    flow: Flow
    probe: Probe
    socket: Socket
    due_s: float
    messages: list[Message] = field(default_factory=list)
    matched: list[tuple[str, int]] = field(default_factory=list)
    sends: list[tuple[str, float]] = field(default_factory=list)
    size: int = 0
    first: list[Moment] = field(default_factory=list)
    last: deque[Moment] = field(default_factory=lambda: deque(maxlen=KEPT_MESSAGES // 2))

    async def listen(self, upgrade_s: float) -> Observation:
        flow, probe = self.flow, self.probe
        if flow.send is not None:
            if not flow.knows_its_answers:  # what a server says unasked would be taken for one of them
                with probe.phase("settle"):
                    await probe.sleep(SETTLE_S)
            with probe.phase("request"):
                await self._send(flow.send)
        sent_s = self._now_s()
        walk = Walk(flow, probe.scope, sent_s, self.due_s)
        try:
            closed = await self._until_over(walk)
        finally:
            self._note_end(walk)
        return Observation(
            status=SWITCHING,
            upgrade_s=upgrade_s,
            subprotocol=self.socket.subprotocol,
            sent_s=sent_s,
            sends=tuple(self.sends),
            ended_s=self._now_s(),
            due_s=self.due_s,
            messages=tuple(self.messages),
            closed=closed,
            event=flow.event,
            matched=tuple(self.matched),
        )

    def _now_s(self) -> float:
        return round(self.probe.clock() - self.probe.began, 6)

    async def _catch_up(self) -> None:
        """Let what has arrived get its time. Waits for nothing: in two rounds of the loop it is read."""
        await self.probe.sleep(0)
        await self.probe.sleep(0)

    async def _send(self, compiled: Any) -> None:
        """Send a message, as soon as what arrived before it is known to have."""
        text = encoded(compiled, self.probe.scope)
        await self._catch_up()
        await self.socket.send(text)

    async def _until_over(self, walk: Walk) -> Closed | None:
        while walk.awaited is not None and not walk.over:
            self.probe.doing = walk.awaited.label
            until_s = self.due_s if walk.deadline_s is None else min(self.due_s, walk.deadline_s)
            try:
                received = await self._next(until_s)
            except TimeoutError:
                return None
            if received is None:
                return self._closed(walk)
            if not await self._hear(received, walk) or self.messages[-1].at_s > until_s:
                return None
        if not walk.failed:
            await self._look_around(walk)
        return None

    async def _look_around(self, walk: Walk) -> None:
        """Take also what has arrived with the last event: it may be a forbidden one. Waits for nothing."""
        await self._catch_up()
        until_s = self._now_s()
        while not walk.failed and self.messages[-1].at_s <= until_s:
            try:
                received = await self._receive(0.0)
            except TimeoutError:
                return
            if received is None:
                return
            await self._hear(received, walk)

    async def _next(self, until_s: float) -> Received | None:
        """Give what comes next; what arrived just as the time was over is not lost. Raises TimeoutError."""
        try:
            return await self._receive(max(0.0, until_s - self._now_s()))
        except TimeoutError:
            return await self._receive(0.0)

    async def _receive(self, timeout_s: float) -> Received | None:
        """Give the next message, None when the server left. Raises TimeoutError, CouldNotLook."""
        try:
            return await self.socket.receive(timeout_s)
        except CouldNotLook as error:
            raise self.probe.trouble(error.trouble.reason, error.trouble.message) from None

    async def _hear(self, received: Received, walk: Walk) -> bool:
        """Record a message, and go on by it. False when it is an event that is not as demanded."""
        message = Message(at_s=max(0.0, round(received.arrived - self.probe.began, 6)), data=received.data)
        self._keep(message)
        before = len(walk.came)
        name = walk.take(message)
        moved = len(walk.came) > before
        self._note(message, walk.came[-1].awaited.label if moved else name, NOT_JSON if walk.unreadable else NOT_OURS)
        return not moved or await self._go_on(walk)

    async def _go_on(self, walk: Walk) -> bool:
        """Record the event that came; send what follows it. False when it is not as demanded."""
        came = walk.came[-1]
        self.matched.append((came.awaited.label, len(self.messages) - 1))
        self.probe.phases.append(Phase(name=came.awaited.label, duration_s=came.took_s))
        if not came_well(came, self.probe.scope):
            return False
        if came.awaited.send is not None:
            await self._send(came.awaited.send)
            self.sends.append((came.awaited.label, self._now_s()))
            walk.ask(self.sends[-1][1])
        return True

    def _closed(self, walk: Walk) -> Closed:
        """Read how the server left. Raises CouldNotLook when it did so without a word."""
        code, now_s = self.socket.close_code, self._now_s()
        if code is None or code == ABNORMAL:
            waited = duration(round(max(0.0, now_s - walk.since_s), 3))
            raise self.probe.trouble(
                "closed", f"the connection ended without a close frame, {waited} after {walk.since}"
            )
        said = f"{code} {self.socket.close_reason}".rstrip()
        self._moment(Moment(at_s=now_s, name="closed", text=said))
        return Closed(at_s=now_s, code=code, reason=self.socket.close_reason)

    def _keep(self, message: Message) -> None:
        """Keep every message of the sample, as many as one may have. Raises CouldNotLook."""
        self.messages.append(message)
        self.size += len(message.data)
        if len(self.messages) > MOST_MESSAGES:
            raise self.probe.trouble("too much", f"more than {MOST_MESSAGES:,} messages came in one sample")
        if self.size > MOST_BYTES:
            raise self.probe.trouble("too much", f"more than {MOST_BYTES // 2**20} MiB of messages came in one sample")

    def _note(self, message: Message, name: str | None, otherwise: str) -> None:
        """Put a message into the timeline; its text names it where it has no name of ours."""
        data = message.beginning(KEPT_TEXT)
        if len(message.data) > KEPT_TEXT:
            unit = "characters" if isinstance(message.data, str) else "bytes"
            data += f"… ({len(message.data):,} {unit} in all)"
        text = message.beginning(BRIEF) + "…" * (len(message.data) > BRIEF) if name is None else ""
        called = otherwise if name is None else beginning(name, KEPT_NAME) or f"a name of {len(name):,} characters"
        self._moment(Moment(at_s=message.at_s, name=called, text=text, data=data))

    def _moment(self, moment: Moment) -> None:
        """Keep the first moments, and always the last ones."""
        if len(self.first) < KEPT_MESSAGES // 2:
            self.first.append(moment)
        else:
            self.last.append(moment)

    def _note_end(self, walk: Walk) -> None:
        """Say what was left out, and for how long the event that is missing was awaited."""
        self.probe.timeline += (*self.first, *self.last)
        kept = sum(moment.data is not None for moment in (*self.first, *self.last))
        if kept < len(self.messages):
            self.probe.notes.append(
                f"{len(self.messages) - kept:,} of {len(self.messages):,} messages are not kept here"
            )
        if walk.awaited is not None and not walk.failed:
            waited_s = max(0.0, self._now_s() - walk.since_s)
            self.probe.phases.append(Phase(name=walk.awaited.label, duration_s=waited_s))
