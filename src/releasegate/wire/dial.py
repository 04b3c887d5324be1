"""A target in, a connected socket to a vetted address out, with the phases that it took."""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Phase, Trouble
from releasegate.wire.address import literal_refusal, refusal
from releasegate.wire.names import Addresses, Names, permitted
from releasegate.wire.proxy import BadProxyError, Proxy, proxy_for
from releasegate.wire.reasons import OS_REASONS

LONGEST_PROXY_ANSWER = 16 * 1024
LONGEST_MESSAGE = 300
HEAD_ENDS = b"\r\n\r\n"
SUCCESS = b"2"


class Phases:
    """Times phases one after the other, and turns what the world does in one into CouldNotLook."""

    def __init__(self, target: Target, clock: Callable[[], float]) -> None:
        self.target = target
        self.clock = clock
        self.done: list[Phase] = []
        self.doing = "name"
        self.host = target.host
        """Whose name is looked up; a proxy's when there is one."""
        self.peer = ""
        """The address that was connected to: a socket that was reset at once cannot tell any more."""
        self.contact: Callable[[], Contact] | None = None
        """Who was reached, once somebody was."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.doing, began = name, self.clock()
        failure = None
        try:
            yield
        except TimeoutError:
            raise
        except ssl.SSLCertVerificationError as error:
            failure = "tls", f"the certificate is not trusted: {error.verify_message}"
        except ssl.SSLError as error:
            failure = "tls", error.reason or str(error)
        except socket.gaierror as error:
            failure = "dns", f"{self.host}: {error.strerror or error}"
        except UnicodeError:  # what Python says of a name with an empty or too long part
            failure = "dns", f"{self.host} is no name that can be looked up"
        except OSError as error:
            failure = OS_REASONS.get(error.errno or 0, "closed"), error.strerror or str(error)
        finally:
            self.done.append(Phase(name=name, duration_s=self.clock() - began))
        if failure is not None:
            raise self.trouble(*failure)

    def trouble(self, reason: str, message: str) -> CouldNotLook:
        trouble = Trouble(
            phase=self.doing, reason=reason, message=message[:LONGEST_MESSAGE], target=self.target.name
        )  # fmt: skip
        return CouldNotLook(trouble, tuple(self.done), self.contact() if self.contact is not None else None)


async def dial(
    target: Target, phases: Phases, environ: Mapping[str, str], names: Names, timeout_s: float
) -> socket.socket:
    """Connect to a target, through a proxy if the environment names one. Raises CouldNotLook, TimeoutError."""
    ends = asyncio.get_running_loop().time() + timeout_s
    proxy = _proxy(target, phases, environ) if target.scheme in {"ws", "wss"} else None
    if proxy is not None:
        return await _through(proxy, target, phases, names, ends)
    with phases.phase("name"):
        addresses = await names.find(target.host, target.port)
    return await _connect(addresses, phases, ends, vet=lambda address: refusal(address, target))


def _proxy(target: Target, phases: Phases, environ: Mapping[str, str]) -> Proxy | None:
    phases.doing = "connect"
    try:
        proxy = proxy_for(target, environ)
    except BadProxyError as error:
        raise phases.trouble("proxy", str(error)) from None
    refused = None if proxy is None else literal_refusal(target)
    if refused is not None:
        raise phases.trouble("not allowed", refused)
    if proxy is not None and proxy.scheme != "http":
        raise phases.trouble("proxy", f"a WebSocket goes through http:// proxies only, not {proxy.scheme}://")
    return proxy


async def _connect(
    addresses: Addresses, phases: Phases, ends: float, vet: Callable[[str], str | None]
) -> socket.socket:
    """Connect to the first address that may be contacted and answers; each gets its share of the time that is left."""
    vetted, refused = permitted(addresses, vet)
    failed: OSError | None = None
    with phases.phase("connect"):
        if not vetted:
            raise phases.trouble("not allowed", refused)
        for tried, (family, peer) in enumerate(vetted):
            left_s = ends - asyncio.get_running_loop().time()
            try:
                sock = await _open(family, peer, left_s / (len(vetted) - tried))
            except OSError as error:
                failed = error
            else:
                phases.peer = str(peer[0])
                return sock
        raise failed or TimeoutError
    raise AssertionError  # the phase ends in a socket or an exception


async def _open(family: int, peer: tuple[Any, ...], timeout_s: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(timeout_s):
            await asyncio.get_running_loop().sock_connect(sock, peer)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


async def _through(proxy: Proxy, target: Target, phases: Phases, names: Names, ends: float) -> socket.socket:
    """Connect through an HTTP proxy's CONNECT. The operator named the proxy; its address is not vetted."""
    phases.host = proxy.host
    with phases.phase("name"):
        addresses = await names.find(proxy.host, proxy.port)
    sock = await _connect(addresses, phases, ends, vet=lambda _address: None)
    loop = asyncio.get_running_loop()
    try:
        with phases.phase("proxy"):
            await loop.sock_sendall(sock, _connect_request(proxy, target))
            answer = b""
            while not answer.endswith(HEAD_ENDS) and len(answer) < LONGEST_PROXY_ANSWER:
                got = await loop.sock_recv(sock, 1)  # byte by byte: what follows belongs to the target
                if not got:
                    break
                answer += got
        status = b"".join(answer.split(b" ", 2)[1:2])
        if not status.startswith(SUCCESS) or not answer.endswith(HEAD_ENDS):
            said = answer.partition(b"\r\n")[0].decode("latin-1") or "nothing and closed the connection"
            raise phases.trouble("proxy", f"the proxy said {said[:80]}")  # noqa: TRY301 - the socket is closed below
    except BaseException:
        sock.close()
        raise
    return sock


def _connect_request(proxy: Proxy, target: Target) -> bytes:
    host = f"[{target.host}]" if ":" in target.host else target.host
    lines = [f"CONNECT {host}:{target.port} HTTP/1.1", f"Host: {host}:{target.port}"]
    if proxy.user is not None:
        pair = b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {pair}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
