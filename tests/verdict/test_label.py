"""What the gate concludes about each check, and why."""

import math

import pytest
from msgspec.structs import replace
from verdict_words import FAILED_CONTROL, NO_CONTROL, met, ran, trouble, unmet

from releasegate.model import Label, Trouble
from releasegate.verdict.label import groups, label_checks

NOTHING = frozenset()


def label(*checks, control=NO_CONTROL, foreign=NOTHING):
    return label_checks(checks, control=control, foreign=foreign)


def one(check, **more):
    return label(check, **more)[0]


@pytest.mark.parametrize(
    ("drawn", "profile", "expected"),
    [
        ("✓✓✓✓✓✓✓", "standard", Label.PASSED),
        ("✗✓✓✓✓✓✓✓✓✓✓✓✓", "standard", Label.FLAKY),
        ("✗✗✗", "standard", Label.FAILED),
        ("✗✓✗✓✓✗✓✓✓✗✓✓✓✓✗", "standard", Label.UNPROVEN),
        ("✓✓✓", "standard", Label.UNPROVEN),
        ("", "standard", Label.UNPROVEN),
        ("✓✓✓✓✓", "lean", Label.PASSED),
        ("✗✗✗", "lean", Label.FAILED),
        ("✓", "single", Label.PASSED),
        ("✗✓✓✓", "single", Label.FLAKY),
        ("✗✗", "single", Label.FAILED),
        ("✗", "once", Label.FAILED),
    ],
)
def test_samples_alone_give_the_label_when_nothing_else_is_known(drawn, profile, expected):
    assert one(ran("a.b", drawn, profile=profile)).label is expected


def test_a_label_that_contradicts_its_samples_is_refused():
    with pytest.raises(ValueError, match=r"a\.b says PASSED, its samples say FAILED"):
        one(replace(ran("a.b", "✗✗✗"), label=Label.PASSED))


def test_samples_after_the_deciding_one_are_refused():
    with pytest.raises(ValueError, match="after the one that decided"):
        one(replace(ran("a.b"), samples=(met(),) * 8))


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf, 1e300])
def test_a_weight_that_is_none_is_refused(weight):
    with pytest.raises(ValueError, match="weight"):
        one(ran("a.b", weight=weight))


def test_a_failure_says_how_many_samples_failed_and_how():
    assert one(ran("a.b", "✓✗✗✗")).reason == "3 of 4 samples failed: http status 503"


def test_a_failure_with_several_signatures_names_the_commonest_and_counts_the_rest():
    check = ran("a.b", "✗✗!")
    assert one(check).reason == "3 of 3 samples failed: http status 503 (2 times; 1 other signatures)"


def test_samples_that_do_not_decide_say_so():
    reason = one(ran("a.b", "✗✓✗✓✓✗✓✓✓✗✓✓✓✓✗")).reason
    assert reason.startswith("fails too often to pass, too seldom to call broken: 5 of 15 samples failed")


def test_a_check_that_was_not_sampled_to_its_end_says_why():
    assert one(ran("a.b", "✓✓")).reason == "the run's deadline was reached after 2 of its samples"


def test_a_flaky_check_says_what_failed_and_how_sure_it_is():
    check = one(ran("a.b", "✗✓✓✓✓✓✓✓✓✓✓✓✓"))
    assert check.reason == "1 of 13 samples failed: http status 503"
    assert check.strength.startswith("12/13 in 0.8 s.")


def test_a_passed_check_has_a_strength_and_no_reason():
    check = one(ran("a.b"))
    assert check.reason is None
    assert check.strength


@pytest.mark.parametrize("drawn", ["✗✗✗", "✓✓✓", "✗✓✗✓✓✗✓✓✓✗✓✓✓✓✗", ""])
def test_when_the_control_failed_every_check_that_did_not_pass_is_environment(drawn):
    check = one(ran("a.b", drawn), control=FAILED_CONTROL)
    assert check.label is Label.ENVIRONMENT
    assert check.reason.startswith("the control failed; ")


def test_when_the_control_failed_a_green_check_stays_green():
    assert one(ran("a.b"), control=FAILED_CONTROL).label is Label.PASSED


def test_a_failure_at_a_foreign_target_is_environment():
    check = one(ran("a.b", "!!!", each={"!": trouble(target="auth")}), foreign=frozenset({"auth"}))
    assert check.label is Label.ENVIRONMENT
    assert check.reason.startswith("auth is not ours and failed; 3 of 3")


def test_failures_at_a_foreign_target_and_at_ours_are_ours():
    check = ran("a.b", "✗!!", each={"!": trouble(target="auth")})
    assert one(check, foreign=frozenset({"auth"})).label is Label.FAILED


def test_a_twin_that_is_one_of_many_cases_counts_with_its_own_case():
    checks = (ran("a.good[x]"), ran("a.good[y]", "✗✗✗"), ran("a.bad[x]", twin="a.good"), ran("a.bad[y]", twin="a.good"))
    assert [c.label for c in label(*checks)][2:] == [Label.PASSED, Label.UNPROVEN]


def test_a_twin_without_cases_needs_the_whole_family():
    checks = (ran("a.good[x]"), ran("a.good[y]", "✗✗✗"), ran("a.bad", twin="a.good"))
    assert label(*checks)[2].label is Label.UNPROVEN


def test_a_twin_may_name_one_case():
    checks = (ran("a.good[x]"), ran("a.good[y]", "✗✗✗"), ran("a.bad", twin="a.good[x]"))
    assert label(*checks)[2].label is Label.PASSED


