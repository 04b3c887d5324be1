"""WebSockets over the real wire: nothing is lost, nothing is unbounded, each end is told."""

import asyncio
import base64
import gc
import hashlib
import struct
import time

import pytest
from wire_world import Authority, answer, names, read_request, refused, saying, served, target_at, what, wired

from releasegate.wire.websocket import MOST_WAITING, UpgradeRefused

TEXT, BINARY, CONT, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


def frame(opcode, data=b"", *, fin=True):
    """Write a server's frame by hand, right or wrong."""
    data = data.encode() if isinstance(data, str) else data
    length = len(data)
    if length < 126:
        size = bytes([length])
    elif length < 2**16:
        size = bytes([126]) + struct.pack("!H", length)
    else:
        size = bytes([127]) + struct.pack("!Q", length)
    return bytes([(128 if fin else 0) | opcode]) + size + data


async def read_frame(reader):
    """Give opcode and unmasked data of a client's frame."""
    first, second = await reader.readexactly(2)
    length = second & 127
    if length == 126:
        length = struct.unpack("!H", await reader.readexactly(2))[0]
    elif length == 127:
        length = struct.unpack("!Q", await reader.readexactly(8))[0]
    mask = await reader.readexactly(4)
    data = await reader.readexactly(length)
    return first & 15, bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


async def take_leave(reader, writer):
    """Answer the client's goodbye."""
    opcode = None
    while opcode != CLOSE:
        opcode, data = await read_frame(reader)
    writer.write(frame(CLOSE, data))


