"""What is kept, what is cut, and that no input makes a judge raise."""

import time

import pytest
from expect_words import demands, judged, one, read
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.json import decode, encode

from releasegate.expect import (
    MISSING,
    Bound,
    SizeBound,
    StatusExpect,
    ValueExpect,
    bound_s,
    judge_duration,
    judge_json,
    judge_size,
    judge_value,
    matches_where,
    rejudge,
    why,
)
from releasegate.model import Expectation, Level
from releasegate.strictjson import NotJson


def status(text: str, found: object) -> Expectation:
    demand, problems = read(StatusExpect(), text)
    assert not problems
    (expectation,) = judge_value(demand, found, {})
    return expectation


@pytest.mark.parametrize(
    ("text", "found", "met", "said"),
    [
        ("200", 200, True, "status == 200 (got 200)"),
        ("200", 503, False, "status == 200 (got 503)"),
        ("4xx", 404, True, "status == 4xx (got 404)"),
        ("4xx", 500, False, "status == 4xx (got 500)"),
        ("[401, 403]", 403, True, "status in [401,403] (got 403)"),
        ("[401, 403]", 200, False, "status in [401,403] (got 200)"),
        ("[200, 3xx]", 302, True, "status in [200,3xx] (got 302)"),
        ("{not: 5xx}", 503, False, "status not (== 5xx) (got 503)"),
        ("{not: [500, 4xx]}", 200, True, "status not (in [500,4xx]) (got 200)"),
        ("{in: [2xx, 404]}", 204, True, "status in [2xx,404] (got 204)"),
        ("{max: 299}", 300, False, "status ≤ 299 (got 300)"),
    ],
)
def test_a_status_is_any_of_those_written(text, found, met, said):
    expectation = status(text, found)
    assert (expectation.met, expectation.text, rejudge(expectation)) == (met, said, met)


def test_a_class_of_statuses_is_no_class_of_json_numbers():
    assert one("$.x: {in: [4xx]}", {"x": 404}).met is False


@pytest.mark.parametrize(("text", "found", "met"), [
    ("text/html", "text/html", True),
    ("12", "12", True),
    ("1.50", "1.5", False),
    ("true", "true", True),
    ("{in: [1, 2]}", "2", True),
    ("{matches: '^text/'}", "text/plain", True),
    ("{contains: json}", "application/json", True),
    ("{min: 10}", "12", True),
    ("{min: 10}", "9", False),
    ("{min: 10}", "many", False),
    ("{max: 1.5}", "1e2", False),
    ("{length: {max: 3}}", "abcd", False),
    ("{exists: true}", "", True),
    ("{not: a}", "b", True),
    ("{exists: false}", MISSING, True),
    ("{exists: false}", "x", False),
    ("{not: a}", MISSING, False),
    ("a", MISSING, False),
])  # fmt: skip
def test_texts_are_compared_as_they_are_written(text, found, met):
    demand, problems = read(ValueExpect("header x"), text)
    assert not problems
    (expectation,) = judge_value(demand, found, {})
    assert (expectation.met, rejudge(expectation)) == (met, met)


def test_a_text_is_compared_with_what_fills_a_hole_as_text():
    demand, problems = read(ValueExpect("body"), "{contains: '{{id}}'}", ("id",))
    assert not problems
    assert judge_value(demand, "id=12", {"id": 12})[0].met


def test_a_latency_is_judged_for_warning_and_failing():
    bound, _ = read(Bound(), "{warn: 300ms, fail: 2s}")
    fail, warn = judge_duration(bound, 0.412, step="create")
    assert (fail.met, fail.level, fail.text) == (True, Level.FAIL, "latency ≤ 2 s (got 412 ms)")
    assert (warn.met, warn.level, warn.text) == (False, Level.WARN, "latency ≤ 300 ms (got 412 ms)")
    assert (rejudge(fail), rejudge(warn), warn.step) == (True, False, "create")
    assert bound_s(bound) == 2.0


