"""A dependency that is down explains the checks above it, once; nobody's label changes for it."""

import pytest
from msgspec.structs import replace
from verdict_words import NO_CONTROL, beside, decided, demand, met, ran, trouble, unmet

from releasegate.model import CUT_OFF, Expectation, Label, Level, State, Trouble
from releasegate.verdict.explain import explanations, is_down
from releasegate.verdict.label import label_checks
from releasegate.verdict.outcome import outcome_of

LATE = Expectation(subject="latency", operator="max", demanded=0.5, found=[0.9], met=False, text="latency ≤ 500 ms")
DOWN = trouble(target="store", signature="tcp connect refused")
SLOW = unmet(expectations=(demand(200), LATE), signature="http latency max")


def labelled(*checks):
    return label_checks(checks, control=NO_CONTROL, foreign=frozenset())


def above(name, *readings, dep="d.store", drawn="✗✗✗", **more):
    """Give a failing check beside whose samples a dependency was read, one reading for each sample or one for all."""
    several = readings * 3 if len(readings) == 1 else readings
    check = ran(name, drawn, diagnose=(dep,), **more)
    samples = tuple(
        replace(sample, diagnosis=(beside(dep, reading),))
        for sample, reading in zip(check.samples, several, strict=True)
    )
    return replace(check, samples=samples)


def waiting(name, need, label=Label.FAILED):
    return ran(name, "", needs=(need,), not_sampled=f"needs {need}, which is {label.value}")


DEAD = ran("d.store", "!!!", each={"!": DOWN})


def test_a_dependency_that_is_down_explains_the_checks_above_it_once():
    checks = labelled(DEAD, *(above(f"a.c{n}", DOWN) for n in range(5)), waiting("a.waits", "d.store"))
    (found,) = explanations(checks)
    assert found.sentence == (
        "d.store is down (tcp connect refused): it explains 6 checks: a.c0, a.c1, a.c2, a.c3, a.c4 and 1 more"
    )
    verdict = decided(*checks)
    assert verdict.reasons == (found.sentence, "nothing passed")
    assert verdict.state is State.UNSTABLE


def test_labels_stay_and_reasons_say_why():
    checks = labelled(DEAD, above("a.one", DOWN), waiting("a.waits", "d.store"))
    assert [check.label for check in checks] == [Label.FAILED, Label.FAILED, Label.UNPROVEN]
    assert checks[1].reason == (
        "d.store is down (tcp connect refused), which explains it; 3 of 3 samples failed: http status 503"
    )
    assert checks[2].reason == "needs d.store, which is FAILED"


def test_the_weightiest_is_named_first():
    checks = labelled(
        DEAD, above("a.light", DOWN), above("a.heavy", DOWN, weight=3.0), above("a.vital", DOWN, critical=True)
    )
    assert explanations(checks)[0].ids == ("a.vital", "a.heavy", "a.light")


@pytest.mark.parametrize(
    "readings",
    [(SLOW,), (met(),), (DOWN, DOWN, met()), (met(), DOWN, DOWN), (trouble(CUT_OFF),), (trouble("not allowed"),)],
    ids=["only slow", "well", "well at one failure", "well at another", "not read to its end", "not allowed to look"],
)  # fmt: skip
def test_what_was_not_down_at_every_failure_explains_nothing(readings):
    checks = labelled(ran("d.store"), above("a.one", *readings))
    assert explanations(checks) == ()
    assert decided(*checks).reasons == ("FAILED: a.one",)


def test_a_dependency_that_passed_or_was_left_out_and_was_down_when_it_was_read_explains_all_the_same():
    passed = labelled(ran("d.store"), above("a.one", DOWN))
    left_out = labelled(ran("a.green"), above("a.one", DOWN))
    for checks in (passed, left_out):
        sentence = "d.store was down when it was read (tcp connect refused): it explains a.one"
        assert decided(*checks).reasons == (sentence,)
        assert checks[1].label is Label.FAILED


def test_an_answer_that_is_wrong_is_a_failure_and_not_silence():
    checks = labelled(ran("d.store", "✗✗✗"), above("a.one", unmet()))
    assert decided(*checks).reasons[0] == "d.store fails (http status 503): it explains a.one"


def test_what_explains_the_dependency_explains_what_stands_above_it():
    middle = above("b.middle", DOWN)
    checks = labelled(DEAD, middle, above("a.top", unmet(), dep="b.middle"), waiting("a.waits", "b.middle"))
    (found,) = explanations(checks)
    assert (found.dependency, found.ids) == ("d.store", ("b.middle", "a.top", "a.waits"))


def test_needs_that_lead_to_a_failure_are_told_with_it():
    checks = labelled(ran("a.root", "✗✗✗"), waiting("a.child", "a.root"), waiting("a.leaf", "a.child", Label.UNPROVEN))
    verdict = decided(*checks)
    assert verdict.reasons[0] == "a.root fails (http status 503): it explains 2 checks: a.child, a.leaf"
    assert verdict.state is State.UNSTABLE


def test_an_undecided_need_leaves_the_verdict_inconclusive_and_is_told_once():
    checks = labelled(ran("a.root", "✓✓"), waiting("a.child", "a.root", Label.UNPROVEN), ran("a.good"))
    verdict = decided(*checks)
    assert verdict.reasons == ("a.root is UNPROVEN: it explains a.child",)
    assert verdict.state is State.INCONCLUSIVE


def test_checks_that_call_each_other_down_explain_nothing():
    one, two = above("a.one", DOWN, dep="a.two"), above("a.two", DOWN, dep="a.one")
    assert explanations(labelled(one, two, above("a.top", DOWN, dep="a.one"))) == ()