def accepting(talk, *headers, seen=None):
    """A handler that upgrades, then runs `talk(reader, writer)`."""

    async def handle(reader, writer):
        head, _ = await read_request(reader)
        if seen is not None:
            seen.append(head)
        key = next(line[19:] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key: "))
        proof = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        lines = ["HTTP/1.1 101 Switching", "Upgrade: websocket", "Connection: Upgrade", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\nSec-WebSocket-Accept: " + proof + b"\r\n\r\n")
        await talk(reader, writer)

    return handle


def sending(*frames, then_wait=True):
    async def talk(reader, writer):
        for one in frames:
            writer.write(one)
            await writer.drain()
        if then_wait:
            await take_leave(reader, writer)

    return talk


def opened(handle, use, *, headers=(), max_message=1 << 20, context=None, scheme="ws", **more):
    """Open a WebSocket, and give what `use(socket, phases)` gives."""
    subprotocols = more.pop("subprotocols", ())

    async def run():
        async with served(handle, context=context) as port, wired() as wire:
            target = target_at(port, scheme=scheme, name="chat", **more)
            socket, phases = await wire.open_websocket(
                target, f"{target.origin}/chat?a=1", headers, 5.0, max_message=max_message, subprotocols=subprotocols
            )
            try:
                return await use(socket, phases)
            finally:
                await socket.close()

    return asyncio.run(run())


def not_opened(handle, *, timeout_s=5.0, headers=(), url=None, **more):
    async def run():
        async with served(handle) as port, wired() as wire:
            target = target_at(port, scheme="ws", name="chat", **more)
            address = f"{target.origin}/" if url is None else url
            return await refused(wire.open_websocket(target, address, headers, timeout_s, max_message=1000))

    return asyncio.run(run())


async def all_messages(socket, timeout_s=5.0):
    got = []
    while (message := await socket.receive(timeout_s)) is not None:
        got.append(message)
    return got


def test_an_upgrade_has_its_phases_and_its_peer():
    async def use(socket, phases):
        return names(phases), socket.contact, socket.close_code

    seen = []
    phases, contact, code = opened(
        accepting(sending(), seen=seen), use, headers=(("X-A", "1"), ("Origin", "http://x"), ("X-A", "2"))
    )
    assert phases == ["name", "connect", "upgrade"]
    assert (contact.address, contact.target, contact.tls, code) == ("127.0.0.1", "chat", None, None)
    assert contact.bytes_sent == len(seen[0])
    assert contact.bytes_received > 100
    assert seen[0].startswith("GET /chat?a=1 HTTP/1.1\r\n")
    assert [line for line in seen[0].split("\r\n") if line.startswith(("X-A", "Origin", "User-Agent: rel"))] == [
        "User-Agent: releasegate/0.1.0", "X-A: 1", "Origin: http://x", "X-A: 2",
    ]  # fmt: skip
    assert "sec-websocket-extensions" not in seen[0].lower()


def test_tls_is_a_phase_and_its_certificate_is_told(tmp_path):
    authority = Authority(tmp_path)

    async def use(socket, phases):
        return names(phases), socket.contact.tls, await socket.receive(5)

    phases, tls, message = opened(
        accepting(sending(frame(TEXT, "hi"))), use,
        context=authority.context("127.0.0.1"), scheme="wss", ca=authority.bundle,
    )  # fmt: skip
    assert phases == ["name", "connect", "TLS", "upgrade"]
    assert tls.startswith("CN=127.0.0.1, issued by CN=Test authority, until ")
    assert "TLSv1" in tls
    assert message.data == "hi"


def test_a_subprotocol_is_agreed():
    seen = []

    async def use(_socket, _phases):
        return True

    assert opened(accepting(sending(), "Sec-WebSocket-Protocol: v2", seen=seen), use, subprotocols=("v1", "v2"))
    assert "sec-websocket-protocol: v1, v2" in seen[0].lower()


def test_what_is_said_arrives_and_is_answered():
    async def echo(reader, writer):
        opcode, data = await read_frame(reader)
        writer.write(frame(opcode, data))
        await take_leave(reader, writer)

    async def use(socket, _phases):
        await socket.send('{"ä": 1}')
        return (await socket.receive(5)).data

    assert opened(accepting(echo), use) == '{"ä": 1}'


def test_a_burst_is_received_whole_and_in_order_also_what_came_with_the_upgrade():
    many = 5 * MOST_WAITING

    async def use(socket, _phases):
        await asyncio.sleep(0.05)
        return await all_messages(socket)

    burst = b"".join(frame(TEXT, str(number)) for number in range(many)) + frame(CLOSE, struct.pack("!H", 1000))
    got = opened(accepting(sending(burst)), use)
    assert [message.data for message in got] == [str(number) for number in range(many)]
    stamps = [message.arrived for message in got]
    assert stamps == sorted(stamps)


def test_what_is_not_received_is_not_read_without_bound():
    sent = 0

    async def flood(_reader, writer):
        nonlocal sent
        one = frame(BINARY, b"x" * 100_000)
        while True:
            writer.write(one)
            await writer.drain()
            sent += len(one)

    async def use(socket, _phases):
        before = -1
        while sent != before:
            before = sent
            await asyncio.sleep(0.1)
        return socket.contact.bytes_received

    assert 8_000_000 < opened(accepting(flood), use) < 12_000_000


def test_a_message_is_stamped_when_it_came_and_not_when_it_was_read():
    async def talk(reader, writer):
        writer.write(frame(TEXT, "1"))
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.write(frame(TEXT, "2"))
        await take_leave(reader, writer)

    async def use(socket, _phases):
        began = time.monotonic()
        await asyncio.sleep(0.3)
        return [(await socket.receive(5)).arrived - began for _ in range(2)]

    first, second = opened(accepting(talk), use)
    assert first == pytest.approx(0.0, abs=0.05)
    assert second == pytest.approx(0.1, abs=0.05)


def test_fragments_are_one_message_also_with_a_ping_between():
    frames = (
        frame(TEXT, "a", fin=False), frame(CONT, "", fin=False), frame(PING, "p"), frame(CONT, "b", fin=False),
        frame(CONT, "c"), frame(BINARY, b"\0", fin=False), frame(CONT, b"\1"), frame(CLOSE),
    )  # fmt: skip

    async def use(socket, _phases):
        return [message.data for message in await all_messages(socket)], socket.close_code

    assert opened(accepting(sending(*frames)), use) == (["abc", b"\0\1"], 1005)


def test_a_character_may_be_cut_by_a_fragment():
    async def use(socket, _phases):
        return (await socket.receive(5)).data

    assert opened(accepting(sending(frame(TEXT, b"\xc3", fin=False), frame(CONT, b"\xa4"))), use) == "ä"


def test_a_text_that_is_no_text_arrives_as_bytes():
    async def use(socket, _phases):
        return [(await socket.receive(5)).data for _ in range(2)]

    assert opened(accepting(sending(frame(TEXT, b"\xff{"), frame(TEXT, "ok"))), use) == [b"\xff{", "ok"]


def test_a_ping_is_answered():
    async def talk(reader, writer):
        writer.write(frame(PING, "are you there"))
        writer.write(frame(TEXT, str(await read_frame(reader))))
        await take_leave(reader, writer)

    async def use(socket, _phases):
        return (await socket.receive(5)).data

    assert opened(accepting(talk), use) == "(10, b'are you there')"


@pytest.mark.parametrize(
    "frames",
    [
        (frame(TEXT, "x" * 1001),),
        (frame(TEXT, "x" * 600, fin=False), frame(CONT, "x" * 401)),
        (b"\x81\x7f" + struct.pack("!Q", 2**62),),
    ],
    ids=["one frame", "fragments", "announced only"],
)
def test_a_message_over_the_limit_is_refused_after_those_before_it(frames):
    async def use(socket, _phases):
        first = await socket.receive(5)
        return first.data, await refused(socket.receive(5))

    first, error = opened(accepting(sending(frame(TEXT, "x" * 1000), *frames)), use, max_message=1000)
    assert first == "x" * 1000
    assert what(error) == ("transfer", "too large")
    assert error.contact.address == "127.0.0.1"


@pytest.mark.parametrize(
    "wrong", [b"\xc1\x00", b"\x83\x00", frame(CONT, "x"), b"\x81\x81\0\0\0\0x", frame(CLOSE, b"\x03"), frame(PING, "x" * 126)],
    ids=["reserved bit", "reserved opcode", "no start", "masked", "half a code", "long ping"],
)  # fmt: skip
def test_a_broken_frame_is_told(wrong):
    async def use(socket, _phases):
        return (await socket.receive(5)).data, await refused(socket.receive(5))

    first, error = opened(accepting(sending(frame(TEXT, "fine"), wrong)), use)
    assert first == "fine"
    assert what(error) == ("transfer", "protocol")


@pytest.mark.parametrize(
    ("end", "code", "reason"),
    [
        (frame(CLOSE, struct.pack("!H", 1000) + b"bye"), 1000, "bye"),
        (frame(CLOSE, struct.pack("!H", 4401) + "nö".encode()), 4401, "nö"),
        (frame(CLOSE), 1005, ""),
        (b"", 1006, ""),
        (b"\x81\x05he", 1006, ""),
    ],
)
def test_the_end_is_told_after_what_came_before_it(end, code, reason):
    async def use(socket, _phases):
        got = [message.data for message in await all_messages(socket)]
        return got, socket.close_code, socket.close_reason, await socket.receive(5)

    talk = sending(frame(TEXT, "last words"), end, then_wait=end[:1] == b"\x88")
    assert opened(accepting(talk), use) == (["last words"], code, reason, None)


def test_waiting_for_a_message_ends_in_time_and_the_next_is_not_lost():
    async def talk(reader, writer):
        await asyncio.sleep(0.15)
        writer.write(frame(TEXT, "late"))
        await take_leave(reader, writer)

    async def use(socket, _phases):
        with pytest.raises(TimeoutError):
            await socket.receive(0.05)
        return (await socket.receive(5)).data

    assert opened(accepting(talk), use) == "late"


def test_sending_on_a_closed_socket_is_no_crash():
    async def use(socket, _phases):
        await all_messages(socket)
        await socket.send("anyone?")
        return socket.close_code

    assert opened(accepting(sending(frame(CLOSE, struct.pack("!H", 1001)))), use) == 1001


def test_leaving_says_goodbye_and_does_not_wait_for_who_does_not():
    heard = []

    async def talk(reader, writer):
        writer.write(frame(TEXT, "x") * 3 * MOST_WAITING)
        heard.append(await read_frame(reader))
        await asyncio.sleep(30)

    async def use(_socket, _phases):
        await asyncio.sleep(0.05)

    began = time.monotonic()
    opened(accepting(talk), use)
    assert heard == [(CLOSE, struct.pack("!H", 1000))]
    assert time.monotonic() - began < 2.5


def test_leaving_is_quick_when_the_other_answers():
    async def talk(reader, writer):
        _, data = await read_frame(reader)
        writer.write(frame(CLOSE, data))

    async def use(_socket, _phases):
        return time.monotonic()

    ended = opened(accepting(talk), use)
    assert time.monotonic() - ended < 0.5


@pytest.mark.parametrize(
    "status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "302 Found", "200 OK", "503 Busy"]
)
def test_a_refused_upgrade_gives_its_answer(status):
    error = not_opened(saying(answer(b'{"why": "x"}' + b" " * 5000, "X-Why: token", status=status)))
    assert isinstance(error, UpgradeRefused)
    assert what(error) == ("upgrade", f"status {status[:3]}")
    assert error.answer.status == int(status[:3])
    assert ("x-why", "token") in error.answer.headers
    assert error.answer.body.startswith(b'{"why": "x"}')
    assert len(error.answer.body) == 4096
    assert names(error.answer.phases) == names(error.phases) == ["name", "connect", "upgrade"]
    assert error.contact.bytes_received > 5000


@pytest.mark.parametrize(
    ("handle", "reason"),
    [
        (saying(end="close"), "closed"),
        (saying(b"HTTP/1.1 101 Switching\r\n", end="close"), "closed"),
        (saying(b"SSH-2.0-OpenSSH\r\n\r\n"), "protocol"),
        (saying(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"), "protocol"),
        (saying(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"), "protocol"),
        (accepting(sending(), "Sec-WebSocket-Extensions: permessage-deflate"), "protocol"),
        (accepting(sending(), "Sec-WebSocket-Protocol: never-offered"), "protocol"),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"), "protocol"),
        (saying(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 99_999, end="wait"), "protocol"),
    ],
    ids=["nothing", "half a head", "ssh", "no proof", "wrong proof", "extension", "subprotocol", "headers", "long header"],
)  # fmt: skip
def test_an_upgrade_that_is_none_is_told(handle, reason):
    error = not_opened(handle)
    assert what(error) == ("upgrade", reason)
    assert not isinstance(error, UpgradeRefused)
    assert names(error.phases) == ["name", "connect", "upgrade"]


def test_an_upgrade_that_does_not_end_times_out_in_its_phase():
    error = not_opened(saying(b"HTTP/1.1 101 Switching\r\n", end="wait"), timeout_s=0.2)
    assert what(error) == ("upgrade", "timeout")
    assert error.contact.address == "127.0.0.1"


@pytest.mark.parametrize("headers", [(("X-A", "1\r\nX-B: 2"),), (("X\nA", "1"),), (("X", "\0"),), (("X", "\u20ac"),)])
def test_a_header_that_could_end_a_line_is_not_sent(headers):
    assert what(not_opened(saying(end="wait"), headers=headers)) == ("upgrade", "not allowed")


@pytest.mark.parametrize(
    "url", ["ws://127.0.0.1:1/", "wss://127.0.0.1/", "ws://me:pw@127.0.0.1/", "http://127.0.0.1/", "", "ws://[/"]
)
def test_an_url_on_another_origin_is_not_opened(url):
    assert what(not_opened(saying(end="wait"), url=url)) == ("upgrade", "not allowed")


def test_a_path_with_characters_that_none_has_is_not_opened():
    async def run():
        async with served(saying(end="wait")) as port, wired() as wire:
            target = target_at(port, scheme="ws")
            return await refused(wire.open_websocket(target, f"{target.origin}/ä b", (), 5, max_message=9))

    assert what(asyncio.run(run())) == ("upgrade", "not allowed")


def test_a_cancelled_upgrade_closes_its_connection():
    async def run():
        closed = asyncio.Event()

        async def handle(reader, _writer):
            await reader.read()
            closed.set()

        async with served(handle) as port, wired() as wire:
            target = target_at(port, scheme="ws")
            task = asyncio.ensure_future(wire.open_websocket(target, f"{target.origin}/", (), 30, max_message=9))
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.wait_for(closed.wait(), 2)
            return True

    assert asyncio.run(run())


def test_fifty_flows_of_five_events_take_hardly_longer_than_one():
    async def talk(reader, writer):
        await read_frame(reader)
        for number in range(5):
            await asyncio.sleep(0.02)
            writer.write(frame(TEXT, str(number)))
        await take_leave(reader, writer)

    async def run():
        async with served(accepting(talk)) as port, wired() as wire:
            target = target_at(port, scheme="ws")

            async def flow():
                socket, _ = await wire.open_websocket(target, f"{target.origin}/", (), 5, max_message=1000)
                await socket.send("go")
                got = [(await socket.receive(5)).data for _ in range(5)]
                socket._connection.abort()
                return got

            return await asyncio.gather(*(flow() for _ in range(50)))

    assert asyncio.run(run()) == [["0", "1", "2", "3", "4"]] * 50


def test_an_opening_that_is_cut_off_at_any_moment_leaves_nothing_to_complain_of():
    said = []

    async def hang_up(_reader, writer):
        writer.close()

    async def cut(wire, target, rounds):
        opening = asyncio.ensure_future(wire.open_websocket(target, target.origin, (), 5.0, max_message=9))
        for _ in range(rounds):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await asyncio.sleep(0.001)

    async def run():
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: said.append(context["message"]))
        async with served(hang_up) as port, wired() as wire:
            for rounds in range(20):
                await cut(wire, target_at(port, scheme="ws"), rounds)
        gc.collect()

    asyncio.run(run())
    assert said == []
