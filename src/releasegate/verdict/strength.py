"""A passed check in, the claim that its samples support out, with its condition."""

from functools import cache

from releasegate.model import CheckResult
from releasegate.sampling import PROFILES
from releasegate.stats.characteristic import characteristic

RATES = (0.5, 0.3, 0.2, 0.1)


def strength_of(check: CheckResult) -> str:
    """Say how many samples passed in how long, and what would have passed as well."""
    passes = sum(sample.met for sample in check.samples)
    lasted = f"{check.duration_s:.1f} s" if check.duration_s >= 0.1 else f"{check.duration_s * 1000:.0f} ms"  # noqa: PLR2004
    return f"{passes}/{len(check.samples)} in {lasted}. {claim(check.profile)}{lasted} counts as one sample."


@cache
def claim(profile: str) -> str:
    """Give the part of the claim that depends on the profile alone."""
    passed = " / ".join(_percent(characteristic(PROFILES[profile], rate).passed) for rate in RATES)
    return (
        f"If samples were independent, a check that fails 50 / 30 / 20 / 10 % of the time "
        f"would pass this rule {passed} %. A fault that lasts longer than "
    )


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.1f}" if percent < 1 else f"{percent:.0f}"
