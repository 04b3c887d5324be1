"""Servers that behave badly: each is trouble with its name, in bounded time, and never a bug of ours."""

import asyncio
import gzip
import json
import threading
import time
from contextlib import contextmanager

import pytest
from mcp_world import sample
from wire_world import answer, read_request, served

from releasegate.model import Outcome

TOOLS = {"connect": "api:/mcp", "expect": {"tools": ["a"]}, "timeout": "2s"}
JSON = "Content-Type: application/json"
STREAM = "Content-Type: text/event-stream"
TOOL = {"name": "a", "inputSchema": {"type": "object"}}


@contextmanager
def serving(handle):
    """Serve in a thread, as the sample has a loop of its own; gives the url."""
    loop, ready, port = asyncio.new_event_loop(), threading.Event(), []
    done = asyncio.Event()

    async def run():
        async with served(handle) as bound:
            port.append(bound)
            ready.set()
            await done.wait()
            await asyncio.sleep(0.1)  # who came last is let in before the door is shut
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield f"http://127.0.0.1:{port[0]}"
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


def hello(version="2025-06-18", **more):
    info = {"name": "bad", "version": "1"}
    return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info, **more}


def speaking(reply):
    """A handler that answers each message by `reply(message)`: bytes, a result, or None for 202."""

    async def handle(reader, writer):
        while True:
            head, body = await read_request(reader)
            if not head:
                return
            if head.startswith("GET"):
                writer.write(answer(b"", status="405 Method Not Allowed"))
                continue
            said = reply(json.loads(body)) if body else None
            if said is None:
                writer.write(answer(b"", status="202 Accepted"))
            elif isinstance(said, bytes):
                writer.write(said)
            else:
                writer.write(answer(json.dumps(said).encode(), JSON))
            await writer.drain()

    return handle


def after_hello(reply):
    """A server that shakes hands as it should, and lists its tools by `reply(message)`."""

    def answering(message):
        if message["method"] == "initialize":
            return result(message, hello())
        return reply(message) if message["method"] == "tools/list" else None

    return speaking(answering)


def result(message, value):
    return {"jsonrpc": "2.0", "id": message.get("id"), "result": value}


def error(message, code=-32603, text="it broke"):
    return {"jsonrpc": "2.0", "id": message.get("id"), "error": {"code": code, "message": text}}


def packed(message):
    return gzip.compress(json.dumps(message).encode())


def cut(message):
    del message
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"


HUGE = answer(b'{"jsonrpc": "2.0", "id": 1, "result": {"x": "' + b"x" * 600_000 + b'"}}', JSON)
BAD = {
    "a login page": (speaking(lambda _: answer(b"<html>", "Content-Type: text/html")), "mcp initialize protocol"),
    "401": (speaking(lambda _: answer(b"no", status="401 Unauthorized")), "mcp initialize status 401"),
    "a redirect": (
        speaking(lambda _: answer(b"", "Location: http://127.0.0.1:1/", status="307 T")),
        "mcp initialize status 307",
    ),
    "no HTTP": (speaking(lambda _: b"SSH-2.0-OpenSSH\r\n\r\n"), "mcp initialize protocol"),
    "no JSON": (speaking(lambda _: answer(b"{", JSON)), "mcp initialize protocol"),
    "a packed answer": (
        speaking(lambda m: answer(packed(result(m, hello())), JSON, "Content-Encoding: gzip")),
        "mcp initialize protocol",
    ),
    "another version": (speaking(lambda m: result(m, hello("1999-01-01"))), "mcp initialize protocol"),
    "no result of a handshake": (speaking(lambda m: result(m, {"x": 1})), "mcp initialize protocol"),
    "an error": (speaking(error), "mcp initialize error -32603"),
    "another id": (speaking(lambda m: {**result(m, hello()), "id": 77}), None),
    "too much": (speaking(lambda _: HUGE), "mcp initialize too large"),
    "half an answer": (after_hello(cut), "mcp tools timeout"),
    "an error of the listing": (after_hello(error), "mcp tools error -32603"),
    "tools that are none": (after_hello(lambda m: result(m, {"tools": [{"name": 5}]})), "mcp tools protocol"),
    "two tools of one name": (after_hello(lambda m: result(m, {"tools": [TOOL, TOOL]})), "mcp tools protocol"),
    "pages without end": (
        after_hello(lambda m: result(m, {"tools": [], "nextCursor": "again"})),
        "mcp tools too large",
    ),
    "an accepted request": (after_hello(lambda _: None), "mcp tools protocol"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_server_that_behaves_badly_is_trouble_with_its_name(name):
    handle, signature = BAD[name]
    began = time.monotonic()
    with serving(handle) as url:
        one = sample(TOOLS, url)
    assert one.outcome is Outcome.TROUBLE
    assert signature is None or one.signature == signature
    assert one.signature.startswith("mcp ")
    assert one.target == "api"
    assert time.monotonic() - began < 8


def test_where_tls_is_declared_nothing_is_said_in_the_clear():
    heard = []

    async def handle(reader, writer):
        heard.append(await reader.read(3))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    with serving(handle) as url:
        one = sample(TOOLS, url.replace("http://", "https://"))
    assert (one.outcome, one.signature) == (Outcome.TROUBLE, "mcp TLS tls")
    assert {beginning[:2] for beginning in heard} == {b"\x16\x03"}  # a handshake


def test_a_server_without_tools_has_none():
    reply = speaking(lambda m: result(m, hello(capabilities={})) if m["method"] == "initialize" else None)
    with serving(reply) as url:
        one = sample(TOOLS, url)
    assert (one.outcome, one.signature) == (Outcome.UNMET, "mcp tools $.a exists")


def streaming(*parts, pause_s=0.0, end=False):
    """A handler that answers whatever is asked with an event stream."""

    async def handle(reader, writer):
        await read_request(reader)
        writer.write(f"HTTP/1.1 200 OK\r\n{STREAM}\r\n\r\n".encode())
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
        if not end:
            await asyncio.sleep(30)

    return handle


NOTE = b'event: message\ndata: {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": 1}}\n\n'


@pytest.mark.parametrize(
    ("handle", "signature"),
    [
        (streaming(), "mcp initialize timeout"),
        (streaming(end=True), "mcp initialize closed"),
        (streaming(b"data: {\n\n", end=True), "mcp initialize protocol"),
        (streaming(*[b": nothing\n\n"] * 50, pause_s=0.1), "mcp initialize timeout"),
        (streaming(*[NOTE] * 4_000), "mcp initialize too large"),
    ],
)
def test_a_stream_that_never_answers_ends_with_the_sample(handle, signature):
    began = time.monotonic()
    with serving(handle) as url:
        one = sample(TOOLS, url)
    assert (one.outcome, one.signature) == (Outcome.TROUBLE, signature)
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"event: endpoint\ndata: http://127.0.0.1:1/elsewhere\n\n",),
        (b"event: endpoint\ndata: /messages\n\n",),
        (b"data: {\n\n",),
    ],
)
def test_a_server_of_the_older_transport_that_says_too_little_is_trouble(parts):
    check = {"connect": "api:/sse", "transport": "sse", "expect": {"tools": ["a"]}, "timeout": "1s"}
    for handle in (streaming(*parts), streaming(*parts, end=True)):
        with serving(handle) as url:
            one = sample(check, url)
        assert one.outcome is Outcome.TROUBLE
        assert one.signature.startswith("mcp ")


