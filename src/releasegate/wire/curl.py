"""HTTP requests in, answers with their phases out: libcurl's multi interface on the asyncio loop.

libcurl times name lookup, connect, TLS, first byte and total apart, names the peer, counts bytes both ways, bounds
time and size. A connection that the server closed while it lay idle is retried by libcurl itself on a new one,
before a byte of the answer was seen.
"""

import errno
import socket
from collections.abc import Mapping
from typing import Any

import pycurl

from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Phase, Trouble
from releasegate.wire.address import refusal
from releasegate.wire.proxy import proxy_for
from releasegate.wire.trust import bundle_for
from releasegate.wire.types import HttpAnswer, HttpRequest

KEPT_CONNECTIONS = 512
KEPT_HEADERS = 512
LARGEST_HEADERS = 256 * 1024
NOTHING = ""

TLS_CODES = frozenset({35, 51, 53, 54, 58, 59, 60, 64, 66, 77, 80, 82, 83, 90, 91, 98})
REASONS = {
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_COULDNT_RESOLVE_PROXY: "dns",
    pycurl.E_COULDNT_CONNECT: "refused",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_GOT_NOTHING: "closed",
    pycurl.E_PARTIAL_FILE: "closed",
    pycurl.E_RECV_ERROR: "reset",
    pycurl.E_SEND_ERROR: "reset",
    **dict.fromkeys(TLS_CODES, "tls"),
}
OS_REASONS = {
    errno.ECONNREFUSED: "refused",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
    errno.EADDRNOTAVAIL: "unreachable",
    errno.ETIMEDOUT: "timeout",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
}
CONNECTING = frozenset({pycurl.E_COULDNT_CONNECT, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR})


class Slot:
    """One easy handle with what its callbacks need to know of the request that it carries."""

    __slots__ = ("body", "curl", "limit", "lines", "plain", "proxied", "refused", "size", "target", "too_large")

    def __init__(self) -> None:
        self.curl = pycurl.Curl()
        self.begin(None, proxied=False)
        self.configure()

    def begin(self, target: Target | None, *, proxied: bool) -> None:
        self.target = target
        self.limit = target.max_body if target else 0
        self.proxied = proxied
        self.body: list[bytes] = []
        self.lines: list[bytes] = []
        self.size = 0
        self.plain = True
        self.refused: str | None = None
        self.too_large = False

    def configure(self) -> None:
        """Set what is the same for every request."""
        curl = self.curl
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.ACCEPT_ENCODING, NOTHING)
        curl.setopt(pycurl.PROXY, NOTHING)
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        curl.setopt(pycurl.HTTPGET, 1)
        curl.setopt(pycurl.WRITEFUNCTION, self._write)
        curl.setopt(pycurl.HEADERFUNCTION, self._header)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open)

    def reset(self) -> None:
        self.curl.reset()
        self.configure()

    def _write(self, chunk: bytes) -> int | None:
        self.size += len(chunk)
        if self.size > self.limit:
            self.too_large = True
            return -1
        self.body.append(chunk)
        return None

    def _header(self, line: bytes) -> int | None:
        self.size += len(line)
        if self.size > LARGEST_HEADERS + self.limit:
            self.too_large = True
            return -1
        if line.startswith(b"HTTP/"):  # an informational answer came first
            self.lines.clear()
            self.size = 0
        self.lines.append(line)
        return None

    def _open(self, _purpose: int, address: tuple[int, int, int, tuple[Any, ...]]) -> Any:
        """Open a socket to an address that libcurl resolved, if the target may be reached there."""
        family, kind, protocol, peer = address
        if self.target is not None and not self.proxied:
            self.refused = refusal(str(peer[0]), self.target)
            if self.refused:
                return pycurl.SOCKET_BAD
        return socket.socket(family, kind, protocol)


