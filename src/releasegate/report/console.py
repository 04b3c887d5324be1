"""Evidence in, the report for a terminal out: the verdict first, then why, then what to do."""

from collections.abc import Mapping

from releasegate.foreign import lines
from releasegate.model import EXCUSED, CheckResult, Evidence, Label, Level, Sample, State
from releasegate.report import facts, overview
from releasegate.report.causes import normals, of_flaky, told_beside
from releasegate.report.findings import Finding, explained, findings, head, why
from releasegate.report.next_steps import MOST_NAMES, next_steps
from releasegate.report.origins import origin_line
from releasegate.report.paper import Paper
from releasegate.report.words import listing, marks, observed, order, percent, plural, seconds

STYLES = {State.STABLE: "good", State.DEGRADED: "fair", State.UNSTABLE: "bad", State.INCONCLUSIVE: "unsure"}
MOST_IN_DETAIL = 12
MOST_LISTED = 200
MOST_FLAKY = 20
MOST_TOLD = 8
EXCERPT_LINES = 4
EXCERPT_WIDTH = 400
COLUMN = 10


def render(evidence: Evidence, *, colour: bool, width: int) -> str:
    """Give the report as lines of at most `width` columns (of at least 40)."""
    paper = Paper(colour=colour, width=width)
    _verdict(paper, evidence)
    _suites(paper, evidence)
    _failing(paper, evidence)
    _beside(paper, evidence)
    _rules(paper, evidence)
    _metrics(paper, evidence)
    _strength(paper, evidence)
    _gaps(paper, evidence)
    _next(paper, evidence)
    return paper.text()


def _verdict(paper: Paper, evidence: Evidence) -> None:
    verdict = evidence.verdict
    paper.tagged(verdict.state.value, f" {order(evidence)} · exit {verdict.exit_code}", STYLES[verdict.state])
    for reason in overview.reasons(evidence):
        paper.line(reason, indent=2)
    paper.gap()
    paper.line(f"gate {evidence.run.gate}: {overview.run_line(evidence)}")
    paper.line(f"{overview.commit_line(evidence)}; {overview.control_line(evidence)}")
    change = overview.change_line(evidence)
    if change:
        paper.line(change)
    if origin := origin_line(evidence):
        paper.line(origin)
    answerers = overview.answerers(evidence)
    if answerers:
        paper.line(f"answered by {answerers}")


def _suites(paper: Paper, evidence: Evidence) -> None:
    suites = overview.suite_lines(evidence)
    if not suites:
        return
    paper.gap()
    name_width = min(32, max(len(suite.name) for suite in suites))
    for suite in suites:
        share = "nothing counted" if suite.share is None else percent(suite.share)
        extra = [f"{suite.flaky} flaky"] if suite.flaky else []
        extra += [f"{suite.others} not counted"] if suite.others else []
        numbers = f"{suite.passed:>4}/{suite.counted:<4} {share:>8}  {seconds(suite.duration_s):>8}"
        tail = f"  {', '.join(extra)}" if extra else ""
        mark, style = ("✓", "good") if suite.passed == suite.counted else ("✗", "bad")
        mark, style = (mark, style) if suite.counted else ("·", "dim")
        paper.tagged(mark, f"{suite.name:<{name_width}} {numbers}{tail}", style)


def _failing(paper: Paper, evidence: Evidence) -> None:
    shown, normal = findings(facts.failing(evidence), evidence), normals(evidence)
    for finding in shown[:MOST_IN_DETAIL]:
        paper.gap()
        _finding(paper, finding, evidence, normal)
    rest = [check for finding in shown[MOST_IN_DETAIL:] for check in (*finding.checks, *finding.explains)]
    if rest:
        paper.gap()
        for check in rest[:MOST_LISTED]:
            _one_line(paper, check, facts.what(check))
        if len(rest) > MOST_LISTED:
            paper.line(f"and {len(rest) - MOST_LISTED:,} more that did not pass; all are in the evidence file")


