"""Evidence in, the Markdown of a pull request's comment out, within a budget of characters.

Whole sections are dropped by priority, never markup cut, and what was dropped is named. Everything that staging or
a config says goes through `releasegate.foreign`: it shows as text and does nothing.
"""

from collections.abc import Iterator, Mapping
from functools import partial

from releasegate.foreign import code_block, for_markdown
from releasegate.model import EXCUSED, CheckResult, Evidence, Label, Level, Sample, State
from releasegate.report import facts, overview
from releasegate.report.blocking import (
    MOST_IN_A_ROW,
    as_many_names,
    blockers,
    failing_names,
    failing_table,
    names_as_fit,
)
from releasegate.report.causes import normals, of_flaky, told_beside
from releasegate.report.findings import Finding, explained, findings, head, why
from releasegate.report.next_steps import NextStep, next_steps
from releasegate.report.origins import origin_line
from releasegate.report.sections import Section, fixed, fold, listed, pack, rows_fit, section, table, taken
from releasegate.report.spans import cut, named, prose, span
from releasegate.report.words import listing, marks, observed, order, percent, plural, seconds

EMOJI = {State.STABLE: "✅", State.DEGRADED: "⚠️", State.UNSTABLE: "❌", State.INCONCLUSIVE: "❓"}
BUDGET = 60_000
"""Of a comment or a check run, in bytes: each may have 65,535 characters, whatever GitHub counts as one."""
SUMMARY_BUDGET = 900_000
"""Of a job summary, in bytes: past 1 MiB a step's whole summary is dropped, and the runner adds lines of others."""
LONGEST_EXCERPT = 1_500
LONGEST_TIMELINE = 2_000
MOST_STEPS = 12
MOST_DETAILS = 40


def render(evidence: Evidence, *, budget: int = BUDGET) -> str:
    """Give the report, at most `budget` bytes of UTF-8 long (of at least 2,000)."""
    return pack(list(_sections(evidence)), budget)


def _sections(evidence: Evidence) -> Iterator[Section]:
    """Give every section in its place; the weights decide which of them stay when room is short.

    Whoever reads no further than the first lines knows the verdict, what blocks, whose it is, and what to do.
    """
    title, reasons = _title(evidence), blockers(evidence)
    yield section("the verdict's reasons", 100, lambda _: "\n\n".join([title, *reasons]), lambda _: title)
    steps = next_steps(evidence)
    urgent = tuple(step for step in steps if step.blocks)
    if urgent:
        most = (MOST_STEPS, 3, 1)
        yield section("the next steps", 80, *(partial(_steps, urgent, number) for number in most))
    yield fixed("what was looked at", 95, _subtitle(evidence))
    bad = facts.failing(evidence)
    if bad:
        yield section(
            "the table of failing checks",
            90,
            lambda room: failing_table(bad, evidence) if rows_fit(len(findings(bad, evidence)), room) else None,
            lambda room: names_as_fit(bad, evidence, room),
            lambda room: failing_names(bad) if rows_fit(len(bad), room) else None,
            lambda room: as_many_names(bad, room),
        )
    yield from _less_urgent(evidence)
    later = tuple(step for step in steps if not step.blocks)
    if later:
        yield section("what is good to know", 45, lambda _: _later(later))
    yield from _folded(evidence, bad)


def _less_urgent(evidence: Evidence) -> Iterator[Section]:
    beside = _beside(evidence)
    if beside:
        yield listed("the flaky, excused and slow checks", 60, "**Not quite green**", beside)
    if evidence.rules:
        yield section(
            "the rules",
            70,
            lambda _: _rules(evidence, whole=True),
            lambda _: _rules(evidence, whole=False),
            lambda _: _rule_count(evidence),
        )
    metrics = [f"- {_metric(line)}" for line in overview.metric_lines(evidence)]
    if metrics:
        yield listed("the metrics of other tools", 68, "**Measured by other tools**", metrics)
    gaps = [f"- {prose(gap)}" for gap in overview.gaps(evidence)]
    if gaps:
        yield listed("what was not looked at", 75, "**Not looked at, or not fully**", gaps)


