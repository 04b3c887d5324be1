"""The kind over the real wire, against a server of the library `websockets` on the loopback."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import pytest
from live_world import sampled
from msgspec.structs import replace
from websocket_world import CHAT, STRANGER, read, talk, unmet
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.utils import accept_key

from releasegate.checks.websocket import KIND
from releasegate.model import Outcome

AGENT = ["agent_started", "agent_thinking", "agent_completed"]
FLOW = talk(*({name: {"within": "300ms"}} for name in AGENT), never=["error"], timeout="2s")


def guarded(connection, request):
    """Let only those in who show a badge."""
    if request.headers.get("Authorization") != "Bearer gate-user":
        return connection.respond(HTTPStatus.UNAUTHORIZED, "who are you?")
    return None


@asynccontextmanager
async def raw_server(handle):
    """Serve bytes; end when every connection has ended."""
    ended = []

    async def handled(reader, writer):
        ended.append(asyncio.get_running_loop().create_future())
        with suppress(ConnectionError):
            await handle(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        ended[-1].set_result(None)

    async with await asyncio.start_server(handled, "127.0.0.1", 0) as server:
        yield server
        await asyncio.gather(*ended)


def live(config, handle, *, max_body=None, raw=False, **more):
    """Take one sample over the real wire; `raw`: `handle` takes a reader and a writer of bytes."""
    flow = read(config)

    async def handled(connection):
        try:
            await handle(connection)
            await connection.wait_closed()
        except ConnectionClosed:
            pass

    async def once():
        async with raw_server(handle) if raw else serve(handled, "127.0.0.1", 0, close_timeout=0.2, **more) as server:
            port = server.sockets[0].getsockname()[1]
            target = replace(CHAT, url=f"ws://127.0.0.1:{port}", host="127.0.0.1", port=port, path="")
            if max_body:
                target = replace(target, max_body=max_body)
            return await sampled(KIND, flow, {"chat": target})

    return asyncio.run(once())


def event(name, thread, **more):
    return json.dumps({"type": name, "thread_id": thread, **more})


async def asked(connection):
    """Give the thread of the request."""
    return json.loads(await connection.recv())["thread_id"]


def saying(*names):
    """Answer with these events, each with one of another client before it."""

    async def handle(connection):
        thread = await asked(connection)
        for name in names:
            await connection.send(event(AGENT[-1], STRANGER))
            await connection.send(event(name, thread))

    return handle


def test_a_flow_of_events_from_the_upgrade_to_the_goodbye():
    one = live({**FLOW, "as": "gate-user"}, saying(*AGENT), process_request=guarded)
    assert one.met, unmet(one)
    assert [phase.name for phase in one.phases] == [
        "authenticate", "name", "connect", "upgrade", "request", *AGENT, "close",
    ]  # fmt: skip
    assert [moment.name for moment in one.timeline] == [word for name in AGENT for word in ("not ours", name)]
    (contact,) = one.contact
    assert contact.address == "127.0.0.1"
    assert contact.bytes_received > 400
    assert contact.bytes_sent > 100


def test_strangers_are_refused_and_that_can_be_demanded():
    refused = live({**FLOW, "as": "nobody"}, saying(*AGENT), process_request=guarded)
    assert refused.signature == "websocket authenticate status 401"
    assert refused.excerpt == "who are you?"
    wanted = {"connect": "chat:/ws", "as": "nobody", "expect": {"status": [401, 403]}}
    assert live(wanted, saying(), process_request=guarded).met
    assert live(wanted, saying()).signature == "websocket upgrade status 101"


async def hurry(connection):
    for name in ("welcome", *AGENT):
        await connection.send(json.dumps({"type": name}))


def test_what_is_said_at_once_is_not_lost():
    one = live({"connect": "chat:/ws", "events": ["welcome", *AGENT]}, hurry)
    assert one.met, unmet(one)


def frames(*names):
    """Give events as the bytes of one write: frames of less than 126 bytes."""
    texts = [json.dumps({"type": name}).encode() for name in names]
    return b"".join(bytes([0x81, len(text)]) + text for text in texts)


def spoken(config, first, then=b""):
    """Take a sample from a server that says `first` in one write with its 101, and `then` when it hears anything."""

    async def serve_raw(reader, writer):
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = request.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0]
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept_key(key).encode() + b"\r\n\r\n" + first
        )
        await reader.read(1000)
        writer.write(then)
        await reader.read()

    return live(config, serve_raw, raw=True)


def test_what_is_pushed_with_the_upgrade_does_not_answer_what_we_then_ask():
    config = {"connect": "chat:/ws", "send": "hello", "events": [{name: {"within": "300ms"}} for name in AGENT]}
    stale = spoken(config, frames(*AGENT))
    assert unmet(stale) == ["agent_started came before the send, and not again (300 ms after the send)"]
    assert [moment.name for moment in stale.timeline] == AGENT
    answered = spoken(config, frames("welcome", *AGENT), frames(*AGENT))
    assert answered.met, unmet(answered)


def test_what_comes_in_one_read_with_an_event_does_not_answer_the_message_that_follows_it():
    config = {"connect": "chat:/ws", "events": [{"ready": {"send": "go"}}, {"done": {"within": "300ms"}}]}
    assert unmet(spoken(config, frames("ready", "done"))) == [
        "done came before ready's send, and not again (300 ms after ready's send)"
    ]
    good = spoken(config, frames("ready"), frames("done"))
    assert good.met, unmet(good)


def test_an_error_in_one_read_with_the_last_event_is_seen():
    config = {"connect": "chat:/ws", "send": "go", "events": ["done"], "never": ["error"]}
    assert spoken(config, b"", frames("done", "error")).signature == "websocket error came"


def test_an_event_that_does_not_come_is_named_with_what_came_before():
    one = live(FLOW, saying("agent_started"))
    assert unmet(one) == ["timeout waiting for agent_thinking, 300 ms after agent_started"]
    assert one.duration_s < 1.5


def test_a_goodbye_is_shown_with_code_and_reason():
    async def leave(connection):
        await connection.send(event("agent_started", await asked(connection)))
        await connection.close(1011, "worker died")

    one = live(FLOW, leave)
    assert unmet(one)[0].startswith('closed with 1011 "worker died" waiting for agent_thinking, ')


def test_a_cut_connection_is_trouble_in_the_event_that_was_awaited():
    async def cut(connection):
        await connection.send(event("agent_started", await asked(connection)))
        connection.transport.abort()

    one = live(FLOW, cut)
    assert (one.outcome, one.signature) == (Outcome.TROUBLE, "websocket agent_thinking closed")
    assert [moment.name for moment in one.timeline] == ["agent_started"]


async def flood(connection):
    while True:
        await connection.send(event("agent_started", STRANGER))
        await asyncio.sleep(0)


async def drip(connection):
    async def parts():
        while True:
            yield "x"
            await asyncio.sleep(0.02)

    await connection.send(parts())


async def stay_silent(connection):
    await connection.wait_closed()


@pytest.mark.parametrize("behave", [flood, drip, stay_silent])
def test_whatever_comes_instead_the_bound_holds(behave):
    one = live(FLOW, behave)
    assert not one.met
    assert one.signature in ("websocket timeout waiting for agent_started", "websocket agent_started too much")
    assert one.duration_s < 2.0


def test_a_message_larger_than_the_target_may_send_is_trouble():
    async def shout(connection):
        await connection.send("x" * 5000)

    one = live(FLOW, shout, max_body=1000)
    assert one.signature == "websocket agent_started too large"
