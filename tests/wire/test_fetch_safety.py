"""What hostile staging, hostile text and hostile names cannot do to an HTTP request."""

import asyncio
import gzip
import zlib

import pycurl
import pytest
from wire_world import answer, answering, ask, led_to, read_request, refused, saying, served, target_at, what, wired

from releasegate.wire import names as looking_up
from releasegate.wire.drive import drive_for
from releasegate.wire.slot import Slot, Way


def outcome(handle, *, target=None, **more):
    """Give the refusal of a request, and what the server saw."""
    seen = []

    async def counted(reader, writer):
        seen.append("a connection")
        await handle(reader, writer)

    async def run():
        async with served(counted) as port, wired() as wire:
            return await refused(wire.fetch(ask(target_at(port, **(target or {})), **more)))

    return asyncio.run(run()), seen


@pytest.mark.parametrize(
    "handle",
    [
        saying(answer(b"x" * 2001)),
        saying(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 1000] * 3),
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"3e8\r\n" + b"x" * 1000 + b"\r\n", *[b"3e8\r\n" + b"x" * 1000 + b"\r\n"] * 2),
        saying(answer(gzip.compress(b"\0" * 5_000_000), "Content-Encoding: gzip")),
        saying(answer(zlib.compress(b"\0" * 5_000_000), "Content-Encoding: deflate")),
        saying(answer(gzip.compress(gzip.compress(b"\0" * 50_000_000)), "Content-Encoding: gzip, gzip")),
    ],
    ids=["length", "until close", "chunked", "gzip bomb", "deflate bomb", "nested bomb"],
)  # fmt: skip
def test_a_body_over_the_limit_is_cut(handle):
    error, _ = outcome(handle, target={"max_body": 2000})
    assert what(error) == ("transfer", "too large")
    assert "2000 bytes" in error.trouble.message


def test_a_body_at_the_limit_is_whole():
    async def run():
        async with served(answering(answer(b"x" * 2000))) as port, wired() as wire:
            return await wire.fetch(ask(target_at(port, max_body=2000)))

    assert len(asyncio.run(run()).body) == 2000


@pytest.mark.parametrize(
    "head",
    [
        b"".join(b"X-%d: %s\r\n" % (number, b"a" * 5000) for number in range(100)),
        b"".join(b"X: y\r\n" for number in range(6000)),
        b"X: " + b"a" * 200_000 + b"\r\n",
    ],
    ids=["in all", "fields", "one"],
)
def test_headers_over_the_limit_are_cut(head):
    error, _ = outcome(saying(b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: 0\r\n\r\n"))
    assert what(error) == ("transfer", "too large")


def test_informational_answers_without_end_are_cut():
    async def flood(reader, writer):
        await read_request(reader)
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 500)
            await writer.drain()

    error, _ = outcome(flood)
    assert what(error) == ("transfer", "too large")


@pytest.mark.parametrize(
    "more",
    [
        {"headers": (("X-A", "1\r\nX-B: 2"),)},
        {"headers": (("X-A\r\nX-B", "1"),)},
        {"headers": (("X-A", "1\nX-B: 2"),)},
        {"headers": (("X-A", "a\0b"),)},
        {"headers": (("X-A", "\xe4"),)},
        {"headers": (("X A", "1"),)},
        {"headers": (("", "1"),)},
        {"method": "GET / HTTP/1.1\r\nX: y"},
        {"method": ""},
        {"method": "HEAD", "body": b"x"},
        {"cookies": ("ALL",)},
        {"cookies": ("127.0.0.1\tFALSE\t/\tFALSE\t0\ta\tb\r\nX-A: 1",)},
        {"cookies": ("127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t\u20ac",)},
    ],
)
def test_what_could_end_a_line_or_is_none_is_not_sent(more):
    error, seen = outcome(answering(answer()), **more)
    assert what(error) == ("request", "not allowed")
    assert not seen


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/a\n", "/\0", "/ä", "/\x7f", "/\u2028"])
def test_an_url_with_characters_that_none_has_is_not_sent(path):
    error, seen = outcome(answering(answer()), path=path)
    assert what(error) == ("request", "not allowed")
    assert not seen


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/", "https://127.0.0.1/", "file:///etc/passwd", "http://me@127.0.0.1/", "ftp://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data", "//127.0.0.1/", "", "gopher://127.0.0.1/_x", "http://127.0.0.1\\@x/",
    ],
)  # fmt: skip
def test_an_url_on_another_origin_is_not_sent(url):
    error, seen = outcome(answering(answer()), url=url)
    assert what(error) == ("request", "not allowed")
    assert not seen


