"""A probe and a target in, the HTTP under an MCP client out: over streams of the wire, vetted, bounded and counted.

The client of the SDK brings its own HTTP, which may answer while its answer is still open; what it lacks is a way to
the network. Here it gets one that leads to a single declared target, follows nobody anywhere, and keeps the first thing
that went wrong: what the SDK makes of that afterwards says less.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpcore2
import httpx2

from releasegate.checks.base import Probe
from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.strictjson import NotJson, parse
from releasegate.wire.origin import target_for
from releasegate.wire.types import Stream

OF_THE_PROTOCOL = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException)
SAID = 200
GOOD = range(200, 300)


class Link(httpx2.AsyncBaseTransport):
    """Sends what the SDK's client sends. Requests of a method in `optional` may fail: nobody was promised them."""

    def __init__(self, probe: Probe, target: Target, *, ends: float, optional: frozenset[str]) -> None:
        self.probe = probe
        self.target = target
        self.optional = optional
        self.failed: CouldNotLook | None = None
        self.broken = asyncio.Event()
        self.session: str | None = None
        self.dialer = Dialer(probe, target, ends)
        self.pool = httpcore2.AsyncConnectionPool(network_backend=self.dialer)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises CouldNotLook, also for an answer that is none of the protocol."""
        try:
            return await self._send(request)
        except CouldNotLook as error:
            raise self.keep(error, request.method) from None
        except OF_THE_PROTOCOL as error:
            raise self.keep(self.probe.trouble("protocol", str(error)), request.method) from None

    def keep(self, error: CouldNotLook, method: str) -> CouldNotLook:
        if method not in self.optional:
            self.failed = self.failed or error
            self.broken.set()
        return error

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        if target_for(str(request.url), {self.target.name: self.target}) is None:
            raise self.probe.trouble("not allowed", "the server leads to an address that is not its own")
        request.headers.update(self.probe.traced(tuple(request.headers.items())))
        assert isinstance(request.stream, httpx2.AsyncByteStream)  # noqa: S101 - it is an async client's request
        answer = await self.pool.handle_async_request(
            httpcore2.Request(
                method=request.method,
                # TLS is spoken below, by the wire: to the client the way is plain.
                url=httpcore2.URL(
                    scheme=b"http", host=self.target.host, port=self.target.port, target=request.url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        body = Body(answer.stream, self, request)
        response = httpx2.Response(answer.status, headers=answer.headers, stream=body)
        body.of_events = response.headers.get("content-type", "").lower().startswith("text/event-stream")
        await self._demand(response, request.method)
        self.session = response.headers.get("mcp-session-id", self.session)
        return response

    async def _demand(self, response: httpx2.Response, method: str) -> None:
        """Refuse an answer that is no success, and one that is packed though nothing was asked to be."""
        trouble = None
        if response.status_code not in GOOD:
            told = await _beginning(response) if method not in self.optional else ""
            trouble = self.probe.trouble(f"status {response.status_code}", told or "it was answered with this status")
        elif response.headers.get("content-encoding", "identity") != "identity":
            trouble = self.probe.trouble("protocol", "its answer is packed, though nothing asked for that")
        if trouble:
            await response.aclose()
            raise trouble

    async def aclose(self) -> None:
        await self.pool.aclose()
        await self.dialer.hang_up()


async def _beginning(response: httpx2.Response) -> str:
    """Read the beginning of an answer that says why it is none."""
    said = b""
    async for part in response.aiter_raw():
        said += part
        if len(said) >= SAID:
            break
    return said[:SAID].decode("utf-8", "replace").strip()


class Body(httpx2.AsyncByteStream):
    """An answer that is read while it comes.

    Of a stream of events two things are refused that the SDK takes: the answer to another request, and an end before
    the answer, after which it would ask again without a word.
    """

    def __init__(self, stream: Any, link: Link, request: httpx2.Request) -> None:
        self.stream = stream
        self.link = link
        self.method = request.method
        self.asked = _id_of(request.content, "method") if request.method == "POST" else None
        self.of_events = False
        self.line = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self.stream:
                self._listen(part)
                yield part
            if self.of_events and self.asked is not None:
                raise self.link.probe.trouble("closed", "the event stream ended before its answer")
        except CouldNotLook as error:
            raise self.link.keep(error, self.method) from None
        except OF_THE_PROTOCOL as error:
            raise self.link.keep(self.link.probe.trouble("protocol", str(error)), self.method) from None

    def _listen(self, part: bytes) -> None:
        """Look at the lines of an event stream as they come, until the answer is there."""
        if not self.of_events or self.asked is None:
            return
        *lines, self.line = (self.line + part).split(b"\n")
        for line in lines:
            answered = _id_of(line.removeprefix(b"data:"), "result", "error") if line.startswith(b"data:") else None
            if answered is None:
                continue
            if answered != self.asked:
                raise self.link.probe.trouble("protocol", "it answers a request that was not made")
            self.asked = None

    async def aclose(self) -> None:
        await self.stream.aclose()


def _id_of(message: bytes, *keys: str) -> Any:
    """Give the id of a message that has one of these keys; None of any other."""
    try:
        said = parse(message)
    except NotJson:
        return None
    return said.get("id") if isinstance(said, dict) and not said.keys().isdisjoint(keys) else None


class Dialer(httpcore2.AsyncNetworkBackend):
    """Opens streams of the wire to one target; all end with the sample."""

    def __init__(self, probe: Probe, target: Target, ends: float) -> None:
        self.probe = probe
        self.target = target
        self.ends = ends
        self.opened: list[Stream] = []

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> "Ends":
        del host, port  # they are the target's: the link sends nowhere else
        left_s = max(0.05, self.ends - asyncio.get_running_loop().time())
        secure = self.target.scheme == "https"
        stream, phases = await self.probe.wire.open_stream(self.target, left_s, tls=secure, blame=self.probe.trouble)
        if not self.opened:  # those of the first are the sample's; more are opened beside what is already spoken
            self.probe.phases.extend(phases)
        self.opened.append(stream)
        return Ends(stream)

    async def hang_up(self) -> None:
        for stream in self.opened:
            self.probe.contacts.append(stream.contact)
            await stream.close()


class Ends(httpcore2.AsyncNetworkStream):
    """A stream of the wire, as the client holds it. What it may cost is bounded below."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109 - its signature
        return await self.stream.receive(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        await self.stream.send(buffer)

    async def aclose(self) -> None:
        await self.stream.close()
