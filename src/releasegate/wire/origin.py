"""Targets and URLs in, absolute URLs and the target that an URL belongs to out. Pure."""

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from releasegate.config.model import Target

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def absolute(target: Target, path: str) -> str:
    """Give the URL of a path on a target: its origin, the prefix of its own URL, the path."""
    return f"{target.origin}{target.path}{path}"


def target_for(url: str, targets: Mapping[str, Target]) -> Target | None:
    """Give the declared target whose origin (scheme, host and port) an absolute URL has; None if there is none."""
    found = _origin(url)
    if found is None:
        return None
    for target in targets.values():
        if found[0] == (target.scheme, target.host.lower(), target.port):
            return target
    return None


def on_origin(target: Target, url: str) -> str | None:
    """Give an URL with its origin written as the target's own, so that nothing reads it differently; None if elsewhere.

    Most URLs come from `absolute` and are that already.
    """
    if url.startswith(f"{target.origin}/"):
        return url
    found = _origin(url)
    if found is None or found[0] != (target.scheme, target.host.lower(), target.port):
        return None
    parts = found[1]
    query = f"?{parts.query}" if parts.query else ""
    return f"{target.origin}{parts.path or '/'}{query}"


def _origin(url: str) -> tuple[tuple[str, str, int | None], SplitResult] | None:
    """Give scheme, host and port of an URL, and its parts; None for what has userinfo or cannot be read."""
    try:
        parts = urlsplit(url)
        port = parts.port if parts.port is not None else DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.username is not None or parts.password is not None:
        return None
    return (parts.scheme, (parts.hostname or "").lower(), port), parts
