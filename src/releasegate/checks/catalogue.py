"""The name of a kind in, the kind out. A kind is imported when a config names it, not before."""

from functools import cache
from importlib import import_module
from typing import Any, cast

from releasegate.checks.base import Kind
from releasegate.errors import UnknownKindError, UnusableKindError

BUILT_IN = ("http", "websocket", "tcp", "redis", "postgres", "mcp")
LATER = ("tests", "load")
GROUP = "releasegate.checks"


def kinds() -> tuple[str, ...]:
    """Give the names of the kinds that come with the gate, also of those that it only loads yet."""
    return BUILT_IN + LATER


def names() -> tuple[str, ...]:
    """Give the names of all kinds, those of installed packages last. None of these is imported for it."""
    return (*kinds(), *sorted(_entries().keys() - set(kinds())))


def kind(name: str) -> Kind:
    """Give a kind; those that come with the gate win. Raises UnknownKindError, UnusableKindError."""
    if name in BUILT_IN:
        return cast("Kind", import_module(f"releasegate.checks.{name}").KIND)
    if name in LATER:
        from releasegate.checks.later import KINDS

        return KINDS[name]
    return _installed(name)


def shadowed() -> tuple[tuple[str, str], ...]:
    """Give the kinds of installed packages that nobody can ask for, each with its package: ours have their names."""
    return tuple((name, package(entry)) for name in kinds() for entry in _entries().get(name, ()))


@cache
def _installed(name: str) -> Kind:
    """Ask the installed packages, last."""
    entries = _entries().get(name)
    if not entries:
        raise UnknownKindError(name)
    if len(entries) > 1:
        several = " and ".join(sorted(map(package, entries)))
        raise UnusableKindError(f'the kind "{name}" comes from {several}', "uninstall all but one of them")
    from releasegate.checks.guest import admit

    return admit(entries[0], package(entries[0]))


def package(entry: Any) -> str:
    """Name the distribution of an entry point, with its version."""
    return f"{entry.dist.name} {entry.dist.version}"


@cache
def _entries() -> dict[str, tuple[Any, ...]]:
    """Know the kinds of installed packages: read once, for reading their metadata is slow."""
    from importlib.metadata import entry_points

    found: dict[str, tuple[Any, ...]] = {}
    for entry in entry_points(group=GROUP):
        found[entry.name] = (*found.get(entry.name, ()), entry)
    return found
