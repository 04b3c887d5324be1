"""What targets said they run in, an Identity out: whether what was looked at is what is judged. Pure."""

import re
from collections.abc import Iterable, Sequence

from releasegate.model import Identity, Reading


def matches(judged: str, seen: str) -> bool:
    """Tell whether a deployed revision is the judged commit: equal, or one a prefix of ≥ 7 hex digits of the other."""
    one, other = judged.lower(), seen.lower()
    if one == other:
        return bool(one)
    shorter, longer = sorted((one, other), key=len)
    return bool(re.fullmatch(r"[0-9a-f]{7,}", shorter)) and longer.startswith(shorter)


def identify(
    judged: str | None, readings: tuple[Reading, ...], foreign: frozenset[str], instead: str | None = None
) -> Identity:
    """Conclude from all readings. Of `before` only the last counts: what ran before the deployment does not.

    `instead` is what the wait for the deployment came to, when it came to nothing. `holds` is False when staging was
    seen to run something else, and None with a `problem` when it could not be read: that proves nothing, and excuses
    nothing. When nobody named a commit, what the first of our targets runs is judged, and all others must run it too.
    """
    if not readings:
        return Identity(judged=judged, holds=None)
    counted = {target: _counted(target, readings) for target in dict.fromkeys(r.target for r in readings)}
    expected = judged or _first(reading for name in counted if name not in foreign for reading in counted[name])
    wrong, unread = [instead] if instead else [], []
    for target, mine in counted.items():
        problem = None if instead else _problem_of(expected if target not in foreign else None, mine)
        if problem:
            wrong.append(f"{target} {problem}")
        unread += [r for r in mine if r.revision is None][:1]
    silent = [f"{r.target}: its revision could not be read {r.moment} the run ({r.problem})" for r in unread]
    return Identity(
        judged=expected,
        holds=False if wrong else None if silent else True,
        readings=readings,
        problem="; ".join(wrong + silent) or None,
    )


def _counted(target: str, readings: Sequence[Reading]) -> list[Reading]:
    mine = [reading for reading in readings if reading.target == target]
    before = [reading for reading in mine if reading.moment == "before"]
    return before[-1:] + [reading for reading in mine if reading.moment != "before"]


def _first(readings: Iterable[Reading]) -> str | None:
    return next((reading.revision for reading in readings if reading.revision), None)


def _problem_of(judged: str | None, readings: Sequence[Reading]) -> str | None:
    seen = list(dict.fromkeys(reading.revision for reading in readings if reading.revision))
    if len(seen) > 1:
        return f"changed during the run from {seen[0]} to {seen[1]}"
    if judged and seen and not matches(judged, seen[0]):
        return f"runs {seen[0]}, the commit to judge is {judged}"
    return None
