"""Steps, captures, redirects, the one retry, and what is cleaned up afterwards."""

import asyncio

import pytest
from http_world import Staging, read, reply, sample, survivors, taken, trouble, unmet

from releasegate.checks.http import KIND
from releasegate.errors import CouldNotLook
from releasegate.model import Outcome, Trouble
from releasegate.sample import begin_probe

OK = {"status": 200}


def step(name, where="get", url="api:/x", **more):
    return {"name": name, where: url, "expect": OK, **more}


def create_and_see(capture, **more):
    return {
        "steps": [
            {"name": "create", "post": "api:/o", "expect": {"status": 201}, "capture": {"id": capture}},
            step("see", url="api:/o/{{id}}"),
        ],
        **more,
    }


@pytest.mark.parametrize(
    ("capture", "answer"),
    [
        ("$.id", reply(201, {"id": 42})),
        ({"header": "X-Id"}, reply(201, headers={"x-id": "42"})),
        ({"cookie": "id"}, reply(201, headers=[("Set-Cookie", "id=1; Path=/"), ("Set-Cookie", "id=42; HttpOnly")])),
        ({"body": "order ([0-9]+)"}, reply(201, body=b"your order 42!")),
    ],
)
def test_a_capture_fills_the_holes_of_later_steps(capture, answer):
    one, staging = sample(create_and_see(capture), answer, reply())
    assert one.met
    assert staging.requests[1].url.endswith("/o/42")


@pytest.mark.parametrize(
    ("capture", "answer", "said"),
    [
        ("$.id", reply(201, {}), "nothing"),
        ("$.id", reply(201, body=b"<html>"), "nothing"),
        ("$.id", reply(201, {"id": ""}), "an empty value"),
        ("$.id", reply(201, {"id": None}), "an empty value"),
        ("$.id", reply(201, {"id": []}), "an empty value"),
        ("$[*].id", reply(201, [{"id": 1}, {"id": 2}]), "2 values"),
        ({"header": "x-id"}, reply(201, headers=[("X-Id", "1"), ("X-Id", "2")]), "2 values"),
        ({"cookie": "id"}, reply(201, headers=[("Set-Cookie", "id=; Max-Age=0")]), "an empty value"),
        ({"body": "[0-9]+"}, reply(201, body=b"1 2 3"), "3 values"),
    ],
)
def test_never_green_31_a_capture_of_nothing_or_several_is_unmet(capture, answer, said):
    one, staging = sample(create_and_see(capture), answer, reply())
    assert one.outcome is Outcome.UNMET
    assert said in unmet(one)[0]
    assert one.signature == "http create capture id one value"
    assert len(staging.requests) == 1


def test_zero_and_false_are_values_that_can_be_captured():
    assert sample(create_and_see("$.id"), reply(201, {"id": 0}), reply())[0].met
    assert sample(create_and_see("$.id"), reply(201, {"id": False}), reply())[0].met


def test_what_is_captured_is_not_in_the_evidence():
    one, _ = sample(create_and_see("$.id"), reply(201, {"id": "a-token"}), reply())
    assert "a-token" not in repr(one.expectations)


def test_after_an_unmet_step_no_other_is_sent_and_none_counts_as_met():
    one, staging = sample(create_and_see("$.id"), reply(503, {"id": 1}, body=b""), reply())
    assert len(staging.requests) == 1
    assert [(e.step, e.met) for e in one.expectations] == [("create", False)]
    assert one.signature == "http create status 503"


def test_a_step_that_only_warns_does_not_stop_the_flow():
    config = {"steps": [step("a", expect={"status": 200, "latency": {"warn": "1ms"}}), step("b")]}
    one, staging = sample(config, reply(took_s=0.5))
    assert one.met
    assert one.warned
    assert len(staging.requests) == 2


def test_a_failing_step_names_its_target():
    one, _ = sample({"steps": [step("a"), step("b", url="auth:/x")]}, reply(), reply(500))
    assert one.target == "auth"


def test_the_way_through_the_steps_is_on_the_timeline():
    one, _ = sample({"steps": [step("a"), step("b")]}, reply(took_s=0.25), reply())
    assert [(m.name, m.text, m.at_s) for m in one.timeline] == [("a", "200", 0.25), ("b", "200", 0.26)]
    assert {p.step for p in one.phases} == {"a", "b"}
    assert [(c.target, c.requests, c.bytes_received) for c in one.contact] == [("api", 2, 40)]


