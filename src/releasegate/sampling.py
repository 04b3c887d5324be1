"""Samples so far in, what they mean and when to take the next out. Pure; asked by the runner.

The tables are derived from Wald's sequential probability ratio test (A. Wald, Sequential Tests of
Statistical Hypotheses, 1945) and cut where a pass can no longer be reached.
"""

from collections.abc import Iterable
from typing import NamedTuple

from releasegate.model import Label


class Profile(NamedTuple):
    """`passes_needed[k]`: passes that settle a pass after k failures.

    `broken_at[k]`: at the k-th failure the check is FAILED if at most so many passes came before it.
    The failure that leaves no entry in `passes_needed` ends the sampling: UNPROVEN if not FAILED.
    """

    name: str
    passes_needed: tuple[int, ...]
    broken_at: dict[int, int]

    @property
    def most_failures(self) -> int:
        return len(self.passes_needed)


PROFILES = {
    "standard": Profile("standard", (7, 12, 16, 20, 24), {3: 1, 4: 5, 5: 9}),
    "lean": Profile("lean", (5, 10, 15), {3: 3}),
    "single": Profile("single", (1, 3), {2: 2}),
    "once": Profile("once", (1,), {1: 0}),
}

SPACING_S = 0.25


def step(profile: Profile, passes: int, failures: int, *, met: bool) -> Label | None:
    """Give what is concluded right after a sample, whose outcome is already in the counts; None = go on."""
    if met:
        if passes < profile.passes_needed[failures]:
            return None
        return Label.FLAKY if failures else Label.PASSED
    if passes <= profile.broken_at.get(failures, -1):
        return Label.FAILED
    return Label.UNPROVEN if failures >= profile.most_failures else None


def conclude(profile: str, mets: Iterable[bool]) -> Label | None:
    """Give the label that samples, in their order, come to; None while they do not decide.

    Samples after the deciding one are a contradiction: raises ValueError.
    """
    table = PROFILES[profile]
    passes = failures = 0
    label: Label | None = None
    for met in mets:
        if label is not None:
            raise ValueError("there are samples after the one that decided")
        passes, failures = passes + met, failures + (not met)
        label = step(table, passes, failures, met=met)
    return label


def pause_s(profile: str, failures: int, window_s: float | None = None) -> float:
    """Seconds from the end of one sample to the start of the next of the same check.

    Nothing until the first failure, then 250 ms, 500 ms, 1 s … with each further failure; a `window` spreads
    the passes that a healthy check needs over its length.
    """
    spread = window_s / max(1, PROFILES[profile].passes_needed[0] - 1) if window_s else 0.0
    backoff = SPACING_S * 2 ** (failures - 1) if failures else 0.0
    return max(spread, backoff)
