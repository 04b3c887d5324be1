"""JUnit for CI systems: well-formed, counted right, and never all green while the gate is not."""

from xml.etree import ElementTree as ET

import pytest
from report_stories import chat_timeout, check, evidence, healthy, mixed, rule, staging_down, wrong_commit

from releasegate.model import Evidence, Label, Level, State
from releasegate.report.junit import render

STORIES = {"healthy": healthy(), "mixed": mixed(), "down": staging_down(), "commit": wrong_commit()}
SCHEMA = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "testcase": {"classname", "name", "time"},
    "failure": {"message"},
    "error": {"message"},
    "skipped": {"message"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}


def parsed(story: Evidence) -> ET.Element:
    return ET.fromstring(render(story).encode())


def outcome(root: ET.Element, name: str) -> str | None:
    case = next(case for case in root.iter("testcase") if case.get("name") == name)
    return next((child.tag for child in case if child.tag != "system-out"), None)


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_elements_and_attributes_are_those_that_junit_readers_know(story: Evidence):
    for element in parsed(story).iter():
        assert set(element.keys()) <= SCHEMA[element.tag]
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        assert float(element.get("time", "0")) >= 0


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_counts_are_the_counts_of_the_elements(story: Evidence):
    root = parsed(story)
    for counted in (root, *root.iter("testsuite")):
        for attribute, tag in (
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            assert int(counted.get(attribute, "")) == len(list(counted.iter(tag)))


@pytest.mark.parametrize(
    ("label", "expected"),
    [(Label.PASSED, None), (Label.FLAKY, None), (Label.FAILED, "failure"), (Label.REGRESSION, "failure"), (Label.UNPROVEN, "error"), (Label.ENVIRONMENT, "error"), (Label.PRE_EXISTING, "skipped"), (Label.KNOWN_FLAKY, "skipped"), (Label.MUTED, "skipped"), (Label.SKIPPED, "skipped")],
)  # fmt: skip
def test_a_label_is_told_in_junits_words(label: Label, expected: str | None):
    assert outcome(parsed(evidence(check("a.b", "✗✗✗", label))), "b") == expected


def test_an_advisory_failure_does_not_redden_the_build():
    root = parsed(evidence(check("a.b", "✗✗✗", advisory=True), state=State.DEGRADED))
    assert outcome(root, "b") == "skipped"
    assert "advisory, does not block: FAILED" in render(evidence(check("a.b", "✗✗✗", advisory=True)))


@pytest.mark.parametrize(
    ("state", "expected"),
    [(State.STABLE, None), (State.DEGRADED, None), (State.UNSTABLE, "failure"), (State.INCONCLUSIVE, "error")],
)
def test_the_verdict_is_a_case_of_its_own(state: State, expected: str | None):
    story = evidence(check("a.b"), state=state, reasons=("a reason",))
    assert outcome(parsed(story), "verdict") == expected
    assert "a reason" in render(story)


def test_an_advisory_run_reddens_nothing_by_its_verdict():
    story = evidence(check("a.b"), state=State.UNSTABLE, run={"mode": "advisory"})
    assert outcome(parsed(story), "verdict") == "skipped"


def test_rules_are_cases():
    rules = (
        rule("a >= 1", 2.0),
        rule("b >= 1", 0.0, held=False),
        rule("c >= 1", None, held=None),
        rule("d >= 1", 0.0, held=False, level=Level.WARN),
        rule("e >= 1", None, held=None, applicable=False),
    )
    root = parsed(evidence(check("a.b"), state=State.UNSTABLE, rules=rules))
    assert [outcome(root, f"rule {r.rule}") for r in rules] == [None, "failure", "error", "skipped", "skipped"]


def test_a_failure_says_what_failed_and_how_the_sample_went():
    root = parsed(evidence(chat_timeout(), state=State.UNSTABLE))
    case = next(case for case in root.iter("testcase") if case.get("name") == "real-agent-execution")
    failure, told = case.find("failure"), case.findtext("system-out", "")
    assert failure is not None
    assert failure.get("message") == "FAILED: timeout waiting for agent_thinking, 5 s after agent_started"
    assert "0.12 s agent_started" in told
    assert case.get("classname") == "pipeline"


def test_a_run_without_checks_is_not_an_empty_green_file():
    root = parsed(evidence(state=State.INCONCLUSIVE, reasons=("no check ran",)))
    assert root.get("errors") == "1"
