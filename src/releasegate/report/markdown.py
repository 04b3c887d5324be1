"""Evidence in, the Markdown of a pull request's comment out, within a budget of characters.

Whole sections are dropped by priority, never markup cut, and what was dropped is named. Everything that staging or
a config says goes through `releasegate.foreign`: it shows as text and does nothing.
"""

from collections.abc import Iterator, Mapping
from functools import partial

from releasegate.foreign import code_block, code_span, for_markdown
from releasegate.model import EXCUSED, PASSED, CheckResult, Evidence, Label, Level, Sample, State
from releasegate.report import facts, overview
from releasegate.report.causes import normals, of_flaky, told_beside
from releasegate.report.findings import Finding, explained, findings, head, why
from releasegate.report.next_steps import MOST_NAMES, NextStep, next_steps
from releasegate.report.sections import Section, fixed, fold, listed, pack, rows_fit, section, table, taken
from releasegate.report.words import listing, marks, observed, order, percent, plural, seconds

EMOJI = {State.STABLE: "✅", State.DEGRADED: "⚠️", State.UNSTABLE: "❌", State.INCONCLUSIVE: "❔"}
LABEL_EMOJI = {Label.PASSED: "✅", Label.FLAKY: "⚠️", Label.FAILED: "❌", Label.REGRESSION: "❌", Label.SKIPPED: "⏭️"}
BUDGET = 60_000
LONGEST_CELL = 240
LONGEST_PROSE = 500
LONGEST_EXCERPT = 1_500
LONGEST_TIMELINE = 2_000
MOST_REASONS = 8
MOST_STEPS = 12
MOST_DETAILS = 40
ROOM_FOR_STEPS = 8_000


def render(evidence: Evidence, *, budget: int = BUDGET) -> str:
    """Give the comment, at most `budget` characters long (of at least 2,000)."""
    return pack(list(_sections(evidence)), budget)


def _sections(evidence: Evidence) -> Iterator[Section]:
    """Give every section in its place; the weights decide which of them stay when room is short."""
    title, reasons = _title(evidence), _reasons(evidence)
    yield section(
        "the verdict's reasons",
        100,
        lambda _: "\n\n".join([title, _subtitle(evidence), *reasons]),
        lambda _: "\n\n".join([title, *reasons]),
        lambda _: title,
    )
    bad = facts.failing(evidence)
    if bad:
        yield section(
            "the table of failing checks",
            90,
            lambda room: _failing_table(bad, evidence) if rows_fit(len(bad), room) else None,
            lambda room: _failing_names(bad) if rows_fit(len(bad), room) else None,
            lambda room: _as_many_names(bad, room),
        )
    steps = next_steps(evidence)
    if steps:
        most = (MOST_STEPS, 3, 1)
        yield section("the next steps", 80, *(partial(_steps, steps, number) for number in most))
    yield from _less_urgent(evidence)
    yield from _folded(evidence, bad)


def _less_urgent(evidence: Evidence) -> Iterator[Section]:
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
    beside = _beside(evidence)
    if beside:
        yield listed("the flaky, excused and slow checks", 60, "**Not quite green**", beside)
    gaps = [f"- {_prose(gap)}" for gap in overview.gaps(evidence)]
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
        f"- {plural(n, 'check')} passed at {_span(profile)}, e.g. {_prose(claim)}"
        for profile, n, claim in overview.strengths(evidence)
    ]
    if sure:
        yield fixed("the strength of the evidence", 65, fold("How sure the gate is", "\n".join(sure)))
    yield fixed("the suites", 50, fold("Suites", _suites(evidence)))
    passed = [check for check in evidence.checks if check.label is Label.PASSED]
    if passed:
        yield section("the passing checks", 10, lambda room: _passed(passed) if rows_fit(len(passed), room) else None)


def _passed(passed: list[CheckResult]) -> str:
    rows = [f"| {_id(c)} | {marks(c.samples)} | {facts.took(c)} |" for c in passed]
    return fold(f"{plural(len(passed), 'check')} passed", table("check | samples | took", rows))


def _title(evidence: Evidence) -> str:
    state = evidence.verdict.state
    return f"## {EMOJI[state]} {state.value}: {order(evidence)}"


