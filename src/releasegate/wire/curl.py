"""HTTP requests in, answers with their phases out: libcurl's multi interface on the asyncio loop.

libcurl times connect, TLS, first byte and total apart, names the peer, counts bytes both ways, bounds time and size.
Names are looked up here, since nothing can end a look-up of libcurl's. A request is sent once: what libcurl would send
again on its own is trouble.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import pycurl

from releasegate.config.model import Target
from releasegate.errors import CouldNotLook
from releasegate.model import Contact, Trouble
from releasegate.wire import libcurl
from releasegate.wire.address import literal_refusal
from releasegate.wire.drive import Drive, drive_for
from releasegate.wire.head import EndlessError, Fields, UnspokenError, parse_head
from releasegate.wire.lead import lead, names_on
from releasegate.wire.names import Names
from releasegate.wire.origin import on_origin
from releasegate.wire.proxy import BadProxyError, proxy_for
from releasegate.wire.reasons import OS_REASONS
from releasegate.wire.slot import Slot, Way
from releasegate.wire.sound import is_cookie_line, is_header, is_method, is_url
from releasegate.wire.trust import trust_for
from releasegate.wire.types import HttpAnswer, HttpRequest
from releasegate.wire.unpack import OFFER, PackedError, TooLargeError, unpacked

KEPT_HEADERS = 512
NOWHERE: list[str] = []
UNANSWERED = (
    "a connection that was used before was closed without an answer; whether the request was carried out is not known"
)
LONGEST_MESSAGE = 300
FAILED_AFTER = re.compile(r" after \d+ ms: Could(?: not|n't) connect to server$")


class CurlWire:
    """The HTTP half of a Wire. Bound to the loop on which it is first used; `aclose` ends it."""

    def __init__(self, environ: Mapping[str, str], names: Names) -> None:
        self.environ = environ
        self.names = names
        self.drive: Drive | None = None
        self.idle: list[Slot] = []
        self.idle_with_jar: list[Slot] = []
        self.ways: dict[int, Way] = {}
        self.headers: dict[tuple[tuple[str, str], ...], list[str]] = {}
        self.certificates: dict[tuple[str, int], str] = {}

    async def fetch(self, request: HttpRequest) -> HttpAnswer:
        """Send a request and read its whole answer. Raises CouldNotLook with the phase at which the world failed."""
        way = self.ways.get(id(request.target)) or self._way(request.target)
        url, headers = self._checked(request, way)
        if self.drive is None:
            self.drive = drive_for(asyncio.get_running_loop())
        led, spent_s = NOWHERE, 0.0
        if way.names or request.family is not None:
            led, spent_s = await lead(request, way, self.names)
        jar = request.cookies is not None
        pool = self.idle_with_jar if jar else self.idle
        slot = pool.pop() if pool else Slot(jar=jar)
        try:
            slot.load(request, url, headers, way, led=led, timeout_s=request.timeout_s - spent_s)
            await self.drive.start(slot.curl)
            answer = self._answer(slot, request, way, spent_s)
        except pycurl.error as error:
            trouble = self._trouble(slot, request, way, error, spent_s)
            slot.unload()
            pool.append(slot)
            raise trouble from None
        except BaseException:  # cancelled: the transfer may not have ended
            self.drive.stop(slot.curl)
            slot.close_sockets()
            raise
        slot.unload()
        pool.append(slot)
        return answer

    def _way(self, target: Target) -> Way:
        """Work out how to reach a target. Raises CouldNotLook."""
        try:
            proxy = proxy_for(target, self.environ)
        except BadProxyError as error:
            raise _not_sent("proxy", str(error), target, "connect") from None
        refused = None if proxy is None else literal_refusal(target)
        if refused is not None:
            raise _not_sent("not allowed", refused, target, "connect")
        secure = target.scheme == "https"
        trust = trust_for(target, self.environ) if secure or (proxy and proxy.scheme == "https") else None
        prefix, names = f"{target.origin}/", names_on(target, proxy)
        way = Way(target=target, prefix=prefix, secure=secure, trust=trust, proxy=proxy, names=names)
        self.ways[id(target)] = way  # the way keeps the target alive, and with it the id
        return way

    def _checked(self, request: HttpRequest, way: Way) -> tuple[str, list[str]]:
        """Give the URL and libcurl's form of the headers, of what may be sent as it is. Raises CouldNotLook."""
        url: str | None = request.url
        if not request.url.startswith(way.prefix):
            url = on_origin(request.target, request.url)
        if url is None:
            raise _not_sent("not allowed", "the URL is not on the target's origin", request.target)
        if not is_url(url):
            raise _not_sent("not allowed", "the URL holds a character that none may hold", request.target)
        if request.method != "GET" and not is_method(request.method):
            raise _not_sent("not allowed", "the method is no word", request.target)
        if request.method == "HEAD" and request.body is not None:
            raise _not_sent("not allowed", "a HEAD request has no body", request.target)
        if request.cookies and not all(map(is_cookie_line, request.cookies)):
            raise _not_sent("not allowed", "a cookie is not one line of seven fields", request.target)
        lines = self.headers.get(request.headers)
        return url, lines if lines is not None else self._header_lines(request)

    def _header_lines(self, request: HttpRequest) -> list[str]:
        """Write the headers; the same ones are sent many times, so they are kept."""
        names = {name.lower() for name, _ in request.headers}
        lines = []
        for name, value in request.headers:
            if not is_header(name, value):
                raise _not_sent("not allowed", "a header with a line break or another unfit character", request.target)
            if name.lower() != "expect":
                lines.append(f"{name}: {value}" if value else f"{name};")
        lines.append("Expect:")  # nothing waits for a 100
        if "accept-encoding" not in names:
            lines.append(f"Accept-Encoding: {OFFER}")
        if "content-type" not in names:
            lines.append("Content-Type:")  # a body is not a form unless the check says so
        if len(self.headers) < KEPT_HEADERS:
            self.headers[request.headers] = lines
        return lines

    def _answer(self, slot: Slot, request: HttpRequest, way: Way, spent_s: float) -> HttpAnswer:
        info = slot.curl.getinfo
        cookies = None
        if request.cookies is not None:
            raw = slot.curl.getinfo_raw(pycurl.INFO_COOKIELIST)
            cookies = tuple(line.decode("latin-1") for line in raw)
        headers, body = _read(slot, request)
        return HttpAnswer(
            status=info(pycurl.RESPONSE_CODE),
            headers=headers,
            body=body,
            phases=libcurl.after_look_up(libcurl.phases(info), spent_s),
            contact=self._contact(slot, way),
            total_s=info(pycurl.TOTAL_TIME) + spent_s,
            cookies=cookies,
        )

    def _contact(self, slot: Slot, way: Way) -> Contact:
        info, target = slot.curl.getinfo, way.target
        sent, uploaded = info(pycurl.REQUEST_SIZE), info(pycurl.SIZE_UPLOAD_T)
        return Contact(
            target=target.name,
            host=target.host,
            port=target.port,
            address=slot.sent_to or info(pycurl.PRIMARY_IP),
            tls=self._certificate(slot, target) if way.secure else None,
            bytes_sent=sent if sent >= uploaded else sent + uploaded,  # it counts the body too
            bytes_received=info(pycurl.HEADER_SIZE) + info(pycurl.SIZE_DOWNLOAD_T),
        )

    def _certificate(self, slot: Slot, target: Target) -> str | None:
        """Say whose certificate the peer showed; on a connection that is used again it is the one seen before."""
        peer = (target.host, target.port)
        if slot.curl.getinfo(pycurl.NUM_CONNECTS):
            chain = slot.curl.getinfo_raw(pycurl.INFO_CERTINFO)
            if chain:
                self.certificates[peer] = _certificate_text(chain[0])
        return self.certificates.get(peer)

    def _trouble(self, slot: Slot, request: HttpRequest, way: Way, error: pycurl.error, spent_s: float) -> CouldNotLook:
        info, target = slot.curl.getinfo, request.target
        code, message = error.args[0], str(error.args[1]) if len(error.args) > 1 else ""
        phase = libcurl.failed_phase(info, code, secure=way.secure)
        reason = libcurl.reason_for(code, info(pycurl.OS_ERRNO), message)
        if slot.resent:
            phase, reason, message = "first byte", libcurl.cut_reason(info(pycurl.OS_ERRNO)), UNANSWERED
        elif slot.refused and not slot.permitted:
            phase, reason, message = "connect", "not allowed", slot.refused
        elif slot.too_large:
            reason, message = "too large", f"the answer is larger than {target.max_body} bytes"
        elif reason == "timeout":
            message = f"no complete answer within {request.timeout_s:g} s"
        elif reason == "proxy":
            phase, status = "connect", info(pycurl.HTTP_CONNECTCODE)
            message = f"the proxy answered with status {status}" if status else message
        elif slot.unopened is not None and code == pycurl.E_COULDNT_CONNECT:
            reason = OS_REASONS.get(slot.unopened.errno or 0, "unreachable")
            message = f"no socket: {slot.unopened.strerror}"
        done = libcurl.after_look_up(libcurl.failed_phases(info, phase, resent=slot.resent), spent_s)
        contact = self._contact(slot, way) if slot.sent_to or info(pycurl.PRIMARY_IP) else None
        trouble = Trouble(phase=phase, reason=reason, message=_said(message, request), target=target.name)
        return CouldNotLook(trouble, done, contact, reused=slot.reused)

    async def aclose(self) -> None:
        """End what still runs, and close all connections."""
        if self.drive is not None:
            await self.drive.aclose()
        for slot in (*self.idle, *self.idle_with_jar):
            slot.curl.close()
        self.idle.clear()
        self.idle_with_jar.clear()


