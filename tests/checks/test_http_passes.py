"""Mutants are judged without words: what passes is what the judge comes to, for every expectation and any answer."""

import json

from http_world import NONCE, read
from hypothesis import given, settings
from hypothesis import strategies as st

from releasegate.checks._http.spec import Answer, Observation, Seen
from releasegate.checks.http import KIND
from releasegate.verdict.outcome import outcome_of

SCOPE = {"nonce": NONCE, "id": 7}
EXPECTED = {
    "status": [200, "2xx", [200, 404], {"min": 200, "max": 299}, {"not": 500}],
    "headers": [{"X-A": "1"}, {"x-a": {"min": 1}}, {"x-a": {"exists": False}}, {"x-a": {"not": {"contains": "2"}}}],
    "json": [
        {"$.a": 1},
        {"$.a": {"min": 1}},
        {"$.b": {"exists": False}},
        {"$..a": {"type": "integer", "count": 1}},
        {"$.n": "{{nonce}}"},
    ],
    "body": [{"contains": "a"}, {"not": {"contains": "a"}}, {"exists": False}, {"length": 0}, {"matches": "^{"}],
    "size": ["10B", {"min": "1B"}],
    "latency": ["1s", {"warn": "1ms", "fail": "2s"}, {"warn": "1ms"}],
    "age": ["5s"],
}
EXPECT = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in EXPECTED.items()})
BODY = st.one_of(
    st.sampled_from([b"", b"{}", b"[]", b"{", b'{"a": NaN}', b'{"a":1,"a":1}', b"\xff"]),
    st.dictionaries(st.sampled_from("abn"), st.sampled_from([0, 1, "1", None, NONCE, [1]])).map(
        lambda d: json.dumps(d).encode()
    ),
)
HEADERS = st.lists(
    st.tuples(st.sampled_from(["x-a", "age"]), st.sampled_from(["1", "2", "0", "99", "x", ""])), max_size=3
).map(tuple)
ANSWER = st.builds(
    lambda status, headers, body, total_s: Answer(status=status, headers=headers, body=body, total_s=total_s),
    st.sampled_from([200, 204, 302, 404, 500]), HEADERS, BODY, st.sampled_from([0.0, 0.0005, 1.0, 1.0000004, 3.0]),
)  # fmt: skip


def one_step(expect):
    weak = not any(key in expect for key in ("status", "headers", "json", "body", "size", "age")) and expect.get(
        "latency"
    ) in ({"warn": "1ms"}, None)
    return {"get": "api:/x", "expect": {**expect, **({"status": 200} if weak else {})}}


def agree(flow, observation):
    judged = outcome_of(KIND.judge(flow, observation, SCOPE).expectations) == "met"
    assert KIND.passes(flow, observation, SCOPE) is judged


@settings(max_examples=600, deadline=None)
@given(EXPECT, ANSWER)
def test_passing_one_request_is_what_the_judge_comes_to(expect, answer):
    agree(read(one_step(expect)), Observation(seen=(Seen(answer=answer),)))


@settings(max_examples=300, deadline=None)
@given(EXPECT, EXPECT, st.lists(ANSWER, max_size=2), st.booleans())
def test_passing_a_flow_is_what_the_judge_comes_to(first, second, answers, captures):
    steps = [{"name": "one", **one_step(first)}, {"name": "two", **one_step(second)}]
    if captures:
        steps[0]["capture"] = {"got": "$.a"}
    seen = tuple(Seen(step=step["name"], answer=answer) for step, answer in zip(steps, answers, strict=False))
    agree(read({"steps": steps}), Observation(seen=seen))
