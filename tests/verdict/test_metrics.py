"""The numbers that rules speak of, and why some have no value."""

import pytest
from msgspec.structs import replace
from verdict_words import demand, evidence, labelled, met, ran, trouble, unmet

from releasegate.config.rules import METRICS as KNOWN
from releasegate.model import Label, Level
from releasegate.verdict.metrics import METRICS, facts_of, observe

MIXED = (
    labelled("a.passed", Label.PASSED, weight=4.0),
    labelled("a.flaky", Label.FLAKY),
    labelled("a.failed", Label.FAILED, critical=True),
    labelled("a.regression", Label.REGRESSION),
    labelled("b.unproven", Label.UNPROVEN),
    labelled("b.environment", Label.ENVIRONMENT),
    labelled("b.muted", Label.MUTED),
    labelled("b.skipped", Label.SKIPPED),
    labelled("b.advisory", Label.FAILED, advisory=True),
)


def value(metric, *checks, duration_s=2.0, **more):
    return observe(metric, facts_of(checks, duration_s), **more).value


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("pass_rate", 2 / 6),
        ("score", 5 / 9),
        ("failed", 2),
        ("critical.failed", 1),
        ("regressions", 1),
        ("excused", 1),
        ("flaky", 1),
        ("unproven", 1),
        ("warned", 0),
        ("fallbacks", 0),
        ("leaked", 0),
        ("timeouts", 0),
        ("duration", 2.0),
        ("red_capable", 1.0),
        ("suite.a.pass_rate", 0.5),
        ("suite.a.critical.failed", 1),
        ("suite.b.pass_rate", 0.0),
        ("check.a.failed.failed", 1),
        ("check.a.passed.pass_rate", 1.0),
    ],
)
def test_each_metric_counts_what_it_says(metric, expected):
    assert value(metric, *MIXED) == pytest.approx(expected, abs=1e-12)


def test_excused_skipped_and_advisory_checks_are_not_in_the_denominator():
    counted = {check.id for check in facts_of(MIXED, 0.0).counted}
    assert {"b.muted", "b.skipped", "b.advisory"}.isdisjoint(counted)
    assert len(counted) == 6


def test_nothing_excuses_a_critical_check():
    check = labelled("a.b", Label.MUTED, critical=True)
    assert value("pass_rate", check) == 0
    assert value("excused", check) == 0


def test_a_count_is_a_share_where_the_rule_speaks_of_one():
    checks = [labelled("a.flaky", Label.FLAKY), *(labelled(f"a.c{n}", Label.PASSED) for n in range(4))]
    assert value("flaky", *checks, share=True) == 0.2
    assert value("flaky", *checks) == 1


def test_a_suite_is_not_another_whose_name_begins_alike():
    assert value("suite.a.failed", labelled("a.x", Label.PASSED), labelled("ab.x", Label.FAILED)) == 0


def test_a_family_of_cases_is_named_together_and_one_by_one():
    checks = (labelled("a.c[x]", Label.FAILED), labelled("a.c[y]", Label.PASSED))
    assert value("check.a.c.failed", *checks) == 1
    assert value("check.a.c[y].failed", *checks) == 0


@pytest.mark.parametrize(("name", "expected"), [("p50", 0.10), ("p95", 0.19), ("max", 0.20)])
def test_percentiles_are_the_nearest_rank_of_samples_that_passed(name, expected):
    samples = tuple(met(duration_s=n / 100) for n in range(20, 0, -1))
    check = replace(ran("a.b"), samples=(*samples, unmet(duration_s=9.0)))
    assert value(f"latency.{name}", check) == expected


@pytest.mark.parametrize(("name", "least"), [("latency.p95", 20), ("latency.p99", 100)])
def test_a_percentile_without_enough_samples_has_no_value(name, least):
    def check(count):
        return replace(ran("a.b"), samples=tuple(met() for _ in range(count)))

    assert value(name, check(least)) == 0.01
    assert value(name, check(least - 1)) is None
    assert f"needs {least} samples" in observe(name, facts_of((check(least - 1),), 0.0)).note


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (trouble("timeout"), 3),
        (trouble("refused"), 0),
        (unmet(signature="websocket timeout waiting for agent_thinking"), 3),
        (unmet(signature="http timeout status 503"), 0),
    ],
    ids=["trouble", "another trouble", "an awaited event", "a step of that name"],
)
def test_timeouts_count_samples_that_waited_in_vain(sample, expected):
    assert value("timeouts", ran("a.b", "✗✗✗", each={"✗": sample})) == expected


def test_warned_counts_checks_whose_warning_bound_was_broken():
    slow = met(expectations=(demand(200), demand(412, level=Level.WARN)))
    assert value("warned", ran("a.b", each={"✓": slow}), ran("a.c")) == 1