class CurlWire:
    """The HTTP half of a Wire. Bound to the loop on which it is first used; `aclose` ends it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.multi = pycurl.AsyncCurlMulti()
        self.multi.setopt(pycurl.M_MAXCONNECTS, KEPT_CONNECTIONS)
        self.idle: list[Slot] = []
        self.proxies: dict[str, str | None] = {}
        self.bundles: dict[str, str] = {}
        self.headers: dict[tuple[tuple[str, str], ...], list[str]] = {}
        self.certificates: dict[tuple[str, int], str] = {}

    async def fetch(self, request: HttpRequest) -> HttpAnswer:
        """Send a request and read its whole answer. Raises CouldNotLook with the phase at which the world failed."""
        slot = self.idle.pop() if self.idle else Slot()
        try:
            self._prepare(slot, request)
            await self.multi.add_handle(slot.curl)
            answer = self._answer(slot, request)
        except pycurl.error as error:
            trouble = self._trouble(slot, request, error)
            self._give_back(slot)
            raise trouble from None
        # a cancelled transfer's handle is still being taken out of the multi: it is left to die with the exception
        self._give_back(slot)
        return answer

    def _give_back(self, slot: Slot) -> None:
        if not slot.plain:
            slot.reset()
        slot.body, slot.lines = [], []
        self.idle.append(slot)

    def _prepare(self, slot: Slot, request: HttpRequest) -> None:
        target, curl = request.target, slot.curl
        proxy = self._proxy(target)
        slot.begin(target, proxied=proxy is not None)
        curl.setopt(pycurl.URL, _sound(request.url, "URL", request))
        curl.setopt(pycurl.HTTPHEADER, self._header_lines(request))
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(request.timeout_s * 1000)))
        if target.scheme == "https":
            curl.setopt(pycurl.CAINFO, self._bundle(target))
        if proxy is not None:
            slot.plain = False
            curl.setopt(pycurl.PROXY, proxy)
        if request.method != "GET" or request.body is not None:
            slot.plain = False
            _set_method(curl, request)
        if request.cookies is not None:
            slot.plain = False
            curl.setopt(pycurl.COOKIEFILE, NOTHING)  # turns the engine on
            curl.setopt(pycurl.COOKIELIST, "ALL")  # with an empty jar
            for line in request.cookies:
                curl.setopt(pycurl.COOKIELIST, line)

    def _proxy(self, target: Target) -> str | None:
        if target.name not in self.proxies:
            self.proxies[target.name] = proxy_for(target, self.environ)
        return self.proxies[target.name]

    def _bundle(self, target: Target) -> str:
        if target.name not in self.bundles:
            self.bundles[target.name] = bundle_for(target, self.environ)
        return self.bundles[target.name]

    def _header_lines(self, request: HttpRequest) -> list[str]:
        """Give libcurl's form of the headers; the same headers are written many times, so it is kept."""
        lines = self.headers.get(request.headers)
        if lines is None:
            lines = [
                f"{_sound(name, 'header name', request)}: {_sound(value, 'header', request)}" if value else f"{name};"
                for name, value in request.headers
            ]
            lines.append("Expect:")
            if len(self.headers) < KEPT_HEADERS:
                self.headers[request.headers] = lines
        return lines

    def _answer(self, slot: Slot, request: HttpRequest) -> HttpAnswer:
        info = slot.curl.getinfo
        return HttpAnswer(
            status=info(pycurl.RESPONSE_CODE),
            headers=_parse_headers(slot.lines),
            body=b"".join(slot.body),
            phases=_phases(info, secure=request.target.scheme == "https"),
            contact=self._contact(info, request.target),
            total_s=info(pycurl.TOTAL_TIME),
            cookies=None if request.cookies is None else tuple(info(pycurl.INFO_COOKIELIST)),
        )

    def _contact(self, info: Any, target: Target) -> Contact:
        return Contact(
            target=target.name,
            host=target.host,
            port=target.port,
            address=info(pycurl.PRIMARY_IP),
            tls=self._certificate(info, target) if target.scheme == "https" else None,
            bytes_sent=info(pycurl.REQUEST_SIZE) + int(info(pycurl.SIZE_UPLOAD)),
            bytes_received=info(pycurl.HEADER_SIZE) + int(info(pycurl.SIZE_DOWNLOAD)),
        )

    def _certificate(self, info: Any, target: Target) -> str | None:
        """Say whose certificate the peer showed; on a connection that is used again it is the one seen before."""
        peer = (target.host, target.port)
        chain = info(pycurl.INFO_CERTINFO)
        if chain:
            leaf = dict(entry for entry in chain[0] if len(entry) == 2)  # noqa: PLR2004 - name and value
            self.certificates[peer] = (
                f"{leaf.get('Subject', 'unknown')}, issued by {leaf.get('Issuer', 'unknown')}, "
                f"until {leaf.get('Expire date', 'unknown')}"
            )
        return self.certificates.get(peer)

    def _trouble(self, slot: Slot, request: HttpRequest, error: pycurl.error) -> CouldNotLook:
        code, message = error.args[0], str(error.args[1]) if len(error.args) > 1 else ""
        info = slot.curl.getinfo
        secure = request.target.scheme == "https"
        phases = _phases(info, secure=secure)
        phase = _open_phase(info, code, secure=secure)
        reason = REASONS.get(code, "protocol")
        if code in CONNECTING:
            reason = OS_REASONS.get(info(pycurl.OS_ERRNO), reason)
        if slot.refused:
            phase, reason, message = "connect", "not allowed", slot.refused
        elif slot.too_large or code == pycurl.E_FILESIZE_EXCEEDED:
            limit = request.target.max_body
            phase, reason, message = "transfer", "too large", f"the answer is larger than {limit} bytes"
        elif reason == "timeout":
            message = f"no complete answer within {request.timeout_s:g} s"
        contact = self._contact(info, request.target) if info(pycurl.PRIMARY_IP) else None
        return CouldNotLook(
            Trouble(phase=phase, reason=reason, message=_said(message, request), target=request.target.name),
            phases,
            contact,
        )

    async def aclose(self) -> None:
        await self.multi.aclose()
        for slot in self.idle:
            slot.curl.close()
        self.idle.clear()