def paged(next_url):
    steps = {"steps": [step("one", capture={"next": "$.next"}), step("two", url="{{next}}")]}
    return sample(steps, reply(json={"next": next_url}), reply())


@pytest.mark.parametrize(
    ("url", "went"),
    [
        ("http://api.test/v1/x?page=2", "http://api.test/v1/x?page=2"),
        ("/v1/x?page=2", "http://api.test:80/v1/x?page=2"),
        ("https://auth.test/y", "https://auth.test/y"),
    ],
)
def test_a_captured_url_is_followed_to_declared_origins(url, went):
    one, staging = paged(url)
    assert one.met
    assert staging.requests[1].url == went


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.test/",
        "https://api.test/",
        "http://api.test:81/",
        "file:///etc/passwd",
        "http://[::1",
        "//evil.test/v1/x",
    ],
)
def test_a_captured_url_is_followed_nowhere_else(url):
    one, staging = paged(url)
    assert one.trouble.reason == "not allowed"
    assert one.trouble.step == "two"
    assert len(staging.requests) == 1


def test_a_captured_url_with_userinfo_or_query_is_not_printed_whole():
    one, _ = paged("http://u:secret@evil.test/x?token=secret")
    assert "secret" not in repr(one)


def redirected(status, *more, method="get", location="/v1/y", follow=3, expect=OK, **config):
    config = {method: "api:/x", "follow": follow, "expect": expect, **config}
    return sample(config, reply(status, headers={"Location": location}), *more)


def test_a_redirect_is_an_answer_unless_following_is_allowed():
    one, staging = redirected(302, follow=0, expect={"status": 302})
    assert one.met
    assert len(staging.requests) == 1


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "post", "GET"), (302, "post", "GET"), (303, "post", "GET"), (303, "put", "GET"), (302, "put", "PUT"),
        (307, "post", "POST"), (308, "post", "POST"), (303, "head", "HEAD"), (302, "get", "GET"),
    ],
)  # fmt: skip
def test_a_redirect_keeps_or_changes_the_method_as_http_has_it(status, method, then):
    body = {} if method in {"get", "head"} else {"json": {"a": 1}}
    one, staging = redirected(status, reply(), method=method, **body)
    assert one.met
    assert staging.requests[1].method == then
    kept = then in {"PUT", "POST"}
    assert (staging.requests[1].body is not None) is kept
    assert ("content-type" in staging.said(1)) is kept


def test_redirects_add_up_in_latency_and_are_recorded():
    one, staging = redirected(302, reply(took_s=0.5), expect={"latency": {"fail": "300ms"}})
    assert unmet(one) == ["latency ≤ 300 ms (got 510 ms)"]
    assert [(m.name, m.text) for m in one.timeline] == [("redirect", "302 to http://api.test:80/v1/y")]
    assert staging.requests[1].timeout_s < staging.requests[0].timeout_s


def test_more_redirects_than_allowed_end_at_the_redirect():
    loop = reply(302, headers={"Location": "/v1/x"})
    one, staging = redirected(302, loop, follow=2)
    assert len(staging.requests) == 3
    assert "more than 2 redirects" in one.notes[0]
    assert one.signature == "http status 302"


def test_a_redirect_to_an_undeclared_origin_is_not_followed():
    one, staging = redirected(302, reply(), location="http://169.254.169.254/latest?x=secret")
    assert len(staging.requests) == 1
    assert "no declared target" in one.notes[0]
    assert "secret" not in one.notes[0]
    assert not one.met


def test_credentials_and_cookies_stay_home_when_a_redirect_leads_to_another_target():
    flow = read(
        {"get": "api:/x", "follow": 2, "as": "gate-user", "headers": {"X-Key": "k", "Cookie": "c=1"}, "expect": OK}
    )
    staging = Staging([reply(302, headers={"Location": "https://auth.test/in"}), reply()], identity_cookies=("line",))
    assert taken(flow, staging).sample.met
    assert staging.requests[1].target.name == "auth"
    assert staging.said(1).keys() == {"user-agent", "accept", "traceparent"}
    assert staging.requests[1].cookies == ()


def test_a_body_is_never_carried_to_another_origin():
    one, staging = redirected(307, reply(), method="post", json={"password": "p"}, location="https://auth.test/in")
    assert len(staging.requests) == 1
    assert "never carried" in one.notes[0]


