"""One line of the policy in, a Rule out: `metric op value`, its units checked."""

import math
import re
from collections.abc import Iterable
from typing import NamedTuple

from releasegate.config.model import Rule
from releasegate.config.shape import (
    DURATION,
    DURATION_UNITS,
    SHARE,
    SIZE,
    SIZE_UNITS,
    did_you_mean,
    shown,
)

METRICS = {
    "pass_rate": "share", "score": "share", "red_capable": "share", "contacted": "share",
    "flaky": "checks", "failed": "checks", "critical.failed": "checks", "regressions": "checks",
    "excused": "checks", "unproven": "checks", "warned": "checks",
    "fallbacks": "count", "leaked": "count", "retries": "count", "timeouts": "count",
    "contract.breaking": "count",
    "duration": "duration", "latency.p50": "duration", "latency.p95": "duration", "latency.p99": "duration",
    "latency.max": "duration", "memory.peak": "size",
}  # fmt: skip
UNMEASURED = frozenset({"contract.breaking", "memory.peak"})
SAMPLES_FOR = {"latency.p50": 1, "latency.p95": 20, "latency.p99": 100}
OPS = (">=", "<=", "==", "!=", ">", "<")
LINE = re.compile(r"(?P<metric>(?:\[[^\]]*\]|[^\s\[<>=!])+)\s*(?P<op>>=|<=|==|!=|>(?!=)|<(?!=))\s*(?P<value>\S.*?)\s*")
PERCENT_OF = re.compile(r"(?P<percent>\d+(?:\.\d+)?)\s?%\s+of\s+baseline")
NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
SUBJECT = re.compile(r"(?:suite\.(?P<suite>[^.\[]+)|check\.(?P<check>[^.\[]+\.[^.\[]+(?:\[[^\]]*\])?))\.(?P<metric>.+)")
UNIT_SAYS = {
    "share": "a share: 95%",
    "count": "a number without a unit: 0",
    "checks": "a number of checks or a share of them: 0, 20%",
    "number": "a number without a unit: 42",
    "duration": "a duration: 250ms, 5s, 2m",
    "size": "a size: 64KiB, 300MiB",
}
ACCEPTED = {
    "share": {"share"}, "count": {"number"}, "checks": {"number", "share"},
    "number": {"number"}, "duration": {"duration"}, "size": {"size"},
}  # fmt: skip
FORM = "metric op value, as in: pass_rate >= 95%"


class BadRule(ValueError):  # noqa: N818 - the name says what it is
    """A line that is no rule. `hint` says what to write."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Subject(NamedTuple):
    """What a metric is of: `metric` alone speaks of the whole run, else of one suite or one check."""

    metric: str
    suite: str | None = None
    check: str | None = None


def is_unmeasured(metric: str) -> bool:
    """Tell whether this version has no value for a metric, so that a rule about it holds everything up."""
    name = subject_of(metric).metric
    return name in UNMEASURED or name.startswith("tests.")


def subject_of(metric: str) -> Subject:
    """Split `suite.<id>.X` and `check.<suite>.<check>.X`."""
    match = SUBJECT.fullmatch(metric)
    return Subject(match["metric"], match["suite"], match["check"]) if match else Subject(metric)


def unit_of(metric: str, declared: dict[str, str | None] | None = None) -> str | None:
    """Give share, checks (a count, or a share of the checks), count, duration, size or number.

    `any` stands for a test suite's own metric, None for an unknown one.

    `declared` holds the metrics of the config with their units as written there.
    """
    if declared and metric in declared:
        return _family(declared[metric])
    name = subject_of(metric).metric
    return "any" if name.startswith("tests.") and len(name) > len("tests.") else METRICS.get(name)


def _family(unit: str | None) -> str:
    if unit == "%":
        return "share"
    if unit in DURATION_UNITS:
        return "duration"
    return "size" if unit in SIZE_UNITS else "number"


def parse_rule(text: str, level: str = "fail", declared: dict[str, str | None] | None = None) -> Rule:
    """Parse one line. Raises BadRule when its form, its metric or its value's unit is wrong.

    Shares become fractions of 1, durations seconds, sizes bytes.
    """
    match = LINE.fullmatch(text.strip())
    if match is None:
        raise BadRule(f"expected {FORM}; found {shown(text)}", f"the operators are {', '.join(OPS)}")
    metric, written = match["metric"], match["value"]
    unit = unit_of(metric, declared)
    if unit is None:
        raise unknown_metric(metric, declared or ())
    factor = _of_baseline(written)
    value = None if factor is not None else _value(written, unit, metric)
    return Rule(text=text.strip(), metric=metric, op=match["op"], value=value, level=level, of_baseline=factor)


def unknown_metric(metric: str, declared: Iterable[str] = ()) -> BadRule:
    """Say that nobody measures this, and what was probably meant."""
    subject = subject_of(metric)
    known = sorted(METRICS) if subject != Subject(metric) else sorted({*METRICS, *declared, "tests.failed"})
    hint = did_you_mean(subject.metric, known) or f"known are {', '.join(known)}"
    return BadRule(f"unknown metric {shown(metric)}", hint)


def _of_baseline(written: str) -> float | None:
    if written == "baseline":
        return 1.0
    match = PERCENT_OF.fullmatch(written)
    return float(match["percent"]) / 100 if match else None


def _value(written: str, unit: str, metric: str) -> float:
    given, value = _read(written)
    if given is None:
        hint = f"write {UNIT_SAYS[unit]}" if unit in UNIT_SAYS else "95%, 5s, 300MiB, 0, baseline, 110% of baseline"
        raise BadRule(f"{shown(written)} is not a value for {metric}", hint)
    if not math.isfinite(value):
        raise BadRule(f"{shown(written)} is no threshold: it must be finite", "write a number")
    if given not in ACCEPTED.get(unit, {"share", "duration", "size", "number"}) and not (
        given == "number" and value == 0
    ):
        raise BadRule(
            f"{metric} is compared with {UNIT_SAYS[unit]}; found {shown(written)}", f"write {UNIT_SAYS[unit]}"
        )
    if given == "share" and unit in {"share", "checks"} and value > 1:
        raise BadRule(f"{metric} is a share of a whole; found {shown(written)}", "write a share of at most 100%")
    if unit in {"count", "checks"} and value < 0:
        raise BadRule(f"{metric} counts from 0; found {shown(written)}", "write 0 or more")
    return value


def _read(written: str) -> tuple[str | None, float]:
    """Give the unit family and the value in its base unit; None when it is no value."""
    if match := SHARE.fullmatch(written):
        return "share", float(match[1]) / 100
    if match := DURATION.fullmatch(written):
        return "duration", float(match[1]) * DURATION_UNITS[match[2]]
    if match := SIZE.fullmatch(written):
        return "size", float(match[1]) * SIZE_UNITS[match[2]]
    if NUMBER.fullmatch(written):
        return "number", float(written)
    if written.lstrip("+-.").lower() in {"nan", "inf", "infinity"}:
        return "number", math.nan
    return None, 0.0
