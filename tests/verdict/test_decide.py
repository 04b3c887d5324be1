"""The order in which the verdict is decided, each step by a table."""

import pytest
from verdict_words import FAILED_CONTROL, decided, labelled, met, ran, unmet

from releasegate.model import Identity, Label, Level, RuleResult, State

PASSED = labelled("a.good", Label.PASSED, weight=10.0)
BROKEN_COMMIT = Identity(
    judged="c" * 40, holds=False, problem=f"api runs {'d' * 40}, the commit to judge is {'c' * 40}"
)
UNREAD = Identity(judged="c" * 40, holds=None, problem="api: its revision could not be read")


def result(held, level=Level.FAIL, **more):
    given = {"rule": "pass_rate >= 95%", "metric": "pass_rate", "observed": None if held is None else 0.5}
    return RuleResult(**{**given, "held": held, "level": level, **more})


BLOCK, WARN, VALUELESS = result(False), result(False, Level.WARN), result(None, note="none")


@pytest.mark.parametrize(
    ("label", "state"),
    [
        (Label.PASSED, State.STABLE),
        (Label.FLAKY, State.STABLE),
        (Label.SKIPPED, State.STABLE),
        (Label.FAILED, State.UNSTABLE),
        (Label.REGRESSION, State.UNSTABLE),
        (Label.UNPROVEN, State.INCONCLUSIVE),
        (Label.ENVIRONMENT, State.INCONCLUSIVE),
        (Label.PRE_EXISTING, State.DEGRADED),
        (Label.KNOWN_FLAKY, State.DEGRADED),
        (Label.MUTED, State.DEGRADED),
    ],
)
def test_each_label_has_its_effect(label, state):
    assert decided(PASSED, labelled("a.other", label)).state is state


@pytest.mark.parametrize("label", [Label.FAILED, Label.UNPROVEN, Label.ENVIRONMENT, Label.REGRESSION])
def test_an_advisory_check_that_does_not_pass_degrades(label):
    verdict = decided(PASSED, labelled("a.other", label, advisory=True))
    assert verdict.state is State.DEGRADED
    assert verdict.reasons == ("advisory and not passed: a.other",)


def test_an_advisory_check_that_was_left_out_changes_nothing():
    assert decided(PASSED, labelled("a.other", Label.SKIPPED, advisory=True)).state is State.STABLE


@pytest.mark.parametrize("label", [Label.MUTED, Label.PRE_EXISTING, Label.KNOWN_FLAKY])
def test_no_excuse_holds_for_a_critical_check(label):
    assert decided(PASSED, labelled("a.other", label, critical=True)).state is State.UNSTABLE


@pytest.mark.parametrize(
    ("what", "state", "exit_code"),
    [
        ({}, State.STABLE, 0),
        ({"rules": [WARN]}, State.DEGRADED, 0),
        ({"fallbacks": ["user"]}, State.DEGRADED, 0),
        ({"red_before": 2}, State.DEGRADED, 0),
        ({"rules": [VALUELESS]}, State.INCONCLUSIVE, 11),
        ({"rules": [result(None, Level.WARN, note="none")]}, State.INCONCLUSIVE, 11),
        ({"rules": [result(None, applicable=False)]}, State.STABLE, 0),
        ({"deadline_reached": True}, State.INCONCLUSIVE, 11),
        ({"identity": UNREAD}, State.INCONCLUSIVE, 11),
        ({"rules": [BLOCK]}, State.UNSTABLE, 10),
        ({"interrupted": True}, State.INCONCLUSIVE, 130),
        ({"interrupted": True, "advisory": True}, State.INCONCLUSIVE, 130),
        ({"rules": [BLOCK], "advisory": True}, State.UNSTABLE, 0),
        ({"control": FAILED_CONTROL, "advisory": True}, State.INCONCLUSIVE, 0),
        ({"control": FAILED_CONTROL}, State.INCONCLUSIVE, 11),
        ({"identity": BROKEN_COMMIT}, State.INCONCLUSIVE, 11),
    ],
)
def test_what_stands_beside_the_checks_decides_with_them(what, state, exit_code):
    verdict = decided(PASSED, **what)
    assert (verdict.state, verdict.exit_code) == (state, exit_code)
    assert verdict.reasons


