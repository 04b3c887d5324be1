"""Labelled checks in, the numbers that rules speak of out. Pure; a number that is not known is None, never 0."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise

from msgspec import Struct

from releasegate.config.rules import SAMPLES_FOR, Subject, subject_of
from releasegate.model import BROKEN, EXCUSED, PASSED, CheckResult, Label, Sample, base_of, is_of_base
from releasegate.sampling import PROFILES

LEAST_SAMPLES = {**SAMPLES_FOR, "latency.max": 1}
DIGITS = 12  # weights are quotients: what lies beyond is rounding, and no rule may turn on it
QUANTILES = {"latency.p50": 0.5, "latency.p95": 0.95, "latency.p99": 0.99, "latency.max": 1.0}


class Facts(Struct, frozen=True, kw_only=True):
    """What metrics are computed from. `counted` is the denominator: without excused, skipped and advisory checks.

    A metric of one check counts that check though it is advisory: whoever names it means it.
    """

    checks: Sequence[CheckResult]
    counted: Sequence[CheckResult]
    duration_s: float
    fallbacks: frozenset[str]

    @property
    def samples(self) -> list[Sample]:
        return [sample for check in self.checks for sample in check.samples]


class Observed(Struct, frozen=True, kw_only=True):
    """A metric's value, or why it has none. `applicable` is False when its subject was left out of the run."""

    value: float | None
    note: str | None = None
    applicable: bool = True


def facts_of(
    checks: Sequence[CheckResult], duration_s: float, fallbacks: Sequence[str] = (), *, named: bool = False
) -> Facts:
    counted = [check for check in checks if counts(check, named=named)]
    used = {s.fallback for c in checks for s in c.samples if s.fallback} | set(fallbacks)
    return Facts(checks=checks, counted=counted, duration_s=duration_s, fallbacks=frozenset(used))


def samples_of(check: CheckResult) -> tuple[Sample, ...]:
    """Give all samples that met staging, also the one that was cut off: it may have left something there."""
    return check.samples if check.unfinished is None else (*check.samples, check.unfinished)


def excused(check: CheckResult) -> bool:
    """Tell whether an excuse takes the check out of the denominator: nothing excuses a critical one."""
    return check.label in EXCUSED and not check.critical


def counts(check: CheckResult, *, named: bool = False) -> bool:
    """Tell whether a check is in the denominator; one that is named is, though it is advisory."""
    return (named or not check.advisory) and not excused(check) and check.label is not Label.SKIPPED


def _count(*labels: Label) -> Callable[[Facts], float]:
    return lambda facts: sum(check.label in labels for check in facts.counted)


def _pass_rate(facts: Facts) -> float | None:
    return _share(sum(c.label in PASSED for c in facts.counted), len(facts.counted))


def score(facts: Facts) -> float | None:
    """Give the passed share of the weight."""
    passed = math.fsum(c.weight for c in facts.counted if c.label in PASSED)
    share = _share(passed, math.fsum(c.weight for c in facts.counted))
    return None if share is None else round(share, DIGITS)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _red_capable(facts: Facts) -> float | None:
    green = [c for c in facts.counted if c.label in PASSED]
    return _share(sum(c.red_capable is True for c in green), len(green))


def _contacted(facts: Facts) -> float | None:
    touched = sum(bool(c.samples) and any(s.contact for s in c.samples) for c in facts.counted)
    return _share(touched, len(facts.counted))


def _is_timeout(sample: Sample) -> bool:
    if sample.trouble:
        return sample.trouble.reason == "timeout"
    words = (sample.signature or "").split()
    return not sample.met and (words[-1:] == ["timeout"] or ("timeout", "waiting") in pairwise(words))


def _latency(name: str) -> Callable[[Facts], float | None]:
    def value(facts: Facts) -> float | None:
        seen = sorted(sample.duration_s for sample in facts.samples if sample.met)
        if len(seen) < LEAST_SAMPLES[name] or not all(map(math.isfinite, seen)):
            return None
        return seen[max(0, math.ceil(QUANTILES[name] * len(seen)) - 1)]  # nearest rank

    return value


