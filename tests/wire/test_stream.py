"""A stream of bytes to a declared target: counted, bounded, vetted, closed; and what goes wrong has its phase."""

import asyncio
import gc

import pytest
from wire_world import Authority, led_to, names, served, target_at, wired

from releasegate.checks.base import Probe
from releasegate.checks.stream import stream
from releasegate.errors import CouldNotLook


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def telling(said=b"220 ready\r\n", *, end="wait"):
    """A handler that says something, then what it hears back, and then closes, resets or waits."""

    async def handle(reader, writer):
        writer.write(said)
        await writer.drain()
        while end == "wait" and (heard := await reader.read(1000)):
            writer.write(heard)
            await writer.drain()
        if end == "reset":
            await reader.read(1)
            writer.transport.abort()

    return handle


def spoken(talk, handle=None, *, context=None, timeout_s=5.0, tls=None, scheme="tcp", **more):
    """Speak to a server; give the probe, what was said, and why it ended early."""

    async def run():
        async with served(handle or telling(), context=context) as port, wired() as wire:
            target = target_at(port, scheme=scheme, **more)
            probe = Probe(
                scope={}, targets={"api": target}, wire=wire, credentials=None,
                clock=asyncio.get_running_loop().time, sleep=asyncio.sleep, began=0.0,
            )  # fmt: skip
            try:
                async with stream(probe, "api", timeout_s, tls=tls) as open_one:
                    with probe.phase("talk"):
                        return probe, await talk(open_one), None
            except CouldNotLook as error:
                probe.phases.extend(error.phases)
                return probe, None, error.trouble

    return asyncio.run(run())


async def greeting(open_one):
    return await open_one.receive_until(b"\r\n")


def test_what_is_said_comes_back_and_every_byte_is_counted():
    async def talk(open_one):
        await open_one.receive_until(b"\r\n")
        await open_one.send(b"EHLO gate\r\n")
        return await open_one.receive_exactly(4), await open_one.receive(100)

    probe, heard, trouble = spoken(talk)
    assert (heard, trouble) == ((b"EHLO", b" gate\r\n"), None)
    assert names(probe.phases) == ["name", "connect", "talk"]
    (contact,) = probe.contacts
    assert (contact.target, contact.address, contact.tls) == ("api", "127.0.0.1", None)
    assert (contact.bytes_sent, contact.bytes_received) == (11, 22)


def test_what_arrived_and_was_not_read_is_counted_too():
    async def talk(open_one):
        return await open_one.receive(1)

    probe, heard, _ = spoken(talk)
    assert heard == b"2"
    assert probe.contacts[0].bytes_received == 11


def test_the_end_of_a_stream_is_nothing():
    async def talk(open_one):
        await open_one.receive_until(b"\r\n")
        return await open_one.receive(10)

    assert spoken(talk, telling(end="close"))[1] == b""


@pytest.mark.parametrize(
    ("handle", "step", "reason", "message"),
    [
        (telling(b"22", end="close"), greeting, "closed", "after 2 bytes"),
        (telling(b"22", end="close"), lambda s: s.receive_exactly(3), "closed", "after 2 bytes"),
        (telling(b""), greeting, "timeout", "the time was over"),
        (telling(b"x" * 200_000), greeting, "too large", "65536 bytes"),
        (telling(), lambda s: s.receive_exactly(2000), "too large", "1000 bytes"),
    ],
    ids=["cut", "short", "silent", "no end", "too many"],
)
def test_what_the_world_does_is_blamed_on_the_open_phase(handle, step, reason, message):
    probe, _, trouble = spoken(step, handle, timeout_s=0.3, max_body=1000)
    assert (trouble.phase, trouble.reason, trouble.target) == ("talk", reason, "api")
    assert message in trouble.message
    assert len(probe.contacts) == 1


def test_a_reset_is_told_apart():
    async def talk(open_one):
        await greeting(open_one)
        for _ in range(100):
            await open_one.send(b"x" * 10_000)
        return await open_one.receive(1)

    trouble = spoken(talk, telling(end="reset"))[2]
    assert (trouble.phase, trouble.reason) == ("talk", "reset")


