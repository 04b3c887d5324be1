"""Evidence in, its verdict once more out: derived anew from what was found, and refused where it contradicts itself."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from releasegate.config.model import Rule
from releasegate.errors import EvidenceError
from releasegate.evidence.assemble import SCHEMA, assemble
from releasegate.expect import rejudge as rejudge_expectation
from releasegate.model import (
    CheckResult,
    Control,
    Evidence,
    Identity,
    Label,
    LeftOut,
    Outcome,
    RuleResult,
    Sample,
    Verdict,
)
from releasegate.sampling import PROFILES, conclude
from releasegate.verdict.label import PASSED
from releasegate.verdict.outcome import outcome_of

ADVICE = "it was altered, or written by a faulty gate: run the gate again"
CONTROL_PROFILE = "single"
MOST_NAMED = 5


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What of the recorded plan decides."""

    checks: list[str]
    left_out: list[LeftOut] = []
    foreign: list[str] = []
    fallbacks: list[str] = []


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What of the recorded policy decides."""

    rules: list[Rule]


class Terms(NamedTuple):
    """On what terms the evidence was judged."""

    plan: Planned
    rules: Sequence[Rule]


def rejudge(evidence: Evidence) -> Verdict:
    """Give the verdict from the samples alone. Raises EvidenceError when anything recorded says otherwise."""
    if evidence.schema != SCHEMA:
        raise EvidenceError(f"this version reads {SCHEMA}, the evidence is {evidence.schema!r}")
    terms = _terms(evidence)
    _demand_complete(evidence, terms.plan)
    _demand_control(evidence.control)
    _demand_identity(evidence.identity, frozenset(terms.plan.foreign))
    try:
        again = assemble(
            run=evidence.run,
            checks=tuple(_stage_a(check) for check in evidence.checks),
            rules=terms.rules,
            control=evidence.control,
            identity=evidence.identity,
            foreign=frozenset(terms.plan.foreign),
            fallbacks=terms.plan.fallbacks,
            plan=evidence.plan,
            policy=evidence.policy,
        )
    except (KeyError, TypeError, ValueError) as wrong:
        raise EvidenceError(f"the evidence cannot be judged: {wrong}; {ADVICE}") from wrong
    _demand_equal(evidence, again)
    return again.verdict


def _terms(evidence: Evidence) -> Terms:
    try:
        rules = msgspec.convert(evidence.policy, Policy).rules
        return Terms(msgspec.convert(evidence.plan, Planned), rules)
    except msgspec.ValidationError as wrong:
        raise EvidenceError(f"the recorded plan or policy cannot be read: {wrong}; {ADVICE}") from wrong


def _demand_complete(evidence: Evidence, plan: Planned) -> None:
    planned, there = plan.checks, [check.id for check in evidence.checks]
    if sorted(planned) != sorted(there) or len(set(there)) != len(there):
        missing = sorted(set(planned) ^ set(there)) or ["a check stands there twice"]
        raise EvidenceError(f"the evidence is not that of its plan: {', '.join(missing[:MOST_NAMED])}; {ADVICE}")


def _demand_control(control: Control) -> None:
    """Refuse a control that held without samples that say so; one that failed voids the run whatever they say."""
    for sample in control.samples:
        _judge_sample("the control", sample)
    held = _concluded("the control", CONTROL_PROFILE, control.samples) in PASSED if control.samples else None
    if control.held is not False and control.held is not held:
        raise EvidenceError(f"the control is recorded as held={control.held}, its samples say otherwise; {ADVICE}")


def _demand_identity(identity: Identity, foreign: frozenset[str]) -> None:
    """Refuse a deployment said to hold whose last reading at some target does not name the judged commit."""
    if not identity.holds:
        return
    last = {reading.target: reading.revision for reading in identity.readings}
    for target, revision in last.items():
        known = revision and (target in foreign or _same_commit(identity.judged, revision))
        if not known:
            raise EvidenceError(f"the deployment is recorded as held, but {target} last ran {revision}; {ADVICE}")
    if not last:
        raise EvidenceError(f"the deployment is recorded as held, but no target was read; {ADVICE}")


def _same_commit(judged: str | None, revision: str) -> bool:
    one, other = (judged or "").lower(), revision.lower()
    return bool(one) and (one.startswith(other) or other.startswith(one))


def _stage_a(check: CheckResult) -> CheckResult:
    """Give the check with the label that its samples come to, each judged again."""
    if check.profile not in PROFILES:
        raise EvidenceError(f"{check.id}: unknown profile {check.profile!r}")
    for sample in check.samples:
        _judge_sample(check.id, sample)
    label = _concluded(check.id, check.profile, check.samples)
    if label is None and not check.not_sampled:
        raise EvidenceError(f"{check.id}: its samples do not decide, and nothing says why there are no more; {ADVICE}")
    return replace(check, label=label or Label.UNPROVEN, reason=None, strength=None)


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
    if len(evidence.rules) != len(again.rules):
        raise EvidenceError(f"{len(evidence.rules)} rules are recorded, the policy has {len(again.rules)}; {ADVICE}")
    for rule, other in zip(evidence.rules, again.rules, strict=True):
        if rule != other:
            raise EvidenceError(
                f"the rule {rule.rule!r} is recorded as {_said(rule)}, it comes to {_said(other)}; {ADVICE}"
            )
    for name in ("state", "exit_code", "score", "reasons"):
        was, comes_to = getattr(evidence.verdict, name), getattr(again.verdict, name)
        if was != comes_to:
            raise EvidenceError(
                f"the verdict's {name} is recorded as {was!s:.200}, it comes to {comes_to!s:.200}; {ADVICE}"
            )


def _said(rule: RuleResult) -> str:
    return f"held={rule.held} at {rule.observed}"
