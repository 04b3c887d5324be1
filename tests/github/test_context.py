"""Which commit and which pull request an event is about, and who could have written what runs on it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from releasegate.github.context import EVENTS, subject_of
from releasegate.github.nouns import Subject, Trust

PAYLOADS = Path(__file__).parent / "payloads"
ENV = "e" * 40
MINE = "a" * 40


def payload(name):
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))


def subject(event, given, **asked):
    repository = given.get("repository", {}).get("full_name", "o/r")
    return subject_of(
        event, given, {"GITHUB_REPOSITORY": repository, "GITHUB_SHA": ENV, "GITHUB_ACTOR": "ada"}, **asked
    )


def said(one, *names):
    return tuple(getattr(one, name) for name in names)


def of_fork(given, fork="mallory/Hello-World"):
    given["pull_request"]["head"]["repo"]["full_name"] = fork
    return given


@pytest.mark.parametrize("name", ["opened", "synchronize"])
def test_a_pull_request_is_judged_at_its_head_and_never_at_the_merge_commit(name):
    given = payload(f"pull_request.{name}")
    one = subject("pull_request", given)
    head, base = given["pull_request"]["head"], given["pull_request"]["base"]
    assert said(one, "sha", "merge_sha", "pull", "not_judged") == (head["sha"], ENV, given["number"], None)
    assert said(one, "base_branch", "default_branch") == (base["ref"], "master")
    assert said(one, "trust", "pull_of_commit", "actor") == (Trust.PULL_REQUEST, False, "ada")


def test_a_pull_request_of_a_fork_and_of_a_fork_that_is_gone_is_trusted_least():
    assert subject("pull_request", of_fork(payload("pull_request.opened"))).trust is Trust.FORK
    gone = payload("pull_request.opened")
    gone["pull_request"]["head"]["repo"] = None
    assert subject("pull_request", gone).trust is Trust.FORK


def test_a_closed_pull_request_is_not_judged():
    assert subject("pull_request", payload("pull_request.closed")).not_judged == "the pull request is closed"


def test_pull_request_target_is_judged_at_the_head_too_and_runs_our_own_workflow():
    given = of_fork(payload("pull_request.opened"))
    one = subject("pull_request_target", given)
    assert said(one, "sha", "pull", "trust") == (given["pull_request"]["head"]["sha"], given["number"], Trust.OURS)
    assert one.merge_sha != ENV  # there it is the base branch's last commit


@pytest.mark.parametrize("name", ["commented", "dismissed"])
def test_a_review_that_approves_nothing_is_not_judged(name):
    assert (
        subject("pull_request_review", payload(f"pull_request_review.{name}")).not_judged == "the review is no approval"
    )


def test_an_approval_is_judged_at_the_head():
    given = payload("pull_request_review.commented")
    given["review"]["state"] = "approved"
    one = subject("pull_request_review", given)
    assert said(one, "sha", "not_judged") == (given["pull_request"]["head"]["sha"], None)


def test_a_merge_group_is_judged_at_the_queues_commit_and_has_no_pull_request():
    one = subject("merge_group", payload("merge_group"))
    assert said(one, "sha", "pull", "pull_of_commit") == ("2ffea6db159f6b6c47a24e778fb9ef40cf6b1c7d", None, False)
    assert one.base_branch == "main"
    gone = {**payload("merge_group"), "action": "destroyed"}
    assert subject("merge_group", gone).not_judged == "the merge group is gone"
    nowhere = {**payload("merge_group"), "merge_group": {**payload("merge_group")["merge_group"], "base_ref": "v1"}}
    assert said(subject("merge_group", nowhere), "not_judged", "idle") == (
        "the event does not say onto which branch the group goes", False,
    )  # fmt: skip


@pytest.mark.parametrize(("event", "key"), [("workflow_dispatch", "inputs"), ("repository_dispatch", "client_payload")])
def test_a_dispatch_judges_what_it_asks_for_else_the_commit_it_runs_on(event, key):
    given = payload(event)
    assert said(subject(event, given), "sha", "pull", "pull_of_commit") == (ENV, None, True)
    given[key] = {"pr": "12"}
    assert said(subject(event, given), "sha", "pull", "pull_of_commit") == (None, 12, False)
    given[key] = {"sha": MINE}
    assert said(subject(event, given), "sha", "pull", "pull_of_commit") == (MINE, None, True)


@pytest.mark.parametrize(
    "wish", [{"pr": "main"}, {"pr": "0"}, {"pr": ["1"]}, {"pr": "٣"}, {"sha": "main"}, {"sha": "abc1234"}]
)
def test_a_dispatch_that_asks_for_no_number_and_no_commit_judges_nothing(wish):
    one = subject("workflow_dispatch", {**payload("workflow_dispatch"), "inputs": wish})
    assert one.sha is None
    assert one.not_judged


def test_a_dispatch_runs_our_own_workflow_on_the_default_branch_only():
    given = payload("workflow_dispatch")
    assert subject("workflow_dispatch", given).trust is Trust.OURS
    assert subject("workflow_dispatch", {**given, "ref": "refs/heads/topic"}).trust is Trust.PULL_REQUEST
    assert subject("workflow_dispatch", {**given, "ref": "main"}).trust is Trust.PULL_REQUEST


def test_what_is_asked_for_by_hand_wins_over_the_event():
    given = payload("pull_request.closed")
    one = subject("pull_request", given, pull=7)
    assert said(one, "pull", "sha", "not_judged", "base_branch") == (7, None, None, None)
    assert said(subject("push", payload("push"), sha=MINE), "sha", "pull") == (MINE, None)


def test_a_workflow_run_of_our_own_repository_is_found_by_its_commit():
    given = payload("workflow_run")
    one = subject("workflow_run", given)
    assert said(one, "sha", "pull_of_commit", "pull_of_head") == (given["workflow_run"]["head_sha"], True, None)
    assert one.trust is Trust.OURS


def test_a_workflow_run_of_a_fork_is_found_by_its_branch_as_its_list_of_pull_requests_is_empty():
    given = payload("workflow_run.abroad")
    one = subject("workflow_run", given)
    branch = given["workflow_run"]["head_branch"]
    assert said(one, "pull_of_commit", "pull_of_head") == (False, ("octo-org", branch))


def test_a_deployment_is_judged_at_its_commit_once_it_is_there():
    given = payload("deployment_status.success")
    given["deployment_status"]["environment_url"] = "https://pr-7.preview.example.com"
    one = subject("deployment_status", given)
    assert said(one, "sha", "not_judged") == (given["deployment"]["sha"], None)
    assert said(one, "deployment_url", "trust") == ("https://pr-7.preview.example.com", Trust.PULL_REQUEST)
    assert "in_progress" in subject("deployment_status", payload("deployment_status.in_progress")).not_judged


def test_a_push_runs_our_own_workflow_on_the_default_branch_only():
    given = payload("push")
    one = subject("push", given)
    assert said(one, "sha", "trust", "base_branch") == (given["after"], Trust.OURS, "master")
    other = subject("push", {**given, "ref": "refs/heads/topic"})
    assert other.trust is Trust.PULL_REQUEST
    assert subject("push", {**given, "deleted": True}).not_judged == "the branch was deleted"


def test_a_schedule_is_of_the_default_branch():
    one = subject("schedule", {"repository": {"full_name": "o/r", "default_branch": "main"}})
    assert said(one, "sha", "base_branch", "trust") == (ENV, "main", Trust.OURS)


def test_an_event_that_nobody_knows_is_not_judged_and_says_which_are():
    one = subject("issue_comment", {"issue": {"number": 3}})
    assert "issue_comment" in one.not_judged
    assert all(event in one.not_judged for event in EVENTS)


def test_without_a_repository_or_a_commit_nothing_is_judged():
    assert "GITHUB_REPOSITORY" in subject_of("push", {}, {"GITHUB_SHA": ENV}).not_judged
    assert subject_of("push", {}, {"GITHUB_REPOSITORY": "o/r"}).not_judged == "the event names no commit"
    assert "repository" in subject_of("push", {}, {"GITHUB_SHA": ENV, "GITHUB_REPOSITORY": "o/.."}).not_judged


def test_outside_of_a_runner_a_commit_is_known_only_if_the_environment_names_it():
    assert subject_of("", {}, {}).sha is None
    assert subject_of("", {}, {"GITHUB_SHA": ENV}).sha == ENV


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def twisted(given, draw):
    """Replace a value somewhere in a payload by anything."""
    while isinstance(given, dict) and given:
        key = draw(st.sampled_from(sorted(given)))
        if not isinstance(given[key], dict) or draw(st.booleans()):
            given[key] = draw(JSON)
            return
        given = given[key]


@given(st.data(), st.sampled_from(sorted(path.stem for path in PAYLOADS.glob("*.json"))))
def test_no_payload_crashes_and_what_is_judged_has_a_commit_or_a_pull_request(data, name):
    given = payload(name)
    for _ in range(data.draw(st.integers(1, 4))):
        twisted(given, data.draw)
    one = subject_of(name.partition(".")[0], given, {"GITHUB_REPOSITORY": "o/r"})
    assert isinstance(one, Subject)
    assert one.not_judged or one.sha or one.pull
    assert one.sha is None or (len(one.sha) == 40 and set(one.sha) <= set("0123456789abcdef"))
    json.dumps(asdict(one))
