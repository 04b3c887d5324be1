"""What keeps a pull request from being merged."""

import pytest

from releasegate.demo.hub.required import Blocked, Why, blocked_by
from releasegate.demo.hub.state import Required, Ruleset

GATE = "releasegate/staging"


def blocked(world):
    return blocked_by(world.repository, world.pull)


def test_nothing_blocks_where_nothing_is_required(world):
    assert blocked(world) == ()
    assert world.of("GET", "/pulls/1").payload["mergeable_state"] == "clean"


@pytest.mark.parametrize(
    ("state", "why"),
    [(None, Why.MISSING), ("pending", Why.PENDING), ("failure", Why.RED), ("error", Why.RED), ("success", None)],
)
@pytest.mark.parametrize("by", ["protection", "ruleset"])
def test_a_required_status_blocks_until_it_is_green(world, state, why, by):
    if by == "protection":
        world.repository.protected["main"] = (Required(GATE),)
    else:
        world.repository.rulesets[1] = Ruleset(id=1, name="gate", required=(Required(GATE),))
    if state:
        world.say("success")
        world.say(state, context=GATE.upper())
    assert blocked(world) == (() if why is None else (Blocked(GATE, why),))
    assert world.of("GET", "/pulls/1").payload["mergeable_state"] == ("clean" if why is None else "blocked")


def test_a_push_asks_anew(world):
    world.repository.protected["main"] = (Required(GATE),)
    world.say("success")
    assert blocked(world) == ()
    world.hub.commit(world.repository, "feature", {"a": b""}, author=world.hub.user("ann"), message="a", now=world.now)
    assert blocked(world) == (Blocked(GATE, Why.MISSING),)


def test_a_pinned_check_counts_from_its_app_alone(world):
    world.repository.rulesets[1] = Ruleset(id=1, name="gate", required=(Required(GATE, 4711),))
    world.say("success")
    assert blocked(world) == (Blocked(GATE, Why.MISSING),)
    world.repository.rulesets[1] = Ruleset(id=1, name="gate", required=(Required(GATE, 15368),))
    assert blocked(world) == ()


def test_a_ruleset_under_evaluation_blocks_nobody(world):
    world.repository.rulesets[1] = Ruleset(id=1, name="gate", required=(Required(GATE),), enforcement="evaluate")
    assert blocked(world) == ()


def test_a_status_and_a_check_of_one_name_are_both_required(world):
    world.repository.protected["main"] = (Required(GATE),)
    world.say("success")
    world.of("POST", "/check-runs", {"name": GATE, "head_sha": world.head, "conclusion": "timed_out"})
    assert blocked(world) == (Blocked(GATE, Why.RED),)


@pytest.mark.parametrize("conclusion", ["success", "neutral", "skipped"])
def test_a_skipped_check_counts_as_success_as_on_github(world, conclusion):
    world.repository.protected["main"] = (Required(GATE),)
    world.of("POST", "/check-runs", {"name": GATE, "head_sha": world.head, "status": "in_progress"})
    assert blocked(world) == (Blocked(GATE, Why.PENDING),)
    world.of("POST", "/check-runs", {"name": GATE, "head_sha": world.head, "conclusion": conclusion})
    assert blocked(world) == ()
