"""A probe in, an httpx client out, for authors of kinds: it reaches declared targets only, is recorded and traced."""

import httpx

from releasegate.checks.base import Probe
from releasegate.wire.httpx_transport import WireTransport
from releasegate.wire.types import HttpAnswer


def client(probe: Probe) -> httpx.AsyncClient:
    """Open one for a sample; `async with` closes it.

    Phases and contact of each answer go into the probe. Where the world does not answer, CouldNotLook passes through;
    an URL on no declared target raises httpx.UnsupportedProtocol.
    """

    def hear(answer: HttpAnswer) -> None:
        probe.phases.extend(answer.phases)
        probe.contacts.append(answer.contact)

    async def trace(request: httpx.Request) -> None:
        request.headers.update(probe.traced(tuple(request.headers.items())))

    transport = WireTransport(probe.wire, probe.targets, hear)
    return httpx.AsyncClient(transport=transport, event_hooks={"request": [trace]}, trust_env=False)
