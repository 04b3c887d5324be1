"""A green observation and its judge in, whether the check could have been red out. Pure: the judge is an argument.

For every failing expectation the kind gives the smallest change that breaks it; for every loss (no answer, an event
dropped) the observation without it. Each of these mutants must turn the judge red. What cannot is named.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from releasegate.expect import VACUOUS
from releasegate.model import Expectation, Level

NOTHING_JUDGED = "no expectation was judged"


def red_capable(
    judge: Callable[[Any], bool],
    observation: Any,
    expectations: Iterable[Expectation],
    violate: Callable[[Any, Expectation], Any],
    losses: Sequence[tuple[str, Any]] = (),
) -> tuple[bool, tuple[str, ...]]:
    """Give whether every mutant died, and the names of what could not have turned the check red.

    `judge` says whether an observation is met. A mutant on which it raises is a bug of ours and passes through.
    Expectations that only warn are left out: they cannot turn a check red, and do not mean to.
    """
    blocking = [expectation for expectation in expectations if expectation.level is Level.FAIL]
    survivors = [] if blocking else [NOTHING_JUDGED]
    for expectation in blocking:
        mutant = violate(observation, expectation)
        if mutant is None or mutant is VACUOUS or judge(mutant):
            survivors.append(name_of(expectation))
    survivors += [name for name, mutant in losses if judge(mutant)]
    named = tuple(dict.fromkeys(survivors))
    return not named, named


def name_of(expectation: Expectation) -> str:
    """Name an expectation by what it demands, without what was got."""
    demand = expectation.text.rpartition(" (got ")[0] or f"{expectation.subject} {expectation.operator}"
    return f"{expectation.step}: {demand}" if expectation.step else demand
