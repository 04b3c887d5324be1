"""`gate`, `publish` and `finalize` as a runner calls them, against a staging and the stand-in for GitHub."""

import dataclasses
import json
from functools import partial
from pathlib import Path

import pytest
from gate_world import CONTEXT, bodies, group_of, outputs, payload_of, states, told, write_config
from github_reader import Page
from hub_world import JOB, PERSON, READER

from releasegate.demo.hub.script import Broken, Exhausted, Late, Lost, Meanwhile, Throttled
from releasegate.evidence.file import read

ELSEWHERE = "releasegate/staging-advisory"


def test_a_green_run_is_pending_then_success_in_at_most_seven_requests(world, gate):
    assert gate()[0] == 0
    (_, began), (state, said) = told(world)
    assert began.startswith("running since ")
    assert (state, said) == ("success", "STABLE: 1 of 1 check passed")
    urls = {status.target_url for status in world.repository.statuses}
    assert urls == {"https://github.example/acme/shop/actions/runs/7/attempts/1"}
    assert bodies(world) == []
    assert len(world.hub.log) <= 7


def test_a_red_run_is_failure_with_its_comment_in_at_most_nine_requests(world, gate, staging):
    staging.status = 500
    assert gate()[0] == 10
    assert states(world) == ["pending", "failure"]
    (body,) = bodies(world)
    assert body.startswith(f"<!-- releasegate gate=staging sha={world.head} run=7 attempt=1 started=")
    assert "smoke.health" in body
    assert len(world.hub.log) <= 9


def test_summary_and_outputs_tell_the_run_without_a_token(world, gate, staging):
    staging.status = 500
    gate("--comment", "always")
    known = outputs()
    assert {key: known[key] for key in ("verdict", "passed", "failed", "evidence-path")} == {
        "verdict": "UNSTABLE", "passed": "0", "failed": "1", "evidence-path": ".releasegate/evidence.json",
    }  # fmt: skip
    assert known["comment-url"].endswith("#issuecomment-" + known["comment-url"].rpartition("-")[2])
    assert "UNSTABLE" in Path("summary.md").read_text(encoding="utf-8")
    assert JOB not in Path("summary.md").read_text(encoding="utf-8") + Path("output.txt").read_text(encoding="utf-8")


def test_a_comment_that_is_there_is_kept_true_in_place(world, gate, staging):
    staging.status = 500
    gate("--comment", "on-failure")
    staging.status = 200
    assert gate("--comment", "on-failure", run_id="8")[0] == 0
    (body,) = bodies(world)
    assert "run=8" in body
    assert "red once before" in body
    assert len(world.hub.log) <= 18


@pytest.mark.parametrize("modes", [("always", 1, 1), ("on-change", 0, 1), ("on-failure", 0, 1), ("off", 0, 0)])
def test_each_mode_writes_its_first_comment(world, gate, staging, modes):
    mode, green, red = modes
    gate("--comment", mode)
    assert len(bodies(world)) == green
    staging.status = 500
    gate("--comment", mode, attempt="2")
    assert len(bodies(world)) == red


def test_green_after_red_on_the_same_commit_is_at_best_degraded_and_its_evidence_says_so(world, call, gate, staging):
    staging.status = 500
    gate()
    staging.status = 200
    assert gate(attempt="2")[0] == 0
    assert told(world)[-1] == ("success", "DEGRADED: red once before on this commit")
    evidence = read(Path(".releasegate/evidence.json"))
    assert (evidence.run.red_before, evidence.verdict.state.value) == (1, "DEGRADED")
    assert call("judge", ".releasegate/evidence.json")[0] == 0


@pytest.mark.parametrize(("fail_on", "code"), [("blocked", 10), ("unstable", 10), ("never", 0)])
def test_fail_on_changes_the_exit_code_and_never_the_status(world, gate, staging, fail_on, code):
    staging.status = 500
    assert gate("--fail-on", fail_on)[0] == code
    assert states(world)[-1] == "failure"


def test_an_advisory_run_never_touches_the_blocking_context(world, gate, staging):
    staging.status = 500
    write_config(staging, "mode: advisory")
    assert gate()[0] == 0
    assert told(world) == []
    assert told(world, context=ELSEWHERE)[-1][0] == "failure"
    assert told(world, context=ELSEWHERE)[-1][1].startswith("would block: UNSTABLE: ")


