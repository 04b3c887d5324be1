"""What is demanded of an answer though nobody says it: that it is no error, that it says something, that it is new."""

import pytest
from http_world import Staging, problems, read, reply, sample, survivors, taken, trouble, unmet

from releasegate.model import Level, Outcome

ERRORS = [400, 404, 429, 500, 503]
FINE = [200, 204, 301, 304]
SILENT = [
    {"latency": "5s"},
    {"size": "64KiB"},
    {"json": {"$.err": {"exists": False}}},
    {"body": {"contains": "{"}},
    {"headers": {"x-error": {"exists": False}}},
    {"age": "1h"},
]


def ask(**expect):
    return {"get": "api:/x", "expect": expect}


def poll(expect=None, **until):
    more = {"expect": expect} if expect else {}
    return {"get": "api:/x", "poll": {"every": "1s", "within": "5s", "until": until}, **more}


def follow(expect=None):
    states = {"at": "$.state", "order": ["a", "b"]}
    more = {"expect": expect} if expect else {}
    return {"get": "api:/x", "poll": {"every": "1s", "within": "5s"}, "states": states, **more}


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("expect", SILENT, ids=lambda expect: next(iter(expect)))
def test_an_error_meets_nothing_that_says_nothing_of_the_status(expect, status):
    one, _ = sample(ask(**expect), reply(status, json={}))
    assert unmet(one) == [f"status in [2xx,3xx] (got {status})"]
    assert one.signature == f"http status {status}"


@pytest.mark.parametrize("status", FINE)
def test_what_is_no_error_is_met_and_shown(status):
    one, _ = sample(ask(latency="5s"), reply(status))
    assert [e.text for e in one.expectations] == [f"status in [2xx,3xx] (got {status})", "latency ≤ 5 s (got 10 ms)"]
    assert one.met


@pytest.mark.parametrize("status", [500, "5xx", {"not": 503}, {"in": [200, 500]}, {"min": 100}])
def test_whoever_names_a_status_gets_that_one(status):
    assert sample(ask(status=status, latency="5s"), reply(500))[0].met


@pytest.mark.parametrize("expect", SILENT, ids=lambda expect: next(iter(expect)))
def test_the_unsaid_demand_can_turn_red(expect):
    assert survivors(ask(**expect), reply(json={}, headers={"age": "5"})) == ()


def test_expectations_that_only_warn_are_still_refused():
    assert "every expectation here only warns" in problems(ask(latency={"warn": "1s"}))


def test_a_poll_waits_on_while_the_answer_is_an_error():
    ready = {"ready": True}
    one, staging = sample(poll(json={"$.ready": True}), reply(500, json=ready), reply(200, json=ready))
    assert one.met
    assert len(staging.requests) == 2


def test_a_poll_that_only_gets_errors_is_unmet_and_says_so():
    one, _ = sample(poll(json={"$.ready": True}), reply(500, json={"ready": True}))
    assert unmet(one)[0].startswith("until status in [2xx,3xx] within 5 s (got 500 in the last of ")


@pytest.mark.parametrize("config", [poll(status=404), poll(status=404, expect={"latency": "5s"})])
def test_a_status_that_a_poll_waits_for_counts(config):
    assert sample(config, reply(200), reply(404))[0].met


def test_a_status_beside_a_poll_counts_as_well():
    config = poll(json={"$.gone": True}, expect={"status": 410})
    one, staging = sample(config, reply(410, json={"gone": True}))
    assert one.met
    assert len(staging.requests) == 1


def test_the_last_state_of_an_error_is_unmet_unless_its_status_is_named():
    assert unmet(sample(follow(), reply(500, json={"state": "b"}))[0]) == ["status in [2xx,3xx] (got 500)"]
    assert sample(follow({"status": 500}), reply(500, json={"state": "b"}))[0].met
    assert survivors(follow(), reply(json={"state": "b"})) == ()


@pytest.mark.parametrize(
    ("expect", "status", "leaked"),
    [({"latency": "5s"}, 500, 1), ({"latency": "5s"}, 204, 0), ({"latency": "5s"}, 404, 0), ({"status": 500}, 500, 0)],
)
def test_cleaning_up_that_only_speaks_of_time_is_clean_when_it_is_no_error(expect, status, leaked):
    config = {"post": "api:/o", "expect": {"status": 201}, "finally": [{"delete": "api:/o", "expect": expect}]}
    assert sample(config, reply(201), reply(status))[0].leaked == leaked


@pytest.mark.parametrize(
    "forbidden", ["error", {"contains": "error"}, {"matches": "(?i)error"}, {"length": {"min": 9}}]
)
def test_an_empty_body_meets_no_not(forbidden):
    one, _ = sample(ask(status=200, body={"not": forbidden}), reply(body=b""))
    assert one.outcome is Outcome.UNMET
    assert unmet(one)[0].endswith("(got nothing)")
    assert sample(ask(status=200, body={"not": forbidden}), reply(body=b"ok"))[0].met