def _finding(paper: Paper, finding: Finding, evidence: Evidence, normal: Mapping[str, float]) -> None:
    check, others = finding.first, finding.checks[1:]
    style = _style(check)
    if others:
        paper.tagged(check.label.value, head(finding, evidence), style)
        ids = (f"{c.id} {marks(c.samples)}{' (critical)' if c.critical else ''}".strip() for c in finding.checks)
        paper.line(listing(ids, MOST_LISTED), indent=2)
    else:
        paper.tagged(check.label.value, f"{check.id}  {marks(check.samples)}".rstrip(), style)
        paper.line(finding.what, "head", indent=2)
        if finding.down:
            paper.line(facts.what(check), indent=2)
        sample = facts.first_failure(check)
        for also in facts.unmet(sample)[1:4] if sample and not sample.trouble else []:
            paper.line(f"and {also}", indent=2)
    if finding.explains:
        _detail(paper, "explains", explained(finding))
    _details(paper, finding, evidence, normal)


def _details(paper: Paper, finding: Finding, evidence: Evidence, normal: Mapping[str, float]) -> None:
    check = finding.first
    sample = facts.first_failure(check)
    if check.title:
        _detail(paper, "title", check.title)
    reason = why(finding, evidence)
    if reason:
        _detail(paper, "why", reason)
    if check.not_sampled and sample:
        _detail(paper, "cut short", check.not_sampled)
    if sample:
        for name, text in _seen(check, sample):
            _detail(paper, name, text)
    for name, text in told_beside(check, normal):
        _detail(paper, name, text)
    if check.strength:
        _detail(paper, "how sure", check.strength)
    traits = facts.traits(check)
    if traits and len(finding.checks) == 1:
        _detail(paper, "weighs", traits)
    if sample and sample.excerpt:
        _excerpt(paper, sample)


def _seen(check: CheckResult, sample: Sample) -> list[tuple[str, str]]:
    return [
        ("samples", facts.tally(check)),
        ("timeline", facts.timeline(sample)),
        ("answered", facts.answered(sample)),
        *([("trace", sample.trace)] if sample.trace else []),
        ("took", facts.took(check)),
        *(("note", note) for note in sample.notes[:3]),
    ]


def _detail(paper: Paper, name: str, text: str) -> None:
    paper.tagged(name, text, "dim", indent=2, column=COLUMN)


def _excerpt(paper: Paper, sample: Sample) -> None:
    shown = [line for line in lines(sample.excerpt or "") if line.strip()]
    for line in shown[:EXCERPT_LINES]:
        cut = line if len(line) <= EXCERPT_WIDTH else f"{line[:EXCERPT_WIDTH]}… ({len(line):,} characters)"
        paper.tagged("│", cut, "dim", indent=2)
    if len(shown) > EXCERPT_LINES:
        paper.line(f"│ … {plural(len(shown) - EXCERPT_LINES, 'line')} more", "dim", indent=2)


def _beside(paper: Paper, evidence: Evidence) -> None:
    """Show what did not fail and is not simply green: flaky, beyond a warning, excused, skipped."""
    normal = normals(evidence)
    flaky = [(c, facts.shaky(c) + of_flaky(c, normal)) for c in facts.labelled(evidence, (Label.FLAKY,))]
    excused = [(check, check.reason or facts.what(check)) for check in facts.labelled(evidence, EXCUSED)]
    slow, leaks, remarks = facts.warned(evidence), facts.leaks(evidence), facts.remarks(evidence)
    if flaky or excused or slow or leaks or remarks:
        paper.gap()
    for check, text in (*flaky, *excused)[:MOST_FLAKY]:
        _one_line(paper, check, text)
    left = len(flaky) + len(excused) - MOST_FLAKY
    if left > 0:
        paper.line(f"and {left:,} more flaky or excused")
    for check in slow[:MOST_FLAKY]:
        paper.tagged("warned", f"{check.id}  {facts.warning(check)}", "fair", column=COLUMN)
    if len(slow) > MOST_FLAKY:
        paper.line(f"and {len(slow) - MOST_FLAKY:,} more beyond a warning bound")
    _told(paper, "leaked", [f"{check.id}  {text}" for check, text in leaks], "fair")
    _told(paper, "noted", [f"{ids}: {note}" for ids, note in remarks], "dim")
    skipped = facts.labelled(evidence, (Label.SKIPPED,))
    if skipped:
        paper.tagged("skipped", listing((check.id for check in skipped), 12), "dim", column=COLUMN)