def test_never_green_26_a_partial_run_sets_no_status(world, gate):
    code, said = gate("--suite", "smoke")
    assert (code, told(world)) == (0, [])
    assert "tells only of the whole" in said


def test_a_later_run_of_ours_owns_the_success(world, gate):
    def another(now):
        world.now = now
        world.of("POST", f"/statuses/{world.head}", {"state": "pending", "context": CONTEXT})

    world.hub.script.add("GET */commits/*/statuses", Meanwhile(another))
    code, said = gate("--comment", "always")
    assert (code, states(world), bodies(world)) == (0, ["pending", "pending"], [])
    assert "superseded by a later run" in said


def red_run(world, now):
    """A later run of ours begins, and ends red."""
    world.now = now
    for state in ("pending", "failure"):
        world.say(state, CONTEXT)


def test_a_success_that_was_long_on_its_way_is_taken_back_when_a_later_run_was_red_meanwhile(world, gate):
    world.hub.script.add("POST */statuses/*", Meanwhile(partial(red_run, world)), nth=2)
    world.hub.script.add("POST */statuses/*", Late(1.2), nth=2)
    _, said = gate("--comment", "always")
    assert states(world) == ["pending", "pending", "failure", "success", "error"]
    assert "taken back" in said


def test_a_success_that_was_refused_is_not_tried_again_once_a_later_run_began(world, gate):
    world.hub.script.add("POST */statuses/*", Meanwhile(partial(red_run, world)), nth=2)
    world.hub.script.add("POST */statuses/*", Throttled(1), nth=2)
    code, said = gate("--comment", "always")
    assert (code, states(world)) == (0, ["pending", "pending", "failure"])
    assert "superseded by a later run" in said


def test_a_pending_status_of_somebody_else_owns_nothing(world, gate):
    def another(now):
        world.now = now
        world.of("POST", f"/statuses/{world.head}", {"state": "pending", "context": CONTEXT}, token=PERSON)

    world.hub.script.add("GET */commits/*/statuses", Meanwhile(another))
    assert gate()[0] == 0
    assert states(world)[-1] == "success"


def test_a_head_that_moves_meanwhile_keeps_its_status_and_leaves_the_comment_alone(world, gate, staging):
    staging.status = 500

    def push(now):
        world.hub.commit(world.repository, "feature", {"b": b""}, author=world.hub.user("ann"), message="b", now=now)

    world.hub.script.add("GET */pulls/1", Meanwhile(push))
    judged = world.head
    code, said = gate()
    assert (code, states(world, sha=judged), bodies(world)) == (10, ["pending", "failure"], [])
    assert "newer head" in said


def test_two_runs_that_write_the_comment_at_once_leave_one(world, gate, staging):
    staging.status = 500

    def another(now):
        first = next(
            e
            for e in world.hub.log
            if e.request.method == "POST" and e.request.path.endswith("/statuses/" + world.head)
        )
        assert first
        body = f"<!-- releasegate gate=staging sha={world.head} run=6 attempt=1 started=x -->\nof the other"
        world.of("POST", "/issues/1/comments", {"body": body})

    world.hub.script.add("POST */issues/1/comments", Meanwhile(another))
    world.hub.script.steps[-1] = dataclasses.replace(world.hub.script.steps[-1], nth=1)
    assert gate()[0] == 10
    (body,) = bodies(world)
    assert "run=7" in body


@pytest.mark.parametrize("effect", [Lost(after=True), Broken(502, after=True)])
def test_a_lost_answer_at_each_write_changes_nothing_of_the_outcome(world, gate, staging, effect):
    staging.status = 500
    world.hub.script.add("POST */statuses/*", effect, nth=2)
    world.hub.script.add("POST */comments", effect)
    assert gate()[0] == 10
    assert states(world)[-1] == "failure"
    assert len(bodies(world)) == 1


def test_a_token_that_may_not_write_leaves_summary_evidence_and_exit_code_12(world, gate):
    code, said = gate(token=READER)
    assert (code, told(world)) == (12, [])
    assert "the token lacks statuses: write" in said
    assert READER not in said
    assert outputs()["verdict"] == "STABLE"
    assert read(Path(".releasegate/evidence.json")).verdict.exit_code == 0
    assert "statuses: write" in Path("summary.md").read_text(encoding="utf-8")