def _set_method(curl: Any, request: HttpRequest) -> None:
    if request.method == "HEAD":
        curl.setopt(pycurl.NOBODY, 1)
        return
    if request.body is not None:
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.POSTFIELDSIZE_LARGE, len(request.body))
        curl.setopt(pycurl.POSTFIELDS, request.body)
    curl.setopt(pycurl.CUSTOMREQUEST, request.method)


def _sound(text: str, what: str, request: HttpRequest) -> str:
    """Refuse text that would end a line of the request. Raises CouldNotLook."""
    if "\r" in text or "\n" in text or "\0" in text:
        trouble = Trouble(
            phase="request", reason="not allowed", message=f"a {what} with a line break was not sent",
            target=request.target.name,
        )  # fmt: skip
        raise CouldNotLook(trouble)
    return text


def _said(message: str, request: HttpRequest) -> str:
    """Give libcurl's message without the URL's path and query, which may hold what nobody should read."""
    return message.replace(request.url, request.target.origin)[:300]


def _parse_headers(lines: list[bytes]) -> tuple[tuple[str, str], ...]:
    out: list[tuple[str, str]] = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            out.append((name.decode("latin-1").lower(), value.strip().decode("latin-1")))
        elif out and line[:1] in b" \t" and line.strip():
            out[-1] = (out[-1][0], f"{out[-1][1]} {line.strip().decode('latin-1')}")
    return tuple(out)


def _phases(info: Any, *, secure: bool) -> tuple[Phase, ...]:
    """Give the phases that took place. libcurl's times count from the start; a connection used again has none."""
    name, connect = info(pycurl.NAMELOOKUP_TIME), info(pycurl.CONNECT_TIME)
    tls = info(pycurl.APPCONNECT_TIME) if secure else 0.0
    sent, first, total = info(pycurl.PRETRANSFER_TIME), info(pycurl.STARTTRANSFER_TIME), info(pycurl.TOTAL_TIME)
    out: list[Phase] = []
    at = 0.0
    if info(pycurl.NUM_CONNECTS) or not sent:
        for label, until in (("name", name), ("connect", connect), ("TLS", tls)):
            if until > 0:
                out.append(Phase(name=label, duration_s=max(0.0, until - at)))
                at = max(at, until)
    if sent > 0:
        out.append(Phase(name="request", duration_s=max(0.0, sent - at)))
        at = max(at, sent)
    if first > 0:
        out.append(Phase(name="first byte", duration_s=max(0.0, first - at)))
        out.append(Phase(name="transfer", duration_s=max(0.0, total - first)))
    return tuple(out)


def _open_phase(info: Any, code: int, *, secure: bool) -> str:
    """Name the phase in which a request failed: the one that had begun and not ended."""
    if code in TLS_CODES:
        return "TLS"
    if info(pycurl.STARTTRANSFER_TIME) > 0:
        return "transfer"
    if info(pycurl.PRETRANSFER_TIME) > 0:
        return "first byte"
    if secure and info(pycurl.CONNECT_TIME) > 0:
        return "TLS"
    return "connect" if info(pycurl.NAMELOOKUP_TIME) > 0 else "name"
