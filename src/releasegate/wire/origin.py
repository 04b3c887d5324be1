"""Targets and URLs in, absolute URLs and the target that an URL belongs to out. Pure."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from releasegate.config.model import Target

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def absolute(target: Target, path: str) -> str:
    """Give the URL of a path on a target: its origin, the prefix of its own URL, the path."""
    return f"{target.origin}{target.path}{path}"


def target_for(url: str, targets: Mapping[str, Target]) -> Target | None:
    """Give the declared target whose origin (scheme, host and port) an absolute URL has; None if there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.username is not None or parts.password is not None:
        return None
    host = (parts.hostname or "").lower()
    for target in targets.values():
        if (target.scheme, target.host.lower(), target.port) == (parts.scheme, host, port):
            return target
    return None
