"""A kind and its flow in, one sample over the real wire out."""

import asyncio
import time

from http_world import NONCE

from releasegate.sample import World, take
from releasegate.wire.live import LiveWire


class Badge:
    """Lets each identity show its own name."""

    async def headers(self, identity, target):
        return (("Authorization", f"Bearer {identity}"),)

    async def cookies(self, identity, target):
        return ()

    def fell_back(self, identity):
        return False


async def sampled(kind, flow, targets):
    wire = LiveWire(environ={}, clock=time.monotonic)
    world = World(
        targets=targets,
        wire=wire,
        credentials=Badge(),
        clock=time.monotonic,
        wall=lambda: "2026-01-02T03:04:05Z",
        sleep=asyncio.sleep,
        nonce=lambda: NONCE,
    )
    try:
        return (await take(kind, flow, {}, world)).sample
    finally:
        await wire.aclose()