def test_a_cookie_set_on_the_way_can_be_captured():
    config = {
        "steps": [
            step("in", "post", "api:/login", follow=1, capture={"sid": {"cookie": "sid"}}),
            step("me", headers={"X-Sid": "{{sid}}"}),
        ]
    }
    one, staging = sample(config, reply(303, headers={"Location": "/v1/home", "Set-Cookie": "sid=7"}), reply())
    assert one.met
    assert staging.said()["x-sid"] == "7"


LATER = reply(429, headers={"Retry-After": "2"})


def test_a_429_is_asked_again_once_as_it_wishes_and_that_is_recorded():
    one, staging = sample({"get": "api:/x", "expect": OK}, LATER, reply())
    assert one.met
    assert one.retries == 1
    assert "Retry-After" in one.notes[0]
    assert staging.now >= 102


def test_a_second_429_is_the_answer():
    one, staging = sample({"get": "api:/x", "expect": OK}, LATER)
    assert one.signature == "http status 429"
    assert len(staging.requests) == 2


@pytest.mark.parametrize("said", ["", "60", "-1", "Wed, 21 Oct 2026 07:28:00 GMT", "²"])
def test_a_429_without_a_short_wait_is_the_answer(said):
    one, _ = sample({"get": "api:/x", "expect": OK}, reply(429, headers={"Retry-After": said}), reply())
    assert one.signature == "http status 429"
    assert one.retries == 0


def test_a_429_that_is_expected_is_not_asked_again():
    one, _ = sample({"get": "api:/x", "expect": {"status": [200, 429]}}, LATER, reply(500))
    assert one.met
    assert one.retries == 0


def test_a_writing_request_is_sent_again_only_with_an_idempotency_key():
    post = {"post": "api:/x", "expect": OK}
    assert sample(post, LATER, reply())[0].signature == "http status 429"
    one, staging = sample({**post, "headers": {"idempotency-key": "{{nonce}}"}}, LATER, reply())
    assert one.met
    assert staging.said(0)["idempotency-key"] == staging.said(1)["idempotency-key"]


def closed():
    return trouble("closed", "first byte")


def test_a_connection_closed_before_a_byte_is_tried_once_more():
    one, _ = sample({"get": "api:/x", "expect": OK}, closed(), reply())
    assert one.met
    assert one.retries == 1
    again, _ = sample({"get": "api:/x", "expect": OK}, closed())
    assert again.outcome is Outcome.TROUBLE
    assert sample({"post": "api:/x", "expect": OK}, closed(), reply())[0].outcome is Outcome.TROUBLE
    assert sample({"get": "api:/x", "expect": OK}, trouble("refused"), reply())[0].outcome is Outcome.TROUBLE


def test_one_sample_retries_once_in_all():
    one, _ = sample({"steps": [step("a"), step("b")]}, LATER, reply(), LATER, reply())
    assert one.signature == "http b status 429"


CLEAN = {"finally": [{"delete": "api:/o/{{id}}"}]}


def test_finally_runs_after_a_green_sample_and_is_no_part_of_it():
    one, staging = sample(create_and_see("$.id", **CLEAN), reply(201, {"id": 1}), reply(), reply(204))
    assert staging.requests[-1].method == "DELETE"
    assert staging.requests[-1].url.endswith("/o/1")
    assert {e.step for e in one.expectations} == {"create", "see"}
    assert (one.leaked, one.contact[0].requests) == (0, 2)


@pytest.mark.parametrize("second", [reply(500), trouble("timeout", "first byte")])
def test_finally_runs_after_a_failed_sample_and_leaves_its_target_alone(second):
    config = create_and_see("$.id", **{"finally": [{"delete": "auth:/o/{{id}}"}]})
    one, staging = sample(config, reply(201, {"id": 1}), second, reply(204))
    assert staging.requests[-1].method == "DELETE"
    assert one.target == "api"
    assert one.leaked == 0


def test_finally_runs_also_when_the_step_that_created_did_not_get_what_it_demands():
    one, staging = sample(create_and_see("$.id", **CLEAN), reply(200, {"id": 1}), reply(204))
    assert not one.met
    assert staging.requests[-1].url.endswith("/o/1")


@pytest.mark.parametrize("gone", [204, 404, 410])
def test_what_is_gone_is_clean(gone):
    assert sample(create_and_see("$.id", **CLEAN), reply(201, {"id": 1}), reply(), reply(gone))[0].leaked == 0


