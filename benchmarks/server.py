"""The local target: `/ok`, `/delay/<ms>`, and a WebSocket that streams five events 20 ms apart.

A bare asyncio protocol: it must cost less than the clients that are measured against it. Loopback only.
"""

import asyncio
import json
import sys

from websockets.asyncio.server import ServerConnection, serve

EVENTS = ("agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed")
EVENT_EVERY_S = 0.02
BODY = b'{"status":"healthy"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Target(asyncio.Protocol):
    """Answers each request of a connection in order; a delay holds up that answer only."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, self.received = self.received.split(b"\r\n\r\n", 1)
            path = head.split(b" ", 2)[1]
            if path.startswith(b"/delay/"):
                delay_s = int(path[7:].split(b"?")[0].split(b"/")[0]) / 1000
                asyncio.get_running_loop().call_later(delay_s, self.answer)
            else:
                self.answer()

    def answer(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(ANSWER)


async def stream(connection: ServerConnection) -> None:
    async for message in connection:
        asked = json.loads(message)
        for event in EVENTS:
            await asyncio.sleep(EVENT_EVERY_S)
            await connection.send(json.dumps({"type": event, "n": asked.get("n")}))


async def main() -> None:
    loop = asyncio.get_running_loop()
    http = await loop.create_server(Target, "127.0.0.1", 0, backlog=4096)
    async with serve(stream, "127.0.0.1", 0, compression=None) as socket:
        ports = (http.sockets[0].getsockname()[1], next(iter(socket.sockets)).getsockname()[1])
        sys.stdout.write(f"{ports[0]} {ports[1]}\n")
        sys.stdout.flush()
        await loop.run_in_executor(None, sys.stdin.read)  # ends when the benchmark does


if __name__ == "__main__":
    asyncio.run(main())