def _folded(evidence: Evidence, bad: list[CheckResult]) -> Iterator[Section]:
    found, normal = findings(bad, evidence), normals(evidence)
    details = [_detail(f, evidence, normal) for f in found[:MOST_DETAILS] if f.sampled]
    if details:
        of_all = lambda _: _details(details) if len(found) <= MOST_DETAILS else None  # noqa: E731 - a form among forms
        as_fits = lambda room: _details(taken(details, room - 200))  # noqa: E731
        yield section("the details of failing checks", 40, of_all, as_fits)
    sure = [
        f"- {plural(n, 'check')} passed at {span(profile)}, e.g. {prose(claim)}"
        for profile, n, claim in overview.strengths(evidence)
    ]
    answerers = overview.answerers(evidence)
    sure += [f"- answered by {prose(answerers)}"] if answerers else []
    if sure:
        yield fixed("the strength of the evidence", 65, fold("How sure the gate is", "\n".join(sure)))
    yield fixed("the suites", 50, fold("Suites", _suites(evidence)))
    passed = [check for check in evidence.checks if check.label is Label.PASSED]
    if passed:
        yield section("the passing checks", 10, lambda room: _passed(passed) if rows_fit(len(passed), room) else None)


def _passed(passed: list[CheckResult]) -> str:
    rows = [f"| {named(c)} | {marks(c.samples)} | {facts.took(c)} |" for c in passed]
    return fold(f"{plural(len(passed), 'check')} passed", table("check | samples | took", rows))


def _title(evidence: Evidence) -> str:
    state = evidence.verdict.state
    return f"## {EMOJI[state]} {state.value}: {order(evidence)}"


def _subtitle(evidence: Evidence) -> str:
    parts = (
        f"gate {span(evidence.run.gate)}",
        prose(overview.run_line(evidence)),
        prose(overview.commit_line(evidence)),
        prose(overview.control_line(evidence)),
    )
    more = [prose(line) for line in (overview.change_line(evidence), origin_line(evidence)) if line]
    return " · ".join([*parts, *more])


def _details(pieces: list[str]) -> str:
    return fold(f"What the failing checks saw ({plural(len(pieces), 'cause')})", "\n\n".join(pieces)) if pieces else ""


def _rules(evidence: Evidence, *, whole: bool) -> str:
    """Give the rules, what did not hold first; where all did, folded."""
    rows = []
    for rule in sorted(
        evidence.rules, key=lambda rule: (rule.held is True or not rule.applicable, not rule.applicable)
    ):
        if rule.held and not whole:
            continue
        seen = observed(rule, evidence.policy) if rule.applicable else "not applicable"
        note = f"{':' if rule.applicable else ''} {prose(rule.note)}" if rule.note else ""
        rows.append(
            f"| {span(rule.rule, cell=True)} | {seen} | {_effect(rule.held, rule.level, rule.applicable)}{note} |"
        )
    return table("rule | observed | effect", rows)


def _rule_count(evidence: Evidence) -> str:
    broken = [rule for rule in evidence.rules if rule.applicable and not rule.held]
    return f"{len(broken):,} of {plural(len(evidence.rules), 'rule')} did not hold"


def _effect(held: bool | None, level: Level, applicable: bool) -> str:
    if not applicable:
        return "·"
    if held is None:
        return "❓ undecided"
    if held:
        return "✅"
    return "❌ blocks" if level is Level.FAIL else "⚠️ warns"


def _metric(line: overview.MetricLine) -> str:
    told = f"❓ no value: {line.source}" if line.seen is None else f"{line.seen} ({line.source})"
    return f"{span(line.name)} {prose(told)}"


def _steps(steps: tuple[NextStep, ...], most: int, _room: int) -> str:
    out = ["**What to do next**", "", *_numbered(steps[:most])]
    if len(steps) > most:
        out += ["", f"and {len(steps) - most:,} more, that weigh less"]
    return "\n".join(out)


