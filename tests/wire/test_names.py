"""Look-ups: shared, kept for a while, and nobody waits for a slow one at the end."""

import asyncio
import socket
import subprocess
import sys
import threading
import time

import pytest
from wire_world import answer, answering, ask, led_to, names, refused, saying, served, target_at, what, wired

from releasegate.wire import names as looking_up


@pytest.fixture
def stuck(monkeypatch):
    """A resolver that does not answer until the test ends; gives the names that it was asked for."""
    asked, end = [], threading.Event()

    def ask_system(host, _port):
        asked.append(host)
        end.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(looking_up, "ask_system", ask_system)
    yield asked
    end.set()
    for thread in threading.enumerate():
        if thread.name == "releasegate-name":
            thread.join(5)


@pytest.mark.parametrize("scheme", ["http", "tcp", "ws"])
def test_a_resolver_that_does_not_answer_times_out_in_its_phase(stuck, scheme):
    async def run():
        async with wired() as wire:
            target = target_at(80, scheme=scheme, host="slow.example")
            if scheme == "http":
                return await refused(wire.fetch(ask(target, timeout_s=0.1)))
            if scheme == "tcp":
                return await refused(wire.connect_tcp(target, 0.1))
            return await refused(wire.open_websocket(target, f"{target.origin}/", (), 0.1, max_message=9))

    began = time.monotonic()
    error = asyncio.run(run())
    assert time.monotonic() - began < 1
    assert what(error) == ("name", "timeout")
    assert names(error.phases) == ["name"]


def test_many_who_ask_for_one_slow_name_make_one_look_up(stuck):
    async def run():
        async with wired() as wire:
            target = target_at(80, host="slow.example")
            await asyncio.gather(*(refused(wire.fetch(ask(target, timeout_s=0.1))) for _ in range(20)))
            await refused(wire.fetch(ask(target, timeout_s=0.05)))

    asyncio.run(run())
    assert stuck == ["slow.example"]


SLOW = """
import asyncio, socket, sys, time
real = socket.getaddrinfo
def slow(host, *args, **more):
    if "slow" in str(host):
        time.sleep(20)
    return real(host, *args, **more)
socket.getaddrinfo = slow
from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.wire.live import LiveWire
from releasegate.wire.types import HttpRequest
async def run():
    wire = LiveWire(environ={}, clock=time.monotonic)
    http, tcp = (Target(name=s, url="", scheme=s, host="slow.example", port=80) for s in ("http", "tcp"))
    for awaitable in (
        wire.fetch(HttpRequest(target=http, method="GET", url="http://slow.example:80/", timeout_s=0.1)),
        wire.connect_tcp(tcp, 0.1),
    ):
        try:
            await awaitable
        except CouldNotLook as error:
            print(error.trouble.reason)
    try:
        async with asyncio.timeout(0.1):
            await wire.families(http)
    except TimeoutError:
        print("cancelled")
    await wire.aclose()
asyncio.run(run())
"""


def test_a_process_does_not_wait_at_its_end_for_a_look_up():
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True, check=True, timeout=15)
    assert done.stdout.split() == ["timeout", "timeout", "cancelled"]
    assert time.monotonic() - began < 8


def test_a_name_is_looked_up_once_a_minute_for_http(monkeypatch):
    asked = []

    async def run():
        async with served(answering(answer())) as port, wired() as wire:
            found = ((socket.AF_INET, ("127.0.0.1", port)),)
            monkeypatch.setattr(looking_up, "ask_system", lambda host, _port: asked.append(host) or found)
            target = target_at(port, host="staging.example", private=True)
            got = [await wire.fetch(ask(target)) for _ in range(3)]
            monkeypatch.setattr(looking_up, "KEPT_S", 0.0)
            await wire.fetch(ask(target))
            return got

    first, second, _ = asyncio.run(run())
    assert asked == ["staging.example"] * 2
    assert names(first.phases)[:2] == ["name", "connect"]
    assert names(second.phases)[0] == "request"
    assert first.contact.address == "127.0.0.1"