def event(value, name="e1"):
    return f"id: {name}\nevent: message\ndata: {json.dumps(value)}\n\n".encode()


@pytest.mark.parametrize(
    ("parts", "signature"),
    [
        ((event({"jsonrpc": "2.0", "id": 4711, "result": hello()}),), "mcp initialize protocol"),
        ((b"id: e1\ndata:\n\n",), "mcp initialize closed"),
        ((NOTE.replace(b"event:", b"id: e1\nevent:"),), "mcp initialize closed"),
    ],
)
def test_no_answer_to_another_request_is_taken_and_none_is_asked_for_again(parts, signature):
    heard = []

    async def once(reader, writer):
        head, _ = await read_request(reader)
        heard.append(head)
        writer.write(f"HTTP/1.1 200 OK\r\n{STREAM}\r\nConnection: close\r\n\r\n".encode() + b"".join(parts))

    with serving(once) as url:
        assert sample(TOOLS, url).signature == signature
    assert not any("last-event-id" in head.lower() for head in heard)


def test_no_pattern_of_a_server_can_hold_the_gate_up():
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    tool = {**TOOL, "outputSchema": schema}
    value = {"content": [], "structuredContent": {"a": "a" * 34 + "!"}}

    def reply(message):
        values = {"initialize": hello(), "tools/list": {"tools": [tool]}, "tools/call": value}
        return result(message, values[message["method"]]) if "id" in message else None

    began = time.monotonic()
    with serving(speaking(reply)) as url:
        assert sample({"connect": "api:/mcp", "call": {"tool": "a", "reads": True}, "timeout": "2s"}, url).met
    assert time.monotonic() - began < 5


def test_a_session_is_ended_with_the_sample_however_that_went_and_one_that_cannot_be_is_left_alone():
    heard = []

    def handle(reply_to_delete, tools):
        async def speak(reader, writer):
            while True:
                head, body = await read_request(reader)
                if not head:
                    return
                heard.append(head.partition(" ")[0])
                if head.startswith("DELETE"):
                    assert "mcp-session-id: s1" in head.lower()
                    writer.write(reply_to_delete)
                elif head.startswith("GET"):
                    writer.write(answer(b"", status="405 Method Not Allowed"))
                else:
                    message = json.loads(body)
                    value = hello() if message["method"] == "initialize" else {"tools": tools}
                    told = json.dumps(result(message, value)).encode()
                    writer.write(
                        answer(told, JSON, "Mcp-Session-Id: s1") if "id" in message else answer(b"", status="202 A")
                    )
                await writer.drain()

        return speak

    for reply in (answer(b""), answer(b"", status="405 M"), answer(b"", status="500 E"), b""):
        for tools, met in (([TOOL], True), ([TOOL, TOOL], False)):
            heard.clear()
            with serving(handle(reply, tools)) as url:
                assert sample(TOOLS, url).met is met
            assert heard.count("DELETE") == 1
