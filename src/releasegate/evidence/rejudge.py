"""Evidence in, its verdict once more out: derived anew from what was found, and refused where it contradicts itself."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from releasegate.changes.impact import HARMLESS
from releasegate.config.model import Rule
from releasegate.errors import EvidenceError
from releasegate.evidence.assemble import SCHEMA, assemble
from releasegate.evidence.identity import identify
from releasegate.evidence.measure import concluded, declared_of
from releasegate.evidence.terms import Policy, Terms, term_of
from releasegate.expect import rejudge as rejudge_expectation
from releasegate.model import (
    CUT_OFF,
    OF_BASE,
    PASSED,
    CheckResult,
    Control,
    Evidence,
    Label,
    Measurement,
    Origin,
    Outcome,
    RuleResult,
    Sample,
    Verdict,
    base_of,
    is_of_base,
)
from releasegate.redact import SHOWN
from releasegate.sampling import PROFILES, conclude
from releasegate.verdict.outcome import outcome_of

ADVICE = "it was altered, or written by a faulty gate: run the gate again"
CONTROL_PROFILE = "single"
MOST_NAMED = 5
NOT_SELECTED = "not selected"  # the plan's words for what a selection left out
UNJUDGEABLE = (LookupError, RecursionError, TypeError, ValueError)
"""What values that no gate writes make of the judging."""


def rejudge(evidence: Evidence) -> Verdict:
    """Give the verdict from the samples alone. Raises EvidenceError when anything recorded says otherwise."""
    if evidence.schema != SCHEMA:
        raise EvidenceError(f"this version reads {SCHEMA}, the evidence is {evidence.schema!r}")
    try:
        terms = msgspec.convert(evidence.plan, Terms)
        rules = msgspec.convert(evidence.policy, Policy).rules
    except msgspec.ValidationError as wrong:
        raise EvidenceError(f"the recorded plan or policy cannot be read: {wrong}; {ADVICE}") from wrong
    try:
        return _rejudge(evidence, terms, rules)
    except UNJUDGEABLE as wrong:
        raise EvidenceError(f"the evidence cannot be judged: {wrong!r:.200}; {ADVICE}") from wrong


def _rejudge(evidence: Evidence, terms: Terms, rules: Sequence[Rule]) -> Verdict:
    _demand_plan(evidence, terms)
    _demand_harmless(evidence.checks, terms)
    _demand_origin(evidence.checks, terms)
    _demand_control(evidence.control, terms, interrupted=evidence.run.interrupted)
    _demand_identity(evidence, terms)
    _demand_metrics(evidence.metrics, terms)
    again = _assembled(evidence, rules, tuple(_stage_a(check) for check in evidence.checks))
    _demand_equal(evidence, again)
    return again.verdict


def knowing(evidence: Evidence, red_before: int, origin: Origin | None = None) -> Evidence:
    """Give sound evidence with its verdict anew, now that it is known how often this commit was red before.

    `origin` stands for the recorded one where more is known of it.
    """
    rules = msgspec.convert(evidence.policy, Policy).rules
    plan = evidence.plan if origin is None else evidence.plan | {"origin": msgspec.to_builtins(origin)}
    known = replace(evidence, run=replace(evidence.run, red_before=red_before), plan=plan)
    return replace(known, verdict=_assembled(known, rules, evidence.checks).verdict)


def _assembled(evidence: Evidence, rules: Sequence[Rule], checks: Sequence[CheckResult]) -> Evidence:
    return assemble(
        run=evidence.run,
        checks=checks,
        rules=rules,
        control=evidence.control,
        identity=evidence.identity,
        plan=evidence.plan,
        policy=evidence.policy,
        metrics=evidence.metrics,
    )


def _demand_plan(evidence: Evidence, terms: Terms) -> None:
    """Refuse checks that are not those of the plan, or that count otherwise than it says."""
    planned, there = terms.checks, [check.id for check in evidence.checks]
    if sorted(planned) != sorted(there) or len(set(there)) != len(there):
        missing = sorted(set(planned) ^ set(there)) or ["a check stands there twice"]
        raise EvidenceError(f"the evidence is not that of its plan: {', '.join(missing[:MOST_NAMED])}; {ADVICE}")
    other = [check.id for check in evidence.checks if terms.terms.get(check.id) != term_of(check)]
    other += sorted(set(terms.terms) - set(there))
    if other:
        raise EvidenceError(f"{', '.join(other[:MOST_NAMED])}: not on the terms of the plan; {ADVICE}")
    if not terms.partial and any(left.reason == NOT_SELECTED for left in terms.left_out):
        raise EvidenceError(f"the run is recorded as whole, and as one of a selection; {ADVICE}")
    if not {left.id for left in terms.left_out}.isdisjoint(there):
        raise EvidenceError(f"a check is recorded as left out and as run; {ADVICE}")


def _demand_harmless(checks: Sequence[CheckResult], terms: Terms) -> None:
    """Refuse checks that were left out for a harmless change, where the recorded change or plan says otherwise."""
    idle = [left for left in terms.left_out if left.reason.startswith(HARMLESS)]
    if not idle:
        return
    change, brought_in = terms.changes, {brought.id for brought in terms.brought_in}
    sound = change is not None and change.harmless and not terms.partial
    sound = sound and all(change and left.reason == change.reason and not left.critical for left in idle)
    needless = [check.id for check in checks if not check.critical and check.id not in brought_in]
    if not sound or needless or not any(check.critical for check in checks):
        raise EvidenceError(f"{idle[0].id} is recorded as left out for a harmless change, and was not; {ADVICE}")


def _demand_origin(checks: Sequence[CheckResult], terms: Terms) -> None:
    """Refuse a pull request's run without the base branch's version of each check that it changes or deletes.

    So it is refused where a check that counts in the score is said to be new.
    """
    origin = terms.origin or Origin(pull="")
    wanted = {f"{name}{OF_BASE}" for name in (*origin.changed, *origin.deleted)}
    there = {base_of(name) for name in (*terms.checks, *(left.id for left in terms.left_out)) if is_of_base(name)}
    if wanted != there or any(is_of_base(check.id) and not check.advisory for check in checks):
        named = ", ".join(sorted(wanted ^ there)[:MOST_NAMED])
        raise EvidenceError(f"the base branch's checks are not those of the plan: {named}; {ADVICE}")
    if heavy := [check.id for check in checks if base_of(check.id) in origin.added and check.weight]:
        raise EvidenceError(f"{heavy[0]} is recorded as new, and has a weight; {ADVICE}")


def _demand_control(control: Control, terms: Terms, *, interrupted: bool) -> None:
    """Refuse a control that held without samples that say so; one that failed voids the run whatever they say."""
    for sample in control.samples:
        _judge_sample("the control", sample)
    label = _concluded("the control", CONTROL_PROFILE, control.samples)
    held = None if label is None else label in PASSED
    if control.held is not False and control.held is not held:
        raise EvidenceError(f"the control is recorded as held={control.held}, its samples say otherwise; {ADVICE}")
    if (control.held is None) is terms.control and not (terms.control and interrupted):
        declared = "a" if terms.control else "no"
        raise EvidenceError(f"the plan has {declared} control, the control is held={control.held}; {ADVICE}")


def _demand_identity(evidence: Evidence, terms: Terms) -> None:
    """Refuse a deployment that the readings do not show. One that did not hold voids the run whatever they say."""
    identity, run, control = evidence.identity, evidence.run, evidence.control
    if identity.holds is False:
        return
    again = identify(identity.judged, identity.readings, frozenset(terms.foreign))
    known = (identity.judged, identity.holds) == (again.judged, again.holds) and _same(identity.problem, again.problem)
    if not known or (run.sha and run.sha != identity.judged):
        raise EvidenceError(
            f"the deployment is recorded as holds={identity.holds} for {identity.judged}, the readings of it say"
            f" holds={again.holds} ({again.problem}) for {run.sha or again.judged}; {ADVICE}"
        )
    if run.interrupted or control.held is False:
        return
    wanted = {(name, moment) for name in terms.revisions for moment in ("before", "after")}
    read = {(reading.target, reading.moment) for reading in identity.readings}
    if missing := sorted(wanted - read):
        raise EvidenceError(f"the revision of {missing[0][0]} was not read {missing[0][1]} the run; {ADVICE}")


def _demand_metrics(measured: Sequence[Measurement], terms: Terms) -> None:
    """Refuse numbers of other tools that are not the declared ones, or whose value is not what was found."""
    if declared_of(measured) != terms.metrics or len(measured) != len(terms.metrics):
        raise EvidenceError(f"the metrics are not those of the plan; {ADVICE}")
    for each in measured:
        again = concluded(each)
        if again != each:
            raise EvidenceError(
                f"the metric {each.name} is recorded as {each.value} ({each.problem}), it comes to {again.value}"
                f" ({again.problem}); {ADVICE}"
            )


def _stage_a(check: CheckResult) -> CheckResult:
    """Give the check with the label that its samples come to, each judged again."""
    if check.profile not in PROFILES:
        raise EvidenceError(f"{check.id}: unknown profile {check.profile!r}")
    if check.red_capable and check.vacuous:
        raise EvidenceError(f"{check.id} is recorded as red-capable, and as not: {check.vacuous[0]}; {ADVICE}")
    for sample in check.samples:
        _judge_sample(check.id, sample)
        _demand_diagnosis(check, sample)
    _demand_unfinished(check)
    label = _concluded(check.id, check.profile, check.samples)
    if label is None and not check.not_sampled:
        raise EvidenceError(f"{check.id}: its samples do not decide, and nothing says why there are no more; {ADVICE}")
    return replace(check, label=label or Label.UNPROVEN, reason=None, strength=None)


def _demand_unfinished(check: CheckResult) -> None:
    """Refuse a sample beside the others that is not one that was cut off when there were to be no more."""
    sample = check.unfinished
    if sample is None:
        return
    _judge_sample(check.id, sample)
    _demand_diagnosis(check, sample)
    if not check.not_sampled or sample.trouble is None or sample.trouble.reason != CUT_OFF:
        raise EvidenceError(f"{check.id}: a sample stands apart, and nothing cut it off; {ADVICE}")


def _demand_diagnosis(check: CheckResult, sample: Sample) -> None:
    """Refuse readings that nobody asked for: beside a sample that met its demands, or of another check than named."""
    for reading in sample.diagnosis:
        _judge_sample(f"{reading.check}, read beside {check.id}", reading.sample)
        asked_for = reading.check in check.diagnose or base_of(reading.check) in check.diagnose
        if sample.met or not asked_for or reading.sample.diagnosis:
            raise EvidenceError(f"{check.id}: {reading.check} was read beside a sample, and not asked for; {ADVICE}")


def _concluded(name: str, profile: str, samples: Sequence[Sample]) -> Label | None:
    try:
        return conclude(profile, (sample.met for sample in samples))
    except ValueError as wrong:
        raise EvidenceError(f"{name}: {wrong}; {ADVICE}") from wrong


def _judge_sample(name: str, sample: Sample) -> None:
    for expectation in sample.expectations:
        again = rejudge_expectation(expectation)
        if again is not None and again != expectation.met:
            raise EvidenceError(f"{name}: {expectation.text!r} is recorded as met={expectation.met}; {ADVICE}")
    outcome = Outcome.TROUBLE if sample.trouble else outcome_of(sample.expectations)
    if outcome is not sample.outcome:
        raise EvidenceError(f"{name}: a sample is recorded as {sample.outcome}, it comes to {outcome}; {ADVICE}")


def _demand_equal(evidence: Evidence, again: Evidence) -> None:
    for recorded, derived in zip(evidence.checks, again.checks, strict=True):
        if recorded.label is not derived.label:
            raise EvidenceError(f"{recorded.id} is recorded as {recorded.label}, it comes to {derived.label}; {ADVICE}")
        if not (_same(recorded.reason, derived.reason) and _same(recorded.strength, derived.strength)):
            raise EvidenceError(f"{recorded.id} is explained otherwise than by its samples; {ADVICE}")
    if len(evidence.rules) != len(again.rules):
        raise EvidenceError(f"{len(evidence.rules)} rules are recorded, the policy has {len(again.rules)}; {ADVICE}")
    for rule, other in zip(evidence.rules, again.rules, strict=True):
        if rule != other:
            raise EvidenceError(
                f"the rule {rule.rule!r} is recorded as {_said(rule)}, it comes to {_said(other)}; {ADVICE}"
            )
    for name in ("state", "exit_code", "score"):
        _demand_same(name, getattr(evidence.verdict, name), getattr(again.verdict, name))
    was, comes_to = evidence.verdict.reasons, again.verdict.reasons
    if len(was) != len(comes_to) or not all(map(_same, was, comes_to)):
        _demand_same("reasons", was, comes_to)


def _demand_same(name: str, was: object, comes_to: object) -> None:
    if was != comes_to:
        raise EvidenceError(
            f"the verdict's {name} is recorded as {was!s:.200}, it comes to {comes_to!s:.200}; {ADVICE}"
        )


def _same(recorded: str | None, derived: str | None) -> bool:
    """Tell whether a text is the derived one, whatever a redaction took out of it: a secret may be a word of ours."""
    first, *rest = (recorded or "").split(SHOWN)
    if not rest or derived is None:
        return recorded == derived
    if not derived.startswith(first):
        return False
    *middle, last = rest
    at = len(first)
    for piece in middle:
        at = derived.find(piece, at) + len(piece)
        if at < len(piece):
            return False
    return len(derived) - len(last) >= at and derived.endswith(last)


def _said(rule: RuleResult) -> str:
    return f"held={rule.held} at {rule.observed}"