def test_of_two_that_are_down_the_one_that_explains_most_is_told():
    both = replace(above("a.one", DOWN), diagnose=("d.cache", "d.store"))
    both = replace(
        both, samples=tuple(replace(s, diagnosis=(beside("d.cache", DOWN), *s.diagnosis)) for s in both.samples)
    )
    found = explanations(labelled(DEAD, both, above("a.two", DOWN)))
    assert [(one.dependency, one.ids) for one in found] == [("d.store", ("a.one", "a.two"))]


def test_a_group_at_one_target_counts_only_who_nothing_explains():
    checks = labelled(DEAD, above("a.one", DOWN, drawn="!!!"), *(ran(f"a.c{n}", "!!!") for n in range(3)))
    reasons = decided(*checks).reasons
    assert reasons[0] == "d.store is down (tcp connect refused): it explains a.one"
    assert (
        reasons[1] == "api does not answer (connect refused): the commit does not start, or staging is down (3 checks)"
    )


def test_an_advisory_failure_that_is_explained_blocks_nothing():
    checks = labelled(ran("a.good"), above("a.one", DOWN, advisory=True))
    verdict = decided(*checks)
    assert verdict.state is State.DEGRADED
    assert verdict.reasons == ("advisory and not passed: a.one",)


def test_a_sample_that_was_cut_off_is_explained_by_what_was_read_then():
    cut = trouble(CUT_OFF, diagnosis=(beside("d.store", DOWN),))
    check = ran("a.one", "", diagnose=("d.store",), unfinished=cut, not_sampled="its own deadline of 1 s was reached")
    assert explanations(labelled(DEAD, check))[0].ids == ("a.one",)


@pytest.mark.parametrize(
    ("sample", "down"),
    [
        (met(), False),
        (unmet(), True),
        (SLOW, False),
        (unmet(expectations=(demand(503), LATE)), True),
        (met(expectations=(demand(200), demand(503, level=Level.WARN))), False),
        (trouble(), True),
        (trouble("timeout"), True),
        (trouble(CUT_OFF), False),
        (replace(trouble(), trouble=Trouble(phase="login", reason="status 401", message="")), False),
        (replace(trouble(), trouble=Trouble(phase="authenticate", reason="WRONGPASS", message="")), False),
        (replace(trouble(), trouble=Trouble(phase="authenticate", reason="timeout", message="")), True),
        (replace(trouble(), trouble=Trouble(phase="command", reason="LOADING", message="")), True),
    ],
)  # fmt: skip
def test_down_is_more_than_slow_or_not_read(sample, down):
    assert is_down(sample) is down
    assert sample.trouble or sample.outcome is outcome_of(sample.expectations)


def test_a_check_that_passed_and_counts_for_nothing_is_not_explained_by_its_failure():
    flaky = above("a.flaky", DOWN, *[met()] * 3, drawn="✗✓✓✓", profile="single", twin="a.twin")
    flaky = replace(flaky, samples=(flaky.samples[0], *(met() for _ in range(3))))
    checks = labelled(DEAD, flaky, ran("a.twin", "✗✗✗"))
    assert checks[1].reason == "it counts only while its twin passes; a.twin is FAILED"
    assert explanations(checks) == ()


@pytest.mark.parametrize(
    ("phase", "reason", "state"),
    [
        ("connect", "status 502", "is down"),
        ("command", "closed", "is down"),
        ("command", "LOADING", "fails"),
    ],
)
def test_who_answered_fails_and_only_who_is_silent_is_down(phase, reason, state):
    said = replace(trouble(signature="why"), trouble=Trouble(phase=phase, reason=reason, message=""))
    (found,) = explanations(labelled(ran("d.store", "!!!", each={"!": said}), above("a.one", said)))
    assert found.state == f"{state} (why)"


def test_how_a_dependency_failed_before_it_passed_is_not_told_of_it():
    flaky = ran("d.store", "✗✓✓✓", profile="single")
    (found,) = explanations(labelled(flaky, above("a.one", DOWN)))
    assert (found.state, found.evidence) == ("was down when it was read (tcp connect refused)", DOWN)


def test_a_check_that_failed_and_passed_then_is_not_explained():
    flaky = above("a.flaky", DOWN, *[met()] * 3, drawn="✗✓✓✓", profile="single")
    checks = labelled(DEAD, flaky)
    assert checks[1].label is Label.FLAKY
    assert explanations(checks) == ()


def test_a_check_that_waited_for_something_else_is_not_explained_by_what_it_needs():
    late = ran("a.late", "", needs=("a.root",), not_sampled="the run's deadline was reached before it")
    assert explanations(labelled(ran("a.root", "✗✗✗"), late)) == ()


def test_a_failure_beside_which_nothing_was_read_keeps_it_unexplained_unless_it_was_cut_off():
    read = above("a.one", DOWN)
    unread = replace(read, samples=(*read.samples[:2], unmet()))
    assert explanations(labelled(DEAD, unread)) == ()
    cut = replace(read, unfinished=trouble(CUT_OFF))
    assert explanations(labelled(DEAD, cut))[0].ids == ("a.one",)
    broken = replace(read, unfinished=trouble())
    assert explanations(labelled(DEAD, broken)) == ()


def test_what_passed_between_the_failures_needs_no_reading():
    check = above("a.one", DOWN, met(), DOWN, DOWN, drawn="✗✓✗✗")
    unread = replace(check.samples[1], diagnosis=())
    check = replace(check, samples=(check.samples[0], unread, *check.samples[2:]))
    assert explanations(labelled(DEAD, check))[0].ids == ("a.one",)