def test_nothing_beyond_the_targets_bound_is_taken_in_pieces():
    async def talk(open_one):
        while await open_one.receive(10_000):
            pass

    trouble = spoken(talk, telling(b"x" * 500_000), max_body=100_000)[2]
    assert (trouble.reason, trouble.message) == ("too large", "what came is larger than 100000 bytes")


def test_one_deadline_bounds_a_dripping_server():
    async def drip(reader, writer):
        for _ in range(100):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def talk(open_one):
        for _ in range(100):
            await open_one.receive_exactly(1)

    assert spoken(talk, drip, timeout_s=0.2)[2].reason == "timeout"


@pytest.mark.parametrize(("scheme", "tls"), [("rediss", None), ("https", None), ("tcp", True)])
def test_tls_is_spoken_where_the_scheme_or_the_kind_says_so(authority, scheme, tls):
    probe, heard, trouble = spoken(
        greeting, context=authority.context("127.0.0.1"), ca=authority.bundle, scheme=scheme, tls=tls
    )
    assert (heard, trouble) == (b"220 ready\r\n", None)
    assert names(probe.phases) == ["name", "connect", "TLS", "talk"]
    assert "Test authority" in probe.contacts[0].tls


def test_a_certificate_of_nobody_we_trust_is_trouble(authority):
    probe, _, trouble = spoken(greeting, context=authority.context("127.0.0.1"), tls=True)
    assert (trouble.phase, trouble.reason) == ("TLS", "tls")
    assert names(probe.phases) == ["name", "connect", "TLS"]


def test_a_handshake_that_is_not_answered_ends_in_time():
    async def mute(reader, writer):
        await reader.read()

    trouble = spoken(greeting, mute, tls=True, timeout_s=0.2)[2]
    assert (trouble.phase, trouble.reason) == ("TLS", "timeout")


def test_nobody_listening_is_refused():
    async def run():
        async with wired() as wire:
            target = target_at(1, scheme="tcp")
            probe = Probe(
                scope={}, targets={"api": target}, wire=wire, credentials=None, clock=lambda: 0.0, sleep=None, began=0.0
            )
            with pytest.raises(CouldNotLook) as refused:
                async with stream(probe, "api", 1.0):
                    pass
            return probe, refused.value.trouble

    probe, trouble = asyncio.run(run())
    assert (trouble.phase, trouble.reason) == ("connect", "refused")
    assert probe.contacts == []


def test_an_address_that_is_not_allowed_is_not_contacted(monkeypatch):
    led_to(monkeypatch, ("169.254.169.254", 80))
    trouble = spoken(greeting, host="staging.example", private=True)[2]
    assert (trouble.phase, trouble.reason) == ("connect", "not allowed")


@pytest.mark.parametrize("end", ["bug", "cancelled"])
def test_the_connection_is_closed_however_the_block_ends(end):
    async def run():
        gone = asyncio.Event()

        async def handle(reader, writer):
            writer.write(b"x")
            await reader.read()
            gone.set()

        async def talk(probe):
            async with stream(probe, "api", 5.0) as open_one:
                await open_one.receive_exactly(1)
                if end == "bug":
                    raise KeyError(end)
                await open_one.receive_exactly(1)

        async with served(handle) as port, wired() as wire:
            probe = Probe(
                scope={}, targets={"api": target_at(port, scheme="tcp")}, wire=wire, credentials=None,
                clock=lambda: 0.0, sleep=None, began=0.0,
            )  # fmt: skip
            try:
                async with asyncio.timeout(0.2):
                    await talk(probe)
            except (KeyError, TimeoutError) as error:
                said = type(error)
            await asyncio.wait_for(gone.wait(), 5)
            return said, len(probe.contacts)

    assert asyncio.run(run()) == (KeyError if end == "bug" else TimeoutError, 1)
    gc.collect()  # what was left open would warn, and a warning fails the test