@pytest.mark.parametrize("left", [reply(500), reply(403), reply(302), trouble("refused")])
def test_what_stays_behind_is_counted_and_named_without_changing_the_sample(left):
    one, _ = sample(create_and_see("$.id", **CLEAN), reply(201, {"id": 1}), reply(), left)
    assert one.met
    assert one.leaked == 1
    assert "finally: delete" in one.notes[0]


def test_finally_may_say_what_it_expects():
    config = create_and_see("$.id", **{"finally": [{"delete": "api:/o/{{id}}", "expect": {"status": 202}}]})
    assert sample(config, reply(201, {"id": 1}), reply(), reply(202))[0].leaked == 0
    assert sample(config, reply(201, {"id": 1}), reply(), reply(204))[0].leaked == 1


def test_nothing_was_made_so_nothing_is_cleaned():
    one, staging = sample(create_and_see("$.id", **CLEAN), reply(503))
    assert len(staging.requests) == 1
    assert (one.leaked, one.notes) == (0, ())
    assert sample(create_and_see("$.id", **CLEAN), trouble("refused"))[0].leaked == 0


@pytest.mark.parametrize("made", [reply(201, {}), trouble("timeout", "first byte")])
def test_what_was_made_and_cannot_be_named_stays_behind(made):
    one, staging = sample(create_and_see("$.id", **CLEAN), made)
    assert len(staging.requests) == 1
    assert one.leaked == 1
    assert "{{id}} is not known" in one.notes[0]


def test_one_finally_step_that_fails_does_not_stop_the_next():
    config = create_and_see("$.id", **{"finally": [{"delete": "api:/o/{{id}}"}, {"post": "auth:/logout"}]})
    one, staging = sample(config, reply(201, {"id": 1}), reply(), trouble(), reply())
    assert staging.requests[-1].url.endswith("/logout")
    assert one.leaked == 1


def test_finally_has_the_samples_cookies():
    crumb = "api.test\tFALSE\t/\tFALSE\t0\tsid\tabc"
    _, staging = sample(create_and_see("$.id", **CLEAN), reply(201, {"id": 1}, cookies=(crumb,)), reply())
    assert staging.requests[-1].method == "DELETE"
    assert staging.requests[-1].cookies == (crumb,)


def test_a_cleaning_that_is_cut_off_counts_what_it_did_not_come_to():
    flow = read(
        {"post": "api:/o", "expect": OK, "finally": [{"delete": "api:/a"}, {"delete": "api:/b"}, {"delete": "api:/c"}]}
    )

    class Hanging(Staging):
        async def fetch(self, request):
            if request.method == "DELETE":
                await asyncio.sleep(3600)
            return await super().fetch(request)

    async def cut():
        probe = begin_probe({}, Hanging([reply()]).world())
        await KIND.observe(flow, probe)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await KIND.clean_up(flow, probe)
        return probe.leaked

    assert asyncio.run(cut()) == 2


def test_every_expectation_and_loss_of_a_good_check_can_turn_it_red():
    config = create_and_see("$.id")
    config["steps"][1]["expect"] = {
        "status": 200,
        "headers": {"content-type": {"contains": "json"}},
        "json": {"$.state": "done", "$.items": {"type": "array", "length": {"min": 1}}},
        "body": {"contains": "done"},
        "size": {"max": "1KiB"},
        "latency": {"fail": "1s"},
    }
    seen = reply(json={"state": "done", "items": [1]}, headers={"content-type": "application/json"})
    assert survivors(config, reply(201, {"id": 1}), seen) == ()


def test_an_expectation_that_cannot_fail_is_named():
    config = {"get": "api:/x", "expect": {"status": 200, "json": {"$.n": {"min": -1}}, "body": {"matches": ".*"}}}
    assert survivors(config, reply(json={"n": 1}))


@pytest.mark.parametrize(
    ("second", "left"),
    [(trouble("refused"), 1), (reply(503), 1), (reply(201, {"id": 1}), 0)],
    ids=["nobody", "503", "made"],
)
def test_what_the_first_of_two_tries_may_have_made_stays_behind_though_the_second_was_not_taken(second, left):
    config = create_and_see("$.id", **CLEAN)
    config["steps"][0]["headers"] = {"Idempotency-Key": "{{nonce}}"}
    closed = CouldNotLook(Trouble(phase="first byte", reason="closed", message="closed"))
    one, staging = sample(config, closed, second, reply())
    assert [request.method for request in staging.requests[:2]] == ["POST", "POST"]
    assert one.leaked == left
