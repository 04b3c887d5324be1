"""An address that a name resolved to, and its target, in; whether it may be contacted out. Pure.

What it guards against: a name that leads a runner to its own metadata service or into its own network
(server-side request forgery, DNS rebinding). The address that was vetted is the one connected to.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from releasegate.config.model import Target

METADATA = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local: AWS, Azure, GCP, DigitalOcean, OpenStack; ECS and EKS credentials
        "fe80::/10",  # link-local
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # GCP
        "fd00:42::42/128",  # Scaleway
        "100.100.100.200/32",  # Alibaba
        "192.0.0.192/32",  # Oracle
        "168.63.129.16/32",  # Azure's host
    )
)
UNUSABLE = tuple(ip_network(text) for text in ("0.0.0.0/8", "255.255.255.255/32"))
SHARED = ip_network("100.64.0.0/10")
TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
LOCAL_NAME = "localhost"
PERMITTING = frozenset({"loopback", "private"})
LOW_32_BITS = 0xFFFFFFFF


def refusal(address: str, target: Target) -> str | None:
    """Say why a target must not be reached at an address; None when it may."""
    kind = kind_of(address)
    if kind == "public":
        return None
    if kind in {"metadata", "unusable"}:
        return f"{target.host} leads to {address}, {_a(kind)} address: it is never contacted"
    if target.private or (kind == "loopback" and is_local(target.host)) or literal_kind(target.host) in PERMITTING:
        return None
    return (
        f"{target.host} leads to {address}, a {kind} address; "
        f"if staging is there, say so: targets.{target.name}.private: true"
    )


def literal_refusal(target: Target) -> str | None:
    """Say why a target must not be asked of a proxy; it resolves names, so only an address in the URL can be vetted."""
    kind = literal_kind(target.host)
    if kind in {"metadata", "unusable"}:
        return f"{target.host} is {_a(kind)} address: it is never contacted"
    return None


@lru_cache(maxsize=1024)
def kind_of(address: str) -> str:
    """Give metadata, unusable, loopback, private or public; what is no address is unusable."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return "unusable"
    inner = _embedded(ip)
    if _in(inner, METADATA):
        return "metadata"
    if inner.is_multicast or inner.is_unspecified or _in(inner, UNUSABLE):
        return "unusable"
    if inner.is_loopback:
        return "loopback"
    local = inner.is_private or inner.is_reserved or _in(inner, (SHARED,))
    return "private" if local or (isinstance(inner, IPv6Address) and inner.is_site_local) else "public"


def literal_kind(host: str) -> str | None:
    """Give the kind of a host that is itself an address; None when it is a name."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return "unusable" if _looks_numeric(host) else None
    return kind_of(host)


def is_local(host: str) -> bool:
    """Tell whether a host is localhost or a name below it."""
    lowered = host.lower().rstrip(".")
    return lowered == LOCAL_NAME or lowered.endswith(f".{LOCAL_NAME}")


def _looks_numeric(host: str) -> bool:
    """Tell whether resolvers may read a host as an IPv4 address in another notation: 127.1, 0x7f000001, 2130706433."""
    parts = host.rstrip(".").split(".")
    return all(part.isdigit() or part[:2].lower() == "0x" for part in parts)


def _in(ip: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(ip in network for network in networks if network.version == ip.version)


def _embedded(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Give the IPv4 address that an IPv6 one only wraps (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(ip, IPv6Address):
        if _in(ip, TRANSLATED):
            return IPv4Address(int(ip) & LOW_32_BITS)
        return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)
    return ip


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
