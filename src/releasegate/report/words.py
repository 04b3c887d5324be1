"""Numbers and names in, the words that every report uses for them out."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from releasegate.config.shape import SIZE_UNITS
from releasegate.model import Evidence, Outcome, RuleResult, Sample, State

ORDERS = {
    State.STABLE: "may be merged",
    State.DEGRADED: "may be merged, with warnings",
    State.UNSTABLE: "do not merge",
    State.INCONCLUSIVE: "do not merge, the evidence does not decide",
}

MOST_MARKS = 32
SHORT_SHA = 12
MINUTE_S = 60.0
SHARES = ("pass_rate", "score", "flaky", "red_capable", "contacted")
DURATIONS = ("duration", "latency")
KIB = 1024
SIZE_NAMES = ("B", "KiB", "MiB", "GiB")
_DEMAND = re.compile(r"[<>=!]=?\s*(-?[\d.]+)\s*([A-Za-z]+|%)?\s*$")
_TIME_UNITS = frozenset({"ms", "s", "m", "h", "d"})


def advisory_run(evidence: Evidence) -> bool:
    """Tell whether the run only advises although its verdict would block."""
    return evidence.run.mode == "advisory" and evidence.verdict.state in {State.UNSTABLE, State.INCONCLUSIVE}


def order(evidence: Evidence) -> str:
    """Say what to do with the pull request."""
    text = ORDERS[evidence.verdict.state]
    return f"{text} (advisory: nothing is blocked)" if advisory_run(evidence) else text


def seconds(duration_s: float) -> str:
    """Say a duration as a person would: `<1 ms`, `12 ms`, `2.83 s`, `26.4 s`, `5 min 3 s`."""
    if not math.isfinite(duration_s):
        return str(duration_s)
    if duration_s < 0.001:  # noqa: PLR2004 - a millisecond
        return "<1 ms" if duration_s > 0 else "0 s"
    if duration_s < 0.9995:  # noqa: PLR2004 - what still rounds to less than a second
        return f"{duration_s * 1000:.0f} ms"
    if duration_s < 2 * MINUTE_S:
        return f"{duration_s:.2f} s" if duration_s < 10 else f"{duration_s:.1f} s"  # noqa: PLR2004 - three digits
    minutes, rest = divmod(round(duration_s), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def at(moment_s: float) -> str:
    return f"{moment_s:.2f} s"


def percent(share: float) -> str:
    """Say a share, never rounded up to a full hundred or down to nothing."""
    digits = 1
    while digits < 4 and share not in {0.0, 1.0} and round(share * 100, digits) in {0.0, 100.0}:  # noqa: PLR2004
        digits += 1
    return f"{share * 100:.{digits}f}".removesuffix(".0") + " %"


def size(count: float) -> str:
    name = SIZE_NAMES[0]
    for name in SIZE_NAMES:
        if abs(count) < KIB or name == SIZE_NAMES[-1]:
            break
        count /= KIB
    return f"{count:.4g} {name}"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def listing(names: Iterable[str], most: int) -> str:
    """Join names; past `most` the rest is counted, never hidden."""
    every = list(names)
    shown = ", ".join(every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most:,} more"


def marks(samples: tuple[Sample, ...]) -> str:
    """Draw samples in their order: `✓✓✗✗`."""
    drawn = "".join("✓" if sample.outcome is Outcome.MET else "✗" for sample in samples[:MOST_MARKS])
    return drawn if len(samples) <= MOST_MARKS else f"{drawn}… ({len(samples):,})"


def short(revision: str | None) -> str:
    """Shorten a commit; a tag or another name stays whole."""
    if revision is None:
        return "unknown"
    return revision[:SHORT_SHA] if re.fullmatch("[0-9a-fA-F]{13,64}", revision) else revision


def observed(rule: RuleResult, policy: Mapping[str, Any]) -> str:
    """Say what a rule saw in the unit that the rule speaks, with enough digits to show on which side it is."""
    value = rule.observed
    if value is None or not math.isfinite(value):
        return "no value" if value is None else str(value)
    demand = _DEMAND.search(rule.rule)
    unit = (demand[2] or "") if demand else ""
    limit = _limit(rule.rule, policy)
    if unit == "%" or (not demand and rule.metric.rsplit(".", 1)[-1] in SHARES):
        literal = float(demand[1]) if demand else 0.0
        scale = 1.0 if limit and literal == limit else 100.0
        return _apart(value * scale, None if limit is None else limit * scale) + " %"
    if unit in _TIME_UNITS or (not unit and any(name in rule.metric for name in DURATIONS)):
        return seconds(value)
    return size(value) if unit in SIZE_UNITS else _apart(value, limit)


def _limit(text: str, policy: Mapping[str, Any]) -> float | None:
    for entry in policy.get("rules", ()):
        if entry.get("text") == text:
            value = entry.get("value")
            return float(value) if isinstance(value, int | float) else None
    return None


def _apart(value: float, limit: float | None) -> str:
    """Round to one digit, or to as many as keep the value on its side of the limit."""
    if value == int(value) and abs(value) < 1e15:  # noqa: PLR2004 - whole numbers that a float holds exactly
        return f"{int(value):,}"
    for digits in (1, 2, 3, 4):
        rounded = round(value, digits)
        if limit is None or ((rounded > limit) == (value > limit) and (rounded < limit) == (value < limit)):
            return f"{rounded:,.{digits}f}"
    return repr(value)
