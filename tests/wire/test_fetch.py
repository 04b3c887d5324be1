"""HTTP over the real wire: what an answer says, and how each way of failing is told."""

import asyncio
import gzip
import socket
import time
import zlib

import pytest
from wire_world import answer, answering, ask, names, read_request, refused, saying, served, target_at, what, wired


def fetch(handle, *paths, environ=None, host="127.0.0.1", **more):
    """Give the answers of a server, one after the other over one wire."""
    of_target = {key: more.pop(key) for key in ("max_body", "private") if key in more}

    async def run():
        async with served(handle, host=host) as port, wired(**(environ or {})) as wire:
            target = target_at(port, host=host, **of_target)
            return [await wire.fetch(ask(target, path, **more)) for path in paths or ("/",)]

    return asyncio.run(run())


def failure(handle, **more):
    of_target = {key: more.pop(key) for key in ("max_body",) if key in more}

    async def run():
        async with served(handle) as port, wired() as wire:
            return await refused(wire.fetch(ask(target_at(port, **of_target), **more)))

    return asyncio.run(run())


def test_a_header_of_raw_utf8_keeps_all_its_bytes():
    (got,) = fetch(answering("HTTP/1.1 302 F\r\nLocation: /voilà \r\nContent-Length: 0\r\n\r\n".encode()))
    assert got.headers[0][1].encode("latin-1").decode() == "/voilà"


def test_an_answer_has_its_status_headers_body_and_peer():
    seen = []
    (got,) = fetch(answering(answer(b"hello", "X-A: 1", "x-a:  2 ", "X-E:", status="418 Teapot"), seen=seen))
    assert (got.status, got.body) == (418, b"hello")
    assert got.headers == (("x-a", "1"), ("x-a", "2"), ("x-e", ""), ("content-length", "5"))
    assert (got.contact.address, got.contact.host, got.contact.target, got.contact.tls) == (
        "127.0.0.1",
        "127.0.0.1",
        "api",
        None,
    )
    assert got.contact.bytes_sent == len(seen[0][0])
    assert got.contact.bytes_received == len(answer(b"hello", "X-A: 1", "x-a:  2 ", "X-E:", status="418 Teapot"))
    assert got.cookies is None


def test_a_new_connection_has_its_phases_and_a_used_one_has_none_for_connecting():
    first, second = fetch(answering(answer()), "/1", "/2")
    assert names(first.phases) == ["name", "connect", "request", "first byte", "transfer"]
    assert names(second.phases) == ["request", "first byte", "transfer"]
    for got in (first, second):
        assert sum(phase.duration_s for phase in got.phases) == pytest.approx(got.total_s, abs=0.002)


def test_the_time_is_spent_in_the_phase_in_which_it_was_spent():
    async def handle(reader, writer):
        await read_request(reader)
        await asyncio.sleep(0.1)
        writer.write(answer(b"ab")[:-1])
        await asyncio.sleep(0.2)
        writer.write(b"b")

    (got,) = fetch(handle)
    spent = {phase.name: phase.duration_s for phase in got.phases}
    assert spent["first byte"] == pytest.approx(0.1, abs=0.05)
    assert spent["transfer"] == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
def test_each_method_is_sent_as_it_is(method):
    seen = []
    head_only = answer(b"")
    (got,) = fetch(answering(head_only, seen=seen), method=method)
    assert got.status == 200
    assert seen[0][0].startswith(f"{method} / HTTP/1.1\r\n")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "PURGE"])
def test_each_method_carries_a_body_without_waiting_or_calling_it_a_form(method):
    seen = []
    body = b"\x00" * 3_000_000
    (got,) = fetch(answering(answer(), seen=seen), method=method, body=body)
    head, received = seen[0]
    assert received == body
    assert head.startswith(method)
    assert "expect" not in head.lower()
    assert "content-type" not in head.lower()
    assert got.contact.bytes_sent == len(head) + len(body)