def test_dependabots_token_that_may_not_write_is_no_failure_of_its_own(world, gate):
    code, said = gate(token=READER, GITHUB_ACTOR="dependabot[bot]")
    assert (code, told(world)) == (0, [])
    assert "the token lacks statuses: write" in said


@pytest.mark.parametrize("status", [200, 500])
def test_a_forks_job_writes_nothing_and_its_exit_code_says_the_verdict(world, gate, staging, status):
    staging.status = status
    code, said = gate(payload=payload_of(world, fork=True), token=READER)
    assert code == {200: 0, 500: 10}[status]
    assert world.hub.log == []
    assert "a fork's job writes nothing" in said
    assert "a fork's job writes nothing" in Path("summary.md").read_text(encoding="utf-8").replace("\\", "")


def test_a_pull_request_onto_an_unprotected_branch_sets_no_status_for_its_head_may_be_anothers(world, gate):
    world.pull.base_ref = "feature"
    code, said = gate(payload=payload_of(world, base="feature"))
    assert (code, told(world)) == (0, [])
    assert "neither the default branch nor protected" in said


def test_what_cannot_be_read_before_the_end_is_an_error_and_no_success(world, gate):
    world.hub.script.add("GET */commits/*/statuses", Exhausted(), nth=None)
    world.hub.script.add("GET */rate_limit", Exhausted(), nth=None)

    def refill(now):
        world.job.used = 0

    world.hub.script.add("POST */statuses/*", Meanwhile(refill), nth=2)
    code, said = gate()
    assert code == 12
    assert "exit 12: what was decided does not stand on GitHub" in said
    assert states(world) == ["pending", "error"]


def test_a_check_run_is_written_only_when_asked_for(world, gate, staging):
    staging.status = 500
    gate()
    assert not any(e.request.path.endswith("/check-runs") for e in world.hub.log)
    gate("--check-run", attempt="2")
    (run,) = [e for e in world.hub.log if e.request.path.endswith("/check-runs")]
    assert json.loads(run.request.body)["conclusion"] == "failure"
    assert json.loads(run.request.body)["name"] == "staging report"


def test_a_dispatch_by_number_judges_the_head_as_it_is_now(world, gate):
    payload = {
        "ref": "refs/heads/main",
        "repository": {"full_name": "acme/shop", "default_branch": "main"},
        "inputs": {"pr": "1"},
    }
    assert gate(event="workflow_dispatch", payload=payload)[0] == 0
    assert states(world) == ["pending", "success"]
    world.repository.statuses.clear()
    assert gate("--pr", "1", event="push", payload={**payload, "after": "e" * 40})[0] == 0
    assert states(world) == ["pending", "success"]


def test_a_forks_commit_is_judged_by_the_default_branchs_workflow_and_finds_its_pull_request(world, gate, staging):
    staging.status = 500
    head = world.forked.sha
    payload = {
        "repository": {"full_name": "acme/shop", "default_branch": "main"},
        "workflow_run": {"head_sha": head, "head_branch": "theirs", "head_repository": {"full_name": "eve/shop"}},
    }
    assert gate(event="workflow_run", payload=payload)[0] == 10
    assert states(world, sha=head) == ["pending", "failure"]
    assert len(bodies(world, 2)) == 1


@pytest.mark.parametrize(
    ("event", "change"),
    [
        ("pull_request", {"action": "closed"}),
        ("pull_request_review", {"action": "submitted", "review": {"state": "commented"}}),
        ("deployment_status", {"deployment_status": {"state": "in_progress"}, "deployment": {"sha": "a" * 40}}),
    ],
)
def test_an_event_with_nothing_to_judge_asks_nothing_and_is_no_failure(world, gate, staging, event, change):
    code, said = gate(event=event, payload={**payload_of(world), **change})
    assert (code, world.hub.log, staging.asked.is_set()) == (0, [], False)
    assert "nothing is judged" in said


@pytest.mark.parametrize("state", ["x\n::error::forged", "[x](http://evil.example)", "@octocat <!--"])
def test_what_an_event_says_acts_neither_in_the_log_nor_in_the_summary(world, gate, state):
    event = {"deployment_status": {"state": state}, "deployment": {"sha": "a" * 40}}
    code, said = gate(event="deployment_status", payload={**payload_of(world), **event})
    assert (code, [line for line in said.splitlines() if line.startswith("::")]) == (0, [])
    assert Page(Path("summary.md").read_text(encoding="utf-8")).alive == []


