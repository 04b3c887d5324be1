"""A sampling profile and a failure rate in, its exact operating characteristic out. Computed, not simulated."""

from typing import NamedTuple

from releasegate.model import Label
from releasegate.sampling import Profile, step


class Characteristic(NamedTuple):
    """Probabilities (0 to 1) of each end of the sampling, and the mean number of samples it takes."""

    failure_rate: float
    passed: float
    failed: float
    unproven: float
    mean_samples: float


def characteristic(profile: Profile, failure_rate: float, correlation: float = 0.0) -> Characteristic:
    """Walk every path of the table, weighted by its probability.

    `correlation` is the lag-1 correlation of neighbouring samples (a two-state Markov chain whose
    stationary failure rate is `failure_rate`); 0 means independent samples.
    """
    ends = {Label.PASSED: 0.0, Label.FAILED: 0.0, Label.UNPROVEN: 0.0}
    mean = 0.0
    alive: dict[tuple[int, int, bool | None], float] = {(0, 0, None): 1.0}
    while alive:
        following: dict[tuple[int, int, bool | None], float] = {}
        for (passes, failures, last), weight in alive.items():
            mean += weight
            for met in (True, False):
                chance = weight * _chance(met, last, failure_rate, correlation)
                if not chance:
                    continue
                state = (passes + met, failures + (not met))
                label = step(profile, *state, met=met)
                if label is None:
                    key = (*state, met if correlation else None)
                    following[key] = following.get(key, 0.0) + chance
                else:
                    ends[Label.PASSED if label is Label.FLAKY else label] += chance
        alive = following
    return Characteristic(failure_rate, ends[Label.PASSED], ends[Label.FAILED], ends[Label.UNPROVEN], mean)


def _chance(met: bool, last: bool | None, failure_rate: float, correlation: float) -> float:
    base = 1 - failure_rate if met else failure_rate
    if last is None or not correlation:
        return base
    return correlation * (met == last) + (1 - correlation) * base
