"""The cases that have turned some real gate green, by their number in the list: as far as labels, rules and order see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from verdict_words import (
    FAILED_CONTROL,
    NO_CONTROL,
    decided,
    evidence,
    labelled,
    measured,
    met,
    ran,
    rule,
    trouble,
    unmet,
)

from releasegate.config.rules import parse_rule
from releasegate.model import Identity, Label, Outcome, State
from releasegate.sampling import PROFILES, conclude
from releasegate.verdict.label import label_checks
from releasegate.verdict.outcome import outcome_of

RED = (State.UNSTABLE, State.INCONCLUSIVE)
GOOD = ran("a.good")


def state(*checks, rules=(), **more):
    return evidence(*checks, rules=rules, **more).verdict.state


def test_never_green_01_no_checks():
    verdict = evidence().verdict
    assert (verdict.state, verdict.exit_code, verdict.reasons) == (State.INCONCLUSIVE, 11, ("nothing was checked",))


def test_never_green_01_every_check_skipped():
    assert decided(labelled("a.b", Label.SKIPPED)).state is State.INCONCLUSIVE


def test_never_green_01_every_check_left_out_and_every_rule_with_it():
    left_out = ({"id": "a.b", "reason": "not selected"},)
    assert state(rules=(rule("suite.a.pass_rate >= 95%"),), left_out=left_out) is State.INCONCLUSIVE


def test_never_green_03_a_sample_that_demands_nothing_meets_nothing():
    assert outcome_of(()) is Outcome.UNMET


@pytest.mark.parametrize("text", ["memory.peak <= 300MiB", "contract.breaking == 0", "suite.gone.pass_rate >= 1%"])
@pytest.mark.parametrize("level", ["fail", "warn"])
def test_never_green_04_a_metric_that_a_rule_needs_is_absent(text, level):
    made = evidence(GOOD, rules=(rule(text, level),))
    assert made.verdict.state is State.INCONCLUSIVE
    assert made.verdict.reasons[0].startswith(f"{text}: no value (")


def test_never_green_05_a_duration_that_is_no_number():
    odd = ran("a.b", each={"✓": met(duration_s=float("nan"))})
    assert state(odd, GOOD) is State.INCONCLUSIVE
    assert state(GOOD, rules=(rule("duration >= 0s"),), run={"duration_s": float("inf")}) is State.INCONCLUSIVE


@pytest.mark.parametrize("drawn", ["", "✓", "✓✓✓✓✓✓"])
def test_never_green_07_a_sample_never_taken(drawn):
    made = evidence(GOOD, ran("a.b", drawn))
    assert made.verdict.state is State.INCONCLUSIVE
    assert made.checks[1].label is Label.UNPROVEN


def test_never_green_07_cancelled_before_the_end():
    assert state(GOOD, run={"interrupted": True}) is State.INCONCLUSIVE


def test_never_green_07_a_check_said_to_be_incomplete_is_not_green_whatever_its_samples():
    assert state(GOOD, ran("a.b", not_sampled="its shard is missing")) is State.INCONCLUSIVE


def test_never_green_08_the_runs_own_deadline_reached():
    verdict = evidence(GOOD, run={"deadline_reached": True}).verdict
    assert (verdict.state, verdict.reasons) == (State.INCONCLUSIVE, ("the run's deadline was reached",))


@pytest.mark.parametrize("text", ["pass_rate >= baseline", "latency.p50 <= 110% of baseline"])
def test_never_green_09_no_baseline_where_a_rule_needs_one(text):
    assert state(GOOD, rules=(rule(text),)) is State.INCONCLUSIVE


@pytest.mark.parametrize(
    ("sample", "label", "expected"),
    [
        (trouble("refused"), Label.FAILED, State.UNSTABLE),
        (trouble("dns"), Label.FAILED, State.UNSTABLE),
        (unmet(401), Label.FAILED, State.UNSTABLE),
        (trouble("refused", target="auth"), Label.ENVIRONMENT, State.INCONCLUSIVE),
    ],
    ids=["staging down", "no such name", "auth rejected", "auth down"],
)
def test_never_green_11_staging_down_or_auth_rejected(sample, label, expected):
    made = evidence(*(ran(f"a.c{n}", "!!!", each={"!": sample}) for n in range(4)), foreign=("auth",))
    assert {check.label for check in made.checks} == {label}
    assert made.verdict.state is expected


def test_never_green_11_the_control_failed_and_all_else_with_it():
    checks = (ran(f"a.c{n}", "!!!") for n in range(3))
    verdict = evidence(*checks, control=FAILED_CONTROL).verdict
    assert verdict.state is State.INCONCLUSIVE
    assert "the control failed" in verdict.reasons[0]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("starts_met", [True, False])
def test_never_green_13_alternation_passes_no_profile_that_repeats(profile, starts_met):
    drawn, met_next = "", starts_met
    while (label := conclude(profile, (mark == "✓" for mark in drawn))) is None:
        drawn += "✓" if met_next else "!"
        met_next = not met_next
    if not (starts_met and profile in {"single", "once"}):  # there the first sample decides
        assert label in {Label.FAILED, Label.UNPROVEN}
        assert state(GOOD, ran("a.b", drawn, profile=profile)) in RED


@pytest.mark.parametrize("profile", PROFILES)
def test_never_green_14_no_table_tolerates_as_many_failures_as_it_takes_samples(profile):
    table = PROFILES[profile]
    for failures, passes in enumerate(table.passes_needed):
        assert failures < passes
    assert conclude(profile, [False] * min(table.broken_at)) is Label.FAILED


@pytest.mark.parametrize("profile", ["standard", "lean"])
@given(before=st.integers(0, 30), after=st.integers(0, 30))
def test_never_green_16_one_lucky_sample_among_many_bad_ones(profile, before, after):
    label, taken = None, []
    for met_now in [False] * before + [True] + [False] * after:
        taken.append(met_now)
        label = conclude(profile, taken)
        if label is not None:
            break
    assert label not in {Label.PASSED, Label.FLAKY}


def test_never_green_18_staging_runs_another_commit():
    other = Identity(judged="c" * 40, holds=False, problem=f"api runs {'d' * 40}, the commit to judge is {'c' * 40}")
    verdict = evidence(GOOD, identity=other).verdict
    assert verdict.state is State.INCONCLUSIVE
    assert "c" * 40 in verdict.reasons[0]
    assert "d" * 40 in verdict.reasons[0]


def test_never_green_18_the_commit_cannot_be_read():
    unread = Identity(judged="c" * 40, holds=None, problem="api: its revision could not be read")
    assert state(GOOD, identity=unread) is State.INCONCLUSIVE


def test_never_green_21_a_green_that_contacted_nobody():
    made = evidence(GOOD, ran("a.b", each={"✓": met(contact=())}))
    assert made.checks[1].label is Label.UNPROVEN
    assert made.checks[1].reason == "green without contact in 7 of 7 samples: nothing was looked at"
    assert made.verdict.state is State.INCONCLUSIVE


def test_never_green_21_one_sample_without_contact_is_enough():
    check = ran("a.b")
    samples = (*check.samples[:-1], met(contact=()))
    assert state(GOOD, replace(check, samples=samples)) is State.INCONCLUSIVE


def test_never_green_22_skipped_is_not_passed():
    checks = (labelled("a.good", Label.PASSED), labelled("a.b", Label.SKIPPED))
    assert decided(*checks).score == 1.0
    assert decided(*checks[1:]).score is None


@pytest.mark.parametrize("label", sorted(set(Label) - {Label.PASSED, Label.FLAKY}))
def test_never_green_24_nothing_passed(label):
    assert decided(labelled("a.b", label)).state in RED


def test_never_green_24_more_than_a_fifth_excused():
    checks = [labelled(f"a.c{n}", Label.PASSED) for n in range(7)] + [
        labelled(f"a.m{n}", Label.MUTED) for n in range(2)
    ]
    verdict = decided(*checks)
    assert verdict.state is State.INCONCLUSIVE
    assert verdict.reasons[0] == "22% of the weight is excused, at most 20% may be"


@pytest.mark.parametrize("twins", ["✗✗✗", "", None], ids=["fails", "was not sampled", "is not in the run"])
def test_never_green_30_a_refusal_is_green_only_while_its_twin_passes(twins):
    refusal = ran("a.rejects-strangers", twin="a.lifecycle")
    others = [] if twins is None else [ran("a.lifecycle", twins)]
    made = evidence(refusal, *others, GOOD)
    assert made.checks[0].label is Label.UNPROVEN
    assert made.checks[0].reason.startswith("it counts only while its twin passes; a.lifecycle ")
    assert made.verdict.state in RED


def test_never_green_30_with_its_twin_it_counts():
    assert state(ran("a.rejects-strangers", twin="a.lifecycle"), ran("a.lifecycle")) is State.STABLE


def test_never_green_17_a_label_that_its_samples_contradict_gives_no_verdict():
    with pytest.raises(ValueError, match=r"a\.b says PASSED, its samples say FAILED"):
        evidence(GOOD, replace(ran("a.b", "✗✗✗"), label=Label.PASSED))


def test_never_green_19_a_sample_more_or_less_than_what_decided_gives_no_verdict():
    check = ran("a.b")
    for samples in (check.samples[1:], (*check.samples, met())):
        with pytest.raises(ValueError, match=r"a\.b|there are samples after"):
            evidence(GOOD, replace(check, samples=samples))


BROUGHT = {level: parse_rule("compliance >= 90%", level, {"compliance": "%"}) for level in ("fail", "warn")}


@pytest.mark.parametrize("level", BROUGHT)
def test_never_green_35_a_metric_that_was_to_be_brought_along_and_was_not(level):
    assert state(GOOD, rules=(BROUGHT[level],)) is State.INCONCLUSIVE


UNUSABLE = {
    "4 absent": {"problem": "reports/compliance.json is not there"},
    "5 not a number": {"found": float("nan")},
    "5 beyond every bound": {"found": float("inf")},
    "35 stale": {"found": 98.7, "age_s": 86400.001},
    "35 of the future": {"found": 98.7, "age_s": -60.0},
    "35 of no age": {"found": 98.7, "age_s": None},
    "35 of another unit": {"found": 9870},
    "35 less than nothing": {"found": -1},
}


@pytest.mark.parametrize("level", BROUGHT)
@pytest.mark.parametrize("case", UNUSABLE)
def test_never_green_04_05_35_a_number_of_another_tool_that_cannot_be_used_decides_nothing(case, level):
    made = evidence(GOOD, rules=(BROUGHT[level],), metrics=(measured(**UNUSABLE[case]),))
    assert made.verdict.state is State.INCONCLUSIVE
    assert made.verdict.reasons[0] == f"compliance >= 90%: no value ({made.metrics[0].problem})"


@pytest.mark.parametrize(
    ("found", "level", "expected"),
    [
        (90, "fail", State.STABLE),
        (89.99, "fail", State.UNSTABLE),
        (89.99, "warn", State.DEGRADED),
        (0.987, "fail", State.UNSTABLE),
    ],
)
def test_a_number_of_another_tool_is_compared_in_its_unit(found, level, expected):
    assert state(GOOD, rules=(BROUGHT[level],), metrics=(measured(found=found),)) is expected


def test_a_metric_that_no_rule_speaks_of_decides_nothing():
    assert state(GOOD, metrics=(measured(problem="reports/compliance.json is not there"),)) is State.STABLE


def test_never_green_11_one_check_that_counts_among_advisory_ones_blocks_for_all_that_do_not_answer():
    advisory = [ran(f"a.c{n}", "!!!", advisory=True) for n in range(3)]
    verdict = evidence(GOOD, *advisory, ran("a.counts", "!!!")).verdict
    assert verdict.state is State.UNSTABLE
    assert verdict.reasons[0].startswith("api does not answer (connect refused)")


def test_advisory_checks_that_all_cannot_reach_a_target_degrade_and_do_not_block():
    verdict = evidence(GOOD, *(ran(f"a.c{n}", "!!!", advisory=True) for n in range(3))).verdict
    assert verdict.state is State.DEGRADED
    assert verdict.reasons == ("advisory and not passed: a.c0, a.c1, a.c2",)


def test_never_green_31_a_twin_of_a_family_without_members():
    refusal = label_checks((ran("a.refuses[x]", twin="a.family"),), control=NO_CONTROL, foreign=frozenset())[0]
    assert refusal.label is Label.UNPROVEN


def test_never_green_1_where_only_advisory_checks_ran_nothing_counts():
    verdict = evidence(ran("a.b", advisory=True), ran("a.c", "✗✗✗", advisory=True)).verdict
    assert verdict.state is State.INCONCLUSIVE
    assert verdict.reasons[0] == "nothing counts: every check is advisory, excused or skipped"


def test_never_green_24_what_passed_and_does_not_count_is_nothing_that_passed():
    verdict = evidence(ran("a.b", advisory=True), ran("a.c", "", profile="single")).verdict
    assert "nothing passed" in verdict.reasons


@pytest.mark.parametrize(("level", "expected"), [("fail", State.UNSTABLE), ("warn", State.DEGRADED)])
def test_a_rule_that_names_an_advisory_check_does_what_it_says(level, expected):
    rules = (rule("check.a.c.failed == 0", level),)
    verdict = evidence(GOOD, ran("a.c", "✗✗✗", advisory=True), rules=rules).verdict
    assert verdict.state is expected
    assert verdict.reasons[0] == f"check.a.c.failed == 0: observed 1{' (warns)' * (level == 'warn')}"
