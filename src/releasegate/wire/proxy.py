"""Environment and target in, the proxy to go through out. Pure."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from releasegate.config.model import Target


def proxy_for(target: Target, environ: Mapping[str, str]) -> str | None:
    """Give the proxy's URL by the variables that curl reads: http_proxy in lower case only, HTTPS_, ALL_, NO_PROXY."""
    secure = target.scheme in {"https", "wss"}
    names = ("https_proxy", "HTTPS_PROXY") if secure else ("http_proxy",)
    chosen = next((environ[name] for name in (*names, "all_proxy", "ALL_PROXY") if environ.get(name)), None)
    if chosen is None or _excepted(target.host, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    return chosen if "://" in chosen else f"http://{chosen}"


def _excepted(host: str, exceptions: str) -> bool:
    lowered = host.lower().rstrip(".")
    for part in exceptions.replace(",", " ").split():
        name = part.lower().lstrip(".").rstrip(".")
        if part == "*" or lowered == name or lowered.endswith(f".{name}") or _within(host, part):
            return True
    return False


def _within(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
