"""Names of kinds in, kinds out: found when a config names them, so that this room depends on none of them."""

from importlib import import_module
from typing import Any


def _catalogue() -> Any:
    return import_module("releasegate.checks.catalogue")


def kinds() -> tuple[str, ...]:
    """Give the names of the kinds that come with the gate."""
    return tuple(_catalogue().kinds())


def names() -> tuple[str, ...]:
    """Give the names of all kinds, also of those that installed packages bring."""
    return tuple(_catalogue().names())


def kind(name: str) -> Any:
    """Give a kind. Raises UnknownKindError when nobody provides it, UnusableKindError when it is broken."""
    return _catalogue().kind(name)


def profile(found: Any, samples: str | None, spec: Any) -> str:
    """Give the sampling profile of a check: as declared, or leaner the more a sample leaves behind."""
    if samples:
        return samples
    if found.writes(spec):
        return "lean" if found.cleans_up(spec) else str(found.writes_by_default)
    return str(found.reads_by_default)
