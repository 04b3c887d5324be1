"""Evidence in, what to do next out: what blocks first, each cause once."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from releasegate.config.rules import subject_of
from releasegate.model import EXCUSED, CheckResult, Evidence, Label, Level, RuleResult, State, base_of
from releasegate.report.causes import causes, come_first, likely, normals
from releasegate.report.facts import failing, first_failure, labelled, leaks, warned
from releasegate.report.findings import Finding, findings
from releasegate.report.remedies import remedy
from releasegate.report.words import listing, observed, plural
from releasegate.verdict.metrics import counts

MOST_NAMES = 6
MOST_CAUSES = 2
SENT_TWICE = (
    "it passed only because a request was sent twice, and its other callers do not send twice: look for a crash,"
    " a proxy's idle limit or a rate limit"
)
NOT_JUDGED, NOT_MEASURED = "not judged by this version", "not measured by this version"
RULE_HINTS = {
    "red_capable": "demand more of the checks that would have stayed green though broken",
    "contacted": "look at the checks that were green without contact",
    "fallbacks": "mend the login that failed; the fallback hides it from the checks",
    "leaked": "look at what the `finally` steps left behind on staging",
    "retries": "look at the checks whose requests had to be sent twice",
    "flaky": "look at the flaky checks",
    "duration": "look at the slowest checks",
}


class NextStep(Struct, frozen=True, kw_only=True):
    """One thing to do. `blocks` tells whether the merge waits for it; `advice` is the owner's own."""

    text: str
    blocks: bool
    checks: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def next_steps(evidence: Evidence) -> tuple[NextStep, ...]:
    """Order what to do: what makes the evidence void, then failures by weight, rules, and what is good to know."""
    steps = [*_void(evidence), *_failures(evidence), *_unread(evidence), *_rules(evidence), *_remarks(evidence)]
    if not steps and evidence.verdict.state in {State.UNSTABLE, State.INCONCLUSIVE}:
        steps.append(NextStep(text="; ".join(evidence.verdict.reasons) or "see the evidence", blocks=True))
    return tuple(_merged(steps))


def _merged(steps: list[NextStep]) -> list[NextStep]:
    """Say each text once, for all the checks that need it."""
    by_text: dict[str, list[NextStep]] = {}
    for step in steps:
        by_text.setdefault(step.text, []).append(step)
    return [same[0] if len(same) == 1 else _joined(same) for same in by_text.values()]


def _joined(same: list[NextStep]) -> NextStep:
    return NextStep(
        text=same[0].text,
        blocks=any(step.blocks for step in same),
        checks=tuple(name for step in same for name in step.checks),
        advice=tuple(dict.fromkeys(advice for step in same for advice in step.advice)),
    )


def _void(evidence: Evidence) -> Iterator[NextStep]:
    run, control, identity = evidence.run, evidence.control, evidence.identity
    if run.interrupted:
        yield NextStep(text="run the gate again: it was interrupted before it could decide", blocks=True)
    if control.held is False:
        text = "mend staging's edge, then run again: the control failed, and no change of yours can break it"
        yield NextStep(text=text, blocks=True)
    if identity.holds is False:
        changed = "changed during the run" in (identity.problem or "")
        text = (
            "deploy the commit (or wait until it has arrived), then run again: staging does not run the judged commit"
        )
        if changed:
            text = "let the deployment end, then run again: what was sampled is not of one commit"
        yield NextStep(text=text, blocks=True)
    if evidence.checks and not any(map(counts, evidence.checks)):
        yield NextStep(text="let at least one check count: all are advisory, excused or skipped", blocks=True)
    if run.deadline_reached:
        text = "raise `policy: deadline` or the concurrency, or find what is slow: the run's deadline cut it short"
        yield NextStep(text=text, blocks=True)


def _unread(evidence: Evidence) -> Iterator[NextStep]:
    """Ask for a readable revision, unless its target does not answer the checks either: that is told already."""
    identity = evidence.identity
    if identity.holds is False or not identity.problem:
        return
    unread = {reading.target: reading.problem for reading in identity.readings if reading.revision is None}
    silent = {s.trouble.target for c in failing(evidence) for s in c.samples if s.trouble}
    if not unread or not unread.keys() <= silent:
        seen = f" ({'; '.join(f'{name}: {problem}' for name, problem in unread.items())})" if unread else ""
        text = f"make the revision readable where the target declares it{seen}: nobody knows which commit was judged"
        yield NextStep(text=text, blocks=True)


