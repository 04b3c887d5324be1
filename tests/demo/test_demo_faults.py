"""The real command against the real staging with each fault: what the gate makes of it is what an engineer would."""

import json

import pytest
from demo_client import needs_stores
from demo_expected import ALL, EXPECTED

from releasegate.demo.faults import FAULTS, LATER
from releasegate.demo.serve import REVISION
from releasegate.model import Label, Level

pytestmark = needs_stores
PASSED = (Label.PASSED, Label.FLAKY)


@pytest.fixture
def ended(demos, fault):
    return demos[fault].result()


def every(names):
    return pytest.mark.parametrize("fault", names)


def test_each_fault_has_an_expectation_and_the_other_way_round():
    assert set(EXPECTED) == {"healthy", *FAULTS}
    assert not set(FAULTS) & set(LATER)


@every(EXPECTED)
def test_the_verdict_and_the_exit_code_are_those_that_an_engineer_expects(ended, fault):
    expected = EXPECTED[fault]
    verdict = ended.evidence.verdict
    assert (verdict.state.value, verdict.exit_code, ended.code) == (
        expected.state,
        expected.exit_code,
        expected.exit_code,
    )
    for part in expected.says:
        assert any(part in reason for reason in verdict.reasons), (part, verdict.reasons)


@every(EXPECTED)
def test_each_check_that_the_fault_touches_is_labelled_so_and_every_other_one_passed(ended, fault):
    expected = {name: EXPECTED[fault].touched.get(name, ("PASSED",))[0] for name in ALL}
    assert {check.id: check.label.value for check in ended.evidence.checks} == expected


@every(
    [fault for fault, expected in EXPECTED.items() if any(label != "PASSED" for label, _ in expected.touched.values())]
)
def test_the_failures_of_a_check_all_have_the_signature_of_the_fault(ended, fault):
    for check in ended.evidence.checks:
        _, signature = EXPECTED[fault].touched.get(check.id, (None, None))
        seen = {sample.signature for sample in check.samples if not sample.met}
        assert seen == ({signature} if signature else set()), check.id


@every(EXPECTED)
def test_the_rules_that_do_not_hold_are_those_that_the_fault_breaks(ended, fault):
    assert {rule.rule for rule in ended.evidence.rules if rule.held is not True} == EXPECTED[fault].rules


@every(EXPECTED)
def test_only_what_is_slow_passes_beyond_a_warning_bound(ended, fault):
    warned = {
        check.id for check in ended.evidence.checks for sample in check.samples
        if any(not e.met and e.level is Level.WARN for e in sample.expectations)
    }  # fmt: skip
    assert warned == EXPECTED[fault].warned


@every(EXPECTED)
def test_every_green_check_could_have_been_red(ended, fault):
    green = [check for check in ended.evidence.checks if check.label in PASSED]
    assert [(check.id, check.vacuous) for check in green if check.red_capable is not True] == []


@every(EXPECTED)
def test_the_control_holds_under_every_fault_and_no_login_falls_back(ended, fault):
    assert ended.evidence.control.held is True
    assert ended.evidence.plan["fallbacks"] == []


@every(EXPECTED)
def test_no_secret_of_the_staging_is_in_what_the_demo_leaves_behind(ended, fault):
    left = ended.out + ended.err + repr(ended.evidence)
    assert "eyJ" not in left  # the beginning of every token
    assert "@127.0.0.1" not in left  # the end of every password in a url


@every([fault for fault in EXPECTED if fault != "ws-timeout"])
def test_the_one_json_object_says_what_the_evidence_says_and_beside_it_the_status_alone(ended, fault):
    said = json.loads(ended.out)
    verdict = ended.evidence.verdict
    assert (said["verdict"], said["exit_code"]) == (verdict.state.value, ended.code)
    assert said["reasons"] == list(verdict.reasons)
    assert said["evidence"] == "evidence.json"
    assert sum(said["counts"].values()) == len(ALL)
    status = {0: "success", 10: "failure", 11: "error"}[ended.code]
    assert ended.err == f"releasegate: releasegate/staging is {status} on {REVISION}\n"


@every(["workflow-stuck"])
def test_a_stuck_workflow_shows_the_path_that_it_took(ended, fault):
    (check,) = (check for check in ended.evidence.checks if check.id == "orchestration.workflow-states")
    states = [moment.name for moment in check.samples[0].timeline]
    assert "waiting_for_agents" in states
    assert "completed" not in states
    assert all(sample.duration_s >= 19 and not sample.leaked for sample in check.samples)


@every(["ws-drop"])
def test_a_cut_connection_is_told_as_one_that_ended_without_a_goodbye(ended, fault):
    (check,) = (check for check in ended.evidence.checks if check.id == "pipeline.real-agent-execution")
    assert len(check.samples) == 3
    assert all("without a close frame" in sample.trouble.message for sample in check.samples)


def test_the_report_of_a_timeout_names_the_event_that_did_not_come_and_shows_the_timeline(demos):
    report = demos["ws-timeout"].result().out
    assert "timeout waiting for agent_thinking, 5 s after agent_started" in report
    (timeline,) = (part for part in report.split("\n\n") if "timeline" in part)
    assert timeline.index("agent_started") < timeline.index("5.")
    assert report.startswith("UNSTABLE")
    assert "exit 10" in report


def test_another_clients_events_are_seen_and_not_taken_for_ours(demos):
    """Under ws-timeout the other client's agent_thinking comes: whoever takes it for ours is green."""
    (check,) = (c for c in demos["ws-timeout"].result().evidence.checks if c.id == "pipeline.real-agent-execution")
    for sample in check.samples:
        seen = [repr(moment) for moment in sample.timeline]
        assert any("agent_thinking" in moment and "thread-of-another" in moment for moment in seen)
