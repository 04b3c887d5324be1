"""What goes wrong is written down in advance, and happens to the request that it was written for."""

import pytest

from releasegate.demo.hub.respond import Cut
from releasegate.demo.hub.script import Broken, Exhausted, Late, Lost, Meanwhile, Throttled, Trickling, Truncated


def states(world):
    return [each.state for each in world.repository.statuses]


def script(world, effect, nth=1, on="POST */statuses/*"):
    world.hub.script.add(on, effect, nth)


def ask(world, state="success"):
    return world.ask("POST", f"/repos/acme/shop/statuses/{world.head}", {"state": state})


def test_only_the_nth_request_of_its_kind_is_met(world):
    script(world, Broken(503), nth=2)
    world.of("GET", "")
    assert [ask(world).response.status for _ in range(3)] == [201, 503, 201]
    script(world, Broken(500), nth=None)
    assert [ask(world).response.status for _ in range(2)] == [500, 500]


@pytest.mark.parametrize(("after", "written"), [(False, []), (True, ["success"])])
def test_an_answer_is_lost_before_or_after_the_write(world, after, written):
    script(world, Lost(after=after))
    assert ask(world).cut is Cut.BEFORE
    assert states(world) == written


@pytest.mark.parametrize(("after", "written"), [(False, []), (True, ["success"])])
def test_githubs_own_trouble_comes_before_or_after_the_write(world, after, written):
    script(world, Broken(502, after=after))
    assert ask(world).response.status == 502
    assert states(world) == written


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("wait", [None, 60])
def test_the_secondary_limit_comes_with_and_without_a_time_to_wait(world, status, wait):
    script(world, Throttled(wait, status))
    refused = ask(world).response
    assert refused.status == status
    assert refused.payload["message"].startswith("You have exceeded a secondary rate limit")
    assert refused.headers.get("retry-after") == (None if wait is None else "60")
    assert int(refused.headers["x-ratelimit-remaining"]) > 0
    assert states(world) == []
    assert ask(world).response.status == 201


@pytest.mark.parametrize("status", [403, 429])
def test_others_use_up_the_hour(world, status):
    script(world, Exhausted(status))
    refused = ask(world).response
    assert (refused.status, refused.headers["x-ratelimit-remaining"]) == (status, "0")
    assert ask(world).response.status == 403
    world.now += 3_600
    assert ask(world).response.status == 201


def test_another_run_writes_in_between(world):
    script(world, Meanwhile(lambda now: world.say("pending", context="default")), nth=2)
    script(world, Meanwhile(lambda now: states(world).append("never"), after=True), nth=3)
    ask(world, "pending")
    ask(world, "failure")
    assert states(world) == ["pending", "pending", "failure"]


def test_what_slows_an_answer_down_adds_up(world):
    script(world, Late(0.5))
    script(world, Late(0.25))
    script(world, Trickling(2.0))
    script(world, Truncated())
    delivery = ask(world)
    assert (delivery.delay_s, delivery.body_s, delivery.cut) == (0.75, 2.0, Cut.WITHIN)
    assert delivery.response.status == 201


def test_every_request_is_logged_with_who_asked_and_what(world):
    script(world, Lost(after=True))
    ask(world)
    world.of("GET", "/issues/1/comments", per_page=100, token=None)
    first, second = world.hub.log
    assert (first.identity, first.route) == ("github-actions[bot]", "POST /repos/{owner}/{repo}/statuses/{sha}")
    assert (first.request.method, first.request.body, first.response.status) == ("POST", b'{"state": "success"}', 201)
    assert (second.identity, dict(second.request.query)) == ("ghost", {"per_page": "100"})
    assert "ghs_job" not in repr(world.hub.log) + repr(world.hub)
