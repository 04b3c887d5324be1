"""Violations: what is given breaks the expectation when judged, and what cannot be broken is called vacuous."""

import copy
import time

import pytest
from expect_words import demands, judged, read
from hypothesis import given, settings
from hypothesis import strategies as st

from releasegate.expect import (
    MISSING,
    VACUOUS,
    Bound,
    SizeBound,
    StatusExpect,
    ValueExpect,
    judge_duration,
    judge_json,
    judge_size,
    judge_value,
    violate_json,
    violate_value,
)

BREAKABLE = [
    ("$.x: healthy", {"x": "healthy"}),
    ("$.x: 1", {"x": 1}),
    ("$.x: null", {"x": None}),
    ("$.x: true", {"x": True}),
    ("$.x: {equals: {a: 1}}", {"x": {"a": 1}}),
    ("$.x: []", {"x": []}),
    ("$: 1", 1),
    ("$: {type: object}", {}),
    ("$.x: {in: [idle, running]}", {"x": "idle"}),
    ("$.x: {in: ['idle', 'idle (changed)']}", {"x": "idle"}),
    ("$.x: {not: 1}", {"x": 2}),
    ("$.x: {not: {in: [a, b]}}", {"x": "c"}),
    ("$.x: {not: {matches: 'error|fatal'}}", {"x": "fine"}),
    ("$.x: {not: {matches: '(?i)^[^a-z]+\\d{3}.?(stack ?trace)+$'}}", {"x": "fine"}),
    ("$.x: {not: {contains: secret}}", {"x": ["a"]}),
    ("$.x: {not: {contains: secret}}", {"x": "a"}),
    ("$.x: {not: {type: string}}", {"x": 1}),
    ("$.x: {not: {min: 5}}", {"x": 1}),
    ("$.x: {not: {length: 0}}", {"x": "a"}),
    ("$.x: {not: {schema: {type: integer}}}", {"x": "a"}),
    ("$.x: {type: number}", {"x": 1}),
    ("$.x: {exists: true}", {"x": None}),
    ("$.x[*]: {exists: true}", {"x": [1, 2]}),
    ("$..x: {exists: true}", {"x": {"x": [{"x": 1}]}}),
    ("$.x: {exists: false}", {}),
    ("$.a.b[2].c: {exists: false}", {"a": 1}),
    ("$[*]: {exists: false}", []),
    ("$.a[-1]: {exists: false}", {"a": []}),
    ("$.e[?@.level == 'fatal']: {exists: false}", {"e": [{"level": "info"}]}),
    ("$.e[?@.n > 3 && @.ok]: {exists: false}", {"e": []}),
    ("$.e[?5 < @.n]: {exists: false}", {"e": []}),
    ("$..error: {exists: false}", {"a": {"b": 1}}),
    ("$.e[?match(@.s, '[a-c]x')].t: {exists: false}", {}),
    ("$.x: {matches: '^a+$'}", {"x": "aa"}),
    ("$.x: {matches: '.'}", {"x": "a"}),
    ("$.x: {contains: b}", {"x": "abc"}),
    ("$.x: {contains: b}", {"x": ["b", "b"]}),
    ("$.x: {contains: b}", {"x": {"b": 1, "c": 2}}),
    ("$.x: {length: 3}", {"x": "abc"}),
    ("$.x: {length: {min: 1}}", {"x": [1]}),
    ("$.x: {length: {max: 2}}", {"x": {"a": 1}}),
    ("$.x: {length: 0}", {"x": []}),
    ("$.x[*]: {count: 2}", {"x": [1, 2]}),
    ("$.x[*]: {count: {min: 1}}", {"x": [1, 2]}),
    ("$.x[*].y: {count: {max: 2}}", {"x": [{"y": 1}]}),
    ("$.x: {min: 0}", {"x": 0}),
    ("$.x: {min: 1.0e+300}", {"x": 2e300}),
    ("$.x: {max: 5}", {"x": 5}),
    ("$.x: {schema: {type: object, required: [a]}}", {"x": {"a": 1}}),
    ("$.x: {schema: {properties: {a: {properties: {b: {type: integer}}}}}}", {"x": {"a": {"b": 1}}}),
    ("$.x: {schema: {items: {type: string}}}", {"x": ["a"]}),
    ("$.d[?@.name == 'm'].status: connected", {"d": [{"name": "m", "status": "connected"}]}),
    ("$.d[?@.name == 'm'].name: m", {"d": [{"name": "m"}, {"name": "m"}]}),
]

VAIN = [
    ("$.x: {matches: '.*'}", {"x": "a"}),
    ("$.x: {length: {min: 0}}", {"x": "a"}),
    ("$.x: {length: {min: 0}}", {"x": []}),
    ("$.x: {schema: {}}", {"x": {"a": [1]}}),
    ("$: {exists: true}", {"a": 1}),
    ("$.x: {contains: ''}", {"x": "abc"}),
    ("$.x: {not: {matches: 'a\\bb'}}", {"x": "c"}),
]