def test_leaked_adds_up_and_fallbacks_count_identities_once():
    check = ran("a.b", each={"✓": met(leaked=2, fallback="user")})
    assert value("leaked", check) == 14
    assert value("fallbacks", check) == 1
    assert observe("fallbacks", facts_of((check,), 0.0, ("user", "admin"))).value == 2
    assert value("suite.c.fallbacks", check, ran("c.d")) == 0


def test_red_capable_is_a_share_of_what_is_green():
    checks = (ran("a.a"), ran("a.b", red_capable=False), ran("a.c", red_capable=None), ran("a.d", "✗✗✗"))
    assert value("red_capable", *checks) == pytest.approx(1 / 3)


def test_contacted_counts_checks_that_somebody_answered():
    assert value("contacted", ran("a.a"), ran("a.b", "!!!")) == 0.5


def test_the_duration_of_a_suite_is_from_its_first_sample_to_its_last():
    first = ran("a.b", "✓", profile="single", each={"✓": met(started="2026-03-01T12:00:00.000Z")})
    last = ran("a.c", "✓", profile="single", each={"✓": met(started="2026-03-01T12:00:02.500Z", duration_s=0.5)})
    assert value("suite.a.duration", first, last) == pytest.approx(3.0)


def test_the_duration_of_a_suite_without_readable_times_has_no_value():
    check = ran("a.b", each={"✓": met(started="soon")})
    assert value("suite.a.duration", check) is None


def test_scores_of_awkward_weights_do_not_miss_a_round_threshold():
    checks = [labelled(f"a.c{n}", Label.PASSED, weight=0.1) for n in range(19)]
    assert value("score", *checks, labelled("a.bad", Label.FAILED, weight=0.1)) >= 0.95


@pytest.mark.parametrize("metric", ["memory.peak", "contract.breaking", "tests.failed", "architecture-compliance"])
def test_what_is_not_measured_yet_has_no_value_and_says_so(metric):
    seen = observe(metric, facts_of(MIXED, 0.0))
    assert seen.value is None
    assert seen.applicable
    assert seen.note


def test_a_subject_that_was_left_out_makes_its_rule_not_applicable():
    seen = observe("suite.c.pass_rate", facts_of(MIXED, 0.0), left_out=("c.d",))
    assert seen.value is None
    assert not seen.applicable


def test_a_subject_that_nobody_left_out_and_that_did_not_run_has_no_value():
    seen = observe("suite.c.pass_rate", facts_of(MIXED, 0.0), left_out=("cc.d",))
    assert seen.applicable
    assert seen.note == "nothing of suite c was run"


def test_every_metric_of_the_language_is_measured_or_known_not_to_be():
    assert set(KNOWN) - set(METRICS) == {"memory.peak", "contract.breaking"}
    assert set(METRICS) <= set(KNOWN)


def test_retries_and_leaks_are_counted_over_all_samples_also_of_one_that_was_cut_off():
    sound = ran("a.b", "✓✓✓✓✓✓✓", each={"✓": met(retries=1, leaked=2)})
    cut_off = replace(ran("a.c", "✓"), unfinished=unmet(leaked=1, retries=1))
    assert value("leaked", sound, cut_off) == 15
    assert value("retries", sound, cut_off) == 7
    assert value("check.a.c.leaked", sound, cut_off) == 1


def test_a_check_that_is_flaky_by_its_retries_counts_as_flaky():
    (check,) = evidence(ran("a.b", each={"✓": met(retries=1)})).checks
    assert value("flaky", check) == 1


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("check.b.advisory.failed", 1),
        ("check.b.advisory.pass_rate", 0),
        ("check.b.advisory.contacted", 0),
        ("suite.b.failed", 0),
        ("failed", 2),
    ],
)
def test_a_metric_that_names_an_advisory_check_sees_it_and_no_other_does(metric, expected):
    assert value(metric, *MIXED) == expected


def test_critical_failures_are_seen_though_they_are_advisory():
    assert value("critical.failed", labelled("a.b", Label.FAILED, critical=True, advisory=True)) == 1


@pytest.mark.parametrize(
    ("metric", "left_out", "applicable"),
    [
        ("latency.p95", ["b.c"], False),
        ("suite.a.latency.p95", ["a.c"], False),
        ("suite.a.latency.p95", ["b.c"], True),
        ("latency.p95", [], True),
        ("latency.p50", ["b.c"], True),
        ("pass_rate", ["b.c"], True),
    ],
)
def test_a_percentile_that_only_what_was_left_out_could_carry_is_not_applicable(metric, left_out, applicable):
    seen = observe(metric, facts_of([ran("a.b")], 1.0), left_out=left_out)
    assert seen.applicable is applicable
    assert applicable or seen.note == "latency.p95 needs 20 samples, and what was left out leaves fewer"


def test_never_green_04_a_percentile_whose_samples_were_planned_and_not_met_has_no_value_whatever_was_left_out():
    checks = [ran("a.b"), ran("a.c"), ran("a.d", "✗✗✗")]
    seen = observe("latency.p95", facts_of(checks, 1.0), left_out=["b.c"])
    assert (seen.value, seen.applicable) == (None, True)
