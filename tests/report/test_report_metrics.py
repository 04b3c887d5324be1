"""Numbers of other tools in the reports: in the unit of their file, with its age; and where there is none, why."""

import pytest
from report_stories import check, demanded, judged, number

from releasegate.config.model import Rule
from releasegate.model import State
from releasegate.report import console, markdown
from releasegate.report.next_steps import next_steps
from releasegate.report.words import observed

SIZE = Rule(text="size <= 3MB", metric="size", op="<=", value=3e6, level="fail")
POLICY = {"rules": [{"text": "size <= 3MB", "value": 3e6}, {"text": "compliance >= 99%", "value": 0.99}]}
ABSENT = number("size", None, problem="reports/size.json is not there")


def flat(story) -> str:
    return " ".join(console.render(story, colour=False, width=120).split())


def comment(story) -> str:
    return markdown.render(story).replace("\\", "").replace("&#8203;", "")


def test_each_number_is_shown_with_its_unit_its_file_and_its_age_also_where_no_rule_speaks_of_it():
    story = judged(check("a.b"), metrics=(number(), ABSENT))
    assert story.verdict.state is State.STABLE
    assert "metric compliance 98.7 % (reports/compliance.json, 3 min 12 s old)" in flat(story)
    assert "metric size no value: reports/size.json is not there" in flat(story)
    assert "- `compliance` 98.7 % (reports/compliance.json, 3 min 12 s old)" in comment(story)
    assert "- `size` ❓ no value: reports/size.json is not there" in comment(story)


@pytest.mark.parametrize(
    ("found", "unit", "told"),
    [
        (98.7, "%", "98.7 %"),
        (0.1 + 0.2, None, "0.3"),
        (1234567.0, None, "1,234,567"),
        (270, "MiB", "270 MiB"),
        (-3.5, "points", "-3.5 points"),
    ],
)
def test_a_number_is_said_as_the_file_says_it(found, unit, told):
    assert f"compliance {told} (reports" in flat(judged(check("a.b"), metrics=(number(found=found, unit=unit),)))


def test_a_report_without_such_numbers_says_nothing_of_them():
    assert "metric" not in flat(judged(check("a.b")))
    assert "other tools" not in comment(judged(check("a.b")))


def test_a_broken_rule_says_what_was_observed_in_its_unit():
    story = judged(
        check("a.b"),
        rules=(demanded("compliance >= 99%"), SIZE),
        policy=POLICY,
        metrics=(number(), number("size", 4, unit="MB")),
    )
    assert story.verdict.reasons == ("compliance >= 99%: observed 98.7%", "size <= 3MB: observed 4MB")
    assert [observed(rule, story.policy) for rule in story.rules] == ["98.7 %", "3.815 MiB"]
    assert [step.text for step in next_steps(story)] == [
        "rule `compliance >= 99%` (98.7 %): look at what it measures",
        "rule `size <= 3MB` (3.815 MiB): look at what it measures",
    ]


def test_a_rule_without_a_value_says_why_and_what_to_do():
    story = judged(check("a.b"), rules=(SIZE,), policy=POLICY, metrics=(ABSENT,))
    assert story.verdict.reasons == ("size <= 3MB: no value (reports/size.json is not there)",)
    assert next_steps(story)[0].text == (
        "rule `size <= 3MB` has no value (reports/size.json is not there): bring in what it measures, or remove the rule"
    )