@pytest.mark.parametrize(("arguments", "event"), [(["--sha", "main"], "push"), ([], "page_build")])
def test_what_is_a_mistake_is_exit_code_2(world, gate, arguments, event):
    assert gate(*arguments, event=event)[0] == 2
    assert world.hub.log == []


def test_without_a_token_nothing_runs(world, gate, staging):
    code, said = gate(token="")
    assert (code, staging.asked.is_set()) == (2, False)
    assert "GITHUB_TOKEN" in said


def test_a_deferred_event_leaves_a_pending_status_that_blocks_and_touches_no_verdict(world, gate, staging):
    write_config(staging, "events: {pull_request: defer}")
    assert gate()[0] == 0
    assert told(world) == [("pending", "deferred: another event judges this commit")]
    assert not staging.asked.is_set()
    world.say("success", CONTEXT)
    assert gate()[0] == 0
    assert states(world)[-1] == "success"


@pytest.mark.parametrize(
    "case",
    [
        ("success", JOB, 0, "success"),
        ("failure", JOB, 11, "error"),
        ("success", PERSON, 11, "error"),
        (None, JOB, 11, "error"),
    ],
)
def test_a_merge_group_inherits_what_its_pull_requests_were_told_by_us_alone(world, gate, staging, case):
    before, token, code, state = case
    write_config(staging, "events: {merge_group: inherit}")
    if before:
        world.of("POST", f"/statuses/{world.head}", {"state": before, "context": CONTEXT}, token=token)
    payload, sha = group_of(world)
    assert gate(event="merge_group", payload=payload)[0] == code
    assert states(world, sha=sha) == ["pending", state]
    assert not staging.asked.is_set()


def test_changed_files_are_asked_of_github_where_the_config_tells_the_harmless(world, gate, staging):
    write_config(staging, "changes: {harmless: ['*.py']}")
    Path("releasegate.yml").write_text(
        Path("releasegate.yml")
        .read_text(encoding="utf-8")
        .replace(
            "{health: {http", "{vital: {critical: true, http: {get: 'api:/', expect: {status: 200}}}, health: {http"
        ),
        encoding="utf-8",
    )
    assert gate()[0] == 0
    evidence = read(Path(".releasegate/evidence.json"))
    assert [check.id for check in evidence.checks] == ["smoke.vital"]
    assert states(world)[-1] == "success"


def run(call, **more):
    return call("run", "-q", "--base-config", "releasegate.yml", **more)


def test_evidence_of_the_same_workflow_run_is_published_without_staging(world, call, staging):
    assert run(call)[0] == 0
    staging.status = 500
    assert call("publish", ".releasegate/evidence.json")[0] == 0
    assert states(world) == ["pending", "success"]


@pytest.mark.parametrize("arguments", [(), ("--base-config", "hollow.yml")])
def test_never_green_23_evidence_that_another_config_judged_is_never_a_success(world, call, staging, arguments):
    hollow = Path("releasegate.yml").read_text("utf-8").replace("status: 200", "status: 2xx")
    Path("hollow.yml").write_text(hollow, encoding="utf-8")
    assert call("run", "-q", *arguments)[0] == 0
    _, said = call("publish", ".releasegate/evidence.json")
    assert states(world) == []
    assert "was not judged by the config of main" in said


@pytest.mark.parametrize(("status", "written"), [(200, []), (500, ["failure"])])
def test_never_green_43_evidence_of_another_run_is_published_as_red_and_never_as_success(
    world, call, staging, status, written
):
    staging.status = status
    run(call, run_id="6")
    call("publish", ".releasegate/evidence.json")
    assert states(world) == written


def test_never_green_43_on_workflow_run_no_artifact_is_a_success(world, call):
    run(call)
    payload = {
        "repository": {"full_name": "acme/shop", "default_branch": "main"},
        "workflow_run": {
            "head_sha": world.head,
            "head_branch": "feature",
            "head_repository": {"full_name": "acme/shop"},
        },
    }
    code, said = call("publish", ".releasegate/evidence.json", event="workflow_run", payload=payload)
    assert (code, states(world)) == (0, [])
    assert "could have written this evidence" in said


