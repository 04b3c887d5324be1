"""Evidence in, what every report says about the run as a whole out: counts, suites, commit, strength, gaps."""

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import Struct

from releasegate.changes.impact import HARMLESS, Impact, told
from releasegate.model import PASSED, CheckResult, Evidence, Label, Measurement
from releasegate.report.facts import said, who
from releasegate.report.words import listing, percent, plural, seconds, short
from releasegate.verdict.metrics import counts

ONLY_COUNTS = re.compile(r"\d+ of \d+ checks? passed(, \d+ of them flaky)?")


class SuiteLine(Struct, frozen=True, kw_only=True):
    """How one suite went. `counted` is the denominator; excused, advisory and skipped checks are `others`."""

    name: str
    passed: int
    counted: int
    flaky: int
    others: int
    duration_s: float

    @property
    def share(self) -> float | None:
        return self.passed / self.counted if self.counted else None


def answerers(evidence: Evidence) -> str:
    """Say who answered the run as a whole, one address for each target."""
    seen: dict[str, str] = {}
    for check in evidence.checks:
        for contact in check.samples[0].contact if check.samples else ():
            if contact.bytes_received and contact.target not in seen:
                seen[contact.target] = who(contact)
    return listing(seen.values(), 4)


def suite_lines(evidence: Evidence) -> list[SuiteLine]:
    suites: dict[str, list[CheckResult]] = {}
    for check in evidence.checks:
        suites.setdefault(check.suite, []).append(check)
    return [_suite_line(name, checks) for name, checks in suites.items()]


def _suite_line(name: str, checks: list[CheckResult]) -> SuiteLine:
    counted = [check for check in checks if counts(check)]
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


def run_line(evidence: Evidence) -> str:
    """Say what ran: counts, score, samples, time; and that a partial run speaks only for its part."""
    score = evidence.verdict.score
    partial = "a partial run, which does not speak for the whole gate: " if evidence.plan.get("partial") else ""
    told = headline_counts(evidence) + ("" if score is None else f", {percent(score)} by weight")
    advisory = _tallies(check for check in evidence.checks if check.advisory)
    told += f"; advisory, not counted: {', '.join(advisory)}" if advisory else ""
    return f"{partial}{told}; {plural(sample_count(evidence), 'sample')} in {seconds(evidence.run.duration_s)}"


def sample_count(evidence: Evidence) -> int:
    return sum(len(check.samples) for check in evidence.checks)


def headline_counts(evidence: Evidence) -> str:
    """Say the counts that the verdict rests on: `16 of 17 checks passed (2 flaky), 1 failed`."""
    counted = [check for check in evidence.checks if counts(check)]
    passed = f"{sum(c.label in PASSED for c in counted):,} of {plural(len(counted), 'check')} passed"
    flaky = sum(check.label is Label.FLAKY for check in counted)
    others = (c for c in evidence.checks if not c.advisory and c.label not in PASSED)
    return ", ".join([passed + (f" ({flaky:,} flaky)" if flaky else ""), *_tallies(others)])


def _tallies(checks: Iterable[CheckResult]) -> list[str]:
    labels = [check.label for check in checks]
    tallies = ((label, labels.count(label)) for label in Label)
    return [f"{count:,} {label.value.lower().replace('_', '-')}" for label, count in tallies if count]


def commit_line(evidence: Evidence) -> str:
    """Say which commit was judged, and whether staging was seen to run it."""
    identity = evidence.identity
    judged = short(identity.judged or evidence.run.sha)
    problem = identity.problem or ""
    told = f": {problem}" if problem and not said(problem, evidence) else ""
    if identity.holds is None:
        unread = "which commit staging runs is not known" if problem else "no target says which commit it runs"
        return f"commit {judged}; {unread}{told}"
    if not identity.holds:
        return f"commit {judged}; staging does not run it{told}"
    targets = listing(dict.fromkeys(r.target for r in identity.readings), 4)
    moments = listing(dict.fromkeys(r.moment for r in identity.readings), 3)
    return f"commit {judged}, which {targets} ran ({moments} the run)"


def change_line(evidence: Evidence) -> str | None:
    """Say whether the change was harmless, and what was left out for it; None where no list of files was given."""
    try:
        impact = msgspec.convert(evidence.plan.get("changes"), Impact | None)
    except msgspec.ValidationError:
        return "what the change is cannot be read from the evidence"
    if impact is None:
        return None
    idle = sum(str(left["reason"]).startswith(HARMLESS) for left in evidence.plan.get("left_out", ()))
    return told(impact, ran=len(evidence.checks), left_out=idle, partial=bool(evidence.plan.get("partial")))


def control_line(evidence: Evidence) -> str:
    held = evidence.control.held
    if held is None:
        return "no control is declared"
    problem = evidence.control.problem or "no reason was kept"
    return "the control held" if held else "the control failed" + ("" if said(problem, evidence) else f": {problem}")


def reasons(evidence: Evidence) -> list[str]:
    """Give the verdict's reasons, without the one that only counts what is counted below it."""
    return [reason for reason in evidence.verdict.reasons if not ONLY_COUNTS.fullmatch(reason)]


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
    told += [f"not judged yet: {name} ({reason})" for name, reason in _later(evidence)]
    vacuous = [_blind(check) for check in evidence.checks if check.red_capable is False]
    if vacuous:
        told.append(f"would have stayed green though broken: {listing(vacuous, 8)}")
    return told + [f"not in the evidence file: {sentence}" for sentence in evidence.dropped]


class MetricLine(Struct, frozen=True, kw_only=True):
    """A number that another tool wrote: None where there is none, and then `source` says why instead of the file."""

    name: str
    seen: str | None
    source: str


def metric_lines(evidence: Evidence) -> list[MetricLine]:
    """Say each metric of other tools in the unit of its file, also where no rule speaks of it."""
    return [_metric_line(measured) for measured in evidence.metrics]


def _metric_line(measured: Measurement) -> MetricLine:
    if measured.problem is not None or measured.found is None:
        return MetricLine(name=measured.name, seen=None, source=measured.problem or "nothing was found")
    seen = f"{measured.found:,.10g} {measured.unit or ''}".strip()
    age = seconds(max(0.0, measured.age_s or 0.0))
    return MetricLine(name=measured.name, seen=seen, source=f"{measured.file}, {age} old")


def _later(evidence: Evidence) -> list[tuple[str, str]]:
    """Give what this version only loads. No verdict rests on it: a file that says nonsense there is still shown."""
    try:
        return msgspec.convert(evidence.plan.get("later", ()), list[tuple[str, str]])
    except msgspec.ValidationError:
        return [("something", "the file does not say what")]


def _blind(check: CheckResult) -> str:
    """Name a check with what it would not have noticed."""
    return f"{check.id} ({listing(check.vacuous, 3)})" if check.vacuous else check.id