def leading_to(monkeypatch, *addresses, private=False, host="staging.example"):
    """Fetch from a name that the resolver leads to addresses; gives the refusal and whether anyone was contacted."""
    seen = []

    async def run():
        async with served(answering(answer(), seen=seen)) as port, wired() as wire:
            led_to(monkeypatch, *((address, port) for address in addresses))
            return await refused(wire.fetch(ask(target_at(port, host=host, private=private), timeout_s=2)))

    return asyncio.run(run()), seen


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "192.168.0.1", "100.64.0.1", "::1", "fd00::1", "::ffff:127.0.0.1"]
)
def test_a_name_that_leads_inside_is_not_contacted(monkeypatch, address):
    error, seen = leading_to(monkeypatch, address)
    assert what(error) == ("connect", "not allowed")
    assert "targets.api.private: true" in error.trouble.message
    assert not seen


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize(
    "address", ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "fe80::1", "::ffff:169.254.169.254", "0.0.0.0"]
)
def test_a_name_that_leads_to_metadata_is_not_contacted_even_with_leave(monkeypatch, address, private):
    error, seen = leading_to(monkeypatch, address, private=private)
    assert what(error) == ("connect", "not allowed")
    assert "never contacted" in error.trouble.message
    assert not seen


def test_all_addresses_of_a_name_are_vetted(monkeypatch):
    error, seen = leading_to(monkeypatch, "169.254.169.254", "10.0.0.1", "::1", "127.0.0.1")
    assert what(error) == ("connect", "not allowed")
    assert not seen


def test_a_refused_address_does_not_hide_what_a_permitted_one_does(monkeypatch):
    error, _ = leading_to(monkeypatch, "169.254.169.254", "127.0.0.9", private=True)
    assert what(error) == ("connect", "refused")


def test_a_name_that_moves_during_a_run_is_vetted_again(monkeypatch):
    async def run():
        async with served(saying(answer(b"ok", "Connection: close"))) as port, wired() as wire:
            target = target_at(port, host="staging.example", private=True)
            led_to(monkeypatch, ("127.0.0.1", port))
            first = await wire.fetch(ask(target))
            led_to(monkeypatch, ("169.254.169.254", port))
            monkeypatch.setattr(looking_up, "KEPT_S", 0.0)
            return first, await refused(wire.fetch(ask(target)))

    first, error = asyncio.run(run())
    assert first.status == 200
    assert what(error) == ("connect", "not allowed")


def test_an_address_that_libcurl_found_by_itself_is_vetted_too():
    seen = []

    async def run():
        async with served(answering(answer(), seen=seen)) as port:
            slot, target = Slot(jar=False), target_at(port, host="staging.example")
            way = Way(target=target, prefix="", secure=False, trust=None, proxy=None, names=())
            slot.load(ask(target), f"{target.origin}/", [], way, led=[f"staging.example:{port}:127.0.0.1"], timeout_s=2)
            drive = drive_for(asyncio.get_running_loop())
            try:
                with pytest.raises(pycurl.error):
                    await drive.start(slot.curl)
                return slot.refused
            finally:
                await drive.aclose()
                slot.curl.close()

    assert "loopback" in asyncio.run(run())
    assert not seen


SETS = answer(b"ok", "Set-Cookie: session=one; Path=/", "Set-Cookie: other=two; HttpOnly")


def with_cookies(*jars, answers=(SETS,)):
    """Fetch with one jar after the other over one wire; gives what was answered and the cookies that were sent."""
    seen = []

    async def run():
        async with served(answering(*answers, seen=seen)) as port, wired() as wire:
            return [await wire.fetch(ask(target_at(port), cookies=jar)) for jar in jars]

    got = asyncio.run(run())
    sent = [next((line for line in head.split("\r\n") if line.lower().startswith("cookie:")), None) for head, _ in seen]
    return got, sent


def test_a_jar_keeps_what_the_answer_sets_and_sends_it_again():
    (first,), _ = with_cookies(())
    assert [line.split("\t")[5:] for line in first.cookies] == [["session", "one"], ["other", "two"]]
    _, sent = with_cookies(first.cookies)
    assert sorted(sent[0].removeprefix("Cookie: ").split("; ")) == ["other=two", "session=one"]


def test_no_cookie_goes_from_one_sample_to_another():
    got, sent = with_cookies((), None, (), None, None)
    assert sent == [None] * 5
    assert [answer.cookies is None for answer in got] == [False, True, False, True, True]


def test_a_cookie_that_is_no_text_is_kept_as_it_is_and_no_crash():
    raw = answer(b"ok", "Set-Cookie: a=\xff\xe4; Path=/")
    (first,), _ = with_cookies((), answers=(raw,))
    assert first.cookies[0].endswith("a\t\xff\xe4")
    _, sent = with_cookies(first.cookies)
    assert sent == ["Cookie: a=\xff\xe4"]


def test_a_cookie_for_another_host_is_not_kept():
    (first,), _ = with_cookies((), answers=(answer(b"ok", "Set-Cookie: a=b; Domain=example.com"),))
    assert first.cookies == ()


def test_netrc_is_not_read(tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("default login me password hush\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    seen = []

    async def run():
        async with served(answering(answer(), seen=seen)) as port, wired() as wire:
            await wire.fetch(ask(target_at(port)))

    asyncio.run(run())
    assert "authorization" not in seen[0][0].lower()