@pytest.mark.parametrize(
    ("change", "more", "says"),
    [
        ({"gate": "other"}, {}, "of the gate other"),
        ({"sha": "a" * 40}, {}, "evidence is about"),
        ({}, {"attempt": "2"}, "of attempt 1"),
        ({"mode": "advisory"}, {}, "evidence"),
    ],
)
def test_never_green_27_evidence_of_another_gate_commit_or_attempt_is_refused(world, call, change, more, says):
    run(call)
    path = Path(".releasegate/evidence.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    data["run"] |= change
    if "sha" in change:
        data["identity"]["judged"] = change["sha"]
    path.write_text(json.dumps(data), encoding="utf-8")
    code, said = call("publish", str(path), **more)
    assert (code, states(world)) == (11, [])
    assert says in said


@pytest.mark.parametrize("started", ["", "x --> @eve\n# forged"])
def test_a_time_that_is_none_keeps_no_red_evidence_from_being_told(world, call, staging, started):
    staging.status = 500
    run(call)
    path = Path(".releasegate/evidence.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    data["run"]["started"] = started
    path.write_text(json.dumps(data), encoding="utf-8")
    assert call("publish", str(path))[0] == 10
    (body,) = bodies(world)
    assert body.splitlines()[0].endswith(" started=none -->")


def test_never_green_17_evidence_that_contradicts_itself_is_not_published(world, call, staging):
    staging.status = 500
    run(call)
    path = Path(".releasegate/evidence.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    data["verdict"] |= {"state": "STABLE", "exit_code": 0}
    path.write_text(json.dumps(data), encoding="utf-8")
    assert call("publish", str(path))[0] == 11
    assert states(world) == []


def test_what_a_killed_run_left_is_ended_and_only_its_own(world, call):
    url = "https://github.example/acme/shop/actions/runs/{}/attempts/1"
    world.say("pending", CONTEXT, target_url=url.format(6))
    assert call("finalize")[0] == 0
    assert states(world) == ["pending"]
    assert call("finalize", "--sha", world.head)[0] == 0
    assert told(world)[-1] == ("error", "cancelled before its end")
    world.say("pending", CONTEXT, target_url=url.format(7))
    assert call("finalize")[0] == 0
    assert states(world)[-1] == "error"
    count = len(told(world))
    assert call("finalize")[0] == 0
    assert len(told(world)) == count


def test_what_a_killed_run_left_is_ended_where_it_stands_whatever_config_lies_here(world, call):
    """A gate reads the base branch's, without a checkout; what lies here may be none, or have another name."""
    url = "https://github.example/acme/shop/actions/runs/7/attempts/1"
    for context in (CONTEXT, "releasegate/other", "deploy"):
        world.say("pending", context, target_url=url)
    Path("releasegate.yml").unlink()
    assert call("finalize")[0] == 0
    ends = [states(world, context=context)[-1] for context in (CONTEXT, "releasegate/other", "deploy")]
    assert ends == ["error", "error", "pending"]
    assert call("finalize", "--sha", world.head)[0] == 2


@pytest.mark.parametrize("case", [(True, READER, []), (False, READER, []), (False, JOB, ["error"])])
def test_a_job_without_secrets_says_so_where_people_look(world, gate, staging, case):
    fork, token, written = case
    write_config(staging, "identities: {robot: {bearer: '${ROBOT_TOKEN}'}}")
    payload = payload_of(world, fork=fork)
    code, said = gate(payload=payload, token=token, GITHUB_ACTOR="dependabot[bot]")
    assert (code, states(world)) == (11, written)
    assert f"no secrets for dependabot[bot]: dispatch with pr={1 + fork}" in said
    assert "dispatch with pr=" in Path("summary.md").read_text(encoding="utf-8")
    assert not staging.asked.is_set()


def test_a_config_that_is_wrong_in_itself_is_so_for_everybody(world, gate, staging):
    write_config(staging, "identities: {robot: {bearer: 1, nonsense: 2}}")
    assert gate(GITHUB_ACTOR="dependabot[bot]")[0] == 2
    assert told(world) == []


def test_a_beginning_that_github_did_not_answer_is_said_later(world, gate):
    def refuse_five(nth):
        world.hub.script.add("POST */statuses/*", Lost(after=False), nth=nth)

    for nth in range(1, 6):
        refuse_five(nth)
    assert gate()[0] == 0
    assert states(world) == ["pending", "success"]