def test_a_head_request_has_no_body_in_either_direction():
    got, after = fetch(answering(answer(b"")[:-6] + b"7\r\n\r\n", answer()), "/1", "/2", method="HEAD")
    assert (got.status, got.body, after.status) == (200, b"", 200)


def test_nothing_of_a_request_stays_on_the_handle_for_the_next():
    seen = []

    async def run():
        async with served(answering(answer(), seen=seen)) as port, wired() as wire:
            target = target_at(port)
            await wire.fetch(ask(target, "/1", method="PUT", body=b"x", headers=(("X-A", "1"),)))
            await wire.fetch(ask(target, "/2"))
            await wire.fetch(ask(target, "/3", headers=(("X-B", "2"),)))

    asyncio.run(run())
    first, second, third = (head.lower() for head, _ in seen)
    assert "x-a: 1" in first
    assert second.startswith("get /2 ")
    assert not {"x-a", "content-length", "content-type", "x-b"} & {
        line.partition(":")[0] for line in second.split("\r\n")
    }
    assert "x-b: 2" in third
    assert "x-a" not in third


def test_an_empty_header_is_sent_and_a_path_is_left_as_it_is():
    seen = []
    fetch(answering(answer(), seen=seen), "/a/../b//c%2F?x=%41", headers=(("X-Empty", ""), ("Host", "other.example")))
    head = seen[0][0]
    assert head.startswith("GET /a/../b//c%2F?x=%41 HTTP/1.1\r\n")
    assert "\r\nX-Empty:\r\n" in head
    assert head.count("Host: ") == 1


@pytest.mark.parametrize(
    ("encoding", "packed"), [("gzip", gzip.compress(b"a" * 999)), ("deflate", zlib.compress(b"a" * 999))]
)
def test_a_packed_body_is_unpacked(encoding, packed):
    seen = []
    (got,) = fetch(answering(answer(packed, f"Content-Encoding: {encoding}"), seen=seen))
    assert got.body == b"a" * 999
    assert encoding in next(line for line in seen[0][0].split("\r\n") if line.startswith("Accept-Encoding"))
    assert got.contact.bytes_received < 200


def test_the_encodings_that_a_check_itself_asks_for_win():
    seen = []
    (got,) = fetch(answering(answer(), seen=seen), headers=(("accept-encoding", "identity"),))
    lines = [line for line in seen[0][0].split("\r\n") if line.lower().startswith("accept-encoding")]
    assert (lines, got.body) == (["accept-encoding: identity"], b"ok")
    packed = answer(gzip.compress(b"x"), "Content-Encoding: gzip")
    assert what(failure(saying(packed), headers=(("Accept-Encoding", "identity"),))) == ("transfer", "protocol")


def test_a_head_request_may_be_answered_with_an_encoding():
    (got,) = fetch(answering(answer(b"", "Content-Encoding: gzip")), method="HEAD")
    assert (got.status, got.body) == (200, b"")


def test_only_the_last_head_gives_the_headers():
    early = b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nX-Final: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n"
    (got,) = fetch(saying(early + chunked))
    assert (got.status, got.body) == (200, b"ok")
    assert got.headers == (("x-final", "1"), ("transfer-encoding", "chunked"))


def test_folded_and_foreign_headers_are_read():
    (got,) = fetch(saying(b"HTTP/1.1 200 \xff\r\nX-A: one\r\n two\r\nX-\xe4: \xff\r\nContent-Length: 0\r\n\r\n"))
    assert got.headers == (("x-a", "one two"), ("x-\xe4", "\xff"), ("content-length", "0"))


def test_a_redirect_is_an_answer_and_is_not_followed():
    seen = []
    (got,) = fetch(answering(answer(b"", "Location: /elsewhere", status="302 Found"), seen=seen))
    assert (got.status, len(seen)) == (302, 1)
    assert ("location", "/elsewhere") in got.headers


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python knows no IPv6")
def test_ipv6_is_spoken():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    (got,) = fetch(answering(answer()), host="::1")
    assert (got.status, got.contact.address) == (200, "::1")