def test_the_time_of_a_look_up_is_in_its_phase_and_in_the_total(monkeypatch):
    async def run():
        async with served(answering(answer())) as port, wired() as wire:

            def slow(_host, _port):
                time.sleep(0.1)
                return ((socket.AF_INET, ("127.0.0.1", port)),)

            monkeypatch.setattr(looking_up, "ask_system", slow)
            return await wire.fetch(ask(target_at(port, host="staging.example", private=True)))

    got = asyncio.run(run())
    assert got.phases[0].duration_s == pytest.approx(0.1, abs=0.05)
    assert sum(phase.duration_s for phase in got.phases) == pytest.approx(got.total_s, abs=0.005)


def test_a_name_that_is_none_has_no_families():
    assert families(target_at(80, host="a..b")) == ()


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
def test_a_failed_look_up_is_told_and_tried_again(monkeypatch, error):
    def failing(_host, _port):
        raise error

    async def run():
        async with served(answering(answer())) as port, wired() as wire:
            target = target_at(port, host="staging.example", private=True)
            monkeypatch.setattr(looking_up, "ask_system", failing)
            failed = await refused(wire.fetch(ask(target)))
            led_to(monkeypatch, ("127.0.0.1", port))
            return failed, (await wire.fetch(ask(target))).status

    failed, status = asyncio.run(run())
    assert (what(failed), status) == (("name", "dns"), 200)
    assert "staging.example" in failed.trouble.message


def families(target, *, ask_twice=False, **environ):
    async def run():
        async with wired(**environ) as wire:
            found = await wire.families(target)
            return (found, await wire.families(target)) if ask_twice else found

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("peers", "expected"),
    [
        (("127.0.0.1",), (4,)),
        (("::1",), (6,)),
        (("::1", "127.0.0.1", "127.0.0.2"), (4, 6)),
        (("127.0.0.1", "fe80::1"), (4,)),
        (("169.254.169.254", "::1"), (6,)),
        (("169.254.169.254",), ()),
        ((), ()),
    ],
)
def test_families_are_those_of_the_addresses_that_may_be_contacted(monkeypatch, peers, expected):
    monkeypatch.setattr(looking_up, "_routed", lambda _family, _peer: True)
    led_to(monkeypatch, *((peer, 80) for peer in peers))
    assert families(target_at(80, host="staging.example", private=True)) == expected


def test_a_family_to_which_this_machine_has_no_way_is_not_named(monkeypatch):
    monkeypatch.setattr(looking_up, "_routed", lambda family, _peer: family == socket.AF_INET)
    led_to(monkeypatch, ("::1", 80), ("127.0.0.1", 80))
    assert families(target_at(80, host="staging.example", private=True)) == (4,)


def test_a_way_is_known_without_sending_anything():
    assert looking_up._routed(socket.AF_INET, ("127.0.0.1", 9))
    assert not looking_up._routed(socket.AF_INET, ("255.255.255.255", 9))


def test_an_address_has_its_own_family():
    assert families(target_at(80, host="127.0.0.1")) == (4,)


def test_there_are_no_families_behind_a_proxy_nor_without_an_answer(monkeypatch):
    led_to(monkeypatch, ("127.0.0.1", 80))
    named = target_at(80, host="staging.example", private=True)
    assert families(named, http_proxy="http://127.0.0.1:1") == ()
    assert families(named, http_proxy="http://:port") == ()

    def failing(_host, _port):
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(looking_up, "ask_system", failing)
    assert families(named) == ()


def test_families_do_not_wait_long_for_a_slow_resolver(stuck, monkeypatch):
    monkeypatch.setattr("releasegate.wire.live.LONGEST_LOOK_UP_S", 0.1)
    assert families(target_at(80, host="slow.example")) == ()


def test_families_are_asked_for_once_a_run(monkeypatch):
    asked = []
    found = ((socket.AF_INET, ("127.0.0.1", 80)),)
    monkeypatch.setattr(looking_up, "ask_system", lambda host, _port: asked.append(host) or found)
    monkeypatch.setattr(looking_up, "KEPT_S", 0.0)
    assert families(target_at(80, host="staging.example", private=True), ask_twice=True) == ((4,), (4,))
    assert asked == ["staging.example"]


def test_a_connection_that_is_reset_at_once_is_still_a_contact():
    async def run():
        async with served(saying(end="reset")) as port, wired() as wire:
            return await wire.connect_tcp(target_at(port, scheme="tcp"), 5)

    assert asyncio.run(run())[0].address == "127.0.0.1"
