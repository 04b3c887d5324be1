"""Evidence in, its verdict once more out: derived anew from what was found, and refused where it contradicts itself."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from releasegate.config.model import Rule
from releasegate.errors import EvidenceError
from releasegate.evidence.assemble import SCHEMA, assemble
from releasegate.expect import rejudge as rejudge_expectation
from releasegate.model import CheckResult, Evidence, Label, Outcome, Sample, Verdict
from releasegate.sampling import PROFILES, conclude
from releasegate.verdict.outcome import outcome_of

ADVICE = "it was altered, or written by a faulty gate: run the gate again"


def rejudge(evidence: Evidence) -> Verdict:
    """Give the verdict from the samples alone. Raises EvidenceError when anything recorded says otherwise."""
    if evidence.schema != SCHEMA:
        raise EvidenceError(f"this version reads {SCHEMA}, the evidence is {evidence.schema!r}")
    _demand_complete(evidence)
    checks = tuple(_stage_a(check) for check in evidence.checks)
    try:
        again = assemble(
            run=evidence.run,
            checks=checks,
            rules=[_rule(rule) for rule in evidence.policy.get("rules", ())],
            control=evidence.control,
            identity=evidence.identity,
            foreign=frozenset(evidence.plan.get("foreign", ())),
            fallbacks=tuple(evidence.plan.get("fallbacks", ())),
            plan=evidence.plan,
            policy=evidence.policy,
        )
    except (KeyError, TypeError, ValueError) as wrong:
        raise EvidenceError(f"the evidence cannot be judged: {wrong}; {ADVICE}") from wrong
    _demand_equal(evidence, again)
    return again.verdict


def _demand_complete(evidence: Evidence) -> None:
    planned, there = list(evidence.plan.get("checks", ())), [check.id for check in evidence.checks]
    if sorted(planned) != sorted(there) or len(set(there)) != len(there):
        missing = sorted(set(planned) ^ set(there)) or ["a check stands there twice"]
        raise EvidenceError(f"the evidence is not that of its plan: {', '.join(map(str, missing[:5]))}; {ADVICE}")


def _stage_a(check: CheckResult) -> CheckResult:
    """Give the check with the label that its samples come to, each judged again."""
    if check.profile not in PROFILES:
        raise EvidenceError(f"{check.id}: unknown profile {check.profile!r}")
    for sample in check.samples:
        _judge_sample(check.id, sample)
    try:
        label = conclude(check.profile, (sample.met for sample in check.samples))
    except ValueError as wrong:
        raise EvidenceError(f"{check.id}: {wrong}; {ADVICE}") from wrong
    return replace(check, label=label or Label.UNPROVEN, reason=None, strength=None)


def _judge_sample(check: str, sample: Sample) -> None:
    for expectation in sample.expectations:
        again = rejudge_expectation(expectation)
        if again is not None and again != expectation.met:
            raise EvidenceError(f"{check}: {expectation.text!r} is recorded as met={expectation.met}; {ADVICE}")
    outcome = Outcome.TROUBLE if sample.trouble else outcome_of(sample.expectations)
    if outcome is not sample.outcome:
        raise EvidenceError(f"{check}: a sample is recorded as {sample.outcome}, it comes to {outcome}; {ADVICE}")


def _rule(rule: dict[str, Any]) -> Rule:
    return Rule(**{key: rule[key] for key in ("text", "metric", "op", "value", "level", "of_baseline")})


def _demand_equal(evidence: Evidence, again: Evidence) -> None:
    for recorded, derived in zip(evidence.checks, again.checks, strict=True):
        if recorded.label is not derived.label:
            raise EvidenceError(f"{recorded.id} is recorded as {recorded.label}, it comes to {derived.label}; {ADVICE}")
    differing = _first_difference(
        (("rules", evidence.rules, again.rules), ("verdict", evidence.verdict, again.verdict))
    )
    if differing:
        raise EvidenceError(f"the {differing} in the evidence is not what its samples come to; {ADVICE}")


def _first_difference(pairs: Iterable[tuple[str, Any, Any]]) -> str | None:
    return next((name for name, recorded, derived in pairs if recorded != derived), None)
