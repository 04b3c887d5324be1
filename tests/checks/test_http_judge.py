"""What is said of an answer, whatever it is; and that every green could have been red."""

import pytest
from http_world import read, reply, sample, survivors, unmet
from hypothesis import example, given, settings
from hypothesis import strategies as st

from releasegate.checks._http.spec import Answer, Observation, Seen
from releasegate.checks.http import KIND
from releasegate.model import Outcome


def ask(**expect):
    return {"get": "api:/x", "expect": expect}


HEALTHY = ask(
    status=200, headers={"Content-Type": {"contains": "json"}}, json={"$.status": "healthy", "$.items[*].ok": True}
)
HEALTHY_ANSWER = reply(
    json={"status": "healthy", "items": [{"ok": True}]}, headers={"content-type": "application/json"}
)


def test_each_expectation_keeps_what_was_demanded_and_what_was_found():
    one, _ = sample(ask(status=200, json={"$.status": "healthy"}), reply(json={"status": "degraded"}))
    assert [(e.text, e.met) for e in one.expectations] == [
        ("status == 200 (got 200)", True),
        ('$.status == "healthy" (got "degraded")', False),
    ]
    assert one.signature == "http $.status equals"
    assert one.excerpt == '{"status": "degraded"}'


def test_an_excerpt_is_the_beginning_of_the_failing_answer():
    one, _ = sample(ask(status=200), reply(500, body=b"x" * 5000 + b"\xff"))
    assert one.excerpt == "x" * 2048 + "…"


@pytest.mark.parametrize(
    ("expect", "answer", "said"),
    [
        ({"headers": {"X-A": "1"}}, reply(headers={"x-a": "2"}), 'header x-a == "1" (got "2")'),
        ({"headers": {"x-a": {"exists": True}}}, reply(), "header x-a exists"),
        ({"headers": {"X-A": {"exists": False}}}, reply(headers={"X-A": "1"}), "header x-a does not exist"),
        ({"headers": {"x-a": "1"}}, reply(headers=[("X-A", "1"), ("X-A", "2")]), '(got "1, 2")'),
        ({"body": {"contains": "ok"}}, reply(body=b"no"), 'body contains "ok" (got "no")'),
        ({"body": {"exists": True}}, reply(), "body exists"),
        ({"size": {"max": "1KiB"}}, reply(body=b"x" * 2000), "size ≤ 1 KiB"),
        ({"latency": "100ms"}, reply(took_s=0.25), "latency ≤ 100 ms (got 250 ms)"),
        ({"status": "4xx"}, reply(200), "status"),
        ({"json": {"$.a[*]": {"min": 1}}}, reply(json={"a": [1, 0]}), "$.a[*] ≥ 1"),
        ({"json": {"$.a": {"not": "x"}}}, reply(json={}), "$.a"),
    ],
)
def test_what_is_not_as_demanded_is_unmet(expect, answer, said):
    one, _ = sample(ask(**expect), answer)
    assert one.outcome is Outcome.UNMET
    assert said in unmet(one)[0]


def test_a_hole_in_an_expectation_is_filled_from_the_sample():
    config = ask(status=200, json={"$.pattern": "{{pattern}}"})
    assert sample(config, reply(json={"pattern": "priority"}), values={"pattern": "priority"})[0].met
    assert not sample(config, reply(json={"pattern": "{{pattern}}"}), values={"pattern": "priority"})[0].met


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<html>sign in</html>",
        b'{"status":"healthy","status":"healthy"}',
        b'{"status":NaN}',
        b"\xff\xfe",
        b"[" * 10_000,
    ],
)
def test_never_green_29_a_200_that_is_another_page_does_not_meet_what_json_demands(page):
    one, _ = sample(ask(status=200, json={"$.status": "healthy"}), reply(body=page))
    assert one.outcome is Outcome.UNMET
    assert "body is not JSON" in unmet(one)[0]


def test_never_green_15_every_value_of_a_path_is_judged():
    answer = reply(json={"status": "healthy", "items": [{"ok": True}, {"ok": False}]}, headers={"content-type": "json"})
    assert unmet(sample(HEALTHY, answer)[0]) == ["$.items[*].ok == true (got true, false)"]


