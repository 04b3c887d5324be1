"""Labelled checks in, the numbers that rules speak of out. Pure; a number that is not known is None, never 0."""

import math
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from releasegate.model import CheckResult, Label, Sample
from releasegate.verdict.label import PASSED

BROKEN = frozenset({Label.FAILED, Label.REGRESSION})
EXCUSED = frozenset({Label.PRE_EXISTING, Label.KNOWN_FLAKY, Label.MUTED})
LEAST_SAMPLES = {"latency.p50": 2, "latency.p95": 20, "latency.p99": 100, "latency.max": 1}
QUANTILES = {"latency.p50": 0.5, "latency.p95": 0.95, "latency.p99": 0.99, "latency.max": 1.0}


class Facts(Struct, frozen=True, kw_only=True):
    """What metrics are computed from. `counted` is the denominator: without excused, skipped and advisory checks."""

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


def facts_of(checks: Sequence[CheckResult], duration_s: float, fallbacks: Sequence[str] = ()) -> Facts:
    counted = [c for c in checks if not c.advisory and c.label not in EXCUSED and c.label is not Label.SKIPPED]
    used = {s.fallback for c in checks for s in c.samples if s.fallback} | set(fallbacks)
    return Facts(checks=checks, counted=counted, duration_s=duration_s, fallbacks=frozenset(used))


def _count(*labels: Label) -> Callable[[Facts], float]:
    return lambda facts: sum(check.label in labels for check in facts.counted)


def _pass_rate(facts: Facts) -> float | None:
    return _share(sum(c.label in PASSED for c in facts.counted), len(facts.counted))


def score(facts: Facts) -> float | None:
    """Give the passed share of the weight."""
    passed = sum(c.weight for c in facts.counted if c.label in PASSED)
    return _share(passed, sum(c.weight for c in facts.counted))


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
    return bool(sample.signature) and str(sample.signature).endswith(" timeout")


def _latency(name: str) -> Callable[[Facts], float | None]:
    def value(facts: Facts) -> float | None:
        seen = sorted(sample.duration_s for sample in facts.samples if sample.met)
        if len(seen) < LEAST_SAMPLES[name]:
            return None
        return seen[max(0, math.ceil(QUANTILES[name] * len(seen)) - 1)]  # nearest rank

    return value


COUNTS: dict[str, Callable[[Facts], float]] = {
    "failed": _count(*BROKEN),
    "critical.failed": lambda facts: sum(c.critical and c.label in BROKEN for c in facts.counted),
    "regressions": _count(Label.REGRESSION),
    "excused": lambda facts: sum(c.label in EXCUSED for c in facts.checks),
    "flaky": _count(Label.FLAKY),
    "unproven": _count(Label.UNPROVEN),
    "warned": lambda facts: sum(any(s.warned for s in c.samples) for c in facts.checks),
}
SUMS: dict[str, Callable[[Facts], float]] = {
    "fallbacks": lambda facts: len(facts.fallbacks),
    "leaked": lambda facts: sum(s.leaked for s in facts.samples),
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
UNMEASURED = ("memory.peak", "contract.breaking", "tests.")


def observe(metric: str, facts: Facts, *, share: bool = False, left_out: Sequence[str] = ()) -> Observed:
    """Give a metric's value. `share` asks for a count as a share of the checks; `left_out` names checks not run."""
    about, name = _subject(metric)
    if name not in METRICS:
        return Observed(value=None, note="it is not measured by this version")
    if about:
        chosen = [check for check in facts.checks if _is_about(check.id, about)]
        if not chosen:
            known = any(_is_about(name, about) for name in left_out)
            note = f"{about} was left out of this run" if known else f"nothing of {about} was run"
            return Observed(value=None, note=note, applicable=not known)
        took_s = sum(check.duration_s for check in chosen)
        facts = facts_of(chosen, took_s, tuple(facts.fallbacks) if name == "fallbacks" else ())
    value = METRICS[name](facts)
    if share and name in COUNTS:
        value = _share(value or 0.0, len(facts.counted))
    if value is None:
        return Observed(value=None, note=_why_none(name, facts))
    return Observed(value=value) if math.isfinite(value) else Observed(value=None, note="it is not a finite number")


def _why_none(name: str, facts: Facts) -> str:
    if name in LEAST_SAMPLES:
        met = sum(sample.met for sample in facts.samples)
        return f"{name} needs {LEAST_SAMPLES[name]} samples that met their demands, there are {met}"
    return "there is no check that it could be computed from"


def _subject(metric: str) -> tuple[str | None, str]:
    """Split `suite.<id>.pass_rate` and `check.<id>.latency.p95` into whom they are about and the metric."""
    kind, _, rest = metric.partition(".")
    if kind not in {"suite", "check"}:
        return None, metric
    for name in METRICS:
        if rest.endswith(f".{name}"):
            about = rest[: -len(name) - 1]
            return (f"{about}." if kind == "suite" else about), name
    return None, metric


def _is_about(check_id: str, about: str) -> bool:
    return check_id.startswith(about) if about.endswith(".") else about in {check_id, check_id.partition("[")[0]}


def table(checks: Sequence[CheckResult], *, duration_s: float, fallbacks: Sequence[str] = ()) -> Mapping[str, float]:
    """Give every metric of the whole run that has a value."""
    facts = facts_of(checks, duration_s, fallbacks)
    seen = {name: observe(name, facts).value for name in METRICS}
    return {name: value for name, value in seen.items() if value is not None}
