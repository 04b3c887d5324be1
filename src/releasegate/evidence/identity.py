"""What targets said they run in, an Identity out: whether what was looked at is what is judged. Pure."""

import re
from collections.abc import Iterable, Sequence

from releasegate.model import Identity, Reading

STEADY = 10
"""So many equal answers in a row end the doubt about a target that gave several commits before the run.

Of replicas that answer half and half one in 1,024 attempts gets so far, and then meets the readings of the run itself.
"""
HEX = re.compile(r"[0-9a-f]{7,}")


def matches(judged: str, seen: str) -> bool:
    """Tell whether a deployed revision is the judged commit: equal, or one a prefix of ≥ 7 hex digits of the other.

    Only a commit has a prefix: `4f2a91c-dirty` is not `4f2a91c`.
    """
    one, other = judged.lower(), seen.lower()
    if one == other:
        return bool(one)
    shorter, longer = sorted((one, other), key=len)
    return bool(HEX.fullmatch(shorter) and HEX.fullmatch(longer)) and longer.startswith(shorter)


def identify(
    judged: str | None, readings: tuple[Reading, ...], foreign: frozenset[str], instead: str | None = None
) -> Identity:
    """Conclude from all readings. What ran before the deployment does not count, unless it may still be there.

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
        problem = _problem_of(expected if target not in foreign else None, mine) or unsettled(before(target, readings))
        if problem and not instead:
            wrong.append(f"{target} {problem}")
        unread += [r for r in mine if r.revision is None][:1]
    silent = [f"{r.target}: its revision could not be read {r.moment} the run ({r.problem})" for r in unread]
    return Identity(
        judged=expected,
        holds=False if wrong else None if silent else True,
        readings=readings,
        problem="; ".join(wrong + silent) or None,
    )


def before(target: str, readings: Iterable[Reading]) -> list[Reading]:
    """Give what a target said before the run, in its order."""
    return [reading for reading in readings if reading.target == target and reading.moment == "before"]


def unsettled(said: Sequence[Reading]) -> str | None:
    """Say which commits a target gave, when it gave several and has not said the last one STEADY times in a row."""
    named = [reading for reading in said if reading.revision]
    other = next((reading for reading in reversed(named) if reading.revision != named[-1].revision), None)
    if other is None or _in_a_row(said) >= STEADY:
        return None
    return f"answers with several commits: {_whence(other, named[-1])} and {_whence(named[-1], other)}"


def _in_a_row(said: Sequence[Reading]) -> int:
    """Count the readings at the end that name the same commit."""
    last = said[-1].revision
    return next((n for n, r in enumerate(reversed(said)) if r.revision != last), len(said)) if last else 0


def _whence(reading: Reading, other: Reading) -> str:
    """Name a commit, and who said it where that tells the two apart."""
    apart = reading.address and reading.address != other.address
    return f"{reading.revision} at {reading.address}" if apart else f"{reading.revision}"


def _counted(target: str, readings: Sequence[Reading]) -> list[Reading]:
    return before(target, readings)[-1:] + [r for r in readings if r.target == target and r.moment != "before"]


def _first(readings: Iterable[Reading]) -> str | None:
    return next((reading.revision for reading in readings if reading.revision), None)


def _problem_of(judged: str | None, readings: Sequence[Reading]) -> str | None:
    seen = list(dict.fromkeys(reading.revision for reading in readings if reading.revision))
    if len(seen) > 1:
        return f"changed during the run from {seen[0]} to {seen[1]}"
    if judged and seen and not matches(judged, seen[0]):
        return f"runs {seen[0]}, the commit to judge is {judged}"
    return None
