"""Polls: asked again until it is so, and states that are passed in their order."""

import pytest
from http_world import reply, sample, survivors, trouble, unmet

from releasegate.model import Outcome

ORDER = ["pending", "running", "done"]


def until(within="20s", every=None, **more):
    poll = {"within": within, "until": {"json": {"$.state": "done"}}}
    return {"get": "api:/o", "poll": {**poll, **({"every": every} if every else {})}, **more}


def follow(within="20s", every="1s", order=ORDER, expect=None, **more):
    config = {"get": "api:/o", "poll": {"every": every, "within": within}}
    config["states"] = {"at": "$.state", "order": order, "never": ["failed"], **more}
    return {"steps": [{"name": "follow", **config, **({"expect": expect} if expect else {})}]}


def states(*names, took_s=0.01):
    return [reply(json={"state": name}, took_s=took_s) for name in names]


def test_a_poll_ends_when_it_is_so():
    one, staging = sample(until(), *states("pending", "running", "done"))
    assert one.met
    assert len(staging.requests) == 3


def test_without_every_the_pauses_grow_to_a_second():
    _, staging = sample(until(), *states(*["running"] * 5, "done", took_s=0.0))
    assert staging.now - 100 == pytest.approx(0.1 + 0.25 + 0.5 + 1 + 1)


def test_with_every_the_pauses_stay():
    _, staging = sample(until(every="2s"), *states("running", "running", "done", took_s=0.0))
    assert staging.now - 100 == pytest.approx(4)


def test_what_does_not_come_in_time_is_unmet_and_says_what_was_there_instead():
    one, staging = sample(until(within="5s"), *states("running"))
    assert one.outcome is Outcome.UNMET
    assert one.signature == "http until within"
    assert unmet(one)[0] == 'until $.state == "done" within 5 s (got "running" in the last of 9 answers)'
    assert staging.now - 100 <= 5.1


def test_the_last_look_comes_just_before_the_time_is_over():
    one, staging = sample(until(within="5s", every="3s"), *states("running", "running", "done", took_s=0.1))
    assert one.met
    assert len(staging.requests) == 3


def test_an_answer_that_hangs_when_the_time_is_over_is_unmet_but_a_first_one_is_trouble():
    hanging = reply(took_s=60)
    one, _ = sample(until(within="5s"), *states("running"), hanging)
    assert one.outcome is Outcome.UNMET
    assert sample(until(within="5s"), hanging)[0].outcome is Outcome.TROUBLE


def test_trouble_in_the_midst_of_a_poll_is_trouble_with_what_was_measured():
    one, _ = sample(until(), *states("running"), trouble("reset", "transfer"))
    assert one.trouble.reason == "reset"
    assert {p.name for p in one.phases} == {"connect", "first byte", "wait"}


def test_in_time_for_the_bound_that_fails_but_late_for_the_one_that_warns():
    config = until(within={"warn": "1s", "fail": "20s"})
    one, _ = sample(config, *states(*["running"] * 5, "done"))
    assert one.met
    assert one.warned


def test_the_last_answer_is_judged_by_expect_as_well():
    one, _ = sample(until(expect={"json": {"$.score": {"min": 1}}}), *states("running", "done"))
    assert one.signature == "http $.score min"


def test_a_poll_is_one_contact_and_its_phases_are_summed():
    one, _ = sample(until(every="1s"), *states("running", "running", "done"))
    spent = {p.name: round(p.duration_s, 3) for p in one.phases}
    assert spent == {"connect": 0.003, "first byte": 0.03, "wait": 2.0}
    assert [c.requests for c in one.contact] == [3]


def test_a_poll_may_wait_for_a_status():
    config = {"get": "api:/o", "poll": {"within": "5s", "until": {"status": 404}}}
    assert sample(config, reply(200), reply(404))[0].met


def test_states_end_at_the_last_one_and_the_path_is_told():
    one, _ = sample(follow(), *states(*ORDER))
    assert one.met
    assert one.expectations[0].text == "states pending → running → done (got pending → running → done)"
    assert [m.name for m in one.timeline] == ORDER
    assert one.timeline[1].at_s == pytest.approx(1.02)


def test_states_may_be_skipped_and_may_last():
    assert sample(follow(), *states("pending", "done"))[0].met
    assert sample(follow(), *states("done"))[0].met
    assert sample(follow(), *states("pending", "pending", "running", "running", "done"))[0].met


@pytest.mark.parametrize(
    ("seen", "signature", "said"),
    [
        (["running", "pending", "done"], "went back to pending", "went back from running to pending"),
        (["running", "failed", "done"], "reached failed", "reached failed"),
        (["running", "paused", "done"], "unknown state", "reached paused, which is not in the order"),
        (["running", None, "done"], "no state", "an answer had no state"),
        (["running", "running"], "stuck in running", "stuck in running for 5.0 s"),
    ],
)
def test_a_wrong_path_fails_and_says_where(seen, signature, said):
    one, staging = sample(follow(within="5s"), *states(*seen))
    assert one.outcome is Outcome.UNMET
    assert one.signature == f"http follow states {signature}"
    assert said in unmet(one)[0]
    if len(seen) == 3:
        assert len(staging.requests) == 2
        assert one.excerpt


def test_a_state_that_lasts_too_long_fails_before_the_time_is_over():
    one, staging = sample(follow(within="60s", stuck="3s"), *states("pending", "running"))
    assert one.signature == "http follow states stuck in running"
    assert staging.now - 100 < 6


def test_a_404_before_the_first_state_is_not_yet_there_but_later_it_is_lost():
    assert sample(follow(), reply(404), *states("running", "done"))[0].met
    lost, _ = sample(follow(), *states("running"), reply(404), *states("done"))
    assert lost.signature == "http follow states no state"


def test_a_server_error_in_the_midst_is_not_polled_away():
    one, _ = sample(follow(), *states("pending"), reply(500, body=b"oops"), *states("done"))
    assert one.signature == "http follow states no state"
    assert one.excerpt == "oops"


def test_nothing_but_404_is_no_state():
    assert sample(follow(within="3s"), reply(404))[0].signature == "http follow states no state"


def test_after_a_path_that_did_not_end_the_last_answer_is_not_judged():
    one, _ = sample(follow(within="2s", expect={"json": {"$.score": {"min": 1}}}), *states("running"))
    assert [e.subject for e in one.expectations] == ["states"]


def test_every_part_of_a_poll_can_turn_it_red():
    expect = {"status": 200, "json": {"$.state": "done"}}
    assert survivors(follow(expect=expect), *states(*ORDER)) == ()
    assert survivors(until(), *states("running", "done")) == ()
