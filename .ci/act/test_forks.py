"""A fork's pull request, deployed by another workflow: what the job of the default branch makes of it, run by act."""

import dataclasses
import json

import pytest
from act_world import REPOSITORY, told
from gate_world import commit_config

from releasegate.config.starter import starter_config
from releasegate.demo.serve import REVISION

HEALTHY = starter_config()
BROKEN = HEALTHY.replace("$.status: healthy", "$.status: as it was before")
RUN = {"head_sha": REVISION, "head_branch": "theirs", "head_repository": {"full_name": "eve/shop"}, "pull_requests": []}
PAYLOAD = json.dumps({"workflow_run": {**RUN, "conclusion": "success"}, "repository": REPOSITORY})


@pytest.fixture(autouse=True)
def deployed(world):
    """Let staging run the head of the fork's pull request, and of no other."""
    ours, theirs = world.repository, world.fork
    ours.branches["feature"] = ours.branches["main"]
    commit = dataclasses.replace(theirs.commits[world.forked.sha], sha=REVISION)
    ours.commits[REVISION] = theirs.commits[REVISION] = commit
    theirs.branches["theirs"] = REVISION


@pytest.fixture
def judge(repository, staging, world):
    """Run the model where the base branch has one config, and the fork another."""

    def run(base, fork):
        repository.config(base)
        commit_config(world, base.encode(), fork.encode())
        return repository.run(
            "workflow_run", PAYLOAD, model="after-deploy", STAGING_URL=staging.environ["STAGING_API_URL"]
        )

    return run


def asked(world):
    """Give how the pull request was looked for: the routes, and the heads."""
    listed = [exchange.request for exchange in world.hub.log if exchange.request.path.endswith("/pulls")]
    return {(request.path, request.query.get("head")) for request in listed}


def test_a_forks_head_that_another_workflow_deployed_is_made_green(judge, world):
    done = judge(HEALTHY, HEALTHY)
    assert done.returncode == 0, done.stdout
    assert told(world, REVISION) == ["success", "pending"]
    assert asked(world) == {("/repos/acme/shop/pulls", "eve:theirs")}
    assert world.of("GET", f"/commits/{REVISION}/pulls").payload == []


@pytest.mark.parametrize("fork", [BROKEN, HEALTHY], ids=["the same config", "a milder config"])
def test_what_the_base_branch_demands_of_a_fork_stays_red_and_is_told(judge, world, fork):
    done = judge(BROKEN, fork)
    assert done.returncode != 0, done.stdout
    assert told(world, REVISION) == ["failure", "pending"]
    (comment,) = world.repository.comments.values()
    assert comment.number == world.forked.number
    assert "UNSTABLE" in comment.body


def test_a_fork_whose_branch_has_moved_on_is_not_told_of_its_old_head(judge, world):
    moved = world.hub.commit(
        world.fork, "theirs", {"c.py": b"3\n"}, author=world.hub.user("eve"), message="Add c", now=world.now
    )
    done = judge(BROKEN, HEALTHY)
    assert done.returncode == 1, done.stdout
    assert moved.sha == world.forked.sha != REVISION
    assert world.repository.comments == {}
