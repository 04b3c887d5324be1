"""An address that a name resolved to, and its target, in; whether it may be contacted out. Pure.

What it guards against: a name that leads a runner to its own metadata service or into its own network
(server-side request forgery, DNS rebinding). The address that was vetted is the one connected to.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from releasegate.config.model import Target

METADATA = tuple(
    ip_network(text)
    for text in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32", "168.63.129.16/32")
)
SHARED = ip_network("100.64.0.0/10")
LOCAL_NAMES = ("localhost", ".localhost")


def refusal(address: str, target: Target) -> str | None:
    """Say why a target must not be reached at an address; None when it may."""
    kind = kind_of(address)
    if kind == "public":
        return None
    if kind in {"metadata", "unusable"}:
        return f"{target.host} leads to {address}, a {kind} address: it is never contacted"
    if target.private or names_such(target.host):
        return None
    return (
        f"{target.host} leads to {address}, a {kind} address; "
        f"if staging is there, say so: targets.{target.name}.private: true"
    )


@lru_cache(maxsize=1024)
def kind_of(address: str) -> str:
    """Give metadata, unusable, loopback, private or public; what is no address is unusable."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return "unusable"
    inner = _embedded(ip)
    if any(inner in network for network in METADATA if network.version == inner.version):
        return "metadata"
    if inner.is_multicast or inner.is_unspecified:
        return "unusable"
    if inner.is_loopback:
        return "loopback"
    shared = inner.version == SHARED.version and inner in SHARED
    return "private" if shared or inner.is_private or inner.is_reserved else "public"


def _embedded(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Give the IPv4 address that an IPv6 one only wraps (mapped, 6to4, Teredo)."""
    if isinstance(ip, IPv6Address):
        return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
    return ip


@lru_cache(maxsize=256)
def names_such(host: str) -> bool:
    """Tell whether a URL's host itself says that it is local: localhost, or a literal loopback or private address."""
    lowered = host.lower().rstrip(".")
    if lowered == LOCAL_NAMES[0] or lowered.endswith(LOCAL_NAMES[1]):
        return True
    return kind_of(host) in {"loopback", "private"}