COUNTS: dict[str, Callable[[Facts], float]] = {
    "failed": _count(*BROKEN),
    "critical.failed": lambda facts: sum(
        c.critical and c.label in BROKEN and not is_of_base(c.id) for c in facts.checks
    ),
    "regressions": _count(Label.REGRESSION),
    "excused": lambda facts: sum(map(excused, facts.checks)),
    "flaky": _count(Label.FLAKY),
    "unproven": _count(Label.UNPROVEN),
    "warned": lambda facts: sum(any(s.warned for s in c.samples) for c in facts.checks),
}
SUMS: dict[str, Callable[[Facts], float]] = {
    "fallbacks": lambda facts: len(facts.fallbacks),
    "leaked": lambda facts: sum(s.leaked for c in facts.checks for s in samples_of(c)),
    "retries": lambda facts: sum(s.retries for s in facts.samples),
    "timeouts": lambda facts: sum(map(_is_timeout, facts.samples)),
}
SHARES: dict[str, Callable[[Facts], float | None]] = {
    "pass_rate": _pass_rate,
    "score": score,
    "red_capable": _red_capable,
    "contacted": _contacted,
}
TIMES: dict[str, Callable[[Facts], float | None]] = {
    "duration": lambda facts: facts.duration_s,
    **{name: _latency(name) for name in QUANTILES},
}
METRICS: dict[str, Callable[[Facts], float | None]] = {**COUNTS, **SUMS, **SHARES, **TIMES}
NOT_FINITE = "it is not a finite number"


def observe(metric: str, facts: Facts, *, share: bool = False, left_out: Sequence[str] = ()) -> Observed:
    """Give a metric's value. `share` asks for a count as a share of the checks; `left_out` names checks not run."""
    subject = subject_of(metric)
    if subject.metric not in METRICS:
        return Observed(value=None, note="it is not measured by this version")
    if subject.suite or subject.check:
        facts, left_out = within(facts, metric), [name for name in left_out if _is_about(name, subject)]
        if not facts.checks:
            return _nothing_of(subject, left_out)
    if left_out and _planned(facts) < LEAST_SAMPLES.get(subject.metric, 0):
        note = f"{subject.metric} needs {LEAST_SAMPLES[subject.metric]} samples, and what was left out leaves fewer"
        return Observed(value=None, note=note, applicable=False)
    return _finite(_value(subject.metric, facts, share=share), subject.metric, facts)


def within(facts: Facts, metric: str) -> Facts:
    """Give the facts of the suite or check that a metric speaks of, all of them where it names none."""
    subject = subject_of(metric)
    if not (subject.suite or subject.check):
        return facts
    chosen = [check for check in facts.checks if _is_about(check.id, subject)]
    return facts_of(chosen, _lasted_s(chosen), named=subject.check is not None)


def _planned(facts: Facts) -> int:
    """Give how many samples the checks take if all are healthy."""
    return sum(PROFILES[check.profile].passes_needed[0] for check in facts.checks)


def _value(name: str, facts: Facts, *, share: bool) -> float | None:
    value = METRICS[name](facts)
    return _share(value or 0.0, len(facts.counted)) if share and name in COUNTS else value


def _finite(value: float | None, name: str, facts: Facts) -> Observed:
    if value is None:
        return Observed(value=None, note=_why_none(name, facts))
    return Observed(value=value) if math.isfinite(value) else Observed(value=None, note=NOT_FINITE)


def _nothing_of(subject: Subject, left_out: Sequence[str]) -> Observed:
    about = f"suite {subject.suite}" if subject.suite else f"check {subject.check}"
    note = f"{about} was left out of this run" if left_out else f"nothing of {about} was run"
    return Observed(value=None, note=note, applicable=not left_out)


def _lasted_s(checks: Sequence[CheckResult]) -> float:
    """Give the seconds from the first sample's start to the last one's end; NaN when a time cannot be read."""
    try:
        spans = [(datetime.fromisoformat(s.started).timestamp(), s.duration_s) for c in checks for s in c.samples]
    except (ValueError, OverflowError, OSError):
        return math.nan
    return max(at + took for at, took in spans) - min(at for at, _ in spans) if spans else 0.0


def _why_none(name: str, facts: Facts) -> str:
    if name in LEAST_SAMPLES:
        met = sum(sample.met for sample in facts.samples)
        return f"{name} needs {LEAST_SAMPLES[name]} samples that met their demands, there are {met}"
    return "there is no check that it could be computed from"


def _is_about(check_id: str, subject: Subject) -> bool:
    if subject.suite:
        return check_id.startswith(f"{subject.suite}.")
    return subject.check in {check_id, base_of(check_id)}
