"""A request and its way in, where the names on the way lead out: as libcurl takes it, which then looks up none."""

import asyncio

from releasegate.config.model import Target
from releasegate.wire.address import refusal
from releasegate.wire.dial import Phases
from releasegate.wire.names import VERSIONS, Addresses, Name, Names, numeric, permitted
from releasegate.wire.proxy import Proxy
from releasegate.wire.slot import Way
from releasegate.wire.types import HttpRequest

RESOLVING = frozenset({"http", "https", "socks4a", "socks5h"})
"""Proxies that look up the target's name themselves."""


def names_on(target: Target, proxy: Proxy | None) -> tuple[Name, ...]:
    """Give what must be looked up on the way to a target."""
    asked = [] if proxy is None else [(proxy.host, proxy.port)]
    if proxy is None or proxy.scheme not in RESOLVING:
        asked.append((target.host, target.port))
    return tuple(name for name in asked if numeric(*name) is None)


async def lead(request: HttpRequest, way: Way, names: Names) -> tuple[list[str], float]:
    """Look up the names on a way; give libcurl's lines for them, and the time it took. Raises CouldNotLook."""
    loop = asyncio.get_running_loop()
    began, lines = loop.time(), []
    phases = Phases(way.target, loop.time)
    if request.family is not None:
        _choose(request.family, way, phases)
    looked_up = False
    for host, port in way.names:
        addresses = names.known(host, port)
        if addresses is None:
            looked_up = True
            addresses = await _find(host, port, phases, names, began + request.timeout_s)
        if (host, port) == (way.target.host, way.target.port):
            addresses = _vetted(addresses, request.family, phases)
        line = _line(host, port, addresses)
        if line:
            lines.append(line)
    return lines, loop.time() - began if looked_up else 0.0


def _choose(family: int, way: Way, phases: Phases) -> None:
    """Refuse a version of IP that cannot be chosen."""
    phases.doing = "connect"
    if way.proxy is not None:
        raise phases.trouble("not allowed", "the proxy chooses the address: nothing was sent")
    if not way.names and family != (6 if ":" in way.target.host else 4):
        raise phases.trouble("unreachable", f"{way.target.host} is no IPv{family} address: nothing was sent")


async def _find(host: str, port: int, phases: Phases, names: Names, ends: float) -> Addresses:
    phases.host = host
    try:
        async with asyncio.timeout_at(ends):
            with phases.phase("name"):
                return await names.find(host, port)
    except TimeoutError:
        raise phases.trouble("timeout", f"{host} was not looked up in time") from None


def _vetted(addresses: Addresses, family: int | None, phases: Phases) -> Addresses:
    target = phases.target
    left, refused = permitted(addresses, lambda address: refusal(address, target))
    phases.doing = "connect"
    if not left:
        raise phases.trouble("not allowed", refused)
    if family is not None and not any(VERSIONS.get(known) == family for known, _ in left):
        raise phases.trouble("unreachable", f"{target.host} has no IPv{family} address: nothing was sent")
    return left


def _line(host: str, port: int, addresses: Addresses) -> str:
    """Write an entry for libcurl; it takes no address with a zone."""
    texts = [str(peer[0]) for _, peer in addresses]
    joined = ",".join(f"[{text}]" if ":" in text else text for text in texts if "%" not in text)
    return f"{host}:{port}:{joined}" if joined else ""