def _told(paper: Paper, tag: str, texts: list[str], style: str) -> None:
    for text in texts[:MOST_TOLD]:
        paper.tagged(tag, text, style, column=COLUMN)
    if len(texts) > MOST_TOLD:
        paper.line(f"and {len(texts) - MOST_TOLD:,} more {tag}")


def _one_line(paper: Paper, check: CheckResult, text: str) -> None:
    drawn = f"{marks(check.samples)}  " if check.samples else ""
    paper.tagged(check.label.value, f"{check.id}  {drawn}{text}", _style(check), column=COLUMN)


def _style(check: CheckResult) -> str:
    effect = facts.rank(check)[0]
    return {0: "bad", 1: "unsure"}.get(effect, "fair")


def _rules(paper: Paper, evidence: Evidence) -> None:
    rules = evidence.rules
    if not rules:
        return
    held = [rule for rule in rules if rule.applicable]
    if held and all(rule.held for rule in held):
        told = (f"{rule.rule} ({observed(rule, evidence.policy)})" for rule in held)
        paper.tagged("✓", f"{plural(len(held), 'rule')} held: {listing(told, 12)}", "good")
        return
    paper.gap()
    column = min(44, max(len(rule.rule) for rule in rules))
    for rule in rules:
        mark, style, effect = rule_effect(rule.held, rule.level, applicable=rule.applicable)
        seen = f"observed {observed(rule, evidence.policy)}" if rule.applicable else "not applicable"
        note = f"  {rule.note}" if rule.note else ""
        tail = f"  {effect}" if effect else ""
        paper.tagged(mark, f"{rule.rule:<{column}}  {seen}{tail}{note}", style)


def _metrics(paper: Paper, evidence: Evidence) -> None:
    for line in overview.metric_lines(evidence):
        if line.seen is None:
            paper.tagged("metric", f"{line.name}  no value: {line.source}", "unsure", column=COLUMN)
        else:
            paper.tagged("metric", f"{line.name}  {line.seen}  ({line.source})", "dim", column=COLUMN)


def rule_effect(held: bool | None, level: Level, *, applicable: bool) -> tuple[str, str, str]:
    """Give a rule's mark, colour and effect on the verdict."""
    if not applicable:
        return "·", "dim", ""
    if held:
        return "✓", "good", ""
    if held is None:
        return "?", "unsure", "undecided"
    return ("✗", "bad", "blocks") if level is Level.FAIL else ("!", "fair", "warns")


def _strength(paper: Paper, evidence: Evidence) -> None:
    strengths = overview.strengths(evidence)
    if not strengths:
        return
    paper.gap()
    (profile, count, claim), *rest = strengths
    paper.line(f"how sure: {plural(count, 'check')} passed at {profile}, e.g. {claim}")
    if rest:
        others = ", ".join(f"{count:,} at {name}" for name, count, _ in rest)
        paper.line(f"also passed: {others} (`releasegate policy` prints what each can miss)", "dim")


def _gaps(paper: Paper, evidence: Evidence) -> None:
    gaps = overview.gaps(evidence)
    if gaps:
        paper.gap()
    for gap in gaps:
        paper.line(gap, "dim")


def _next(paper: Paper, evidence: Evidence) -> None:
    steps = next_steps(evidence)
    if not steps:
        return
    paper.gap()
    paper.line("What to do next", "head")
    for number, step in enumerate(steps[:MOST_IN_DETAIL], 1):
        named = f"{listing(step.checks, MOST_NAMES)}: " if step.checks else ""
        paper.tagged(f"{number}.", f"{named}{step.text}", "bad" if step.blocks else "fair", indent=1)
        for advice in step.advice[:3]:
            paper.line(f"its owner says: {advice}", indent=4)
    if len(steps) > MOST_IN_DETAIL:
        paper.line(f"and {len(steps) - MOST_IN_DETAIL:,} more, that weigh less", indent=1)
