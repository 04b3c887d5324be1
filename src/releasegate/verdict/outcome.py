"""Expectations in, what a sample came to out."""

from collections.abc import Iterable

from releasegate.model import Expectation, Level, Outcome


def outcome_of(expectations: Iterable[Expectation]) -> Outcome:
    """Met if every failing expectation is, and there is one: a sample that demands nothing shows nothing."""
    blocking = [e.met for e in expectations if e.level is Level.FAIL]
    return Outcome.MET if blocking and all(blocking) else Outcome.UNMET