@pytest.mark.parametrize(("demand", "value"), BREAKABLE)
def test_a_violation_breaks_the_expectation_and_leaves_the_value_alone(demand, value):
    (expectation,) = judged(demand, value)
    before = copy.deepcopy(value)
    assert expectation.met
    broken = violate_json(value, expectation)
    assert broken is not VACUOUS
    assert not judged(demand, broken)[0].met
    assert value == before


@pytest.mark.parametrize(("demand", "value"), VAIN)
def test_never_green_14_what_nothing_can_break_is_called_vacuous(demand, value):
    (expectation,) = judged(demand, value)
    assert expectation.met
    assert violate_json(value, expectation) is VACUOUS


@pytest.mark.parametrize(("shape", "text", "value"), [
    (StatusExpect(), "200", 200), (StatusExpect(), "[2xx, 3xx, 4xx, 503]", 503), (StatusExpect(), "{not: 5xx}", 200),
    (StatusExpect(), "{min: 200}", 200), (StatusExpect(), "{in: [1xx, 2xx, 3xx, 4xx, 5xx]}", 404),
    (ValueExpect("x"), "text", "text"), (ValueExpect("x"), "{min: 10}", "12"), (ValueExpect("x"), "{max: 10}", "2"),
    (ValueExpect("x"), "{matches: '^a'}", "a"), (ValueExpect("x"), "{contains: a}", "aaa"),
    (ValueExpect("x"), "{not: {contains: a}}", "b"), (ValueExpect("x"), "{exists: true}", "b"),
    (ValueExpect("x"), "{exists: false}", MISSING), (ValueExpect("x"), "{length: {min: 1}}", "b"),
    (ValueExpect("x"), "{in: [a, b]}", "b"),
])  # fmt: skip
def test_a_violated_value_breaks_the_expectation_and_keeps_its_type(shape, text, value):
    demand, _ = read(shape, text)
    (expectation,) = judge_value(demand, value, {})
    assert expectation.met
    broken = violate_value(value, expectation)
    assert broken is not VACUOUS
    assert broken is MISSING or value is MISSING or type(broken) is type(value)
    assert not judge_value(demand, broken, {})[0].met


def test_bounds_are_broken_by_a_little_more():
    latency, size = read(Bound(), "300ms")[0], read(SizeBound(), "{min: 1B}")[0]
    assert violate_value(0.2, judge_duration(latency, 0.2)[0]) > 0.3
    assert violate_value(5, judge_size(size, 5)[0]) == 0


def test_never_green_14_a_size_that_is_at_least_nothing_is_vacuous():
    demand, _ = read(SizeBound(), "{min: 0B}")
    assert violate_value(5, judge_size(demand, 5)[0]) is VACUOUS


@pytest.mark.parametrize(
    "demand", ["$[*]: {exists: true}", "$[*]: {count: {min: 1}}", "$[*].a: 1", "$[*]: {type: object}"]
)
def test_many_nodes_are_broken_in_linear_time(demand):
    value = [{"a": 1}] * 50_000
    began = time.process_time()
    (expectation,) = judged(demand, value)
    assert violate_json(value, expectation) is not VACUOUS
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "path",
    [
        "$[9007199254740991]",
        "$.a[-900719925474]",
        "$" + ".a" * 400,
        "$..a[9007199254740991]",
        "$[?@[900719925474] == 1]",
    ],
)
def test_a_place_too_far_away_to_be_built_is_no_crash(path):
    (expectation,) = judged(f'"{path}": {{exists: false}}', {})
    assert expectation.met
    assert violate_json({}, expectation) is VACUOUS


def test_an_operand_of_four_hundred_digits_is_no_crash():
    (expectation,) = judged("$.x: {max: '{{n}}'}", {"x": 1}, n=10**399)
    broken = violate_json({"x": 1}, expectation)
    assert broken["x"] > 10**399


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abx"), inner, max_size=3),
    max_leaves=10,
)
OPERATORS = [
    "equals: 1", "in: [1, a, null]", "not: 1", "not: {type: string}", "type: number", "exists: true", "exists: false",
    "matches: '^a?'", "contains: a", "length: {min: 1}", "count: {min: 2}", "count: 1", "min: 0", "max: 2",
    "schema: {type: integer}", "not: {matches: a}", "not: {length: 1}", "not: {schema: {type: string}}", "not: {min: 1}",
]  # fmt: skip
PATHS = ["$", "$.a", "$[*]", "$[0]", "$..a", "$[?@.a]", "$.a[*].b", "$[?@.a == 1].b"]


@settings(max_examples=400, deadline=None)
@given(JSON, st.sampled_from(PATHS), st.sampled_from(OPERATORS))
def test_every_violation_given_is_one(value, path, operator):
    demand = demands(f'"{path}": {{{operator}}}')
    (expectation,) = judge_json(demand, value, {})
    before = copy.deepcopy(value)
    broken = violate_json(value, expectation)
    assert value == before
    if broken is not VACUOUS:
        assert not judge_json(demand, broken, {})[0].met
