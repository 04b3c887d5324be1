"""Rules and labelled checks in, each rule with what was observed out. Pure."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence

from releasegate.config.model import Rule
from releasegate.model import CheckResult, Level, Measurement, RuleResult
from releasegate.verdict.metrics import NOT_FINITE, Facts, Observed, facts_of, observe

COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


def evaluate(
    rules: Sequence[Rule],
    checks: Sequence[CheckResult],
    *,
    duration_s: float,
    fallbacks: Sequence[str] = (),
    left_out: Sequence[str] = (),
    measured: Sequence[Measurement] = (),
) -> tuple[RuleResult, ...]:
    """Judge every rule. `held` is None when its metric has no value; such a rule never makes anything green."""
    facts = facts_of(checks, duration_s, fallbacks)
    brought = {each.name: Observed(value=each.value, note=each.problem) for each in measured}
    return tuple(_judge(rule, facts, left_out, brought) for rule in rules)


def speaks_of_share(text: str) -> bool:
    """Tell whether the rule's threshold is written in percent: `flaky <= 20%` is a share, `flaky == 0` a count."""
    return text.rstrip().endswith("%")


def _judge(rule: Rule, facts: Facts, left_out: Sequence[str], brought: Mapping[str, Observed]) -> RuleResult:
    seen = brought.get(rule.metric)
    if seen is None:
        seen = observe(rule.metric, facts, share=speaks_of_share(rule.text), left_out=left_out)
    elif seen.value is not None and not math.isfinite(seen.value):
        seen = Observed(value=None, note=NOT_FINITE)
    note, held = seen.note, None
    if rule.value is None:
        note = "there is no baseline to compare with"
    elif not math.isfinite(rule.value):
        note = "its threshold is not a finite number"
    elif seen.value is not None:
        held = COMPARE[rule.op](seen.value, rule.value)
    return RuleResult(
        rule=rule.text,
        observed=seen.value,
        level=Level.WARN if rule.level == "warn" else Level.FAIL,
        held=held,
        metric=rule.metric,
        note=note,
        applicable=seen.applicable,
    )
