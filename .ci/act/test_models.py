"""The models of docs/workflows, run by a workflow engine against the demo's staging, with the action of this commit."""

import json

import pytest

from releasegate.config.starter import starter_config

REPOSITORY = {"full_name": "acme/shop", "default_branch": "main"}
COMMIT = "5d1f2c3b4a5968778695a4b3c2d1e0f91827364a"


def pull_request(sha):
    head = {"ref": "feature", "sha": sha, "repo": {"full_name": "acme/shop"}}
    base = {"ref": "main", "sha": COMMIT, "repo": {"full_name": "acme/shop"}}
    pull = {"number": 2, "state": "open", "head": head, "base": base}
    return json.dumps({"action": "opened", "number": 2, "pull_request": pull, "repository": REPOSITORY})


def merge_group(sha):
    group = {"head_sha": sha, "head_ref": "refs/heads/gh-readonly-queue/main/pr-2-1", "base_ref": "refs/heads/main"}
    return json.dumps({"action": "checks_requested", "merge_group": group, "repository": REPOSITORY})


def dispatch(sha):
    return json.dumps({"inputs": {"sha": sha}, "ref": "refs/heads/main", "repository": REPOSITORY})


EVENTS = {"pull_request": pull_request, "merge_group": merge_group, "workflow_dispatch": dispatch}


def evidence(repository):
    (path,) = repository.kept.iterdir()
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("event", EVENTS)
def test_a_healthy_staging_that_runs_the_events_commit_makes_the_job_green(repository, staging, event):
    before = repository.files()
    done = repository.run(event, EVENTS[event](staging.revision), STAGING_URL=staging.environ["STAGING_API_URL"])
    assert done.returncode == 0, done.stdout
    assert "STABLE" in done.stdout
    assert evidence(repository)["verdict"]["state"] == "STABLE"
    assert {path.name for path in repository.files() - before} == {"gate.yml"}


def test_a_broken_staging_makes_the_job_red_and_leaves_its_evidence_and_a_fixed_one_green(repository, staging):
    answer, url = starter_config(), staging.environ["STAGING_API_URL"]
    repository.config(answer.replace("$.status: healthy", "$.status: as it was before"))
    done = repository.run("pull_request", pull_request(staging.revision), STAGING_URL=url)
    assert done.returncode == 1, done.stdout
    assert evidence(repository)["verdict"]["state"] == "UNSTABLE"
    assert "Summary - ## ❌ UNSTABLE" in done.stdout
    repository.config(answer)
    done = repository.run("pull_request", pull_request(staging.revision), STAGING_URL=url)
    assert done.returncode == 0, done.stdout
    assert evidence(repository)["verdict"]["state"] == "STABLE"
    assert "Summary - ## ✅ STABLE" in done.stdout


def test_a_staging_that_runs_another_commit_makes_no_job_green(repository, staging):
    repository.config(starter_config().replace("wait: 10m", "wait: 1s"))
    done = repository.run("pull_request", pull_request(COMMIT), STAGING_URL=staging.environ["STAGING_API_URL"])
    assert done.returncode == 1, done.stdout
    assert evidence(repository)["verdict"]["state"] == "INCONCLUSIVE"


def test_a_variable_that_is_not_set_makes_the_job_red(repository):
    done = repository.run("pull_request", pull_request(COMMIT))
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


PREVIEW = """\
version: 1
gate: staging
targets: {api: {url: "${RELEASEGATE_DEPLOYMENT_URL}", allow_hosts: ["*.preview.example.com"]}}
suites: {smoke: {checks: {health: {http: {get: "api:/health", expect: {status: 200}}}}}}
"""


def deployment(state, url, environment="preview-2"):
    status = {"state": state, "environment": environment, "environment_url": url}
    deployed = {"id": 7, "sha": COMMIT}
    return json.dumps({"deployment_status": status, "deployment": deployed, "repository": REPOSITORY})


def test_a_preview_is_judged_once_it_is_there_and_nowhere_but_where_it_may_be(repository, staging):
    repository.config(PREVIEW)
    url = staging.environ["STAGING_API_URL"]
    for elsewhere, why in ((url, "https or wss, not http"), ("https://shop.example.org", "allow_hosts")):
        done = repository.run("deployment_status", deployment("success", elsewhere), model="previews")
        assert done.returncode == 1, done.stdout
        assert why in done.stdout, done.stdout
    for payload in (deployment("in_progress", url), deployment("success", url, "production")):
        done = repository.run("deployment_status", payload, model="previews")
        assert done.returncode == 0, done.stdout
        assert "Run Main OWNER/releasegate" not in done.stdout
