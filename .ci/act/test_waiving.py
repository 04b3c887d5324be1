"""The model that lets a red commit pass, run by act: who is heard, and who is not."""

import json

import pytest
from act_world import REPOSITORY, told

from releasegate.demo.serve import REVISION

REASON = '--pr=2 "$(touch here)" & the vendor is down'


@pytest.fixture
def waive(repository, world):
    """Dispatch the model on a red head, in a repository that bob maintains."""
    world.hub.user("bob")
    world.repository.roles |= {"ann": "admin", "bob": "maintain", "mia": "write"}
    world.say("failure", sha=REVISION, description="UNSTABLE: smoke.health failed 5 of 5")

    def run(actor, sha=REVISION, ref="refs/heads/main"):
        inputs = {"pr": "1", "sha": sha, "reason": REASON}
        payload = json.dumps({"inputs": inputs, "ref": ref, "repository": REPOSITORY})
        return repository.run("workflow_dispatch", payload, model="waive", actor=actor)

    return run


def test_a_red_head_passes_in_public_and_staging_is_not_asked(repository, waive, world):
    done = waive("bob")
    assert done.returncode == 0, done.stdout
    assert told(world, REVISION) == ["success", "failure"]
    assert world.repository.statuses[-1].description == "WAIVED by bob, was UNSTABLE"
    (comment,) = world.repository.comments.values()
    assert comment.number == world.pull.number
    assert "the vendor is down" in comment.body
    assert [*repository.kept.iterdir(), *repository.work.rglob("here")] == []


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"actor": "ann"}, "ann is the author of #1"),
        ({"actor": "mia"}, "mia may not maintain the repository"),
        ({"actor": "bob", "sha": "0" * 40}, "the head of #1 has moved"),
        ({"actor": "bob", "ref": "refs/heads/feature"}, "another branch than the default one"),
    ],
)
def test_what_is_refused_leaves_the_red_as_it_is(waive, world, asked, why):
    done = waive(**asked)
    assert done.returncode == 1, done.stdout
    assert why in done.stdout
    assert told(world, REVISION) == ["failure"]
    assert world.repository.comments == {}
