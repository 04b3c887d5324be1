"""Labels, rules, control and identity in, the verdict out. Pure; the order of its steps is the precedence."""

import math
import re
from collections.abc import Sequence

from releasegate.config.shape import SIZE, SIZE_UNITS
from releasegate.errors import EXIT_INCONCLUSIVE, EXIT_INTERRUPTED, EXIT_MERGE, EXIT_UNSTABLE
from releasegate.model import (
    BROKEN,
    EXCUSED,
    PASSED,
    CheckResult,
    Control,
    Identity,
    Label,
    Level,
    Origin,
    RuleResult,
    State,
    Verdict,
    is_of_base,
)
from releasegate.verdict.explain import Explanation, explanations, listing, weightiest
from releasegate.verdict.label import groups
from releasegate.verdict.metrics import Facts, excused, facts_of, score
from releasegate.verdict.origin import unapproved, unreviewed
from releasegate.verdict.policy import speaks_of_share

EXIT_CODES = {
    State.STABLE: EXIT_MERGE,
    State.DEGRADED: EXIT_MERGE,
    State.UNSTABLE: EXIT_UNSTABLE,
    State.INCONCLUSIVE: EXIT_INCONCLUSIVE,
}
SIZE_LIMIT = re.compile(rf"{SIZE.pattern}\Z")
MOST_EXCUSED = 0.2


def decide(
    checks: Sequence[CheckResult],
    rules: Sequence[RuleResult],
    *,
    control: Control,
    identity: Identity,
    interrupted: bool,
    deadline_reached: bool,
    fallbacks: Sequence[str] = (),
    red_before: int = 0,
    advisory: bool = False,
    origin: Origin | None = None,
) -> Verdict:
    """Give the first state that holds: the evidence is void, something is broken, it does not decide, it warns, stable.

    `red_before` counts the earlier red verdicts on this commit. The reasons are those of the state and, below a red
    one, those of the states after it: everything that stands between this commit and STABLE. An `advisory` run reports
    and never blocks; an interrupted one has an exit code of its own. `origin` is that of a pull request's config.
    """
    facts, explained = facts_of(checks, 0.0, fallbacks), explanations(checks)
    steps = (
        (State.INCONCLUSIVE, _void(control, identity, interrupted=interrupted)),
        (State.UNSTABLE, _broken(checks, rules, explained)),
        (
            State.INCONCLUSIVE,
            _undecided(facts, rules, identity, explained, deadline_reached=deadline_reached)
            + unapproved(checks, origin),
        ),
        (State.DEGRADED, _warned(facts, rules, red_before) + unreviewed(checks, origin)),
    )
    held = [(state, reasons) for state, reasons in steps if reasons]
    state = held[0][0] if held else State.STABLE
    value = score(facts)
    return Verdict(
        state=state,
        exit_code=EXIT_INTERRUPTED if interrupted else EXIT_MERGE if advisory else EXIT_CODES[state],
        reasons=tuple(reason for _, reasons in held for reason in reasons) or (_stable(facts.counted),),
        score=None if value is None else round(value, 6),
    )


def _void(control: Control, identity: Identity, *, interrupted: bool) -> list[str]:
    out = ["the run was interrupted before its end"] if interrupted else []
    if control.held is False:
        out.append(f"the control failed, so nothing can be said about the change: {control.problem}")
    if identity.holds is False:
        out.append(f"staging is not what is to be judged: {identity.problem}")
    return out


def _broken(checks: Sequence[CheckResult], rules: Sequence[RuleResult], explained: Sequence[Explanation]) -> list[str]:
    broken = [check for check in checks if check.label in BROKEN and not check.advisory]
    blocking = {check.id for check in broken}
    out, told = _explained(explained, blocking)
    for group in groups(checks):
        left = [name for name in group.ids if name not in told]
        if not blocking.isdisjoint(left):
            out.append(f"{group.sentence} ({len(left)} check{'s' * (len(left) > 1)})")
            told |= set(left)
    for label in (Label.REGRESSION, Label.FAILED):
        names = weightiest(check for check in broken if check.label is label and check.id not in told)
        if names:
            out.append(f"{label.value}: {_listing(names)}")
    critical = weightiest(c for c in checks if c.label in EXCUSED and c.critical and not c.advisory)
    out += [f"critical, so no excuse holds: {_listing(critical)}"] if critical else []
    out += [_rule(rule) for rule in rules if rule.held is False and rule.level is Level.FAIL]
    return out


