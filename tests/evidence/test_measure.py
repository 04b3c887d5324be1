"""Numbers of other tools: one finite number, young enough and possible in its unit, or no value and one sentence why."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from releasegate.config.model import DEFAULT_MAX_AGE_S, MetricDecl
from releasegate.config.rules import parse_rule
from releasegate.config.shape import DURATION, DURATION_UNITS, duration_text
from releasegate.evidence.measure import Written, concluded, declared_of, measure

FILE = "reports/compliance.json"


def read(text, *, at="$.score", unit="%", max_age_s=DEFAULT_MAX_AGE_S, age_s=60.0):
    data = text if isinstance(text, bytes) else text.encode()
    declared = MetricDecl(file=FILE, at=at, unit=unit, max_age_s=max_age_s)
    return measure("compliance", declared, Written(data=data, age_s=age_s))


def test_a_number_keeps_what_was_found_and_gets_its_value_in_the_base_unit():
    seen = read('{"score": 98.7}')
    assert (seen.found, seen.unit, seen.value, seen.age_s, seen.problem) == (98.7, "%", 0.987, 60.0, None)
    assert (seen.name, seen.file, seen.at) == ("compliance", FILE, "$.score")


@pytest.mark.parametrize(
    ("number", "unit", "value"),
    [
        ("98.7", "%", 0.987),
        ("0", "%", 0.0),
        ("100", "%", 1.0),
        ("250", "ms", 0.25),
        ("0", "ms", 0.0),
        ("2", "m", 120.0),
        ("300", "MiB", 300 * 2**20),
        ("3", "KB", 3000),
        ("42", None, 42),
        ("-3.5", None, -3.5),
        ("-3.5", "points", -3.5),
        ("1e3", None, 1000.0),
    ],
)
def test_each_unit_has_the_base_that_rules_are_compared_in(number, unit, value):
    assert read(f'{{"score": {number}}}', unit=unit).value == value


@given(st.integers(0, 100_000))
@example(98_700)
def test_a_number_equals_the_threshold_that_is_written_alike(thousandths):
    written = f"{thousandths / 1000:.3f}"
    threshold = parse_rule(f"compliance == {written}%", declared={"compliance": "%"}).value
    assert read(f'{{"score": {written}}}').value == threshold


UNREADABLE = {
    "04 nothing there": ('{"other": 1}', "has nothing at $.score"),
    "04 an empty file": ("", "is not JSON: empty"),
    "04 cut short": ('{"score": 98.', "is not JSON: "),
    "04 a page": ("<html>", "is not JSON: "),
    "04 not text": (b"\xff\xfe", "is not JSON: invalid UTF-8"),
    "05 NaN": ('{"score": NaN}', "is not JSON: NaN is no JSON number"),
    "05 Infinity": ('{"score": Infinity}', "is not JSON: Infinity is no JSON number"),
    "05 beyond a float": ('{"score": 1e999}', "is not JSON: a number beyond every bound"),
    "05 a whole number beyond a float": (f'{{"score": {"9" * 399}}}', "has a number beyond every bound at $.score"),
    "15 twice": ('{"score": 98, "score": 99}', 'is not JSON: duplicate key "score"'),
    "35 text": ('{"score": "98.7"}', "has text at $.score, a number is asked for"),
    "35 text with its unit": ('{"score": "98.7%"}', "has text at $.score, a number is asked for"),
    "35 a boolean": ('{"score": true}', "has a boolean at $.score, a number is asked for"),
    "35 null": ('{"score": null}', "has null at $.score, a number is asked for"),
    "35 a list": ('{"score": [98.7]}', "has a list at $.score, a number is asked for"),
    "35 an object": ('{"score": {"value": 98.7}}', "has an object at $.score, a number is asked for"),
    "35 more than a whole": ('{"score": 9870}', "says 9870 %, which is no share of a whole: is that its unit?"),
    "35 less than nothing": ('{"score": -1}', "says -1 %, which is no share of a whole: is that its unit?"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_never_green_04_05_15_35_what_is_not_one_number_of_its_unit_has_no_value_and_says_why(case):
    text, why = UNREADABLE[case]
    seen = read(text)
    assert seen.value is None
    assert seen.problem.startswith(f"{FILE} {why}")


def test_never_green_15_several_numbers_where_one_was_asked_for_are_none():
    seen = read("[1, 2, 3]", at="$[*]")
    assert (seen.value, seen.problem) == (None, f"{FILE} has 3 values at $[*], one is asked for")


def test_a_path_that_visits_too_much_is_no_value():
    wide = json.dumps([[0] * 400] * 400)
    assert "visits more than" in read(wide, at="$[*][*]").problem


@pytest.mark.parametrize("unit", ["ms", "MiB"])
def test_never_green_35_no_time_and_no_size_is_less_than_nothing(unit):
    seen = read('{"score": -1}', unit=unit)
    assert (seen.value, seen.problem) == (None, f"{FILE} says -1 {unit}, less than nothing: is that its unit?")


@pytest.mark.parametrize(
    ("age_s", "why"),
    [
        (86400.001, "is 1d old, at most 1d is allowed"),
        (93600.0, "is 1.083d old, at most 1d is allowed"),
        (-1.001, "was written 1.001s in the future: its age cannot be told"),
        (None, "has no age"),
    ],
)
def test_never_green_35_what_is_stale_or_of_no_known_age_has_no_value(age_s, why):
    seen = read('{"score": 98.7}', age_s=age_s)
    assert (seen.value, seen.problem) == (None, f"{FILE} {why}")
    assert seen.found == 98.7


@pytest.mark.parametrize("age_s", [-1.0, 0.0, 86400.0])
def test_clocks_may_differ_by_a_second_and_the_bound_itself_is_young_enough(age_s):
    assert read('{"score": 98.7}', age_s=age_s).value == 0.987


def test_what_kept_the_file_from_being_read_is_the_reason():
    declared = MetricDecl(file=FILE, at="$.score", unit="%")
    seen = measure("compliance", declared, Written(problem="is not there"))
    assert (seen.value, seen.found, seen.age_s, seen.problem) == (None, None, None, f"{FILE} is not there")


NUMBERS = st.none() | st.integers(-(2**70), 2**70) | st.floats()


@given(NUMBERS, st.sampled_from([None, "%", "ms", "GiB", "points"]), st.none() | st.floats(-10, 1e6))
def test_whatever_was_found_there_is_a_finite_value_or_a_reason_and_judging_again_gives_the_same(found, unit, age_s):
    seen = concluded(replace(read("{}", unit=unit, age_s=age_s), found=found and float(found), problem=None))
    assert (seen.value is None) is (seen.problem is not None)
    assert seen.value is None or seen.value - seen.value == 0  # finite
    assert concluded(seen) == seen


def test_a_measurement_speaks_of_the_declaration_that_it_was_made_for():
    declared = MetricDecl(file=FILE, at="$.score", unit="ms", max_age_s=5.0)
    assert declared_of([measure("m", declared, Written())]) == {"m": declared}


@given(st.floats(0.001, 1e10))
@example(60.0)
@example(20_417 * 86_400.0)  # of a file that an archive dates to the beginning of time
@example(3599.99)
def test_a_duration_is_written_as_a_config_may_write_it(duration_s):
    number, unit = DURATION.fullmatch(duration_text(duration_s)).groups()
    assert float(number) * DURATION_UNITS[unit] == pytest.approx(duration_s, rel=1e-3)