def test_two_thousand_requests_at_256_at_once_all_succeed():
    async def run():
        async with served(answering(answer())) as port, wired() as wire:
            target, numbers = target_at(port, concurrency=256), iter(range(2000))

            async def work():
                return [(await wire.fetch(ask(target, f"/{number}", timeout_s=30))).status for number in numbers]

            return await asyncio.gather(*(work() for _ in range(256)))

    statuses = [status for some in asyncio.run(run()) for status in some]
    assert statuses == [200] * 2000


def test_a_connection_closed_while_idle_costs_nothing():
    async def handle(reader, writer):
        await read_request(reader)
        writer.write(answer())  # and the connection is closed though nobody said so

    async def run():
        async with served(handle) as port, wired() as wire:
            first = await wire.fetch(ask(target_at(port)))
            await asyncio.sleep(0.02)
            return first.status, (await wire.fetch(ask(target_at(port)))).status

    assert asyncio.run(run()) == (200, 200)


BAD_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"


@pytest.mark.parametrize(
    ("handle", "phase", "reason"),
    [
        (saying(end="close"), "first byte", "closed"),
        (saying(end="reset"), "first byte", {"closed", "reset"}),
        (saying(b"HTTP/1.1 200 OK\r\nConte", end="close"), "transfer", "closed"),
        (saying(b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nX: 1\r\n", end="close"), "transfer", "closed"),
        (saying(SHORT, end="close"), "transfer", "closed"),
        (saying(BAD_CHUNK), "transfer", "protocol"),
        (saying(b"SSH-2.0-OpenSSH\r\n"), "first byte", "protocol"),
        (saying(b"HTTP/1.1 abc\r\n\r\n"), "first byte", "protocol"),
        (saying(b"HTTP/3.7 200 OK\r\n\r\n"), "transfer", "protocol"),
        (saying(b"HTTP/2 200 OK\r\n\r\n"), "first byte", "protocol"),
        (saying(answer(b"abc", "Content-Encoding: gzip")), "transfer", "protocol"),
        (saying(answer(gzip.compress(b"x" * 99)[:-8], "Content-Encoding: gzip")), "transfer", "protocol"),
        (saying(answer(gzip.compress(b"x" * 99) + b"x", "Content-Encoding: gzip")), "transfer", "protocol"),
        (saying(answer(b"abc", "Content-Encoding: br")), "transfer", "protocol"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), "transfer", "protocol"),
    ],
)
def test_a_broken_answer_is_told_with_its_phase(handle, phase, reason):
    error = failure(handle)
    assert error.trouble.phase == phase
    assert error.trouble.reason in ({reason} if isinstance(reason, str) else reason)
    assert error.phases[-1].name == phase
    assert error.contact.address == "127.0.0.1"
    assert error.trouble.target == "api"


def test_a_reset_in_the_middle_of_a_body_is_told():
    async def handle(reader, writer):
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        await read_request(reader)
        writer.write(SHORT)
        await asyncio.sleep(0.05)
        writer.transport.abort()

    error = failure(handle)
    assert what(error) == ("transfer", "reset")
    assert names(error.phases) == ["name", "connect", "request", "first byte", "transfer"]
    assert error.contact.bytes_received > 0


def test_nobody_listening_is_refused():
    async def run():
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        async with wired() as wire:
            return port, await refused(wire.fetch(ask(target_at(port))))

    port, error = asyncio.run(run())
    assert what(error) == ("connect", "refused")
    assert error.trouble.message == f"Failed to connect to 127.0.0.1:{port}"  # the same each time, without its time
    assert names(error.phases) == ["name", "connect"]
    assert error.contact is None


def test_a_name_that_nobody_knows_is_told():
    async def run():
        async with wired() as wire:
            return await refused(wire.fetch(ask(target_at(80, host="nobody.invalid"), timeout_s=3)))

    error = asyncio.run(run())
    assert error.trouble.phase == "name"
    assert error.trouble.reason in {"dns", "timeout"}  # a resolver that cannot be reached does not answer
    assert "nobody.invalid" in error.trouble.message or error.trouble.reason == "timeout"


def full_listener():
    """Give a listener that takes no more connections, and what fills it."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(3):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    return listener, fillers


def test_a_connect_that_is_not_answered_times_out_in_its_phase():
    listener, fillers = full_listener()

    async def run():
        async with wired() as wire:
            return await refused(wire.fetch(ask(target_at(listener.getsockname()[1]), timeout_s=0.2)))

    try:
        error = asyncio.run(run())
    finally:
        for sock in (listener, *fillers):
            sock.close()
    assert what(error) == ("connect", "timeout")
    assert error.phases[-1].duration_s == pytest.approx(0.2, abs=0.1)


@pytest.mark.parametrize(
    ("handle", "phase"),
    [
        (saying(end="wait"), "first byte"),
        (saying(SHORT, end="wait"), "transfer"),
        (saying(b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 99, pause_s=0.02), "transfer"),
        (saying(SHORT[:-3], *[b"x"] * 9, pause_s=0.05), "transfer"),
    ],
)
def test_the_time_bound_holds_also_for_an_answer_that_drips(handle, phase):
    began = time.monotonic()
    error = failure(handle, timeout_s=0.2)
    assert time.monotonic() - began < 1
    assert what(error) == (phase, "timeout")
    assert "0.2 s" in error.trouble.message


def test_a_request_that_is_not_read_times_out_while_it_is_sent():
    async def handle(_reader, writer):
        writer.transport.pause_reading()
        await asyncio.sleep(30)

    error = failure(handle, timeout_s=0.3, method="POST", body=b"x" * 2**26)
    assert what(error) == ("request", "timeout")


def test_a_failure_does_not_show_path_and_query():
    async def run():
        async with wired() as wire:
            return await refused(wire.fetch(ask(target_at(1), "/secret?token=hush")))

    error = asyncio.run(run())
    assert "hush" not in str(error)
    assert "secret" not in str(error)


def test_a_cancelled_request_ends_at_once_and_leaves_the_wire_usable():
    async def handle(reader, writer):
        head, _ = await read_request(reader)
        if head.startswith("GET /slow"):
            await asyncio.sleep(30)
        writer.write(answer())

    async def run():
        async with served(handle) as port, wired() as wire:
            target = target_at(port)
            slow = [asyncio.ensure_future(wire.fetch(ask(target, "/slow", timeout_s=30))) for _ in range(8)]
            await asyncio.sleep(0.05)
            for task in slow:
                task.cancel()
            ended = await asyncio.gather(*slow, return_exceptions=True)
            running = len(wire._curl.drive.running)
            return ended, running, (await wire.fetch(ask(target))).status

    ended, running, status = asyncio.run(run())
    assert all(isinstance(end, asyncio.CancelledError) for end in ended)
    assert (running, status) == (0, 200)


def test_closing_the_wire_ends_what_runs():
    async def run():
        async with served(saying(end="wait")) as port:
            async with wired() as wire:
                task = asyncio.ensure_future(wire.fetch(ask(target_at(port), timeout_s=30)))
                await asyncio.sleep(0.05)
            return (await asyncio.gather(task, return_exceptions=True))[0]

    assert isinstance(asyncio.run(run()), asyncio.CancelledError)


def test_a_fetch_that_cannot_open_a_socket_is_trouble_and_no_crash(monkeypatch):
    real = socket.socket

    def none_left(*args, **more):
        raise OSError(24, "Too many open files")

    async def run():
        async with served(answering(answer())) as port, wired() as wire:
            await wire.connect_tcp(target_at(port), 1)
            monkeypatch.setattr("releasegate.wire.slot.socket.socket", none_left)
            error = await refused(wire.fetch(ask(target_at(port))))
            monkeypatch.setattr("releasegate.wire.slot.socket.socket", real)
            return error

    error = asyncio.run(run())
    assert error.trouble.phase == "connect"
    assert "Too many open files" in error.trouble.message
