"""One request at a time in, its bytes out: an easy handle of libcurl with what its callbacks need to know."""

import socket
from typing import Any, NamedTuple

import pycurl

from releasegate import __version__
from releasegate.config.model import Target
from releasegate.wire.address import refusal
from releasegate.wire.names import Name
from releasegate.wire.proxy import Proxy
from releasegate.wire.trust import Trust
from releasegate.wire.types import HttpRequest

NOTHING = ""
FAMILIES = {4: pycurl.IPRESOLVE_V4, 6: pycurl.IPRESOLVE_V6}
AGENT = f"releasegate/{__version__}"
PLAIN = "GET"


class Way(NamedTuple):
    """How a target is reached; worked out once."""

    target: Target
    prefix: str
    secure: bool
    trust: Trust | None
    proxy: Proxy | None
    names: tuple[Name, ...]
    """What must be looked up on the way; nothing where an address stands in its place."""


class Slot:
    """An easy handle. What is set and has not changed since the last request is not set again."""

    __slots__ = (
        "body", "curl", "headers", "jar", "led", "lines", "open", "permitted", "plain", "refused", "resent", "reused",
        "room", "sent_to", "timeout_ms", "too_large", "unopened", "way",
    )  # fmt: skip

    def __init__(self, *, jar: bool) -> None:
        self.curl = pycurl.Curl()
        self.jar = jar
        """libcurl cannot switch its cookie engine off again: a handle has it from the first to the last request."""
        self.lines: list[bytes] = []
        self.body: list[bytes] = []
        self.open: list[socket.socket] = []
        self._configure()

    def _configure(self) -> None:
        """Set what is the same for every request."""
        curl = self.curl
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.USERAGENT, AGENT)
        curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        curl.setopt(pycurl.PROXY, NOTHING)  # not even from the process's own environment
        curl.setopt(pycurl.HTTPGET, 1)
        curl.setopt(pycurl.HEADERFUNCTION, self.lines.append)  # bounded by libcurl: 300 KiB, 5,000 fields
        curl.setopt(pycurl.WRITEFUNCTION, self._write)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
        curl.setopt(pycurl.PREREQFUNCTION, self._before)
        if self.jar:
            curl.setopt(pycurl.COOKIEFILE, NOTHING)
        self.way: Way | None = None
        self.headers: list[str] | None = None
        self.led: list[str] = []
        self.timeout_ms = 0
        self.plain = True

    def load(
        self, request: HttpRequest, url: str, headers: list[str], way: Way, *, led: list[str], timeout_s: float
    ) -> None:
        """Put a request on the handle. `led` says where names lead, as libcurl wants it: it looks up none itself."""
        curl = self.curl
        self.room = request.target.max_body
        self.too_large = self.permitted = self.resent = self.reused = False
        self.sent_to = ""
        self.refused: str | None = None
        self.unopened: OSError | None = None
        if self.way is not way:
            self._direct(way)
        curl.setopt(pycurl.URL, url)
        if self.headers is not headers:
            self.headers = headers
            curl.setopt(pycurl.HTTPHEADER, headers)
        if self.led != led:
            self.led = led
            curl.setopt(pycurl.RESOLVE, led)
        timeout_ms = max(1, int(timeout_s * 1000))
        if self.timeout_ms != timeout_ms:
            self.timeout_ms = timeout_ms
            curl.setopt(pycurl.TIMEOUT_MS, timeout_ms)
        if request.method != PLAIN or request.body is not None:
            self.plain = False
            self._set_method(request)
        if request.fresh or request.family is not None:
            self.plain = False
            self._set_own(request)
        if request.cookies is not None:
            curl.setopt(pycurl.COOKIELIST, "ALL")  # an empty jar first
            for line in request.cookies:
                curl.setopt(pycurl.COOKIELIST, line.encode("latin-1"))

    def _direct(self, way: Way) -> None:
        """Set what a target needs: its authorities, its proxy."""
        if self.way is not None and (self.way.trust, self.way.proxy) != (way.trust, way.proxy):
            self.curl.reset()
            self._configure()
        curl, proxy = self.curl, way.proxy
        self.way = way
        if way.trust is not None:
            _set_trust(curl, way.trust, pycurl.CAINFO, pycurl.CAPATH)
        if proxy is not None:
            curl.setopt(pycurl.PROXY, proxy.url)
            if proxy.user is not None:
                curl.setopt(pycurl.PROXYUSERNAME, proxy.user)
                curl.setopt(pycurl.PROXYPASSWORD, proxy.password)
            if way.trust is not None:
                _set_trust(curl, way.trust, pycurl.PROXY_CAINFO, pycurl.PROXY_CAPATH)

    def _set_method(self, request: HttpRequest) -> None:
        curl = self.curl
        if request.method == "HEAD":
            curl.setopt(pycurl.NOBODY, 1)
            return
        if request.body is not None:
            curl.setopt(pycurl.POST, 1)
            curl.setopt(pycurl.POSTFIELDSIZE_LARGE, len(request.body))
            curl.setopt(pycurl.POSTFIELDS, request.body)
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)

    def _set_own(self, request: HttpRequest) -> None:
        """Give a request a connection that is nobody else's, before it and after it."""
        self.curl.setopt(pycurl.FRESH_CONNECT, 1)
        self.curl.setopt(pycurl.FORBID_REUSE, 1)
        if request.family is not None:
            self.curl.setopt(pycurl.IPRESOLVE, FAMILIES[request.family])

    def unload(self) -> None:
        """Forget the request."""
        self.lines.clear()
        self.body = []
        self.close_sockets()
        if not self.plain:
            self.curl.reset()
            self._configure()

    def close_sockets(self) -> None:
        """Close our ends of sockets that libcurl has a duplicate of."""
        for sock in self.open:
            sock.close()
        self.open.clear()

    def _write(self, chunk: bytes) -> int | None:
        self.room -= len(chunk)
        if self.room < 0:
            self.too_large = True
            return -1
        self.body.append(chunk)
        return None

    def _before(self, address: str, *_more: Any) -> int:
        """Let a request be sent once.

        When a connection that was used before dies without an answer, libcurl would send the request again by itself,
        and nobody would know that it was carried out twice.
        """
        if self.sent_to:
            self.resent = True
            return int(pycurl.PREREQFUNC_ABORT)
        self.sent_to = address
        self.reused = not self.permitted  # no socket was opened for it
        if self.open:
            self.close_sockets()
        return int(pycurl.PREREQFUNC_OK)

    def _open(self, _purpose: int, address: tuple[int, int, int, tuple[Any, ...]]) -> Any:
        """Open a socket to an address that libcurl resolved, if the target may be reached there."""
        self.close_sockets()
        if self.sent_to:  # what a second connection would be for, see `_before`
            self.resent = True
            return pycurl.SOCKET_BAD
        family, kind, protocol, peer = address
        way = self.way
        if way is not None and way.proxy is None:
            refused = refusal(str(peer[0]), way.target)
            if refused is not None:
                self.refused = refused
                return pycurl.SOCKET_BAD
        self.permitted = True
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as error:  # no IPv6 here, or no descriptor left
            self.unopened = error
            return pycurl.SOCKET_BAD
        self.open.append(sock)
        return sock


def _set_trust(curl: Any, trust: Trust, file: int, directory: int) -> None:
    if trust.file is not None:
        curl.setopt(file, trust.file)
    else:
        curl.unsetopt(file)
    if trust.directory is not None:
        curl.setopt(directory, trust.directory)
