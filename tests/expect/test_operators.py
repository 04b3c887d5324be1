"""Every operator: met, unmet, absent, several; and what is said of it."""

import pytest
from expect_words import judged, one

from releasegate.expect import rejudge

MET = [
    ("$.x: 1", 1),
    ("$.x: 1", 1.0),
    ("$.x: 1.0", 1),
    ("$.x: null", None),
    ("$.x: [1, 2]", [1, 2]),
    ("$.x: []", []),
    ("$.x: true", True),
    ("$.x: {equals: {a: [1, {b: null}]}}", {"a": [1.0, {"b": None}]}),
    ("$.x: {in: [idle, running]}", "idle"),
    ("$.x: {in: [1, null]}", None),
    ("$.x: {not: 1}", True),
    ("$.x: {not: 1}", 2),
    ("$.x: {not: null}", 0),
    ("$.x: {not: [1]}", [2]),
    ("$.x: {not: {in: [a, b]}}", "c"),
    ("$.x: {not: {matches: error}}", "fine"),
    ("$.x: {not: {contains: a}}", ["b"]),
    ("$.x: {not: {type: 'null'}}", 1),
    ("$.x: {not: {min: 3, max: 5}}", 6),
    ("$.x: {not: {length: 0}}", [1]),
    ("$.x: {type: string}", ""),
    ("$.x: {type: number}", 1),
    ("$.x: {type: number}", 1.5),
    ("$.x: {type: integer}", 1),
    ("$.x: {type: integer}", 1.0),
    ("$.x: {type: boolean}", False),
    ("$.x: {type: array}", []),
    ("$.x: {type: object}", {}),
    ("$.x: {type: 'null'}", None),
    ("$.x: {exists: true}", None),
    ("$.x: {matches: '^a+$'}", "aaa"),
    ("$.x: {matches: b}", "abc"),
    ("$.x: {matches: '(?i)OK'}", "all ok"),
    ("$.x: {contains: b}", "abc"),
    ("$.x: {contains: b}", ["a", "b"]),
    ("$.x: {contains: 1}", [1.0]),
    ("$.x: {contains: {a: 1}}", [{"a": 1}]),
    ("$.x: {contains: key}", {"key": None}),
    ("$.x: {length: 3}", "äöü"),
    ("$.x: {length: 3}", [1, 2, 3]),
    ("$.x: {length: {min: 1}}", {"a": 1}),
    ("$.x: {length: {max: 0}}", ""),
    ("$.x: {length: {min: 1, max: 2}}", [1]),
    ("$.x: {count: 1}", [1, 2]),
    ("$.x: {min: 0.7}", 0.7),
    ("$.x: {max: 5}", -5),
    ("$.x: {min: 1, max: 2}", 1.5),
    ("$.x: {min: 3}", 10**300),
    ("$.x: {schema: {type: object, required: [a]}}", {"a": 1}),
    ("$.x: {schema: {format: date-time}}", "2026-11-24T08:25:00Z"),
]

UNMET = [
    ("$.x: 1", True, "$.x == 1 (got true)"),
    ("$.x: 0", False, "$.x == 0 (got false)"),
    ("$.x: true", 1, "$.x == true (got 1)"),
    ("$.x: '1'", 1, '$.x == "1" (got 1)'),
    ("$.x: healthy", "degraded", '$.x == "healthy" (got "degraded")'),
    ("$.x: null", 0, "$.x == null (got 0)"),
    ("$.x: [1, 2]", [2, 1], "$.x == [1,2] (got [2,1])"),
    ("$.x: [true]", [1], "$.x == [true] (got [1])"),
    ("$.x: {equals: {a: 1}}", {"a": 1, "b": 2}, '$.x == {"a":1} (got {"a":1,"b":2})'),
    ("$.x: {in: [idle, running]}", "dead", '$.x in ["idle","running"] (got "dead")'),
    ("$.x: {in: [1]}", True, "$.x in [1] (got true)"),
    ("$.x: {not: 1}", 1.0, "$.x != 1 (got 1.0)"),
    ("$.x: {not: {in: [a, b]}}", "a", '$.x not (in ["a","b"]) (got "a")'),
    ("$.x: {not: {matches: err}}", "an error", '$.x not (matches "err") (got "an error")'),
    ("$.x: {not: {min: 3, max: 5}}", 4, "$.x not (≥ 3 and ≤ 5) (got 4)"),
    ("$.x: {type: string}", 1, "$.x is string (got integer)"),
    ("$.x: {type: number}", True, "$.x is number (got boolean)"),
    ("$.x: {type: integer}", 1.5, "$.x is integer (got number)"),
    ("$.x: {type: object}", None, "$.x is object (got null)"),
    ("$.x: {exists: false}", None, "$.x does not exist (got null)"),
    ("$.x: {matches: '^a$'}", "ab", '$.x matches "^a$" (got "ab")'),
    ("$.x: {matches: '1'}", 1, '$.x matches "1" (got 1)'),
    ("$.x: {contains: z}", "abc", '$.x contains "z" (got "abc")'),
    ("$.x: {contains: 1}", [True], "$.x contains 1 (got [true])"),
    ("$.x: {contains: 1}", 11, "$.x contains 1 (got 11)"),
    ("$.x: {length: 3}", [1], "$.x length == 3 (got 1)"),
    ("$.x: {length: {min: 1}}", [], "$.x length ≥ 1 (got 0)"),
    ("$.x: {length: {min: 1, max: 2}}", "abc", "$.x length ≥ 1 and ≤ 2 (got 3)"),
    ("$.x: {length: 2}", 12, "$.x length == 2 (got null)"),
    ("$.x: {count: 2}", [1, 2], "$.x count == 2 (got 1)"),
    ("$.x: {min: 0.7}", 0.69, "$.x ≥ 0.7 (got 0.69)"),
    ("$.x: {max: 5}", 6, "$.x ≤ 5 (got 6)"),
    ("$.x: {min: 0}", True, "$.x ≥ 0 (got true)"),
    ("$.x: {min: 0}", "5", '$.x ≥ 0 (got "5")'),
]