def test_a_step_that_was_not_taken_is_unmet():
    flow = read({"steps": [{"name": n, "get": "api:/x", "expect": {"status": 200}} for n in "ab"]})
    good = Answer(status=200, headers=(), body=b"", total_s=0.1)
    judged = KIND.judge(flow, Observation(seen=(Seen(step="a", answer=good),)), {})
    assert judged.signature == "http b answer exists"
    assert KIND.judge(flow, Observation(seen=()), {}).signature == "http a answer exists"


ANSWERS = st.builds(
    Answer,
    status=st.integers(0, 999),
    headers=st.lists(st.tuples(st.sampled_from(["content-type", "set-cookie", "x"]), st.text()), max_size=3).map(tuple),
    body=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abs"), inner, max_size=3),
        ).map(lambda value: __import__("json").dumps(value).encode()),
    ),
    total_s=st.floats(0, 100),
    cookies=st.lists(st.tuples(st.sampled_from("ab"), st.text()), max_size=2).map(tuple),
)
WHOLE = read(
    {
        "steps": [
            {
                "name": "one",
                "get": "api:/x",
                "expect": {
                    "status": [200, "4xx"],
                    "headers": {"content-type": {"matches": "json$"}},
                    "json": {"$.s": {"type": "string"}, "$..a": {"exists": False}, "$[?@.b > 1].s": {"count": 1}},
                    "body": {"matches": "a+", "length": {"max": 100}},
                    "size": "1KiB",
                    "latency": {"warn": "1s", "fail": "5s"},
                },
                "capture": {"a": "$.a", "b": {"body": "(b+)"}, "c": {"cookie": "a"}, "d": {"header": "x"}},
            },
            {"name": "two", "get": "api:/x", "poll": {"within": "5s", "until": {"json": {"$.s": "done"}}}},
            {
                "name": "three",
                "get": "api:/x",
                "poll": {"within": "5s"},
                "states": {"at": "$.s", "order": ["a", "b"], "never": ["s"], "stuck": "1s"},
            },
        ]
    }
)
PATHS = st.lists(st.tuples(st.floats(0, 10), st.none() | st.sampled_from("abs") | st.text()), max_size=4).map(tuple)
SEEN = st.builds(Seen, answer=ANSWERS, reached_s=st.none() | st.floats(0, 10), waited_s=st.floats(0, 10), path=PATHS)


@settings(max_examples=200, deadline=None)
@given(st.lists(SEEN, max_size=3))
@example([Seen(answer=Answer(status=200, headers=(), body=b"", total_s=0.0))] * 3)
def test_judging_never_crashes_and_a_failure_always_has_a_signature(seen):
    names = ["one", "two", "three"]
    observation = Observation(
        seen=tuple(
            Seen(step=n, **{f: getattr(s, f) for f in ("answer", "reached_s", "waited_s", "path")})
            for n, s in zip(names, seen, strict=False)
        )
    )
    judged = KIND.judge(WHOLE, observation, {})
    failed = any(not e.met and e.level == "fail" for e in judged.expectations)
    assert failed is (judged.signature is not None)
    assert judged == KIND.judge(WHOLE, observation, {})
    for expectation in judged.expectations:
        KIND.violate(observation, expectation)
    KIND.losses(WHOLE, observation)


def test_every_expectation_and_every_loss_can_turn_a_good_check_red():
    assert survivors(HEALTHY, HEALTHY_ANSWER) == ()


def test_a_wide_status_and_an_absent_header_can_turn_red():
    assert survivors(ask(status=["2xx", 404], headers={"x-debug": {"exists": False}}), reply(204)) == ()
    assert survivors(ask(status="5xx"), reply(503)) == ()


def test_what_only_demands_that_something_is_not_there_still_needs_an_answer_that_says_something():
    assert survivors(ask(status=200, body={"not": {"contains": "Traceback"}}), reply(body=b"ok")) == ()


def test_a_demand_that_an_empty_body_meets_is_named():
    assert survivors(ask(status=200, body={"length": {"max": 9}}), reply(body=b"ok")) == ("an empty body",)
