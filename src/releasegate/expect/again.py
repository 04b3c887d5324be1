"""A recorded expectation in, its second judging and its name in a signature out."""

from collections.abc import Iterable

from releasegate.expect.judge import NOT_JSON, is_met
from releasegate.model import Expectation, Level


def rejudge(expectation: Expectation) -> bool | None:
    """Judge again from what was kept alone; None when not enough was."""
    if not expectation.kept:
        return None
    return is_met(expectation.operator, expectation.demanded, expectation.found)


def holds(expectations: Iterable[Expectation]) -> bool:
    """Tell whether nothing that fails is unmet."""
    for expectation in expectations:  # noqa: SIM110 - asked so often that a generator would be felt
        if not expectation.met and expectation.level is Level.FAIL:
            return False
    return True


def why(expectations: Iterable[Expectation]) -> str | None:
    """Name the first broken failing expectation, without the values that differ from sample to sample.

    A status is named with what it was: 503 and 401 are different failures.
    """
    for expectation in expectations:
        if not expectation.met and expectation.level is Level.FAIL:
            step = f"{expectation.step} " if expectation.step else ""
            if expectation.subject == "status":
                return f"{step}status {expectation.found[0] if expectation.found else 'missing'}"
            if not expectation.kept and f" ({NOT_JSON}: " in expectation.text:
                return f"{step}{NOT_JSON}"
            return f"{step}{expectation.subject} {expectation.operator}"
    return None
