"""What decides an answer of the staging is pure: workflows, the chat's script, and what faults make of an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasegate.demo.answers import ADDED, Answer, distorted, refused
from releasegate.demo.conversation import CUT, EVENTS, OTHERS, script
from releasegate.demo.faults import FAULTS, Fault
from releasegate.demo.workflows import PATTERNS, Fate, Workflow, efficiency, look, stints, timeline

ORDER = ["pending", "initializing", "running", "coordinating", "waiting_for_agents", "aggregating_results", "completed"]
agents, patterns, fates = st.integers(1, 50), st.sampled_from(PATTERNS), st.sampled_from(Fate)
seconds = st.floats(0, 100)
faults = st.frozensets(st.sampled_from(Fault))


def workflow(count=3, pattern="parallel", fate=Fate.COMPLETES):
    return Workflow("wf-1", tuple(f"agent-{number}" for number in range(count)), pattern, 0.0, fate)


def measured(at_s, **how):
    return look(workflow(**how), at_s)["metrics"]["coordination_efficiency"]


@given(agents, patterns, fates)
def test_states_come_in_their_order_and_none_comes_twice(count, pattern, fate):
    entered = timeline(stints(count, pattern), fate)
    assert [at_s for at_s, _ in entered] == sorted({at_s for at_s, _ in entered})
    states = [state for _, state in entered]
    ends = {Fate.COMPLETES: ORDER, Fate.STICKS: ORDER[:5], Fate.FAILS: [*ORDER[:4], "failed"]}
    assert states == ends[fate]


@given(agents, patterns, fates, seconds)
def test_efficiency_is_a_share_at_any_moment(count, pattern, fate, at_s):
    value = measured(at_s, count=count, pattern=pattern, fate=fate)
    assert value is None or 0 <= value <= 1


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("parallel", 0.66 / (3 * 0.24)),  # all are bound until the slowest is done
        ("broadcast", 0.66 / (3 * 0.28)),  # … and told one after the other
        ("sequential", 0.66 / (0.66 + 3 * 0.02)),  # one handover each
        ("round_robin", 0.66 / (0.66 + 6 * 0.02)),  # two
        ("priority", 0.66 / (0.66 + 6 * 0.02)),  # one, two, three
    ],
)
def test_efficiency_follows_from_what_three_agents_did(pattern, expected):
    assert measured(100, pattern=pattern) == pytest.approx(expected, abs=1e-4)


def test_efficiency_is_unknown_before_anyone_works_and_falls_as_agents_wait():
    assert measured(0.1) is None
    assert measured(0.3) == 1
    assert measured(0.3) > measured(0.39) > 0.9
    assert measured(1, count=40, pattern="broadcast") < measured(1, count=3, pattern="broadcast")


def test_efficiency_of_a_stuck_workflow_falls_for_as_long_as_it_is_stuck():
    values = [measured(at_s, fate=Fate.STICKS) for at_s in (0.5, 1, 5, 60)]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.02


def test_efficiency_of_a_failed_workflow_stands_still():
    assert measured(1, fate=Fate.FAILS) == measured(1000, fate=Fate.FAILS)


def test_nobody_was_bound_is_no_efficiency():
    assert efficiency(stints(3, "parallel"), 0.0) is None


@given(faults)
def test_the_other_client_is_heard_whatever_is_wrong_with_ours(switched):
    lines = script(switched)
    others = tuple(line.event for line in lines if not line.ours)
    assert others == OTHERS[: len(others)]
    assert others
    assert {line.event for line in lines if line.ours} <= {*EVENTS, CUT}


@given(faults)
def test_without_a_fault_of_the_chat_our_five_events_come_in_order(switched):
    quiet = {fault for fault in switched if not fault.startswith("ws-")}
    assert tuple(line.event for line in script(quiet) if line.ours) == EVENTS


@pytest.mark.parametrize("path", ["/api/mcp/config", "/api/mcp/servers", "/api/metrics", "/health"])
def test_an_added_field_takes_none_away(path):
    answer = Answer(200, {"agents": {}, "data": []})
    assert distorted({Fault.CONTRACT_ADD}, path, answer).payload == {**answer.payload, **ADDED}


def test_a_broken_contract_loses_one_field_of_one_answer():
    answer = Answer(200, {"agents": {}, "transport": "x"})
    assert distorted({Fault.CONTRACT_BREAK}, "/api/mcp/config", answer).payload == {"transport": "x"}
    assert distorted({Fault.CONTRACT_BREAK}, "/api/other", answer) == answer


def test_empty_bodies_come_with_200_under_api_alone():
    full = Answer(200, {"status": "healthy"})
    assert distorted({Fault.EMPTY_200}, "/api/metrics", full) == Answer(200, None)
    assert distorted({Fault.EMPTY_200}, "/health", full) == full
    created, error = Answer(201, {"id": 1}), refused(422, "invalid", "no")
    assert distorted({Fault.EMPTY_200}, "/api/workflows", created) == created
    assert distorted({Fault.EMPTY_200}, "/api/workflows", error) == error


@given(faults, st.sampled_from(["/api/mcp/config", "/api/mcp/servers", "/health", "/auth/login"]))
def test_no_combination_of_faults_changes_a_status_or_breaks_the_staging(switched, path):
    payload = {"agents": {}, "data": [{"name": "netra-mcp"}]}
    for answer in (Answer(200, payload), Answer(204), refused(401, "unauthorized", "no")):
        assert distorted(switched, path, answer).status == answer.status


def test_every_fault_has_a_name_and_a_line_that_fits_a_terminal():
    assert list(FAULTS) == [fault.value for fault in Fault]
    assert all(0 < len(says) <= 100 and "\n" not in says for says in FAULTS.values())