def test_a_duration_meets_its_very_bound():
    bound, _ = read(Bound(), "300ms")
    assert judge_duration(bound, 0.3)[0].met
    assert not judge_duration(bound, 0.300001)[0].met


@pytest.mark.parametrize(("text", "seconds"), [("5s", 5.0), ("{fail: 2s}", 2.0), ("{warn: 1s}", None)])
def test_bound_s_is_the_failing_bound(text, seconds):
    assert bound_s(read(Bound(), text)[0]) == seconds


def test_a_size_is_judged_in_bytes_and_said_in_its_unit():
    most, _ = read(SizeBound(), "64KiB")
    assert judge_size(most, 65536)[0].met
    assert judge_size(most, 70_000)[0].text == "size ≤ 64 KiB (got 68.359 KiB)"
    least, _ = read(SizeBound(), "{min: 1B}")
    assert judge_size(least, 0)[0].text == "size ≥ 1 B (got 0 B)"


def test_what_is_not_json_meets_nothing_not_even_absence():
    for expectation in judge_json(demands("{$.x: 1, $.y: {exists: false}}"), NotJson("empty"), {}):
        assert (expectation.met, rejudge(expectation)) == (False, None)
        assert expectation.text.endswith("(body is not JSON: empty)")


def test_a_bomb_of_nodes_is_unmet_and_says_why():
    value: list[object] = [[[0] * 60 for _ in range(60)] for _ in range(60)]
    (expectation,) = judged("$..*: {exists: false}", value)
    assert (expectation.met, rejudge(expectation)) == (False, None)
    assert "more than 100,000 nodes" in expectation.text


def test_messages_are_picked_by_where():
    where = demands("{$.id: '{{nonce}}', $.type: {not: ping}}")
    assert matches_where(where, {"id": "a", "type": "x"}, {"nonce": "a"})
    assert not matches_where(where, {"id": "b", "type": "x"}, {"nonce": "a"})
    assert not matches_where(where, {"id": "a"}, {"nonce": "a"})
    assert not matches_where(where, {"id": "a", "type": "x"}, {})


def test_no_more_than_twenty_values_are_kept_and_the_rest_is_counted():
    expectation = one("$[*]: {min: 0}", list(range(50)))
    assert (len(expectation.found), expectation.kept, rejudge(expectation)) == (20, False, None)
    assert expectation.text.endswith("19 … and 30 more)")


@pytest.mark.parametrize("value", ["x" * 3000, ["y" * 100] * 50, {"k" * 3000: 1}, {str(i): i for i in range(900)}])
def test_a_large_value_is_summarised_and_not_kept(value):
    expectation = one("$.x: {not: 1}", {"x": value})
    assert (expectation.met, expectation.kept) == (True, False)
    assert len(encode(expectation.found)) < 1000
    assert len(expectation.text) < 300


@pytest.mark.parametrize("demand", ["{length: {min: 1}}", "{type: array}", "{exists: true}"])
def test_length_type_and_existence_of_a_large_value_can_be_judged_again(demand):
    expectation = one(f"$.x: {demand}", {"x": ["y" * 100] * 5000})
    assert (expectation.met, rejudge(expectation)) == (True, True)


def test_a_captured_operand_that_is_large_is_cut_too():
    expectation = one("$.x: '{{id}}'", {"x": 1}, id="z" * 10_000)
    assert (expectation.kept, len(expectation.demanded) < 300) == (False, True)


def test_a_value_that_is_not_shown_whole_says_so():
    assert one("$.x: 1", {"x": [1] * 50}).text.endswith('1,1,"… 38 more"])')
    assert one("$.x: 1", {"x": {str(i): i for i in range(13)}}).text.endswith('"…":"1 more"})')
    assert one("$.x: 1", {"x": "y" * 500}).text.endswith('y…")')
    assert one("$.x: 1", {"x": [[[[[1]]]]]}).text == '$.x == 1 (got [[[["…"]]]])'


