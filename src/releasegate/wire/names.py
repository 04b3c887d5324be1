"""A host and a port in, the addresses at which it is found out; looked up in threads that nobody waits for.

A resolver may take half a minute, and nothing can end its call. So it is called in a daemon thread of its own:
asyncio's executor and libcurl's resolver would both be waited for at the end of a run.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from releasegate.config.model import Target
from releasegate.wire.address import literal_kind, refusal

KEPT_S = 60.0
VERSIONS: dict[int, int] = {socket.AF_INET: 4, socket.AF_INET6: 6}
Addresses = tuple[tuple[int, tuple[Any, ...]], ...]
Name = tuple[str, int]


class Names:
    """The look-ups of one run, on one loop. Of one name there is one at a time, for all who ask."""

    def __init__(self) -> None:
        self.found: dict[Name, tuple[float, Addresses]] = {}
        self.running: dict[Name, asyncio.Future[Addresses | Exception]] = {}

    def known(self, host: str, port: int) -> Addresses | None:
        """Give what was found within the last minute."""
        at, addresses = self.found.get((host, port), (0.0, None))
        return addresses if addresses is not None and asyncio.get_running_loop().time() - at < KEPT_S else None

    async def find(self, host: str, port: int) -> Addresses:
        """Look a name up. Raises OSError, UnicodeError; cancelling leaves the look-up to itself."""
        literal = numeric(host, port)
        if literal is not None:
            return literal
        name = (host, port)
        outcome = await asyncio.shield(self.running.get(name) or self._begin(name))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _begin(self, name: Name) -> "asyncio.Future[Addresses | Exception]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Addresses | Exception] = loop.create_future()
        self.running[name] = future

        def settle(outcome: Addresses | Exception) -> None:
            del self.running[name]
            if not isinstance(outcome, Exception):
                self.found[name] = loop.time(), outcome
            future.set_result(outcome)

        def hand_over(outcome: Addresses | Exception) -> None:
            with suppress(RuntimeError):  # the loop was closed: nobody wants to know any more
                loop.call_soon_threadsafe(settle, outcome)

        threading.Thread(target=_look_up, args=(*name, hand_over), name="releasegate-name", daemon=True).start()
        return future


def _look_up(host: str, port: int, hand_over: Callable[[Addresses | Exception], None]) -> None:
    try:
        outcome: Addresses | Exception = ask_system(host, port)
    except (OSError, UnicodeError) as error:
        outcome = error
    hand_over(outcome)


def ask_system(host: str, port: int) -> Addresses:
    """Ask the system's resolver, for as long as it takes. Raises OSError, UnicodeError."""
    return _peers(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def numeric(host: str, port: int) -> Addresses | None:
    """Give the address that a host is itself; None when it is a name: no resolver is asked."""
    if literal_kind(host) is None:
        return None
    try:
        return _peers(socket.getaddrinfo(host.encode(), port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    except socket.gaierror:
        return None


def _peers(found: list[Any]) -> Addresses:
    return tuple((family, peer) for family, _, _, _, peer in found)


def permitted(addresses: Addresses, vet: Callable[[str], str | None]) -> tuple[Addresses, str]:
    """Give the addresses that may be contacted, and why others may not."""
    verdicts = [vet(str(peer[0])) for _, peer in addresses]
    left = tuple(address for address, refused in zip(addresses, verdicts, strict=True) if refused is None)
    return left, next(filter(None, verdicts), "the name has no address")


def families(addresses: Addresses, target: Target) -> tuple[int, ...]:
    """Give the versions of IP over which a target may be reached from this machine.

    A name may well have an IPv6 address where the machine has no way to any; to ask there would blame staging.
    """
    vetted, _ = permitted(addresses, lambda address: refusal(address, target))
    return tuple(sorted({VERSIONS[family] for family, peer in vetted if family in VERSIONS and _routed(family, peer)}))


def _routed(family: int, peer: tuple[Any, ...]) -> bool:
    """Tell whether there is a way to an address. A datagram's socket sends nothing when it connects."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(peer)
    except OSError:
        return False
    return True