def _not_sent(reason: str, message: str, target: Target, phase: str = "request") -> CouldNotLook:
    return CouldNotLook(Trouble(phase=phase, reason=reason, message=f"{message}: nothing was sent", target=target.name))


def _said(message: str, request: HttpRequest) -> str:
    """Give libcurl's message without the URL's path and query, which may hold what nobody should read.

    How long a connection took to fail is left out too: the phases tell it, and one cause is to read alike each time.
    """
    origin_only = message.replace(request.url, request.target.origin)
    return FAILED_AFTER.sub("", origin_only)[:LONGEST_MESSAGE]


def _certificate_text(fields: Any) -> str:
    """Write `subject, issued by issuer, until expiry` of a certificate that a peer showed; foreign text."""
    known = {}
    for field in fields:
        name, _, value = (field if isinstance(field, bytes) else b":".join(field)).partition(b":")
        known[name.decode("latin-1")] = value.decode("utf-8", "replace")
    parts = [known.get(name, "unknown") for name in ("Subject", "Issuer", "Expire date")]
    return "{}, issued by {}, until {}".format(*(part[:LONGEST_MESSAGE] for part in parts))


def _read(slot: Slot, request: HttpRequest) -> tuple[Fields, bytes]:
    """Give head and body of an answer. Raises pycurl.error, as libcurl does when it finds one broken."""
    try:
        headers = parse_head(slot.lines)
    except EndlessError as error:
        raise pycurl.error(pycurl.E_PARTIAL_FILE, str(error)) from None
    except UnspokenError as error:
        raise pycurl.error(pycurl.E_UNSUPPORTED_PROTOCOL, str(error)) from None
    body = slot.body[0] if len(slot.body) == 1 else b"".join(slot.body)
    for name, _ in headers:
        if name == "content-encoding":
            return headers, _unpack(body, headers, request, slot)
    return headers, body


def _unpack(body: bytes, headers: Fields, request: HttpRequest, slot: Slot) -> bytes:
    said = ",".join(value for name, value in headers if name == "content-encoding")
    own = [value for name, value in request.headers if name.lower() == "accept-encoding"]
    try:
        return unpacked(body, said, ",".join(own) if own else OFFER, request.target.max_body)
    except TooLargeError:
        slot.too_large = True
        raise pycurl.error(pycurl.E_FILESIZE_EXCEEDED, "") from None
    except PackedError as error:
        raise pycurl.error(pycurl.E_BAD_CONTENT_ENCODING, str(error)) from None