def _subtitle(evidence: Evidence) -> str:
    parts = (
        f"gate {_span(evidence.run.gate)}",
        _prose(overview.run_line(evidence)),
        _prose(overview.commit_line(evidence)),
        _prose(overview.control_line(evidence)),
    )
    change, answerers = overview.change_line(evidence), overview.answerers(evidence)
    more = ([_prose(change)] if change else []) + ([f"answered by {_prose(answerers)}"] if answerers else [])
    return " · ".join([*parts, *more])


def _reasons(evidence: Evidence) -> list[str]:
    reasons = overview.reasons(evidence)
    items = [f"- {_prose(reason)}" for reason in reasons[:MOST_REASONS]]
    if len(reasons) > MOST_REASONS:
        items.append(f"- and {len(reasons) - MOST_REASONS:,} more reasons")
    return ["\n".join(items)] if items else []


def _details(pieces: list[str]) -> str:
    return fold(f"What the failing checks saw ({plural(len(pieces), 'cause')})", "\n\n".join(pieces)) if pieces else ""


def _failing_table(bad: list[CheckResult], evidence: Evidence) -> str:
    rows: list[str] = []
    for finding in findings(bad, evidence):
        rows += [_failing_row(check, evidence) for check in finding.checks]
        rows += [_failing_row(check, evidence, beneath="↳ ") for check in finding.explains]
    return table("verdict | check | samples | what failed | took | owner", rows)


def _failing_row(check: CheckResult, evidence: Evidence, *, beneath: str = "") -> str:
    """Give a row; what a dependency explains stands `beneath` it."""
    what = facts.what(check)
    told = not check.samples and facts.said(what, evidence)
    cells = (
        f"{_emoji(check)} {check.label.value}",
        f"{beneath}{_id(check)}",
        marks(check.samples) or "none taken",
        "not sampled, for the reason above" if told else _span(what, cell=True),
        facts.took(check) if check.samples else "",
        _span(check.owner, cell=True) if check.owner else "",
    )
    return f"| {' | '.join(cells)} |"


def _failing_names(bad: list[CheckResult]) -> str:
    return "\n".join([f"**{plural(len(bad), 'check')} did not pass**", "", *map(_name, bad)])


