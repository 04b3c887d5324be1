"""A staging on the loopback that misbehaves as its scenario says, in a thread of its own; its book tells what it served."""

import asyncio
import contextlib
import socket
import threading
from types import TracebackType
from typing import Any, Self

import chaos_http
import chaos_socket
from chaos_http import End, Noted, Spoilt
from chaos_scenario import Fate, Mood, Scenario
from chaos_truth import Reply, Staging

WEB = ("api", "auth", "chat")
LONGEST_S = 20.0


class Ports:
    """Sockets bound to free ports, by name: who does not listen yet refuses, and nobody else can have the port."""

    def __init__(self) -> None:
        self.sockets: dict[str, socket.socket] = {}

    def __call__(self, name: str) -> int:
        if name not in self.sockets:
            self.sockets[name] = socket.socket()
            self.sockets[name].bind(("127.0.0.1", 0))
        return int(self.sockets[name].getsockname()[1])


class Server:
    """Serves one scenario from `with` to its end."""

    def __init__(self, scenario: Scenario, ports: Ports, staging: Staging) -> None:
        self.scenario, self.ports, self.staging = scenario, ports, staging
        self.loop = asyncio.new_event_loop()
        self.tasks: set[asyncio.Task[None]] = set()
        self.servers: list[asyncio.Server] = []
        self.silent: list[socket.socket] = []
        self.broken: list[BaseException] = []
        self.thread = threading.Thread(target=self._run, name="chaos-staging", daemon=True)

    def __enter__(self) -> Self:
        for name, sock in self.ports.sockets.items():
            if name not in WEB and self.scenario.fate(name).mood is Mood.DEAD and self.scenario.fate(name).turn % 2:
                sock.listen(0)
                self._fill(sock)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self.loop).result(10)
        return self

    def _fill(self, sock: socket.socket) -> None:
        """Let the queue of who wants to connect be full: nobody else is answered."""
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(sock.getsockname())
            self.silent.append(client)

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
        for sock in (*self.silent, *self.ports.sockets.values()):
            sock.close()
        assert not self.broken, self.broken

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def _open(self) -> None:
        for name, sock in self.ports.sockets.items():
            if name in WEB:
                handle = self._handler(name)
            elif self.scenario.fate(name).mood is Mood.DEAD:
                continue
            else:
                self.staging.served[name, ""].add("open")
                handle = self._hang_up
            self.servers.append(await asyncio.start_server(handle, sock=sock, limit=2**20))

    async def _close(self) -> None:
        for server in self.servers:
            server.close()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _hang_up(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    def _handler(self, name: str) -> Any:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self.tasks.add(task)
            gone = (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError)
            try:
                with contextlib.suppress(*gone):
                    async with asyncio.timeout(LONGEST_S):
                        while await self._one(name, reader, writer):
                            pass
            except asyncio.CancelledError:
                pass
            except Exception as error:  # noqa: BLE001 - a bug of this server must not pass for misbehaviour
                self.broken.append(error)
            finally:
                self.tasks.discard(task)
                writer.transport.abort()

        return handle

    async def _one(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when nothing more can be asked on this connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in head[1:]) if key}
        await reader.readexactly(int(headers.get("content-length", 0)))
        parts = [part for part in path.partition("?")[0].split("/") if part not in {"", "in"}]
        fate = self.scenario.fate(parts[0] if len(parts) > 1 else f"{path} of {name}")
        if "sec-websocket-key" in headers:
            return await self._talk(path, headers, fate, reader, writer)
        spoilt, reply = self._decide(name, method, path, headers, fate)
        return await self._say(spoilt, reply, writer)

    def _decide(self, name: str, method: str, path: str, headers: dict[str, str], fate: Fate) -> tuple[Spoilt, Reply]:
        """Choose what this answer is, and do what it was asked for unless it is refused."""
        sound = fate.sound()
        refuse = not sound and fate.rng.random() < 0.25
        if refuse:
            # That it has taken something away which it has not is a lie that nobody can see through.
            status, spoilt = (
                (500, chaos_http.sound(Reply(500))) if method == "DELETE" else chaos_http.refusal(fate.rng, path)
            )
            if status in {401, 403}:
                self.staging.note_refusal(path)
            return spoilt._replace(noted=Noted.NOTHING), Reply(status)
        reply = self.staging.answer(method, path, headers, name)
        if sound and path == "/revision":
            self.staging.note_revision(name, reply.body["revision"])
        spoilt = chaos_http.sound(reply) if sound else fate.rng.choice(chaos_http.WAYS)(reply, fate.rng)
        return spoilt, reply

    async def _say(self, spoilt: Spoilt, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        """Say it, after it stands in the book: whoever reads the last byte may look it up."""
        self._note(spoilt, reply)
        for said in chaos_http.sentences(spoilt):
            if isinstance(said, bytes):
                writer.write(said)
                await writer.drain()
            else:
                await asyncio.sleep(said)
        if spoilt.end is End.HANG:
            await asyncio.sleep(LONGEST_S)
        if spoilt.end is End.RESET:
            writer.transport.abort()
        return spoilt.end is End.KEEP

    def _note(self, spoilt: Spoilt, reply: Reply) -> None:
        if spoilt.noted is Noted.SOUND:
            self.staging.note(reply)
        elif spoilt.noted is Noted.WHOLE:
            self.staging.note_whole(reply)

    async def _talk(
        self, path: str, headers: dict[str, str], fate: Fate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Be a WebSocket until its end."""
        self.staging.sampling = True
        key, nonce = path.split("/")[-2:]
        reply, rng = Reply(101, key=key, nonce=nonce, part="done"), fate.rng
        how = "sound" if fate.sound() else rng.choice(chaos_socket.UPGRADES + chaos_socket.FLOWS * 2)
        known = headers.get("authorization", "").removeprefix("Bearer ") in self.staging.tokens
        if path.startswith("/in/") and not known:
            how = "401"
        answer = chaos_socket.upgrade(headers["sec-websocket-key"], how, rng)
        if how in chaos_socket.UPGRADES or how == "401":
            await self._say(answer, reply, writer)
            await asyncio.sleep(0.1)
            return False
        early = chaos_socket.early(reply, how)
        await self._say(answer._replace(said=(b"".join((*answer.said, *early)),)), reply, writer)
        first = await reader.readexactly(2)
        size = first[1] & 0x7F
        await reader.readexactly((struct_size(size)) + 4)
        if first[0] & 0x0F == chaos_socket.TEXT:
            await self._say(chaos_socket.flow(reply, how, rng), reply, writer)
        await reader.read()
        return False


def struct_size(size: int) -> int:
    """Give how many bytes of length follow a frame's first two."""
    return {126: 2, 127: 8}.get(size, 0)
