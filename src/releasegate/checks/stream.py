"""A probe and a declared target in, an open stream of bytes out, for kinds with a protocol of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from releasegate.checks.base import Probe
from releasegate.wire.types import Stream

SECURE = frozenset({"https", "rediss", "wss"})


@asynccontextmanager
async def stream(probe: Probe, name: str, timeout_s: float, *, tls: bool | None = None) -> AsyncIterator[Stream]:
    """Connect to a target by its name; the end of the block hangs up. Raises CouldNotLook, in it and before it.

    `timeout_s` bounds all of it, from the look-up of the name to the last byte. TLS is spoken where `tls` says so, or
    where nothing does and the target's scheme is a secure one. Phases and contact are recorded; what goes wrong within
    the block is blamed on the phase of the probe that is open.
    """
    target = probe.targets[name]
    probe.target, probe.doing = name, "connect"
    secure = target.scheme in SECURE if tls is None else tls
    opened, phases = await probe.wire.open_stream(target, timeout_s, tls=secure, blame=probe.trouble)
    probe.phases.extend(phases)
    try:
        yield opened
    finally:
        probe.contacts.append(opened.contact)
        await opened.close()
