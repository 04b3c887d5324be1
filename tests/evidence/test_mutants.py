"""Whether a green could have been red: every mutant must die, what survives is named, and nothing else is asked."""

from typing import Any

import pytest

from releasegate.evidence.mutants import NOTHING_JUDGED, red_capable
from releasegate.expect import VACUOUS, Demand, judge_json, violate_json
from releasegate.model import Expectation, Level


def of(*demands: Demand, value: Any, step: str | None = None) -> tuple[tuple[Expectation, ...], Any]:
    def judge(observation: Any) -> bool:
        return all(e.met for e in judge_json(demands, observation, {}) if e.level is Level.FAIL)

    return judge_json(demands, value, {}, step=step), judge


def test_a_check_whose_mutants_all_die_is_red_capable():
    expectations, judge = of(Demand("$.a", "equals", 1), Demand("$.b", "exists", True), value={"a": 1, "b": 2})
    assert red_capable(judge, {"a": 1, "b": 2}, expectations, violate_json, [("no answer", None)]) == (True, ())


def test_an_expectation_that_nothing_breaks_is_named_by_what_it_demands():
    expectations, judge = of(
        Demand("$.a", "matches", ".*"), Demand("$.a", "equals", "x"), value={"a": "x"}, step="create"
    )
    assert red_capable(judge, {"a": "x"}, expectations, violate_json) == (False, ('create: $.a matches ".*"',))


@pytest.mark.parametrize("given", [None, VACUOUS])
def test_no_mutant_means_vacuous(given):
    expectations, judge = of(Demand("$.a", "equals", 1), value={"a": 1})
    assert red_capable(judge, {"a": 1}, expectations, lambda _, __: given) == (False, ("$.a == 1",))


def test_a_mutant_that_the_judge_does_not_notice_is_named():
    expectations, _ = of(Demand("$.a", "equals", 1), value={"a": 1})
    assert red_capable(lambda _: True, {"a": 1}, expectations, violate_json) == (False, ("$.a == 1",))


def test_a_loss_that_the_judge_does_not_notice_is_named():
    expectations, judge = of(Demand("$.a", "exists", False), value={"b": 1})
    found = red_capable(judge, {"b": 1}, expectations, violate_json, [("an empty answer", {}), ("an error", {"a": 1})])
    assert found == (False, ("an empty answer",))


def test_a_falsy_mutant_is_a_mutant():
    expectations, judge = of(Demand("$", "equals", 1), value=1)
    assert red_capable(judge, 1, expectations, lambda _, __: 0) == (True, ())


def test_what_only_warns_is_not_asked():
    expectations, judge = of(Demand("$.a", "equals", 1), Demand("$.b", "min", 0, Level.WARN), value={"a": 1, "b": 1})
    assert red_capable(judge, {"a": 1, "b": 1}, expectations, violate_json) == (True, ())


@pytest.mark.parametrize("demands", [(), (Demand("$.b", "min", 0, Level.WARN),)])
def test_never_green_03_a_check_that_judges_nothing_is_not_red_capable(demands):
    expectations, judge = of(*demands, value={"b": 1})
    assert red_capable(judge, {"b": 1}, expectations, violate_json) == (False, (NOTHING_JUDGED,))


def test_never_green_06_a_judge_that_raises_on_a_mutant_is_a_bug_and_passes_through():
    expectations, _ = of(Demand("$.a", "equals", 1), value={"a": 1})

    def judge(_: Any) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        red_capable(judge, {"a": 1}, expectations, violate_json)


def test_each_name_stands_once():
    expectations, judge = of(*[Demand("$.a", "length", {"min": 0})] * 2, value={"a": "x"})
    assert red_capable(judge, {"a": "x"}, expectations, violate_json) == (False, ("$.a length ≥ 0",))