def _failures(evidence: Evidence) -> Iterator[NextStep]:
    broken = (rule for rule in evidence.rules if rule.held is False and rule.level is Level.FAIL)
    ruled = {subject_of(rule.metric).check for rule in broken}
    normal, by_id = normals(evidence), {check.id: check for check in evidence.checks}
    for finding in findings(failing(evidence), evidence):
        if _explained(finding, evidence):
            continue
        told = (*finding.checks, *finding.explains)
        down = finding.down.dependency if finding.down else None
        advising = (by_id.get(down),) if down else finding.checks
        yield NextStep(
            text=_first(finding, normal),
            blocks=finding.rank[0] <= 1 or any({c.id, base_of(c.id)} & ruled for c in told),
            checks=(down,) if down else tuple(c.id for c in finding.checks),
            advice=tuple(dict.fromkeys(c.advice for c in advising if c and c.advice)),
        )


def _first(finding: Finding, normal: Mapping[str, float]) -> str:
    """Say what to do about a finding; before that, what it explains, or what most likely causes it."""
    check = finding.first
    if (check.not_sampled or "").endswith(NOT_JUDGED):
        return "remove it, or accept that the evidence stays incomplete"
    text = remedy(check, finding.down.evidence if finding.down else first_failure(check))
    explained = finding.checks if finding.down else finding.explains
    if explained:
        return f"look at it first, it explains {plural(len(explained), 'other check')}: {text}"
    found = likely(causes(check, normal))[:MOST_CAUSES]
    named = " and ".join(f"{cause.check} ({cause.text})" for cause in found)
    if not named:
        return text
    first = come_first(found, first_failure(check))
    return f"look first at {named}; then {text}" if first else f"{text}; then look at {named}"


def _explained(finding: Finding, evidence: Evidence) -> bool:
    """Tell whether a step for the whole run already says why these checks were not sampled."""
    reason = finding.first.not_sampled or ""
    run = evidence.run
    causes = (
        (run.interrupted, "interrupted"),
        (run.deadline_reached, "the run's deadline"),
        (evidence.control.held is False, "control"),
        (evidence.identity.holds is False, evidence.identity.problem or "runs "),
    )
    failed = first_failure(finding.first) is not None
    return not failed and any(holds and mark in reason for holds, mark in causes)


def _rules(evidence: Evidence) -> Iterator[NextStep]:
    explained = bool(failing(evidence))
    for rule in evidence.rules:
        if rule.held is not True and rule.applicable:
            hint = _hint(rule, explained=explained)
            if hint:
                seen = f" ({observed(rule, evidence.policy)}): " if rule.held is False else " "
                yield NextStep(text=f"rule `{rule.rule}`{seen}{hint}", blocks=rule.level is Level.FAIL)


def _hint(rule: RuleResult, *, explained: bool) -> str | None:
    if rule.held is None:
        do = (
            "remove it" if (rule.note or "").endswith(NOT_MEASURED) else "bring in what it measures, or remove the rule"
        )
        return f"has no value{f' ({rule.note})' if rule.note else ''}: {do}"
    leaf = rule.metric.rsplit(".", 1)[-1]
    if leaf in RULE_HINTS:
        return RULE_HINTS[leaf]
    counts_checks = leaf in {"pass_rate", "score", "failed", "unproven", "regressions", "timeouts", "warned"}
    return None if counts_checks and (explained or leaf == "warned") else "look at what it measures"


def _remarks(evidence: Evidence) -> Iterator[NextStep]:
    excused = labelled(evidence, EXCUSED)
    if excused:
        yield _about(excused, "mend it before its excuse ends; until then it says nothing about your change")
    fallbacks = [str(name) for name in evidence.plan.get("fallbacks", ())]
    if fallbacks:
        names = listing(fallbacks, MOST_NAMES)
        yield NextStep(text=f"mend the login of {names}: it failed, and the fallback was used instead", blocks=False)
    flaky = labelled(evidence, (Label.FLAKY,))
    failed = [check for check in flaky if first_failure(check)]
    if failed:
        yield _about(failed, "it failed at least once and then passed: compare the failing sample with a passing one")
    again = [check for check in flaky if any(sample.met and sample.retries for sample in check.samples)]
    if again:
        yield _about(again, SENT_TWICE)
    leaking = [check for check, _ in leaks(evidence)]
    if leaking:
        yield _about(leaking, "it left something behind on staging: take it away, and mend its `finally`")
    slow = warned(evidence)
    if slow:
        yield _about(slow, "it passed beyond a warning bound: look before the bound that blocks is reached")
    if evidence.verdict.state is State.STABLE:
        return
    vacuous = [check for check in evidence.checks if check.red_capable is False]
    if vacuous:
        yield _about(vacuous, "demand more: it would have stayed green though broken")


def _about(checks: list[CheckResult], text: str) -> NextStep:
    return NextStep(text=text, blocks=False, checks=tuple(check.id for check in checks))
