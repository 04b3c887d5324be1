"""Rules and labelled checks in, each rule with what was observed out. Pure."""

import math
import operator
from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec.structs import replace

from releasegate.config.model import Rule
from releasegate.model import CheckResult, Level, Measurement, RuleResult
from releasegate.verdict.metrics import NOT_FINITE, Facts, Observed, facts_of, observe, within

COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}

WITHOUT_NEW = "without what is new and not merged"


def evaluate(
    rules: Sequence[Rule],
    checks: Sequence[CheckResult],
    *,
    duration_s: float,
    fallbacks: Sequence[str] = (),
    left_out: Sequence[str] = (),
    measured: Sequence[Measurement] = (),
    new: Collection[str] = (),
) -> tuple[RuleResult, ...]:
    """Judge every rule. `held` is None when its metric has no value; such a rule never makes anything green.

    `new` names the checks that the base branch does not have. A rule must hold without them too, where it speaks of any
    other: what fails is not made up for by adding what passes.
    """
    facts = facts_of(checks, duration_s, fallbacks)
    old = facts_of([check for check in checks if check.id not in new], duration_s, fallbacks) if new else None
    brought = {each.name: Observed(value=each.value, note=each.problem) for each in measured}

    def judge(rule: Rule) -> RuleResult:
        seen = _judge(rule, facts, left_out, brought)
        if old is None or not within(old, rule.metric).counted:
            return seen
        without = _judge(rule, old, left_out, brought)
        noted = replace(without, note="; ".join(filter(None, (without.note, WITHOUT_NEW))))
        return min(seen, noted, key=_strength)

    return tuple(map(judge, rules))


def _strength(seen: RuleResult) -> tuple[bool, bool]:
    """Order what a rule came to: broken, then without a value, then held or not applicable."""
    return seen.held is not False, seen.held is not None or not seen.applicable


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
