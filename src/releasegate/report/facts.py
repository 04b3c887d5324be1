"""Evidence in, what every report says about it out: findings, suites, rules; plain text, not yet made safe.

Each renderer puts these texts through `releasegate.foreign` in its own way; the facts are the same in all.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from releasegate.model import CheckResult, Evidence, Label, Level, Outcome, Sample
from releasegate.report.words import BROKEN, EXCUSED, PASSED, at, listing, plural, seconds, short

SAME_FROM = 2
"""So many checks with one cause are one finding."""
MOST_STEPS = 12
_RUN = re.compile(r" after \d+ of its samples$")


class Finding(Struct, frozen=True, kw_only=True):
    """One cause and the checks that show it, the weightiest first; `what` says it once."""

    what: str
    checks: tuple[CheckResult, ...]
    sampled: bool

    @property
    def first(self) -> CheckResult:
        return self.checks[0]


class SuiteLine(Struct, frozen=True, kw_only=True):
    """How one suite went. `counted` is the denominator: excused and skipped checks are not in it."""

    name: str
    passed: int
    counted: int
    flaky: int
    others: int
    duration_s: float

    @property
    def share(self) -> float | None:
        return self.passed / self.counted if self.counted else None


def rank(check: CheckResult) -> tuple[int, bool, float]:
    """Order by what blocks: the effect on the verdict, then critical, then weight."""
    if check.label in PASSED:
        effect = 5
    elif check.advisory:
        effect = 2
    elif check.label in BROKEN:
        effect = 0
    elif check.label in EXCUSED:
        effect = 3
    else:
        effect = 4 if check.label is Label.SKIPPED else 1
    return effect, not check.critical, -check.weight


def failing(evidence: Evidence) -> list[CheckResult]:
    """Give every check that did not pass and is neither excused nor skipped, what blocks first."""
    bad = (c for c in evidence.checks if c.label not in PASSED | EXCUSED and c.label is not Label.SKIPPED)
    return sorted(bad, key=rank)


def labelled(evidence: Evidence, labels: Iterable[Label]) -> list[CheckResult]:
    wanted = frozenset(labels)
    return [check for check in evidence.checks if check.label in wanted]


def warned(evidence: Evidence) -> list[CheckResult]:
    """Give the checks that passed although a `warn` bound was broken."""
    return [c for c in evidence.checks if c.label in PASSED and any(s.warned for s in c.samples)]


def findings(checks: Iterable[CheckResult]) -> list[Finding]:
    """Put checks with one cause together: one failure to reach a target, one missing need, one deadline."""
    causes: dict[tuple[object, ...], list[CheckResult]] = {}
    for check in checks:
        causes.setdefault(_cause(check), []).append(check)
    return [Finding(what=what(c[0]), checks=tuple(c), sampled=bool(c[0].samples)) for c in causes.values()]


def _cause(check: CheckResult) -> tuple[object, ...]:
    if not check.samples:
        return ("not sampled", check.label, _RUN.sub("", check.not_sampled or check.reason or ""))
    failed = [s for s in check.samples if s.outcome is not Outcome.MET]
    if not failed or not all(s.trouble for s in failed):
        return ("alone", check.id)
    kinds = {(s.trouble and s.trouble.phase, s.trouble and s.trouble.reason, s.target) for s in failed}
    return ("trouble", check.label, *kinds.pop()) if len(kinds) == 1 else ("alone", check.id)


def head(finding: Finding, evidence: Evidence) -> str:
    """Say a cause that several checks share; a reason that the verdict already gave is not given twice."""
    count = plural(len(finding.checks), "check")
    if finding.sampled:
        return f"{count}: {finding.what}"
    told = any(finding.what in reason for reason in evidence.verdict.reasons)
    return f"{count} not sampled" + (", for the reason above" if told else f": {finding.what}")


def first_failure(check: CheckResult) -> Sample | None:
    return next((sample for sample in check.samples if sample.outcome is not Outcome.MET), None)


def what(check: CheckResult) -> str:
    """Say what went wrong in the first failing sample: the unmet demand, or why it could not look."""
    sample = first_failure(check)
    if sample is None:
        return check.not_sampled or check.reason or "it did not pass"
    trouble = sample.trouble
    if trouble:
        where = f"{trouble.step}: " if trouble.step else ""
        return f"{where}{trouble.reason} in {trouble.phase}: {trouble.message}".removesuffix(": ")
    return next(iter(unmet(sample)), sample.signature or "no expectation was met")


def unmet(sample: Sample, level: Level = Level.FAIL) -> list[str]:
    found = (e for e in sample.expectations if not e.met and e.level is level)
    return [f"{e.step}: {e.text}" if e.step else e.text for e in found]


def warning(check: CheckResult) -> str:
    """Say the first warning bound that a sample broke; nothing if none did."""
    return next((text for sample in check.samples for text in unmet(sample, Level.WARN)), "")


def tally(check: CheckResult) -> str:
    """Say how many samples failed, and whether they failed alike."""
    failed = [s for s in check.samples if s.outcome is not Outcome.MET]
    text = f"{len(failed)} of {plural(len(check.samples), 'sample')} failed"
    reasons = dict.fromkeys(s.signature or "no signature" for s in failed)
    if len(reasons) > 1:
        return f"{text}, in {len(reasons)} ways: {listing(reasons, 3)}"
    return f"{text}, all alike" if len(failed) > 1 else text


def timeline(sample: Sample) -> str:
    """Tell a sample from its start to its failure: `0.00 s connect · 0.12 s agent_started · timeout waiting …`."""
    events = {moment.name for moment in sample.timeline}
    steps: list[tuple[float, str]] = []
    began = 0.0
    for phase in sample.phases:
        name = f"{phase.step} {phase.name}" if phase.step else phase.name
        if phase.name not in events:
            steps.append((began, name))
        began += phase.duration_s
    steps += [(m.at_s, f"{m.name} {m.text}".rstrip() if m.text != m.name else m.name) for m in sample.timeline]
    steps.sort(key=lambda step: step[0])
    told = [f"{at(moment)} {name}" for moment, name in steps]
    if len(told) > MOST_STEPS:
        left_out = len(told) - MOST_STEPS
        told[MOST_STEPS // 2 : -MOST_STEPS // 2] = [f"… {left_out:,} more …"]
    end = sample.trouble and f"{sample.trouble.reason} in {sample.trouble.phase}"
    last = end or next(iter(unmet(sample)), None)
    return " · ".join(
        [*told, f"{at(sample.duration_s)} {last}"] if last and not end else [*told, *([end] if end else [])]
    )


def answered(sample: Sample) -> str:
    """Say who answered, from where; nobody, if no byte came back."""
    seen: dict[str, None] = {}
    for contact in sample.contact:
        via = [part for part in (contact.address, contact.tls) if part and part != contact.host]
        told = f"{contact.target} {contact.host}:{contact.port}" + (f" ({', '.join(via)})" if via else "")
        seen[told if contact.bytes_received else f"{told}, not a byte"] = None
    return "; ".join(seen) or "nobody"


def took(check: CheckResult) -> str:
    """Say how long samples took: the middle one and the slowest."""
    durations = sorted(sample.duration_s for sample in check.samples)
    if not durations:
        return "not sampled"
    middle, slowest = durations[(len(durations) - 1) // 2], durations[-1]
    told = seconds(slowest)
    return told if seconds(middle) == told else f"{seconds(middle)}, at most {told}"


def traits(check: CheckResult) -> str:
    """Say what makes a check weigh: `critical · weight 30 · @acme/agents`."""
    parts = ["critical"] if check.critical else []
    parts += ["advisory"] if check.advisory else []
    parts += [f"weight {check.weight:.3g}"] if check.weight else []
    parts += [f"owner {check.owner}"] if check.owner else []
    return " · ".join(parts)


def suite_lines(evidence: Evidence) -> list[SuiteLine]:
    suites: dict[str, list[CheckResult]] = {}
    for check in evidence.checks:
        suites.setdefault(check.suite, []).append(check)
    return [_suite_line(name, checks) for name, checks in suites.items()]


def _suite_line(name: str, checks: list[CheckResult]) -> SuiteLine:
    counted = [c for c in checks if c.label not in EXCUSED and c.label is not Label.SKIPPED]
    return SuiteLine(
        name=name,
        passed=sum(c.label in PASSED for c in counted),
        counted=len(counted),
        flaky=sum(c.label is Label.FLAKY for c in counted),
        others=len(checks) - len(counted),
        duration_s=_span(checks),
    )


def _span(checks: list[CheckResult]) -> float:
    """Give the seconds from the first sample's start to the last check's end; checks run side by side."""
    sampled = [check for check in checks if check.samples]
    try:
        starts = [datetime.fromisoformat(check.samples[0].started).timestamp() for check in sampled]
    except ValueError:
        return max((check.duration_s for check in sampled), default=0.0)
    ends = [start + check.duration_s for start, check in zip(starts, sampled, strict=True)]
    return max(ends) - min(starts) if starts else 0.0


def sample_count(evidence: Evidence) -> int:
    return sum(len(check.samples) for check in evidence.checks)


def headline_counts(evidence: Evidence) -> str:
    """Say the counts that the verdict rests on: `16 of 17 checks passed, 1 failed, 2 flaky`."""
    labels = [check.label for check in evidence.checks]
    counted = [label for label in labels if label not in EXCUSED and label is not Label.SKIPPED]
    parts = [f"{sum(label in PASSED for label in counted):,} of {plural(len(counted), 'check')} passed"]
    tallies = ((label, labels.count(label)) for label in Label if label is not Label.PASSED)
    parts += [f"{count:,} {label.value.lower().replace('_', '-')}" for label, count in tallies if count]
    return ", ".join(parts)


def commit_line(evidence: Evidence) -> str:
    """Say which commit was judged, and whether staging was seen to run it."""
    identity = evidence.identity
    judged = short(identity.judged or evidence.run.sha)
    if identity.holds is None:
        return f"commit {judged}; {identity.problem or 'no target says which commit it runs'}"
    if not identity.holds:
        why = identity.problem or "it says another commit"
        said = any(why in reason for reason in evidence.verdict.reasons)
        return f"commit {judged}; staging does not run it" + ("" if said else f": {why}")
    targets = listing(dict.fromkeys(r.target for r in identity.readings), 4)
    moments = listing(dict.fromkeys(r.moment for r in identity.readings), 3)
    return f"commit {judged}, which {targets} ran ({moments} the run)"


def control_line(evidence: Evidence) -> str:
    held = evidence.control.held
    if held is None:
        return "no control is declared"
    return "the control held" if held else f"the control failed: {evidence.control.problem or 'no reason was kept'}"


def strengths(evidence: Evidence) -> list[tuple[str, int, str]]:
    """Give, for each profile, how many checks passed under it and the claim of the weightiest, largest group first."""
    groups: dict[str, list[CheckResult]] = {}
    for check in evidence.checks:
        if check.label in PASSED and check.strength:
            groups.setdefault(check.profile, []).append(check)
    told = [(name, len(group), min(group, key=_quickest).strength or "") for name, group in groups.items()]
    return sorted(told, key=lambda entry: -entry[1])


def _quickest(check: CheckResult) -> tuple[int, float]:
    return len(check.samples), check.duration_s


def gaps(evidence: Evidence) -> list[str]:
    """Name what was declared and not looked at: left out, not judged yet, dropped from the file."""
    told: list[str] = []
    reasons: dict[str, list[str]] = {}
    for left in evidence.plan.get("left_out", ()):
        reasons.setdefault(str(left["reason"]), []).append(str(left["id"]))
    told += [f"left out, {reason}: {listing(ids, 12)}" for reason, ids in reasons.items()]
    later = evidence.plan.get("later", ())
    told += [f"not judged yet: {name} ({reason})" for name, reason in later]
    vacuous = [c.id for c in evidence.checks if c.red_capable is False]
    if vacuous:
        told.append(f"green, but nothing could have turned it red: {listing(vacuous, 8)}")
    return told + [f"not in the evidence file: {sentence}" for sentence in evidence.dropped]