def test_a_twin_that_itself_counts_no_more_takes_the_check_with_it():
    checks = (ran("a.one", twin="a.two"), ran("a.two", twin="a.three"), ran("a.three", "✗✗✗"))
    assert [c.label for c in label(*checks)] == [Label.UNPROVEN, Label.UNPROVEN, Label.FAILED]


def test_twins_of_each_other_pass_together():
    checks = (ran("a.one", twin="a.two"), ran("a.two", twin="a.one"))
    assert [c.label for c in label(*checks)] == [Label.PASSED, Label.PASSED]


def test_a_failing_check_fails_whatever_its_twin_does():
    assert label(ran("a.one", "✗✗✗", twin="a.two"), ran("a.two", "✗✗✗"))[0].label is Label.FAILED


def test_checks_that_cannot_reach_one_target_are_one_group_and_each_failed():
    checks = label(*(ran(f"a.c{n}", "!!!") for n in range(3)), ran("a.good"))
    (group,) = groups(checks)
    assert group.ids == ("a.c0", "a.c1", "a.c2")
    assert group.sentence == "api does not answer (connect refused): the commit does not start, or staging is down"
    assert [c.label for c in checks[:3]] == [Label.FAILED] * 3
    assert {c.reason for c in checks[:3]} == {group.sentence}


@pytest.mark.parametrize(
    ("dead", "alive"),
    [(2, 0), (3, 4)],
    ids=["too few", "less than half of the target's checks"],
)
def test_fewer_failures_are_no_group(dead, alive):
    checks = [ran(f"a.d{n}", "!!!") for n in range(dead)] + [ran(f"a.l{n}") for n in range(alive)]
    assert groups(label(*checks)) == ()


def test_answers_that_are_wrong_alike_are_no_group():
    assert groups(label(*(ran(f"a.c{n}", "✗✗✗") for n in range(4)))) == ()


def test_different_troubles_are_no_group():
    mixed = [ran(f"a.c{n}", "!!!", each={"!": trouble(reason)}) for n, reason in enumerate(("refused", "reset", "dns"))]
    assert groups(label(*mixed)) == ()


def test_with_a_failed_control_there_is_no_group_of_ours():
    assert groups(label(*(ran(f"a.c{n}", "!!!") for n in range(3)), control=FAILED_CONTROL)) == ()


def test_a_trouble_that_names_no_target_is_grouped_by_the_samples_target():
    anonymous = trouble()
    anonymous = replace(anonymous, trouble=replace(anonymous.trouble, target=None))
    assert len(groups(label(*(ran(f"a.c{n}", "!!!", each={"!": anonymous}) for n in range(3))))) == 1


def test_a_green_sample_whose_duration_is_no_number_proves_nothing():
    check = one(ran("a.b", each={"✓": met(duration_s=math.nan)}))
    assert check.label is Label.UNPROVEN


def test_a_failing_sample_without_contact_is_still_a_failure():
    assert one(ran("a.b", "✗✗✗", each={"✗": unmet(contact=())})).label is Label.FAILED


CLOSED = "the connection was closed before a byte; sent again"
LIMITED = "read: 429 Too Many Requests; sent again after 0 s, as Retry-After asks"


@pytest.mark.parametrize(
    ("notes", "drawn", "reason"),
    [
        ((CLOSED,), "↻✓↻✓✓✓↻", "3 of 7 samples passed only when they were sent again: the connection was closed before a byte"),
        ((CLOSED,), "↻✓✓✓✓✓✓", "1 of 7 samples passed only when it was sent again: the connection was closed before a byte"),
        (("redirect to x not followed: y", LIMITED), "↻↻↻↻↻↻↻", "7 of 7 samples passed only when they were sent again: read: 429 Too Many Requests"),
        ((), "↻✓✓✓✓✓✓", "1 of 7 samples passed only when it was sent again"),
        ((CLOSED,), "✗↻✓✓✓✓✓✓✓✓✓✓✓", "1 of 13 samples failed: http status 503; 1 of 13 samples passed only when it was sent again: the connection was closed before a byte"),
    ],
)  # fmt: skip
def test_a_check_that_passed_only_because_a_request_was_sent_twice_is_flaky(notes, drawn, reason):
    samples = {"↻": met(retries=1, notes=notes), "✓": met(), "✗": unmet()}
    label_now = Label.FLAKY if "✗" in drawn else Label.PASSED
    check = one(ran("a.b", "".join("✓" if mark == "↻" else mark for mark in drawn), label=label_now))
    check = one(replace(check, label=label_now, samples=tuple(samples[mark] for mark in drawn)))
    assert check.label is Label.FLAKY
    assert check.reason == reason
    assert check.strength


def test_a_retry_in_a_sample_that_failed_all_the_same_excuses_nothing():
    check = one(ran("a.b", "✗✗✗", each={"✗": unmet(retries=1, notes=(CLOSED,))}))
    assert check.label is Label.FAILED
    assert check.reason == "3 of 3 samples failed: http status 503"


def test_a_target_that_answers_brokenly_is_not_said_to_be_silent():
    cut = Trouble(phase="transfer", reason="protocol", message="cut", target="api")
    samples = tuple(replace(sample, trouble=cut) for sample in ran("a.x", "!!!").samples)
    broken = [replace(ran(f"a.c{n}", "!!!"), samples=samples) for n in range(3)]
    (group,) = groups(label(*broken, ran("a.good")))
    assert group.sentence == "api fails all alike (transfer protocol): one cause, in the commit or on the way to it"
