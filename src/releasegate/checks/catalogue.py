"""The name of a kind in, the kind out. A kind is imported when a config names it, not before."""

from functools import cache
from importlib import import_module
from typing import Any, cast

from releasegate.checks.base import Kind

BUILT_IN = ("http", "websocket", "tcp", "redis")
LATER = ("mcp", "postgres", "tests", "load")
GROUP = "releasegate.checks"


def kinds() -> tuple[str, ...]:
    """Give the names of the kinds that come with the gate, also of those that it only loads yet."""
    return BUILT_IN + LATER


def kind(name: str) -> Kind:
    """Give a kind. Raises KeyError when nobody provides it."""
    if name in BUILT_IN:
        return cast("Kind", import_module(f"releasegate.checks.{name}").KIND)
    if name in LATER:
        from releasegate.checks.later import KINDS

        return KINDS[name]
    return _installed(name)


def _installed(name: str) -> Kind:
    """Ask the installed packages, last."""
    return cast("Kind", _entries()[name].load())


@cache
def _entries() -> dict[str, Any]:
    """Know the kinds of installed packages: read once, for reading their metadata is slow."""
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}
