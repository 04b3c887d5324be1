"""A failing check in, what its bystanders said when it failed out: likely causes first, each against its own normal.

Normal is the median of a check's own met samples in this run. Where the whole run was slow, that median is slow too:
so a bound of its own that warns comes before it, and the words say what was compared.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from releasegate.model import CUT_OFF, CheckResult, Diagnosis, Evidence, Expectation, Level, Sample
from releasegate.report.facts import said_of
from releasegate.report.words import seconds
from releasegate.verdict.explain import SLOW
from releasegate.verdict.metrics import samples_of

LEAST_SAMPLES = 3
SLOWER = 3.0
LEAST_SLOWER_S = 0.01
"""What is not so many times, and so many seconds, above its median is as usual."""
LARGEST = 1e9
COULD_NOT_LOOK, UNMET, WARNED, SLOWER_THAN_USUAL, CUT, USUAL = range(6)
BROKEN = frozenset({COULD_NOT_LOOK, UNMET})
LIKELY = frozenset({COULD_NOT_LOOK, UNMET, WARNED, SLOWER_THAN_USUAL})

OF_TIME = re.compile(r"\b(timeout|too late|latency|within|duration|until|stuck)\b")
"""What the signature of a failure says that something slow explains."""


class Cause(Struct, frozen=True, kw_only=True):
    """What one bystander said at its worst: `rank` orders, first how it is, then how far from its normal."""

    check: str
    text: str
    rank: tuple[int, float]
    at: str = ""
    """At how many of several failures it was a likely cause."""

    @property
    def likely(self) -> bool:
        return self.rank[0] in LIKELY

    @property
    def sentence(self) -> str:
        return f"{self.check}: {self.text}{self.at}"


def normals(evidence: Evidence) -> dict[str, float]:
    """Give the median duration in seconds of each diagnosed check that has enough met samples."""
    read = {reading.check for check in evidence.checks for s in samples_of(check) for reading in s.diagnosis}
    took = {c.id: [s.duration_s for s in c.samples if s.met] for c in evidence.checks if c.id in read}
    return {name: _median(several) for name, several in took.items() if len(several) >= LEAST_SAMPLES}


def _median(values: Iterable[float]) -> float:
    """Give the middle of some values; `statistics` is slow to import."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def causes(check: CheckResult, normal: Mapping[str, float]) -> list[Cause]:
    """Give what each bystander said, the likeliest cause first; of several failures the worst, and how often."""
    readings = [reading for sample in samples_of(check) if not sample.met for reading in sample.diagnosis]
    by_check: dict[str, list[Diagnosis]] = {}
    for reading in readings:
        by_check.setdefault(reading.check, []).append(reading)
    found = [_worst(name, several, normal.get(name)) for name, several in by_check.items()]
    return sorted(found, key=lambda cause: cause.rank)


def likely(found: Iterable[Cause]) -> list[Cause]:
    return [cause for cause in found if cause.likely]


def come_first(found: Iterable[Cause], sample: Sample | None) -> bool:
    """Tell whether likely causes are to be looked at before the failure itself: what is only slow, if it is of time."""
    of_time = OF_TIME.search(sample.signature or "") if sample else None
    return bool(of_time) or any(cause.rank[0] in BROKEN for cause in found)


def told_beside(check: CheckResult, normal: Mapping[str, float]) -> list[tuple[str, str]]:
    """Give the lines of a report, each with its name: one for each likely cause, one for all the others."""
    found = causes(check, normal)
    usual = [cause.sentence for cause in found if not cause.likely]
    return [("likely", cause.sentence) for cause in likely(found)] + ([("beside", "; ".join(usual))] if usual else [])


def of_flaky(check: CheckResult, normal: Mapping[str, float]) -> str:
    """Give what follows in the one line of a check that failed and then passed."""
    found = likely(causes(check, normal))
    return f"; likely {'; '.join(cause.sentence for cause in found)}" if found else ""


def _worst(name: str, readings: Sequence[Diagnosis], normal_s: float | None) -> Cause:
    told = [_cause(name, reading.sample, normal_s) for reading in readings]
    worst = min(told, key=lambda cause: cause.rank)
    if not worst.likely or len(told) == 1:
        return worst
    times = len(likely(told))
    return Cause(check=name, text=worst.text, rank=worst.rank, at=f" (at {times} of {len(told)} failures)")


def _cause(name: str, reading: Sample, normal_s: float | None) -> Cause:
    trouble, slow = reading.trouble, _beyond(reading)
    took = seconds(reading.duration_s)
    ratio = reading.duration_s / normal_s if normal_s else 0.0
    if trouble and trouble.reason == CUT_OFF:
        rank, text = (CUT, 0.0), f"its reading was cut off in {trouble.phase} after {took}"
    elif trouble:
        rank, text = (COULD_NOT_LOOK, 0.0), said_of(reading)
    elif not reading.met and (unmet := _unmet(reading)) is not None:
        rank, text = (UNMET, -slow[0] if slow else 0.0), unmet
    elif slow:
        kept_up = "; as slow all through this run" if normal_s and ratio < SLOWER else ""
        rank, text = (WARNED, -slow[0]), f"{slow[1]}{kept_up}"
    elif normal_s and ratio >= SLOWER and reading.duration_s - normal_s >= LEAST_SLOWER_S:
        rank, text = (
            (SLOWER_THAN_USUAL, -ratio),
            f"{took}, {_times(ratio)} its median of this run ({seconds(normal_s)})",
        )
    else:
        rank, text = (USUAL, -ratio), _as_usual(reading, took, normal_s)
    return Cause(check=name, text=text, rank=rank)


def _unmet(reading: Sample) -> str | None:
    slow = _beyond(reading)
    texts = (e.text for e in reading.expectations if not e.met and e.level is Level.FAIL and e.subject not in SLOW)
    return next(texts, slow[1] if slow else reading.signature)


def _as_usual(reading: Sample, took: str, normal_s: float | None) -> str:
    if normal_s:
        return f"{took}, as in the rest of this run (median {seconds(normal_s)})"
    bound = next((e for e in reading.expectations if e.level is Level.WARN and _bound_s(e)), None)
    if bound and (bound_s := _bound_s(bound)):
        return f"{took}, within its warn bound of {seconds(bound_s)}"
    return f"{took}, and nothing of its own to compare it with"


def _beyond(reading: Sample) -> tuple[float, str] | None:
    """Tell how many times a reading is beyond a bound of its own that it broke, the one that warns first."""
    broken = [(e, bound_s) for e in reading.expectations if not e.met and (bound_s := _bound_s(e))]
    broken.sort(key=lambda pair: pair[0].level is not Level.WARN)
    for expectation, bound_s in broken:
        found = _number(expectation.found[0] if expectation.found else None)
        if found is not None:
            ratio, level = found / bound_s, "warn bound" if expectation.level is Level.WARN else "bound"
            return ratio, f"{seconds(found)}, {_times(ratio)} its {level} of {seconds(bound_s)}"
    return None


def _bound_s(expectation: Expectation) -> float | None:
    bound = _number(expectation.demanded)
    upper = expectation.subject in SLOW and expectation.operator == "max"
    return bound if upper and bound and bound > 0 else None


def _number(value: Any) -> float | None:
    """Take a number for one; what no gate writes is none."""
    if not isinstance(value, int | float) or not abs(value) <= LARGEST:
        return None
    return float(value)


def _times(ratio: float) -> str:
    return f"{ratio:.1f} x" if ratio < 10 else f"{ratio:,.0f} x"  # noqa: PLR2004 - two digits tell enough
