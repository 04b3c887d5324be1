"""Evidence in, JUnit XML out, so that CI systems can list checks, rules and the verdict itself.

FAILED and REGRESSION are failures, UNPROVEN and ENVIRONMENT errors; what is excused, skipped or only advisory is
skipped, with its reason. The verdict is a test case too: no file is all green while the gate is not.
"""

from collections.abc import Iterable, Mapping

from releasegate.foreign import for_terminal, lines
from releasegate.model import BROKEN, PASSED, CheckResult, Evidence, Label, Level, RuleResult, State
from releasegate.report import facts, overview
from releasegate.report.causes import normals, told_beside
from releasegate.report.words import advisory_run, marks, observed, order

GATE = "releasegate.gate"
"""A name that no suite of a config can have."""
LONGEST_MESSAGE = 1_000
Outcome = tuple[str | None, str]


def render(evidence: Evidence) -> str:
    """Give one XML document: a suite for each suite, then one for the gate with its verdict and rules."""
    suites: dict[str, list[CheckResult]] = {}
    for check in evidence.checks:
        suites.setdefault(check.suite, []).append(check)
    normal = normals(evidence)
    body = [_checks(line, suites[line.name], normal) for line in overview.suite_lines(evidence)]
    body.append(_gate(evidence))
    total = [sum(part) for part in zip(*(counts for _, counts in body), strict=True)]
    head = f"<testsuites {_counts(total)}{_attributes(name=evidence.run.gate, time=f'{evidence.run.duration_s:.3f}')}>"
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *(text for text, _ in body), "</testsuites>\n"])


def _checks(line: overview.SuiteLine, checks: list[CheckResult], normal: Mapping[str, float]) -> tuple[str, list[int]]:
    names = [c.id.removeprefix(f"{c.suite}.") for c in checks]
    cases = [
        _case(c.suite, name, c.duration_s, _outcome(c), _output(c, normal))
        for c, name in zip(checks, names, strict=True)
    ]
    started = checks[0].samples[0].started if checks[0].samples else ""
    return _suite(line.name, line.duration_s, cases, started)


def _gate(evidence: Evidence) -> tuple[str, list[int]]:
    """Make the suite of the gate itself."""
    state = evidence.verdict.state
    kind = {State.UNSTABLE: "failure", State.INCONCLUSIVE: "error"}.get(state)
    if kind and advisory_run(evidence):
        kind = "skipped"
    message = f"{state.value}: {order(evidence)}"
    details = "\n".join(evidence.verdict.reasons)
    cases = [_case(GATE, "verdict", 0.0, (kind, message), details)]
    cases += [_case(GATE, f"rule {r.rule}", 0.0, _rule_outcome(r, evidence), "") for r in evidence.rules]
    return _suite(GATE, evidence.run.duration_s, cases, evidence.run.started)


def _outcome(check: CheckResult) -> Outcome:
    """Give the element that says how a check went (None = passed) and its message."""
    if check.label in PASSED:
        return None, ""
    message = f"{check.label.value}: {facts.what(check)}"
    if check.advisory:
        return "skipped", f"advisory, does not block: {message}"
    if check.label in BROKEN:
        return "failure", message
    return ("error" if check.label in {Label.UNPROVEN, Label.ENVIRONMENT} else "skipped"), message


def _rule_outcome(rule: RuleResult, evidence: Evidence) -> Outcome:
    if not rule.applicable:
        return "skipped", rule.note or "not applicable"
    if rule.held:
        return None, ""
    message = f"observed {observed(rule, evidence.policy)}" + (f"; {rule.note}" if rule.note else "")
    if rule.level is Level.WARN:
        return "skipped", f"warns: {message}"
    return ("failure" if rule.held is False else "error"), message


def _output(check: CheckResult, normal: Mapping[str, float]) -> str:
    """Give what is told beside the message: the samples, and how the first failing one went."""
    told = [f"samples {marks(check.samples)}", f"took {facts.took(check)}"] if check.samples else []
    sample = facts.first_failure(check)
    if sample:
        told += [facts.tally(check), f"timeline {facts.timeline(sample)}", f"answered {facts.answered(sample)}"]
        told += [f"trace {sample.trace}"] if sample.trace else []
        told += [text for text in (check.reason, facts.traits(check), check.advice) if text]
    elif check.label is Label.FLAKY:
        told.append(facts.shaky(check))
    told += [f"{name} {text}" for name, text in told_beside(check, normal)]
    return "\n".join(told)


def _case(classname: str, name: str, duration_s: float, outcome: Outcome, output: str) -> tuple[str, str]:
    kind, message = outcome
    head = f"<testcase{_attributes(classname=classname, name=name, time=f'{duration_s:.3f}')}"
    inner = [f"<{kind}{_attributes(message=_cut(message))}/>"] if kind else []
    inner += [f"<system-out>{_text(output)}</system-out>"] if output else []
    return kind or "", f"{head}>{''.join(inner)}</testcase>" if inner else f"{head}/>"


def _cut(message: str) -> str:
    return message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}…"


def _suite(name: str, duration_s: float, cases: list[tuple[str, str]], started: str) -> tuple[str, list[int]]:
    kinds = [kind for kind, _ in cases]
    counts = [len(cases), kinds.count("failure"), kinds.count("error"), kinds.count("skipped")]
    head = f"<testsuite {_counts(counts)}{_attributes(name=name, time=f'{duration_s:.3f}', timestamp=started)}>"
    return "\n".join([head, *(text for _, text in cases), "</testsuite>"]), counts


def _counts(counts: Iterable[int]) -> str:
    names = ("tests", "failures", "errors", "skipped")
    return " ".join(f'{name}="{count}"' for name, count in zip(names, counts, strict=True))


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{_escaped(for_terminal(value))}"' for name, value in values.items() if value)


def _text(text: str) -> str:
    return _escaped("\n".join(lines(text)))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