@pytest.mark.parametrize("hostile", ["a\nb", "\x1b[31m", "\u2028", "\u0085", "\u202e", "\x00", "\ud800"])
def test_the_text_is_one_line_without_control_signs(hostile):
    for text in (one("$.x: 1", {"x": hostile}).text, one("$.x: 1", {"x": {hostile: [hostile]}}).text):
        assert len(text.splitlines()) == 1
        assert not set(text) & set("\x1b\x00\u2028\u202e\ud800")


def test_why_names_the_first_broken_failing_expectation_without_its_values():
    bound, _ = read(Bound(), "{warn: 1ms}")
    slow = judge_duration(bound, 2)
    assert why(slow) is None
    assert why((*slow, *judged("{$.a: 1, $.b: 2}", {"a": 1, "b": 3}))) == "$.b equals"
    assert why(judge_json(demands("$.a: {min: 1}"), {}, {}, step="create")) == "create $.a min"
    assert why((status("200", 503),)) == "status 503"
    assert why((status("200", MISSING),)) == "status missing"
    assert why(judge_json(demands("$.a: 1"), NotJson("empty"), {}, step="create")) == "create body is not JSON"


def test_a_bound_on_any_subject_is_said_in_its_unit():
    bound, _ = read(Bound("agent_started"), "5s")
    assert judge_duration(bound, 6)[0].text == "agent_started ≤ 5 s (got 6 s)"


def test_the_complaint_of_a_schema_is_short_and_first():
    value = [{"a": "x" * 100_000}] * 20_000
    began = time.process_time()
    text = one("$: {schema: {items: {properties: {a: {type: integer}}}}}", value).text
    assert text.endswith(' is not of type "integer")')
    assert len(text) < 600
    assert time.process_time() - began < 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5) | st.sampled_from(["a", "b", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "x"]) | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
OPERATORS = [
    "equals: 1", "in: [1, a, null]", "not: 1", "not: {type: string}", "type: number", "exists: true", "exists: false",
    "matches: '^a'", "contains: a", "length: {min: 1}", "count: {min: 2}", "min: 0", "max: 2", "schema: {type: integer}",
    "not: {matches: a}", "not: {length: 1}", "not: {schema: {type: string}}",
]  # fmt: skip
PATHS = ["$", "$.a", "$[*]", "$[0]", "$..a", "$[?@.a]"]


@settings(max_examples=300, deadline=None)
@given(JSON, st.sampled_from(PATHS), st.sampled_from(OPERATORS))
def test_a_kept_expectation_judged_again_says_the_same(value, path, operator):
    for expectation in judged(f'"{path}": {{{operator}}}', value):
        written = decode(encode(expectation), type=Expectation)
        assert rejudge(written) is (expectation.met if expectation.kept else None)
        assert len(expectation.text.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "met"), [("6", True), ("1" + "0" * 200 + "e50", True), ("1" + "0" * 299 + "e99", False)]
)
def test_never_green_05_a_text_that_states_no_finite_number_meets_no_bound(text, met):
    demand, _ = read(ValueExpect("header x"), "{min: 5}")
    assert judge_value(demand, text, {})[0].met is met


def test_a_measure_that_only_rounding_makes_equal_to_its_bound_is_told_exactly():
    late, _ = read(Bound(), "2s")
    large, _ = read(SizeBound(), "64KiB")
    assert judge_duration(late, 2.0004)[0].text == "latency ≤ 2 s (got 2.000400 s)"
    assert judge_size(large, 65_536 + 1)[0].text == "size ≤ 64 KiB (got 64.001 KiB)"
    assert judge_size(read(SizeBound(), "64MiB")[0], 64 * 2**20 + 1)[0].text == "size ≤ 64 MiB (got 67,108,865 B)"
