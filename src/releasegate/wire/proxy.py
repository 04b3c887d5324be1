"""Environment and target in, the proxy to go through out. Pure."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from releasegate.config.model import Target
from releasegate.model import Guarded

PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}


class Proxy(Guarded, Struct, frozen=True, kw_only=True):
    """A proxy that the operator named. `url` has no userinfo in it."""

    HIDDEN: ClassVar[tuple[str, ...]] = ("password",)

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str = ""

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class BadProxyError(ValueError):
    """A variable names a proxy that cannot be read. The message names the variable: its value may hold a secret."""


def proxy_for(target: Target, environ: Mapping[str, str]) -> Proxy | None:
    """Give the proxy that http_proxy, https_proxy or all_proxy names, in lower or upper case; no_proxy excepts hosts.

    The first that is set decides; one that is set and empty says that there is no proxy.
    Where REQUEST_METHOD is set, HTTP_PROXY may be a header that a client sent to a CGI: it is not read.
    Raises BadProxyError.
    """
    secure = target.scheme in {"https", "wss"}
    own = "https_proxy" if secure else "http_proxy"
    names = (own, own.upper(), "all_proxy", "ALL_PROXY")
    for name in names:
        chosen = environ.get(name)
        if chosen is None or (name == "HTTP_PROXY" and "REQUEST_METHOD" in environ):
            continue
        excepted = not chosen or _excepted(target, environ.get("no_proxy") or environ.get("NO_PROXY") or "")
        return None if excepted else _read(chosen, name)
    return None


def _read(text: str, variable: str) -> Proxy:
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port, host = parts.port, parts.hostname
    except ValueError:
        raise BadProxyError(f"the proxy in {variable} cannot be read") from None
    if parts.scheme not in PORTS:
        raise BadProxyError(f"the proxy in {variable} has none of the schemes {', '.join(PORTS)}")
    if not host or not text.isascii() or not text.isprintable() or " " in text:
        raise BadProxyError(f"the proxy in {variable} names no host")
    user = None if parts.username is None else unquote(parts.username)
    return Proxy(
        scheme=parts.scheme, host=host, port=port or PORTS[parts.scheme], user=user,
        password=unquote(parts.password or ""),
    )  # fmt: skip


def _excepted(target: Target, exceptions: str) -> bool:
    """Tell whether no_proxy excepts a host: `*`, a name with all below it, an address, a network, any with a port."""
    host = target.host.lower().rstrip(".")
    for part in exceptions.replace(",", " ").split():
        name, port = _with_port(part.lower())
        if port not in {None, target.port}:
            continue
        name = name.removeprefix("*.").strip(".") if name != "*" else name
        if name == "*" or (name and (host == name or host.endswith(f".{name}"))) or _within(host, name):
            return True
    return False


def _with_port(part: str) -> tuple[str, int | None]:
    """Part `host:8080`, `[::1]:8080`; an IPv6 address without brackets has no port."""
    bare, bracket, after = part.removeprefix("[").partition("]")
    if bracket:
        return bare, int(after[1:]) if after[1:].isdecimal() else None
    name, colon, port = part.rpartition(":")
    if colon and ":" not in name and port.isdecimal():
        return name, int(port)
    return part, None


def _within(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
