"""Every example of docs/kinds/tcp.md loads, and what the page says comes of a connection does."""

import asyncio
import socket
import time

import pytest
from docs_examples import checks, codes, page, rows, shown

from releasegate.checks.tcp import CONNECTS, DEFAULT_TIMEOUT_S, EXPECT, KIND
from releasegate.config.load import load
from releasegate.config.model import Target
from releasegate.sample import World, take
from releasegate.sampling import PROFILES
from releasegate.wire.live import LiveWire

PAGE = page("kinds/tcp.md")
HEAD = """\
targets:
  cache: {url: "tcp://cache.test:6379"}
  queue: {url: "tcp://queue.test:5672"}
"""


@pytest.mark.parametrize("example", shown(PAGE, "yaml check"), ids=lambda text: text.partition(":")[0])
def test_an_example_loads(example):
    (check,) = checks(HEAD, example)
    assert check.kind == "tcp"


def test_the_control_that_is_shown_loads():
    (text,) = shown(PAGE, "yaml releasegate")
    assert load(text, {}, file="docs.yml").control.kind == "tcp"


def test_every_key_is_in_its_table_and_none_is_invented():
    assert [codes(row[0])[0] for row in rows(PAGE)] == list(KIND.table.fields)
    assert [codes(row[0])[0] for row in rows(PAGE[PAGE.index("| key | judges") :])] == list(EXPECT.fields)


def test_the_defaults_are_those_of_the_code():
    (first, *_) = shown(PAGE, "yaml check")
    spec = checks(HEAD, first)[0].spec
    assert f"`{DEFAULT_TIMEOUT_S:g}s`" in PAGE
    assert spec.timeout_s == DEFAULT_TIMEOUT_S
    assert f"`{CONNECTS[0].subject} == true`" in PAGE
    assert PROFILES[KIND.reads_by_default].passes_needed[0] == 7


async def sampled(port, check):
    """Take one sample of a check against a port of this machine."""
    target = Target(name="cache", url=f"tcp://127.0.0.1:{port}", scheme="tcp", host="127.0.0.1", port=port)
    wire = LiveWire(environ={}, clock=time.monotonic)
    world = World(
        targets={"cache": target},
        wire=wire,
        credentials=None,
        clock=time.monotonic,
        wall=lambda: "2026-03-01T12:00:00.000Z",
        sleep=asyncio.sleep,
        nonce=lambda: "0" * 32,
    )
    return (await take(KIND, check.spec, {}, world)).sample


def test_what_comes_of_it_is_what_the_page_says():
    check = checks(HEAD, shown(PAGE, "yaml check")[0])[0]
    strict = checks(HEAD, "fast:\n  tcp:\n    connect: cache\n    expect: {latency: 0ms}\n")[0]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        met = asyncio.run(sampled(port, check))
        slow = asyncio.run(sampled(port, strict))
    refused = asyncio.run(sampled(port, check))
    assert [phase.name for phase in met.phases] == ["name", "connect"]
    assert met.met
    for signature in (slow.signature, refused.signature):
        assert f"`{signature}`" in PAGE
    assert (slow.outcome, refused.outcome) == ("unmet", "trouble")