def _explained(explained: Sequence[Explanation], about: set[str]) -> tuple[list[str], set[str]]:
    """Tell each dependency that is down once, where it or a check above it is one of these; give who is told by it."""
    told = [found for found in explained if not about.isdisjoint(found.names)]
    return [found.sentence for found in told], {name for found in told for name in found.names}


def _undecided(
    facts: Facts,
    rules: Sequence[RuleResult],
    identity: Identity,
    explained: Sequence[Explanation],
    *,
    deadline_reached: bool,
) -> list[str]:
    if not facts.checks:
        return ["nothing was checked"]
    out = ["the run's deadline was reached"] if deadline_reached else []
    if identity.holds is None and identity.problem:
        out.append(f"which commit staging runs is not known: {identity.problem}")
    ours = [check for check in facts.checks if not check.advisory]
    _, told = _explained(explained, {check.id for check in ours if check.label in BROKEN})  # by what is broken
    undecided = {c.id for c in ours if c.label in {Label.ENVIRONMENT, Label.UNPROVEN} and c.id not in told}
    sentences, told_here = _explained(explained, undecided)
    out += sentences
    for label in (Label.ENVIRONMENT, Label.UNPROVEN):
        names = weightiest(c for c in ours if c.label is label and c.id not in told | told_here)
        if names:
            out.append(f"{label.value}: {_listing(names)}")
    unknown = [rule for rule in rules if rule.held is None and rule.applicable]
    out += [f"{rule.rule}: no value ({rule.note})" for rule in unknown]
    if not facts.counted:
        out.append("nothing counts: every check is advisory, excused or skipped")
    elif not any(check.label in PASSED for check in facts.counted):
        out.append("nothing passed")
    return out + _over_excused([check for check in facts.checks if check.label is not Label.SKIPPED])


def _over_excused(checks: Sequence[CheckResult]) -> list[str]:
    """Bound what excuses take off: by weight, and by number where nothing has a weight."""
    whole = math.fsum(check.weight for check in checks)
    weights = [(check.weight if whole else 1.0, excused(check)) for check in checks]
    share = math.fsum(weight for weight, off in weights if off) / (whole or len(checks) or 1)
    if share <= MOST_EXCUSED:
        return []
    return [f"{share:.0%} of the weight is excused, at most {MOST_EXCUSED:.0%} may be"]


def _warned(facts: Facts, rules: Sequence[RuleResult], red_before: int) -> list[str]:
    out = [f"{_rule(rule)} (warns)" for rule in rules if rule.held is False and rule.level is Level.WARN]
    ours = [check for check in facts.checks if not is_of_base(check.id)]
    failing = (c for c in ours if c.advisory and c.label not in PASSED | EXCUSED | {Label.SKIPPED})
    advisory, off = weightiest(failing), weightiest(check for check in facts.checks if check.label in EXCUSED)
    out += [f"advisory and not passed: {_listing(advisory)}"] if advisory else []
    out += [f"excused: {_listing(off)}"] if off else []
    out += [f"the login of {name} failed, its fallback was used" for name in sorted(facts.fallbacks)]
    if red_before:
        times = "once" if red_before == 1 else f"{red_before} times"
        out.append(f"red {times} before on this commit")
    return out


def _stable(checks: Sequence[CheckResult]) -> str:
    flaky = sum(check.label is Label.FLAKY for check in checks)
    passed = sum(check.label in PASSED for check in checks)
    return f"{passed} of {len(checks)} check{'s' * (len(checks) != 1)} passed" + (
        f", {flaky} of them flaky" if flaky else ""
    )


def _rule(rule: RuleResult) -> str:
    observed = "no value" if rule.observed is None else _number(rule.observed, rule.rule)
    return f"{rule.rule}: observed {observed}"


def _number(value: float, rule: str) -> str:
    if speaks_of_share(rule):
        return f"{100 * value:.4g}%"
    size = SIZE_LIMIT.search(rule)
    return f"{value / SIZE_UNITS[size[2]]:.4g}{size[2]}" if size else f"{value:.4g}"


def _listing(checks: Sequence[CheckResult]) -> str:
    return listing([check.id for check in checks])
