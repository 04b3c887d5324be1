"""Rules over metrics: held, broken, or without a value."""

import math

import pytest
from msgspec.structs import replace
from verdict_words import labelled, measured, rule

from releasegate.config.model import Rule
from releasegate.model import Label, Level
from releasegate.verdict.policy import evaluate

CHECKS = (*(labelled(f"a.c{n}", Label.PASSED) for n in range(19)), labelled("b.bad", Label.FAILED))


def judged(text, *, checks=CHECKS, level="fail", **more):
    return evaluate([rule(text, level)], checks, duration_s=2.0, **more)[0]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("pass_rate >= 95%", True),
        ("pass_rate > 95%", False),
        ("pass_rate < 95%", False),
        ("pass_rate <= 95%", True),
        ("failed == 1", True),
        ("failed != 1", False),
        ("flaky <= 0%", True),
        ("flaky == 0", True),
        ("duration <= 2s", True),
        ("duration <= 1999ms", False),
        ("suite.b.failed == 0", False),
        ("suite.a.pass_rate >= 100%", True),
    ],
)
def test_each_operator_compares_what_was_observed_with_the_threshold(text, held):
    assert judged(text).held is held


def test_a_rule_keeps_its_text_what_was_observed_and_its_level():
    seen = judged("failed == 0", level="warn")
    assert (seen.rule, seen.observed, seen.level, seen.held, seen.metric) == (
        "failed == 0",
        1,
        Level.WARN,
        False,
        "failed",
    )


@pytest.mark.parametrize("text", ["pass_rate >= baseline", "latency.p50 <= 110% of baseline"])
def test_a_rule_against_a_baseline_has_no_value_without_one(text):
    seen = judged(text)
    assert seen.held is None
    assert "no baseline" in seen.note


def test_a_percent_sign_in_a_cases_name_does_not_make_a_count_a_share():
    checks = (labelled("a.c[50%]", Label.FAILED), labelled("a.c[50%]x", Label.FAILED))
    seen = evaluate([rule("check.a.c[50%].failed <= 1")], checks, duration_s=1.0)[0]
    assert seen.observed == 1


def test_a_metric_brought_along_is_judged_as_it_is():
    given = Rule(text="compliance >= 90%", metric="compliance", op=">=", value=0.9, level="fail")
    seen = evaluate([given], CHECKS, duration_s=1.0, measured=[measured("compliance", 91)])[0]
    assert (seen.observed, seen.held) == (0.91, True)


@pytest.mark.parametrize("level", ["fail", "warn"])
def test_a_rule_about_a_metric_without_a_value_says_why(level):
    given = Rule(text="compliance >= 90%", metric="compliance", op=">=", value=0.9, level=level)
    absent = measured("compliance", problem="reports/compliance.json is not there")
    seen = evaluate([given], CHECKS, duration_s=1.0, measured=[absent])[0]
    assert (seen.observed, seen.held, seen.note) == (None, None, "reports/compliance.json is not there")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("op", [">=", "<=", "==", "!=", ">", "<"])
def test_never_green_05_nothing_holds_with_a_number_that_is_none(number, op):
    odd_threshold = Rule(text=f"failed {op} x", metric="failed", op=op, value=number, level="fail")
    odd_metric = Rule(text=f"m {op} 1", metric="m", op=op, value=1.0, level="fail")
    odd_time = Rule(text=f"duration {op} 1s", metric="duration", op=op, value=1.0, level="fail")
    odd = replace(measured("m", 1), value=number)
    seen = evaluate([odd_threshold, odd_metric, odd_time], CHECKS, duration_s=number, measured=[odd])
    assert [result.held for result in seen] == [None, None, None]
    assert all(result.note for result in seen)
