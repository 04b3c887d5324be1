"""The merge queue, run by act: a group that inherits what its pull requests were told, each at its own head."""

import dataclasses
import json

import pytest
from act_world import REPOSITORY, told

from releasegate.config.starter import starter_config
from releasegate.demo.serve import REVISION

INHERITS = starter_config() + "events: {merge_group: inherit}\n"


@pytest.fixture
def second(world):
    """Open another pull request from a branch of ours."""
    shop, ann = world.repository, world.hub.user("ann")
    world.hub.commit(shop, "second", {"c.py": b"3\n"}, author=ann, message="Add c", now=world.now)
    return world.hub.pull(shop, shop, "second", author=ann, now=world.now, title="Add c")


@pytest.fixture
def judge(repository, staging, world):
    """Let the queue merge pull request 1 and another. Gives the finished process, and the group's own commit."""

    def run(other, config=INHERITS):
        shop, queue = world.repository, "gh-readonly-queue/main/pr-1"
        base = shop.branches["main"]
        made = world.hub.commit(shop, queue, {}, author=world.hub.user("ann"), message="Merge", now=world.now)
        shop.commits[made.sha] = dataclasses.replace(made, parents=(base, REVISION, other.sha))
        repository.config(config)
        asked = {
            "head_sha": made.sha,
            "head_ref": f"refs/heads/{queue}",
            "base_sha": base,
            "base_ref": "refs/heads/main",
        }
        payload = json.dumps({"action": "checks_requested", "merge_group": asked, "repository": REPOSITORY})
        done = repository.run("merge_group", payload, STAGING_URL=staging.environ["STAGING_API_URL"])
        return done, made.sha

    return run


def test_a_group_of_green_pull_requests_is_green_though_staging_runs_another_commit(judge, second, world):
    world.say("success", sha=REVISION)
    world.say("success", sha=second.sha)
    done, group = judge(second)
    assert done.returncode == 0, done.stdout
    assert "inherited: #3, #1 are green" in done.stdout
    assert told(world, group) == ["success", "pending"]


@pytest.mark.parametrize("state", ["failure", None])
def test_a_group_with_a_pull_request_that_is_not_green_is_not(judge, second, world, state):
    world.say("success", sha=REVISION)
    if state:
        world.say(state, sha=second.sha)
    done, group = judge(second)
    assert done.returncode == 1, done.stdout
    assert f"#3 {f'is {state}' if state else 'has no status of this gate'}" in done.stdout
    assert told(world, group) == ["error", "pending"]


def test_a_group_with_a_forks_pull_request_inherits_nothing(judge, world):
    """GitHub knows no pull request of a fork's commit, so nothing tells who judged it."""
    world.say("success", sha=REVISION)
    world.say("success", sha=world.forked.sha)
    done, group = judge(world.forked)
    assert done.returncode == 1, done.stdout
    assert f"commit {world.forked.sha[:12]} belongs to no pull request" in done.stdout
    assert told(world, group) == ["error", "pending"]


def test_a_group_that_is_run_needs_a_staging_that_runs_its_own_commit(judge, second, world):
    world.say("success", sha=REVISION)
    world.say("success", sha=second.sha)
    done, group = judge(second, starter_config().replace("wait: 10m", "wait: 1s"))
    assert done.returncode == 1, done.stdout
    assert "INCONCLUSIVE" in done.stdout
    assert told(world, group) == ["error", "pending"]