def _as_many_names(bad: list[CheckResult], room: int) -> str:
    """Name as many as fit beside the next steps, and count the rest."""
    shown = taken(map(_name, bad), max(room // 2, room - ROOM_FOR_STEPS))
    rest = f"- and {len(bad) - len(shown):,} more"
    return "\n".join([f"**{plural(len(bad), 'check')} did not pass**", "", *shown, rest])


def _name(check: CheckResult) -> str:
    return f"- {check.label.value} {_id(check)}"


def _id(check: CheckResult) -> str:
    return (
        _span(check.id, cell=True)
        + (" **critical**" if check.critical else "")
        + (" advisory" if check.advisory else "")
    )


def _rules(evidence: Evidence, *, whole: bool) -> str:
    rows = []
    for rule in evidence.rules:
        if rule.held and not whole:
            continue
        seen = observed(rule, evidence.policy) if rule.applicable else "not applicable"
        note = f" {_prose(rule.note)}" if rule.note else ""
        rows.append(
            f"| {_span(rule.rule, cell=True)} | {seen} | {_effect(rule.held, rule.level, rule.applicable)}{note} |"
        )
    return table("rule | observed | effect", rows)


def _rule_count(evidence: Evidence) -> str:
    broken = [rule for rule in evidence.rules if rule.applicable and not rule.held]
    return f"{len(broken):,} of {plural(len(evidence.rules), 'rule')} did not hold"


def _effect(held: bool | None, level: Level, applicable: bool) -> str:
    if not applicable:
        return "·"
    if held is None:
        return "❔ undecided"
    if held:
        return "✅"
    return "❌ blocks" if level is Level.FAIL else "⚠️ warns"


def _metric(line: overview.MetricLine) -> str:
    told = f"❔ no value: {line.source}" if line.seen is None else f"{line.seen} ({line.source})"
    return f"{_span(line.name)} {_prose(told)}"


def _steps(steps: tuple[NextStep, ...], most: int, _room: int) -> str:
    out = ["**What to do next**", ""]
    for number, step in enumerate(steps[:most], 1):
        named = ", ".join(_span(name) for name in step.checks[:MOST_NAMES])
        named += f" and {len(step.checks) - MOST_NAMES:,} more" if len(step.checks) > MOST_NAMES else ""
        out.append(f"{number}. {named + ': ' if named else ''}{_prose(step.text)}")
        out += [f"   - its owner says: {_prose(advice)}" for advice in step.advice[:3]]
    if len(steps) > most:
        out += ["", f"and {len(steps) - most:,} more, that weigh less"]
    return "\n".join(out)


def _beside(evidence: Evidence) -> list[str]:
    flaky, normal = facts.labelled(evidence, (Label.FLAKY,)), normals(evidence)
    excused = facts.labelled(evidence, EXCUSED)
    skipped = facts.labelled(evidence, (Label.SKIPPED,))
    return [
        *(f"- ⚠️ FLAKY {_span(c.id)} {marks(c.samples)}: {_prose(facts.shaky(c) + of_flaky(c, normal))}" for c in flaky),
        *(f"- {c.label.value} {_span(c.id)}: {_prose(c.reason or facts.what(c))}" for c in excused),
        *(f"- ⚠️ beyond a warning: {_span(c.id)}: {_span(facts.warning(c))}" for c in facts.warned(evidence)),
        *(f"- ⚠️ {_span(c.id)} {_prose(text)}" for c, text in facts.leaks(evidence)),
        *(f"- noted: {_prose(ids)}: {_prose(note)}" for ids, note in facts.remarks(evidence)),
        *([f"- skipped: {_prose(listing((c.id for c in skipped), 12))}"] if skipped else []),
    ]


def _detail(finding: Finding, evidence: Evidence, normal: Mapping[str, float]) -> str:
    check = finding.first
    sample = facts.first_failure(check)
    others = f" and {len(finding.checks) - 1:,} more" if len(finding.checks) > 1 else ""
    out = [f"**{_span(check.id)}**{others}: {_prose(head(finding, evidence) if others else finding.what)}"]
    if check.title:
        out.append(f"- title: {_prose(check.title)}")
    out += [f"- explains {_prose(explained(finding))}"] if finding.explains else []
    reason = why(finding, evidence)
    if reason:
        out.append(f"- why: {_prose(reason)}")
    if check.not_sampled and sample:
        out.append(f"- cut short: {_prose(check.not_sampled)}")
    out += _seen(check, sample) if sample else []
    out += [f"- {name}: {_prose(text)}" for name, text in told_beside(check, normal)]
    out += [f"- how sure: {_prose(check.strength)}"] if check.strength else []
    traits = facts.traits(check)
    out += [f"- weighs: {_prose(traits)}"] if traits and not others else []
    return "\n".join(
        [
            out[0],
            "",
            *out[1:],
            *(["", code_block(_cut(sample.excerpt, LONGEST_EXCERPT))] if sample and sample.excerpt else []),
        ]
    )


def _seen(check: CheckResult, sample: Sample) -> list[str]:
    also = facts.unmet(sample)[1:4] if not sample.trouble else []
    told = facts.timeline(sample)
    return [
        *(f"- and {_span(text)}" for text in also),
        f"- samples: {_prose(facts.tally(check))}",
        f"- timeline: {for_markdown(told if len(told) <= LONGEST_TIMELINE else '…' + told[-LONGEST_TIMELINE:])}",
        f"- answered: {_prose(facts.answered(sample))}; took {facts.took(check)}",
        *([f"- trace: {_span(sample.trace)}"] if sample.trace else []),
        *(f"- note: {_prose(note)}" for note in sample.notes[:3]),
    ]


def _suites(evidence: Evidence) -> str:
    rows = []
    for suite in overview.suite_lines(evidence):
        share = "nothing counted" if suite.share is None else percent(suite.share)
        name, took = _span(suite.name, cell=True), seconds(suite.duration_s)
        rows.append(
            f"| {name} | {suite.passed:,}/{suite.counted:,} | {share} | {suite.flaky:,} | {suite.others:,} | {took} |"
        )
    return table("suite | passed | share | flaky | not counted | took", rows)


def _emoji(check: CheckResult) -> str:
    return LABEL_EMOJI.get(check.label, "" if check.label in PASSED else "❔")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _prose(text: str) -> str:
    return for_markdown(_cut(text, LONGEST_PROSE))


def _span(text: str, *, cell: bool = False) -> str:
    return code_span(_cut(text, LONGEST_CELL), cell=cell)