@pytest.mark.parametrize(
    "void",
    [{"interrupted": True}, {"control": FAILED_CONTROL}, {"identity": BROKEN_COMMIT}],
    ids=lambda what: next(iter(what)),
)
def test_void_evidence_outweighs_a_failure(void):
    verdict = decided(PASSED, labelled("a.other", Label.FAILED), **void)
    assert verdict.state is State.INCONCLUSIVE
    assert "FAILED: a.other" in verdict.reasons[1:]


@pytest.mark.parametrize(
    "lesser", [{"deadline_reached": True}, {"rules": [VALUELESS]}, {"identity": UNREAD}, {"rules": [WARN]}]
)
def test_a_failure_outweighs_what_is_undecided_or_warned_of(lesser):
    assert decided(PASSED, labelled("a.other", Label.FAILED), **lesser).state is State.UNSTABLE


def test_what_is_undecided_outweighs_a_warning():
    assert decided(PASSED, labelled("a.other", Label.UNPROVEN), rules=[WARN]).state is State.INCONCLUSIVE


def test_reasons_name_the_critical_and_the_weightiest_first_and_count_the_rest():
    failed = [labelled(f"a.c{n}", Label.FAILED, weight=float(n)) for n in range(12)]
    critical = labelled("z.critical", Label.FAILED, critical=True, weight=0.0)
    assert decided(PASSED, *failed, critical).reasons == ("FAILED: z.critical, a.c11, a.c10, a.c9, a.c8 and 8 more",)


def test_a_group_is_one_reason():
    from releasegate.verdict.label import label_checks

    checks = label_checks(
        tuple(ran(f"a.c{n}", "!!!") for n in range(4)), control=FAILED_CONTROL.__class__(held=True), foreign=frozenset()
    )
    first = decided(*checks, PASSED).reasons[0]
    assert first == "api does not answer (connect refused): the commit does not start, or staging is down (4 checks)"


def test_both_commits_are_named_when_staging_runs_another():
    reason = decided(PASSED, identity=BROKEN_COMMIT).reasons[0]
    assert "c" * 40 in reason
    assert "d" * 40 in reason


def test_an_earlier_red_verdict_is_told_in_words_that_hold_whatever_the_verdict_is_now():
    assert decided(PASSED, red_before=2).reasons == ("red 2 times before on this commit",)
    assert decided(labelled("a.b", Label.FAILED), red_before=1).reasons[-1] == "red once before on this commit"


def test_a_login_that_fell_back_within_a_sample_degrades_too():
    fell = ran("a.b", "✓", profile="single", each={"✓": met(fallback="gate-user")})
    assert decided(fell, fallbacks=("gate-user",)).reasons == ("the login of gate-user failed, its fallback was used",)


def test_the_score_is_the_passed_share_of_the_weight():
    assert decided(PASSED, labelled("a.other", Label.FAILED, weight=30.0)).score == 0.25
    assert decided(labelled("a.other", Label.MUTED)).score is None


def test_a_flaky_pass_is_told_in_a_stable_verdict():
    assert decided(PASSED, labelled("a.b", Label.FLAKY)).reasons == ("2 of 2 checks passed, 1 of them flaky",)


@pytest.mark.parametrize(
    ("excused", "whole", "state"),
    [(2.0, 8.0, State.DEGRADED), (2.1, 8.0, State.INCONCLUSIVE), (0.0, 8.0, State.DEGRADED)],
)
def test_at_most_a_fifth_of_the_weight_may_be_excused(excused, whole, state):
    assert (
        decided(labelled("a.a", Label.PASSED, weight=whole), labelled("a.b", Label.MUTED, weight=excused)).state
        is state
    )


def test_where_nothing_has_a_weight_excuses_are_bounded_by_number():
    checks = [labelled("a.good", Label.PASSED, weight=0.0), labelled("a.off", Label.MUTED, weight=0.0)]
    assert decided(*checks).state is State.INCONCLUSIVE


def test_skipped_checks_do_not_dilute_what_is_excused():
    skipped = [labelled(f"s.c{n}", Label.SKIPPED) for n in range(20)]
    checks = [labelled("a.good", Label.PASSED), labelled("a.off", Label.MUTED)]
    assert decided(*checks, *skipped).state is State.INCONCLUSIVE


def test_a_rule_in_percent_says_what_was_observed_in_percent():
    assert decided(PASSED, rules=[BLOCK]).reasons == ("pass_rate >= 95%: observed 50%",)


def test_an_unmet_sample_alone_is_no_reason():
    assert decided(ran("a.b", "✗✓✓✓✓✓✓✓✓✓✓✓✓", each={"✗": unmet()})).state is State.STABLE