@pytest.mark.parametrize("body", ["", {"length": 0}, {"exists": False}])
def test_an_empty_body_can_be_demanded(body):
    assert sample(ask(status=200, body=body), reply(body=b""))[0].met


@pytest.mark.parametrize(
    ("age", "met"),
    [
        ("0", True),
        ("60", True),
        ("0060", True),
        ("61", False),
        ("864000", False),
        ("9" * 5000, False),
        ("0" * 30 + "999", False),
        ("5, 864000", False),
        ("864000, soon", False),
    ],
)
def test_never_green_29_an_answer_that_a_cache_stored_over_a_minute_ago_is_unmet(age, met):
    one, _ = sample(ask(status=200), reply(headers={"Age": age}))
    assert one.met is met
    assert [e.subject for e in one.expectations] == ["status", "age"]
    assert one.notes == ()


def test_an_old_answer_says_how_old_it_is():
    one, _ = sample(ask(status=200), reply(headers={"age": "864000"}))
    assert unmet(one) == ["age ≤ 60 s (got 864000 s)"]
    assert one.signature == "http age max"


@pytest.mark.parametrize("age", ["", "-5", "soon", "1.5", "0x10", "١٢"])
def test_an_age_that_is_no_number_of_seconds_is_noted_and_not_judged(age):
    one, _ = sample(ask(status=200), reply(headers={"Age": age}))
    assert one.met
    assert one.notes == ("its Age is no number of seconds, and was not judged",)


def test_a_bound_on_the_age_takes_the_place_of_the_unsaid_one():
    assert sample(ask(status=200, age="2d"), reply(headers={"age": "100000"}))[0].met
    assert not sample(ask(status=200, age="1s"), reply(headers={"age": "2"}))[0].met
    one, _ = sample(ask(status=200, age={"warn": "10s", "fail": "1h"}), reply(headers={"age": "99"}))
    assert one.met
    assert one.warned
    assert [e.level for e in one.expectations if e.subject == "age"] == [Level.FAIL, Level.WARN]


@pytest.mark.parametrize("age", ["500ms", "60s", "2d"])
def test_a_bound_on_the_age_can_turn_red(age):
    assert survivors(ask(status=200, age=age), reply(headers={"age": "0"})) == ()


def test_a_poll_waits_on_while_a_cache_gives_an_old_answer():
    ready = {"ready": True}
    old, new = reply(json=ready, headers={"age": "900"}), reply(json=ready, headers={"age": "1"})
    one, staging = sample(poll(json={"$.ready": True}), old, new)
    assert one.met
    assert len(staging.requests) == 2


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"X-Cache": "HIT"}, "X-Cache"),
        ({"X-Cache": "Hit from cloudfront"}, "X-Cache"),
        ({"X-Cache": "TCP_HIT from a1 (AkamaiGHost)"}, "X-Cache"),
        ({"X-Cache": "MISS, HIT"}, "X-Cache"),
        ({"CF-Cache-Status": "HIT"}, "CF-Cache-Status"),
        ({"CF-Cache-Status": "DYNAMIC"}, None),
        ({"X-Cache": "MISS"}, None),
        ({"X-Cache": "white"}, None),
        ({"X-Cache": "HIT", "Age": "3"}, None),
    ],
)
def test_a_cache_that_does_not_say_how_old_its_answer_is_is_noted(headers, name):
    one, _ = sample(ask(status=200), reply(headers=headers))
    said = f"{name} says HIT, without an Age: it may be an old answer from a cache"
    assert one.notes == ((said,) if name else ())


@pytest.mark.parametrize(
    ("config", "fresh"),
    [
        ({"get": "api:/x"}, False),
        ({"post": "api:/x"}, True),
        ({"delete": "api:/x"}, True),
        ({"post": "api:/x", "headers": {"Idempotency-Key": "{{nonce}}"}}, False),
    ],
)
def test_what_must_not_be_sent_twice_has_a_connection_of_its_own(config, fresh):
    staging = Staging([reply()])
    taken(read({**config, "expect": {"status": 200}}), staging)
    assert [request.fresh for request in staging.requests] == [fresh]


def test_what_is_sent_again_after_an_early_close_meets_no_other_dead_connection():
    staging = Staging([trouble("closed", "first byte"), reply()])
    one = taken(read(ask(status=200)), staging).sample
    assert (one.met, one.retries) == (True, 1)
    assert [request.fresh for request in staging.requests] == [False, True]


@pytest.mark.parametrize(("status", "fresh"), [(303, [True, False]), (307, [True, True])])
def test_a_redirect_is_sent_over_a_connection_of_its_own_as_long_as_it_writes(status, fresh):
    staging = Staging([reply(status, headers={"location": "/v1/y"}), reply()])
    taken(read({"post": "api:/x", "follow": 1, "expect": {"status": 200}}), staging)
    assert [request.fresh for request in staging.requests] == fresh