def _later(steps: tuple[NextStep, ...]) -> str:
    return fold(f"Good to know, blocks nothing ({len(steps):,})", "\n".join(_numbered(steps)))


def _numbered(steps: tuple[NextStep, ...]) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        names = listing(map(span, step.checks), MOST_IN_A_ROW)
        yield f"{number}. {names + ': ' if names else ''}{prose(step.text)}"
        yield from (f"   - its owner says: {prose(advice)}" for advice in step.advice[:3])


def _beside(evidence: Evidence) -> list[str]:
    flaky, normal = facts.labelled(evidence, (Label.FLAKY,)), normals(evidence)
    excused = facts.labelled(evidence, EXCUSED)
    skipped = facts.labelled(evidence, (Label.SKIPPED,))
    return [
        *(f"- ⚠️ FLAKY {span(c.id)} {marks(c.samples)}: {prose(facts.shaky(c) + of_flaky(c, normal))}" for c in flaky),
        *(f"- {c.label.value} {span(c.id)}: {prose(c.reason or facts.what(c))}" for c in excused),
        *(f"- ⚠️ beyond a warning: {span(c.id)}: {span(facts.warning(c))}" for c in facts.warned(evidence)),
        *(f"- ⚠️ {span(c.id)} {prose(text)}" for c, text in facts.leaks(evidence)),
        *(f"- noted: {prose(ids)}: {prose(note)}" for ids, note in facts.remarks(evidence)),
        *([f"- skipped: {prose(listing((c.id for c in skipped), 12))}"] if skipped else []),
    ]


def _detail(finding: Finding, evidence: Evidence, normal: Mapping[str, float]) -> str:
    check = finding.first
    sample = facts.first_failure(check)
    others = f" and {len(finding.checks) - 1:,} more" if len(finding.checks) > 1 else ""
    out = [f"**{span(check.id)}**{others}: {prose(head(finding, evidence) if others else finding.what)}"]
    if check.title:
        out.append(f"- title: {prose(check.title)}")
    out += [f"- explains {prose(explained(finding))}"] if finding.explains else []
    reason = why(finding, evidence)
    if reason:
        out.append(f"- why: {prose(reason)}")
    if check.not_sampled and sample:
        out.append(f"- cut short: {prose(check.not_sampled)}")
    out += _seen(check, sample) if sample else []
    out += [f"- {name}: {prose(text)}" for name, text in told_beside(check, normal)]
    out += [f"- how sure: {prose(check.strength)}"] if check.strength else []
    traits = facts.traits(check)
    out += [f"- weighs: {prose(traits)}"] if traits and not others else []
    return "\n".join(
        [
            out[0],
            "",
            *out[1:],
            *(["", code_block(cut(sample.excerpt, LONGEST_EXCERPT))] if sample and sample.excerpt else []),
        ]
    )


def _seen(check: CheckResult, sample: Sample) -> list[str]:
    also = facts.unmet(sample)[1:4] if not sample.trouble else []
    told = facts.timeline(sample)
    return [
        *(f"- and {span(text)}" for text in also),
        f"- samples: {prose(facts.tally(check))}",
        f"- timeline: {for_markdown(told if len(told) <= LONGEST_TIMELINE else '…' + told[-LONGEST_TIMELINE:])}",
        f"- answered: {prose(facts.answered(sample))}; took {facts.took(check)}",
        *([f"- trace: {span(sample.trace)}"] if sample.trace else []),
        *(f"- note: {prose(note)}" for note in sample.notes[:3]),
    ]


def _suites(evidence: Evidence) -> str:
    rows = []
    for suite in overview.suite_lines(evidence):
        share = "nothing counted" if suite.share is None else percent(suite.share)
        name, took = span(suite.name, cell=True), seconds(suite.duration_s)
        rows.append(
            f"| {name} | {suite.passed:,}/{suite.counted:,} | {share} | {suite.flaky:,} | {suite.others:,} | {took} |"
        )
    return table("suite | passed | share | flaky | not counted | took", rows)