@pytest.mark.parametrize(("demand", "value"), MET)
def test_is_met(demand, value):
    assert [(e.met, rejudge(e)) for e in judged(demand, {"x": value})] == [(True, True)] * len(
        judged(demand, {"x": value})
    )


@pytest.mark.parametrize(("demand", "value", "text"), UNMET)
def test_is_unmet_and_says_what_was_found(demand, value, text):
    expectation = one(demand, {"x": value})
    assert (expectation.met, rejudge(expectation), expectation.text) == (False, False, text)


@pytest.mark.parametrize("demand", [demand for demand, _ in MET])
def test_never_green_32_nothing_there_meets_no_demand(demand):
    for expectation in judged(demand, {"y": 1}):
        assert (expectation.met, rejudge(expectation), expectation.found) == (False, False, [])
        assert expectation.text.endswith("(got nothing)")


def test_never_green_32_only_exists_false_is_met_by_absence():
    expectation = one("$.x: {exists: false}", {})
    assert (expectation.met, rejudge(expectation), expectation.text) == (True, True, "$.x does not exist (got nothing)")


NOT_APPLICABLE = ["{matches: error}", "{min: 3}", "{max: 3}", "{length: 3}", "{contains: x}"]


@pytest.mark.parametrize("inner", NOT_APPLICABLE)
def test_never_green_32_the_negation_of_what_does_not_apply_is_not_met(inner):
    assert one(f"$.x: {{not: {inner}}}", {"x": True}).met is False


def test_never_green_15_several_values_are_all_judged():
    agents = [{"state": "running"}, {"state": "dead"}, {"state": "idle"}]
    expectation = one("$.agents[*].state: {in: [idle, running]}", {"agents": agents})
    assert expectation.met is False
    assert expectation.found == ["running", "dead", "idle"]
    assert expectation.text == '$.agents[*].state in ["idle","running"] (got "running", "dead", "idle")'


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize(
    "demand", ["1", "{in: [1]}", "{not: 2}", "{type: integer}", "{min: 1, max: 1}", "{schema: {const: 1}}"]
)
def test_never_green_15_one_bad_value_anywhere_among_good_ones_is_enough(at, demand):
    values = [1] * 5
    assert all(e.met for e in judged(f"$[*]: {demand}", values))
    values[at] = 2 if demand != "{type: integer}" else "x"
    assert not all(e.met for e in judged(f"$[*]: {demand}", values))


def test_several_operators_on_one_path_are_an_expectation_each():
    first, second = judged("$.x: {type: array, length: {min: 1}}", {"x": []})
    assert (first.operator, first.met, second.operator, second.met) == ("type", True, "length", False)


def test_count_counts_the_nodes_selected():
    assert one("$.x[*]: {count: {min: 2, max: 3}}", {"x": [1, 2, 3]}).found == [3]
    assert one("$.x[*]: {count: 4}", {"x": [1, 2, 3]}).text == "$.x[*] count == 4 (got 3)"


@pytest.mark.parametrize(
    ("schema", "value"), [("{format: date-time}", "yesterday"), ("{format: uuid}", "7"), ("{minimum: 3}", 2)]
)
def test_a_schema_is_checked_with_its_formats(schema, value):
    assert one(f"$.x: {{schema: {schema}}}", {"x": value}).met is False


def test_a_schema_says_what_does_not_fit():
    text = one("$: {schema: {properties: {a: {type: string}}}}", {"a": 1}).text
    assert text.startswith('$ fits the schema (got {"a":1}: a: 1 is not of type "string"')


def test_a_hole_is_filled_when_judged_and_keeps_its_type():
    assert one("$.x: '{{id}}'", {"x": 7}, id=7).met
    assert one("$.x: '{{id}}'", {"x": "7"}, id=7).text == '$.x == 7 (got "7")'
    assert one("$.x: {in: ['{{a}}', b]}", {"x": "q"}, a="q").met
    assert one("$.x: {length: '{{n}}'}", {"x": "abc"}, n=3).met


def test_a_hole_that_nothing_fills_is_unmet_and_says_so():
    from releasegate.expect import judge_json
    from releasegate.expect.demand import Demand
    from releasegate.template import compile_text

    (expectation,) = judge_json([Demand("$.x", "equals", compile_text("{{id}}"))], {"x": 1}, {})
    assert (expectation.met, rejudge(expectation)) == (False, None)
    assert expectation.text == "$.x == {{id}} (nothing fills {{id}})"


@pytest.mark.parametrize("operator", ["min", "max", "length"])
def test_a_bound_filled_with_no_number_is_unmet(operator):
    assert one(f"$.x: {{{operator}: '{{{{n}}}}'}}", {"x": 3}, n="many").met is False


def test_what_fills_the_hole_of_a_pattern_stands_for_itself():
    assert one("$.x: {matches: '^{{id}}$'}", {"x": "anything"}, id=".*").met is False
    assert one("$.x: {matches: '^{{id}}$'}", {"x": ".*"}, id=".*").met is True


def test_a_hole_of_a_pattern_filled_with_too_much_is_unmet_and_no_crash():
    assert one("$.x: {matches: '{{id}}'}", {"x": "a"}, id="a" * 100_000).met is False
