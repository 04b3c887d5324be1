"""A check and targets in, its samples over the real wire out; and relays that stand before a real store."""

import asyncio
import time
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from wire_world import served

from releasegate.checks.catalogue import kind
from releasegate.config.load import ConfigError, load
from releasegate.sample import World, take, witness
from releasegate.wire.live import LiveWire

NONCE = "0123456789abcdef0123456789abcdef"


def config(check, url="redis://cache.test", *, more="", lenient=False, **environ):
    """Load a config of one check against the target `store`; the url comes from the environment, as a secret does."""
    text = f"""
version: 1
targets:
  store: {{url: "${{STORE_URL}}"{more}}}
suites:
  s:
    checks:
      c: {check}
"""
    return load(text, {"STORE_URL": url, **environ}, file="gate.yml", lenient_env=lenient)


def refused(check, url="redis://cache.test", **more):
    """Give the one problem of a config that is refused."""
    try:
        config(check, url, **more)
    except ConfigError as error:
        (problem,) = error.problems
        return problem
    raise AssertionError("it was not refused")


async def took(loaded, values=None, *, environ=None):
    """Take one sample; give it with what it was judged from."""
    wire = LiveWire(environ=environ or {}, clock=time.monotonic)
    decl = loaded.suites[0].checks[0]
    world = World(
        targets=loaded.targets, wire=wire, credentials=None, clock=time.monotonic,
        wall=lambda: "2026-01-02T03:04:05Z", sleep=asyncio.sleep, nonce=lambda: NONCE,
    )  # fmt: skip
    try:
        taken = await take(kind(decl.kind), decl.spec, values or next(decl.cases()), world)
    finally:
        await wire.aclose()
    if taken.sample.met:
        assert witness(kind(decl.kind), decl.spec, taken) == (True, ()), "a green one that could not have been red"
    return taken.sample


def sampled(check, url, *, values=None, environ=None, **more):
    """Load and take one sample; every green one must have been able to be red."""
    return asyncio.run(took(config(check, url, **more), values, environ=environ))


def unmet(sample):
    return [e.text for e in sample.expectations if not e.met]


def through(url, port, **more):
    """Give a url that leads to a relay before the same store."""
    parts = urlsplit(url)
    userinfo = parts.netloc.rpartition("@")[0]
    host = more.get("host", "127.0.0.1")
    scheme = more.get("scheme", parts.scheme)
    return f"{scheme}://{userinfo}@{host}:{port}{parts.path}{more.get('query', '')}"


async def until(so):
    """Wait until something is so that another process decides; it must be within seconds."""
    async with asyncio.timeout(5):
        while not so():  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.01)


@asynccontextmanager
async def relayed(url, *, context=None, before=None, secret_after=0, seen=None):
    """Stand before a store and pass on what is said; give the port.

    `before(reader, writer)` speaks with the client first. After `secret_after` bytes of the store it falls silent.
    """
    parts = urlsplit(url)

    async def handle(reader, writer):
        if before:
            reader, writer = await before(reader, writer) or (reader, writer)
        from_store, to_store = await asyncio.open_connection(parts.hostname, parts.port)
        if seen is not None:
            seen.append(writer)

        async def pass_on(source, sink, most=None):
            passed = 0
            while data := await source.read(65536):
                passed += len(data)
                if most and passed > most:
                    await asyncio.Event().wait()
                sink.write(data)
                await sink.drain()
            sink.close()

        asking = asyncio.create_task(pass_on(reader, to_store))
        try:
            await pass_on(from_store, writer, secret_after)
        finally:
            asking.cancel()
            to_store.close()

    async with served(handle, context=context) as port:
        yield port
