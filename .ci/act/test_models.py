"""The models of docs/workflows, run by a workflow engine against the demo's staging, with the action of this commit."""

import json

import pytest
from act_world import EVENTS, REPOSITORY, comments, evidence, pull_request, told
from hub_world import READER

from releasegate.config.starter import starter_config


@pytest.mark.parametrize("event", EVENTS)
def test_a_healthy_staging_that_runs_the_events_commit_makes_job_and_status_green(repository, staging, world, event):
    before = repository.files()
    done = repository.run(event, EVENTS[event](staging.revision), STAGING_URL=staging.environ["STAGING_API_URL"])
    assert done.returncode == 0, done.stdout
    assert "STABLE" in done.stdout
    assert evidence(repository)["verdict"]["state"] == "STABLE"
    assert {path.name for path in repository.files() - before} == {"gate.yml"}
    assert told(world, staging.revision) == ["success", "pending"]
    assert comments(world) == []
    assert 0 < len(world.hub.log) <= (8 if event == "workflow_dispatch" else 7)  # it is found by its commit


def test_a_broken_staging_makes_job_and_status_red_and_a_rerun_says_so(repository, staging, world):
    answer, url = starter_config(), staging.environ["STAGING_API_URL"]
    repository.config(answer.replace("$.status: healthy", "$.status: as it was before"))
    done = repository.run("pull_request", pull_request(staging.revision), STAGING_URL=url)
    assert done.returncode == 1, done.stdout
    assert evidence(repository)["verdict"]["state"] == "UNSTABLE"
    assert "❌ UNSTABLE" in done.stdout
    assert told(world, staging.revision) == ["failure", "pending"]
    (body,) = comments(world)
    assert "UNSTABLE" in body
    repository.config(answer)
    done = repository.run("pull_request", pull_request(staging.revision), attempt=2, STAGING_URL=url)
    assert done.returncode == 0, done.stdout
    assert evidence(repository, attempt=2)["verdict"]["state"] == "DEGRADED"
    assert told(world, staging.revision) == ["success", "pending", "failure", "pending"]
    (body,) = comments(world)
    assert "DEGRADED" in body


def test_a_staging_that_runs_another_commit_makes_nothing_green(repository, staging, world):
    repository.config(starter_config().replace("wait: 10m", "wait: 1s"))
    world.repository.branches["feature"] = other = world.forked.sha
    done = repository.run("pull_request", pull_request(other), STAGING_URL=staging.environ["STAGING_API_URL"])
    assert done.returncode == 1, done.stdout
    assert evidence(repository)["verdict"]["state"] == "INCONCLUSIVE"
    assert told(world, other) == ["error", "pending"]


def test_a_pull_request_is_judged_by_hand_at_its_head(repository, staging, world):
    payload = {"inputs": {"pr": "1"}, "ref": "refs/heads/main", "repository": REPOSITORY}
    url = staging.environ["STAGING_API_URL"]
    done = repository.run("workflow_dispatch", json.dumps(payload), STAGING_URL=url)
    assert done.returncode == 0, done.stdout
    assert told(world, staging.revision) == ["success", "pending"]


def test_a_fork_with_a_token_that_only_reads_is_judged_and_told_nowhere_but_in_its_job(repository, staging, world):
    payload = json.loads(pull_request(staging.revision))
    payload["pull_request"]["head"]["repo"]["full_name"] = "eve/shop"
    url = staging.environ["STAGING_API_URL"]
    done = repository.run("pull_request", json.dumps(payload), token=READER, STAGING_URL=url)
    assert done.returncode == 0, done.stdout
    assert "✅ STABLE" in done.stdout
    assert world.repository.statuses == []
    assert comments(world) == []


def test_a_fork_is_told_by_the_job_of_the_default_branch(repository, staging, world):
    payload = json.loads(pull_request(staging.revision))
    payload["pull_request"]["head"]["repo"]["full_name"] = "eve/shop"
    url = staging.environ["STAGING_API_URL"]
    done = repository.run("pull_request_target", json.dumps(payload), model="forks", STAGING_URL=url)
    assert done.returncode == 0, done.stdout
    assert told(world, staging.revision)[0] == "success"


def test_a_variable_that_is_not_set_makes_the_job_red(repository, staging):
    done = repository.run("pull_request", pull_request(staging.revision))
    assert done.returncode == 1
    assert "STAGING_URL" in done.stdout


def test_what_was_deployed_in_the_same_job_is_judged(repository, staging):
    deploy = repository.work / "deploy"
    deploy.write_text('#!/bin/sh\necho "deployed $2 to $1"\n')
    deploy.chmod(0o755)
    done = repository.run(
        "pull_request", pull_request(staging.revision), model="deploy-and-gate",
        STAGING_URL=staging.environ["STAGING_API_URL"],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert done.stdout.index(f"deployed {staging.revision} to staging") < done.stdout.index("STABLE")


def test_the_commit_that_another_workflow_deployed_is_judged(repository, staging, world):
    run = {"head_sha": staging.revision, "head_branch": "feature", "head_repository": {"full_name": "acme/shop"}}
    url = staging.environ["STAGING_API_URL"]
    for conclusion, expected in (("failure", []), ("success", ["success", "pending"])):
        payload = json.dumps({"workflow_run": {**run, "conclusion": conclusion}, "repository": REPOSITORY})
        done = repository.run("workflow_run", payload, model="after-deploy", STAGING_URL=url)
        assert done.returncode == 0, done.stdout
        assert told(world, staging.revision) == expected
