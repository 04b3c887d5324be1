"""Checks that did not pass in, the Markdown of what blocks out: each cause once, whose it is, and every name."""

import re

from releasegate.model import PASSED, CheckResult, Evidence, Label
from releasegate.report import facts, overview
from releasegate.report.findings import Finding, findings
from releasegate.report.sections import fold, size, table, taken
from releasegate.report.spans import named, prose, span
from releasegate.report.words import listing, marks, plural

LABEL_EMOJI = {Label.PASSED: "✅", Label.FLAKY: "⚠️", Label.FAILED: "❌", Label.REGRESSION: "❌", Label.SKIPPED: "⏭️"}
MOST_REASONS = 8
MOST_IN_A_ROW = 3
ROOM_FOR_STEPS = 8_000
_NAMES = re.compile(rf"(?:{'|'.join(Label)}): (.+?)(?: and (\d+) more)?")


def blockers(evidence: Evidence) -> list[str]:
    """Give one list, or none: what blocks (or degrades), the cause before the name of its label.

    A rule that did not hold is left to the table of rules where anything else says why.
    """
    reasons = overview.reasons(evidence)
    ruled = {reason for reason in reasons if any(reason.startswith(f"{rule.rule}: ") for rule in evidence.rules)}
    found = findings(facts.failing(evidence), evidence)
    told = [text for reason in reasons if reason not in ruled for text in _causes(reason, found, evidence)]
    told = told or [prose(reason) for reason in reasons]
    items = [f"- {text}" for text in told[:MOST_REASONS]]
    if len(told) > MOST_REASONS:
        items.append(f"- and {plural(len(told) - MOST_REASONS, 'more reason')}")
    return ["\n".join(items)] if items else []


def _causes(reason: str, found: list[Finding], evidence: Evidence) -> list[str]:
    """Say for a reason that only names checks what failed and whose it is; what another reason says is not repeated."""
    names = _NAMES.fullmatch(reason)
    if not names:
        return [prose(reason)]
    several = set(names[1].split(", "))
    alike = [finding for finding in found if not several.isdisjoint(check.id for check in finding.checks)]
    if not alike:
        return [prose(reason)]
    rest = len(several) + int(names[2] or 0) - sum(len(finding.checks) for finding in alike)
    told = [_cause(finding) for finding in alike if not facts.said(finding.what, evidence)]
    return told + ([f"and {plural(rest, 'check')} more, in the table below"] if rest > 0 else [])


def _cause(finding: Finding) -> str:
    check, others = finding.first, len(finding.checks) - 1
    told = span(check.id) + (" (critical)" if check.critical else "") + (f" and {others:,} more" if others else "")
    owners = _owners(finding.checks)
    return f"{told}{f' of {listing(map(span, owners), 2)}' if owners else ''}: {prose(finding.what)}"


def _owners(checks: tuple[CheckResult, ...]) -> list[str]:
    return list(dict.fromkeys(check.owner for check in checks if check.owner))


def failing_table(bad: list[CheckResult], evidence: Evidence) -> str:
    """Give a row for each cause, and in a fold the names that its row only counts."""
    rows, rest = _rows(bad, evidence)
    return "\n\n".join([rows, *([_fold(rest, rest)] if rest else [])])


def names_as_fit(bad: list[CheckResult], evidence: Evidence, room: int) -> str | None:
    """Give the same with as many of those names as fit beside the next steps; None where no name does."""
    rows, rest = _rows(bad, evidence)
    left = room - size(rows) - 200
    shown = _shown(rest, left)
    return f"{rows}\n\n{_fold(rest, shown)}" if shown else None


def failing_names(bad: list[CheckResult]) -> str:
    return "\n".join([f"**{plural(len(bad), 'check')} did not pass**", "", *map(_name, bad)])


def as_many_names(bad: list[CheckResult], room: int) -> str:
    """Name as many as fit beside the next steps, and count the rest."""
    shown = _shown(list(map(_name, bad)), room)
    rest = f"- and {len(bad) - len(shown):,} more"
    return "\n".join([f"**{plural(len(bad), 'check')} did not pass**", "", *shown, rest])


def _shown(names: list[str], room: int) -> list[str]:
    return taken(names, max(room // 2, room - ROOM_FOR_STEPS))


def _fold(rest: list[str], shown: list[str]) -> str:
    counted = [f"- and {len(rest) - len(shown):,} more"] if len(shown) < len(rest) else []
    return fold(f"The other {plural(len(rest), 'check')} with the same cause", "\n".join([*shown, *counted]))


def _rows(bad: list[CheckResult], evidence: Evidence) -> tuple[str, list[str]]:
    """Give the table, and what names the checks that it only counts."""
    rows: list[str] = []
    rest: list[str] = []
    for finding in findings(bad, evidence):
        if finding.down or len(finding.checks) == 1:
            rows += [_row((check,), evidence) for check in finding.checks]
        else:
            rows.append(_row(finding.checks, evidence))
            rest += map(_name, finding.checks[MOST_IN_A_ROW:])
        rows += [_row((check,), evidence, beneath="↳ ") for check in finding.explains]
    return table("verdict | check, owner | samples | what was seen", rows), rest


def _row(checks: tuple[CheckResult, ...], evidence: Evidence, *, beneath: str = "") -> str:
    """Give the row of checks with one cause; what a dependency explains stands `beneath` it."""
    check = checks[0]
    names = "<br>".join(map(named, checks[:MOST_IN_A_ROW]))
    names += f"<br>and {len(checks) - MOST_IN_A_ROW:,} more" if len(checks) > MOST_IN_A_ROW else ""
    owners = _owners(checks)[:MOST_IN_A_ROW]
    cells = (
        f"{_emoji(check)}&nbsp;{check.label.value}",
        "<br>".join([f"{beneath}{names}", *(f"of {span(owner, cell=True)}" for owner in owners)]),
        marks(check.samples) or "none taken",
        _seen(check, evidence),
    )
    return f"| {' | '.join(cells)} |"


def _seen(check: CheckResult, evidence: Evidence) -> str:
    """Say what failed, how long it took, and the trace to look for."""
    what, sample = facts.what(check), facts.first_failure(check)
    if not check.samples and facts.said(what, evidence):
        return "not sampled, for the reason above"
    told = [span(what, cell=True), *([facts.took(check)] if check.samples else [])]
    told += [f"trace {span(sample.trace, cell=True)}"] if sample and sample.trace else []
    return "<br>".join(told)


def _name(check: CheckResult) -> str:
    return f"- {check.label.value} {named(check)}"


def _emoji(check: CheckResult) -> str:
    return LABEL_EMOJI.get(check.label, "" if check.label in PASSED else "❓")
