"""An object that says it is a kind in, what it lacks of the contract of kinds out. Nothing of it is called."""

from collections.abc import Iterator
from inspect import iscoroutinefunction, isfunction, signature
from typing import Any

from releasegate.checks.base import Kind
from releasegate.config.shape import Shape
from releasegate.config.targets import PORTS
from releasegate.sampling import PROFILES

METHODS = {
    name: len(signature(method).parameters) - 1
    for name, method in vars(Kind).items()
    if isfunction(method) and not name.startswith("_")
}
"""What every kind has, with the number of values that it is called with."""
OPTIONAL = {"losses": 2, "passes": 3, "demands_refusal": 1, "refuses": 1}
AWAITED = frozenset({"observe", "clean_up"})
BUGS: tuple[type[BaseException], ...] = (
    AssertionError, AttributeError, KeyError, IndexError, NameError, NotImplementedError, TypeError,
    ValueError, ZeroDivisionError, FileNotFoundError,
)  # fmt: skip
"""What faulty code raises. A trouble that takes in one of these would make a bug look like staging's fault."""


def breaches(kind: Any, name: str) -> tuple[str, ...]:
    """Say, a sentence each, what keeps an object from being the kind of that name; nothing if it is one."""
    if isinstance(kind, type):
        return ("it is a class: the entry point names an object of it",)
    missing = [f"it has no {part}" for part in (*Kind.__annotations__, *METHODS) if not hasattr(kind, part)]
    return tuple(missing or (*_attributes(kind, name), *_methods(kind)))


def _attributes(kind: Any, name: str) -> Iterator[str]:
    if kind.name != name:
        yield f'its name is "{kind.name}"'
    if not isinstance(kind.table, Shape):
        yield "its table is no Shape"
    if not isinstance(kind.troubles, tuple):
        yield "its troubles are no tuple of exceptions"
    else:
        yield from (problem for trouble in kind.troubles if (problem := _unfit(trouble)))
    for part in ("reads_by_default", "writes_by_default"):
        if getattr(kind, part) not in PROFILES:
            yield f"its {part} is none of {', '.join(PROFILES)}"
    if not isinstance(kind.schemes, frozenset):
        yield "its schemes are no frozenset"
    elif not kind.schemes <= PORTS.keys():
        yield f"no target has the scheme {', '.join(sorted(map(str, kind.schemes - PORTS.keys())))}"


def _unfit(trouble: Any) -> str | None:
    """Say why something cannot be a trouble."""
    if not isinstance(trouble, type) or not issubclass(trouble, Exception):
        return f"its trouble {trouble!r} is no exception"
    taken = [bug.__name__ for bug in BUGS if issubclass(bug, trouble)]
    return f"its trouble {trouble.__name__} would hide bugs: it takes in {', '.join(taken)}" if taken else None


def _methods(kind: Any) -> Iterator[str]:
    optional = {name: count for name, count in OPTIONAL.items() if hasattr(kind, name)}
    for name, count in (METHODS | optional).items():
        method = getattr(kind, name)
        if not callable(method):
            yield f"its {name} cannot be called"
            continue
        try:
            signature(method).bind(*range(count))
        except TypeError as wrong:
            yield f"its {name} cannot be called with {count} values: {wrong}"
        if iscoroutinefunction(method) != (name in AWAITED):
            yield f"its {name} is {'not async' if name in AWAITED else 'async'}"
