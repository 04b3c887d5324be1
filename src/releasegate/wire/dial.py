"""A target in, a connected socket to a vetted address out, with the phases that it took."""

import asyncio
import errno
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.model import Phase, Trouble
from releasegate.wire.address import refusal
from releasegate.wire.proxy import proxy_for

OS_REASONS = {
    errno.ECONNREFUSED: "refused",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
    errno.EADDRNOTAVAIL: "unreachable",
    errno.ETIMEDOUT: "timeout",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
}
LONGEST_PROXY_ANSWER = 16 * 1024
OK = b"200"


class Phases:
    """Times phases one after the other, and turns what the world does in one into CouldNotLook."""

    def __init__(self, target: Target, clock: Callable[[], float]) -> None:
        self.target = target
        self.clock = clock
        self.done: list[Phase] = []
        self.doing = "name"

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.doing, began = name, self.clock()
        try:
            yield
        except ssl.SSLError as error:
            raise self.trouble("tls", error.reason or str(error)) from None
        except socket.gaierror as error:
            raise self.trouble("dns", error.strerror or str(error)) from None
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            raise self.trouble(OS_REASONS.get(error.errno or 0, "closed"), error.strerror or str(error)) from None
        finally:
            self.done.append(Phase(name=name, duration_s=self.clock() - began))

    def trouble(self, reason: str, message: str) -> CouldNotLook:
        trouble = Trouble(phase=self.doing, reason=reason, message=message[:300], target=self.target.name)
        return CouldNotLook(trouble, tuple(self.done))


async def dial(target: Target, phases: Phases, environ: Mapping[str, str]) -> socket.socket:
    """Connect to a target, through a proxy if the environment names one. Raises CouldNotLook, TimeoutError."""
    proxy = proxy_for(target, environ) if target.scheme in {"ws", "wss"} else None
    if proxy is not None:
        return await _through(proxy, target, phases)
    with phases.phase("name"):
        addresses = await _resolve(target.host, target.port)
    return await _connect(addresses, phases, vet=lambda address: refusal(address, target))


async def _resolve(host: str, port: int) -> list[tuple[int, tuple[object, ...]]]:
    """Give families and socket addresses; a literal address needs no look-up."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, peer) for family, _, _, _, peer in found]


async def _connect(
    addresses: list[tuple[int, tuple[object, ...]]], phases: Phases, vet: Callable[[str], str | None]
) -> socket.socket:
    """Connect to the first address that may be contacted and answers."""
    loop = asyncio.get_running_loop()
    refused = failed = None
    with phases.phase("connect"):
        for family, peer in addresses:
            refused = vet(str(peer[0])) or refused
            if vet(str(peer[0])):
                continue
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            try:
                await loop.sock_connect(sock, peer)
            except OSError as error:
                sock.close()
                failed = error
            except BaseException:
                sock.close()
                raise
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock
        if failed is not None:
            raise failed
        raise phases.trouble("not allowed", refused or "the name has no address")


async def _through(proxy: str, target: Target, phases: Phases) -> socket.socket:
    """Connect through an HTTP proxy's CONNECT. The operator named the proxy; its address is not vetted."""
    parts = urlsplit(proxy)
    with phases.phase("name"):
        addresses = await _resolve(parts.hostname or "", parts.port or 80)
    sock = await _connect(addresses, phases, vet=lambda _address: None)
    loop = asyncio.get_running_loop()
    try:
        with phases.phase("proxy"):
            host = f"[{target.host}]" if ":" in target.host else target.host
            lines = [f"CONNECT {host}:{target.port} HTTP/1.1", f"Host: {host}:{target.port}"]
            if parts.username is not None:
                pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
                lines.append(f"Proxy-Authorization: Basic {b64encode(pair.encode()).decode()}")
            await loop.sock_sendall(sock, ("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = b""
            while b"\r\n\r\n" not in answer and len(answer) < LONGEST_PROXY_ANSWER:
                got = await loop.sock_recv(sock, 1)  # byte by byte: what follows belongs to the target
                if not got:
                    break
                answer += got
        if answer.split(b" ", 2)[1:2] != [OK]:
            said = answer.partition(b"\r\n")[0].decode("latin-1") or "nothing and closed the connection"
            raise phases.trouble("proxy", f"the proxy said {said[:80]}")  # noqa: TRY301 - the socket is closed below
    except BaseException:
        sock.close()
        raise
    return sock
