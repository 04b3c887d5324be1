"""A recorded value and an expectation that it met in, the nearest value that breaks it out, or VACUOUS.

Nothing is claimed: every candidate is judged, and only one that is unmet is given. A candidate keeps the type of
what it changes where the operator works on a type (a text for `matches`, a number for `min`): that a pattern fails
on a missing value does not show that it could fail on a text.
"""

from collections.abc import Iterator
from typing import Any

from releasegate.config.shape import MISSING
from releasegate.expect.candidates import candidates, sizes
from releasegate.expect.insert import inserted
from releasegate.expect.judge import is_met, looked_at, number_of
from releasegate.expect.place import put, put_all, remove
from releasegate.jsonpath import Location, Path, TooManyNodes, compile_path
from releasegate.model import Expectation

_PLACES = 20
MEASURED = ("size", "latency")


class _Vacuous:
    def __repr__(self) -> str:
        return "VACUOUS"

    def __bool__(self) -> bool:
        return False


VACUOUS = _Vacuous()
"""What stands for a violation that cannot be constructed."""


def violate_value(value: Any, expectation: Expectation) -> Any:
    """Give a value that breaks an expectation of a status, a text, a duration or a size; or VACUOUS."""
    operator, demanded = expectation.operator, expectation.demanded
    if operator == "exists":
        return MISSING if demanded else "releasegate"
    for candidate in candidates(operator, demanded, value):
        new = str(candidate) if isinstance(value, str) and not isinstance(candidate, str) else candidate
        if expectation.subject in MEASURED and isinstance(new, (int, float)) and new < 0:
            continue
        judged = number_of(new) if operator in ("min", "max") else new
        if not is_met(operator, demanded, looked_at(operator, [judged])):
            return new
    return VACUOUS


def violate_json(value: Any, expectation: Expectation) -> Any:
    """Give a JSON value, changed at one node, that breaks the expectation; or VACUOUS. The given one stays as it is."""
    path = compile_path(expectation.subject)
    operator, demanded = expectation.operator, expectation.demanded
    for candidate in _changed(value, path, expectation):
        try:
            nodes = path.select(candidate)
        except TooManyNodes:
            continue
        if not is_met(operator, demanded, looked_at(operator, nodes)):
            return candidate
    return VACUOUS


def _changed(value: Any, path: Path, expectation: Expectation) -> Iterator[Any]:
    """Give the value with one thing changed that may break the expectation."""
    operator, demanded = expectation.operator, expectation.demanded
    if operator == "exists" and demanded is False:
        yield from inserted(value, path)
        return
    places = path.locate(value)
    if operator in ("exists", "count"):
        yield from _fewer(value, places, demanded)
        yield from _more(value, places, demanded)
        return
    for at in places[:_PLACES]:
        for candidate in candidates(operator, demanded, _at(value, at)):
            yield put(value, at, candidate)
    # Where a filter picks by what is changed, one change may only leave the node out; all of them leave none.
    for candidate in candidates(operator, demanded, _at(value, places[0])) if len(places) > 1 else ():
        yield put_all(value, places, candidate)


def _at(value: Any, at: Location) -> Any:
    for step in at:
        value = value[step]
    return value


def _fewer(value: Any, places: list[Location], demanded: Any) -> Iterator[Any]:
    """Take nodes away: all for `exists`, else as many as are one too many."""
    removable = list(dict.fromkeys(at for at in places if at))
    if len(removable) < len(set(places)):
        return
    keeps = [0] if demanded is True else [size for size in sizes(demanded) if size < len(removable)]
    for kept in keeps:
        yield remove(value, removable[kept:])


def _more(value: Any, places: list[Location], demanded: Any) -> Iterator[Any]:
    """Repeat an item of an array until there is one node too many."""
    for size in [] if demanded is True else sizes(demanded):
        added = size - len(places)
        for at in places[:_PLACES] if added > 0 else []:
            for end in range(len(at) - 1, -1, -1):
                holder = _at(value, at[:end])
                if isinstance(holder, list):
                    yield put(value, at[:end], holder + [_at(value, at[: end + 1])] * added)
