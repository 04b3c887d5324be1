"""The steps of one run in their order, against a world of the test's own making: what is never green, and what is."""

from collections import Counter

import pytest
from msgspec.structs import replace
from run_world import NEW, OLD, check, gate, heard, target
from staged import Staged

from releasegate.checks.later import KINDS
from releasegate.config.model import MetricDecl
from releasegate.evidence.identity import STEADY
from releasegate.evidence.measure import Written, measure
from releasegate.model import Label, Outcome, State

RED = (State.UNSTABLE, State.INCONCLUSIVE)
MIDWAY = {"profile": "standard", "takes_s": 0.005}


def test_a_sound_staging_that_runs_the_judged_commit_is_stable():
    evidence = gate(check("a"), control="✓", says={"api": [NEW]})
    assert (evidence.verdict.state, evidence.verdict.exit_code) == (State.STABLE, 0)
    assert evidence.control.held is True
    assert (evidence.identity.holds, evidence.identity.judged) == (True, NEW)
    assert evidence.run.revisions == {"api": NEW}
    assert not evidence.run.interrupted


def test_a_failing_check_is_unstable():
    evidence = gate(check("a", "✗"), check("b"), says={"api": [NEW]})
    assert (evidence.verdict.state, evidence.verdict.exit_code) == (State.UNSTABLE, 10)


# the control


def test_never_green_11_when_the_control_fails_nothing_is_sampled_and_it_is_said_once():
    kind = Staged()
    evidence, ear = heard(check("a", kind=kind), check("b", kind=kind), control="!", says={"api": [NEW]}, kind=kind)
    assert evidence.verdict.state is State.INCONCLUSIVE
    assert kind.order == ["control", "control"]
    assert [c.label for c in evidence.checks] == [Label.ENVIRONMENT] * 2
    assert [len(c.samples) for c in evidence.checks] == [0, 0]
    assert sum("the control failed" in reason for reason in evidence.verdict.reasons) == 1
    assert ear.said.count("asking the control") == 1
    assert evidence.identity.readings == ()


def test_a_control_that_fails_keeps_its_samples_and_says_why():
    control = gate(check("a"), control="!✗").control
    assert [s.outcome for s in control.samples] == [Outcome.TROUBLE, Outcome.UNMET]
    assert control.problem == 'staged mark: mark == "✓" (got "✗")'


def test_a_control_that_fails_once_is_asked_until_three_answers_in_a_row_are_good():
    evidence = gate(check("a"), control="✗✓")
    assert (evidence.control.held, len(evidence.control.samples)) == (True, 4)
    assert evidence.verdict.state is State.STABLE


def test_without_a_control_nothing_is_claimed_of_one():
    evidence = gate(check("a"))
    assert (evidence.control.held, evidence.plan["control"]) == (None, False)


def test_never_green_08_a_control_that_hangs_is_bounded_by_the_runs_deadline():
    evidence = gate(check("a"), control="∞", deadline_s=0.1)
    assert evidence.control.held is False
    assert evidence.control.problem == "it was not answered within the run's deadline of 0.1 s, in transfer"
    assert evidence.verdict.state is State.INCONCLUSIVE
    assert evidence.checks[0].not_sampled == "the control failed"


def test_a_control_that_hangs_keeps_what_it_said_before():
    evidence = gate(check("a"), control="✗∞", deadline_s=0.1)
    assert [s.outcome for s in evidence.control.samples] == [Outcome.UNMET]
    assert evidence.control.held is False


def test_the_time_that_the_control_took_is_taken_from_the_runs_deadline():
    evidence = gate(check("a", "∞", timeout_s=60), control="✗✓", deadline_s=1.05)
    assert evidence.run.deadline_reached
    assert evidence.run.duration_s < 1.0


# the deployment


def test_never_green_18_a_deployment_that_never_arrives_names_both_commits_and_samples_nothing():
    kind = Staged()
    evidence = gate(check("a", kind=kind), says={"api": [OLD]}, targets=(target(wait_s=30),))
    assert evidence.verdict.state is State.INCONCLUSIVE
    assert OLD in evidence.verdict.reasons[0]
    assert NEW in evidence.verdict.reasons[0]
    assert kind.order == []
    assert evidence.checks[0].not_sampled == f"api runs {OLD}, the commit to judge is {NEW}"


def test_sampling_begins_when_the_deployment_has_arrived():
    evidence, ear = heard(check("a"), says={"api": [OLD, OLD, NEW]}, targets=(target(wait_s=30),))
    assert evidence.verdict.state is State.STABLE
    assert sum("waiting for" in text for text in ear.said) == 1
    assert [r.revision for r in evidence.identity.readings if r.moment == "before"] == [OLD, OLD] + [NEW] * STEADY


def test_never_green_28_a_mixture_of_two_revisions_never_settles():
    evidence = gate(check("a"), says={"api": [NEW, NEW[:8]] * 200}, targets=(target(wait_s=30, settle=3),))
    assert evidence.verdict.state is State.INCONCLUSIVE
    assert "did not settle" in evidence.verdict.reasons[0]


@pytest.mark.parametrize("judged", [NEW, None], ids=["a named commit", "nobody named one"])
def test_never_green_28_replicas_that_answer_with_two_revisions_are_seen_beside_the_samples(judged):
    evidence = gate(check("a", **MIDWAY), says={"api": [NEW, OLD] * 400}, judged=judged)
    assert evidence.verdict.state is State.INCONCLUSIVE
    assert f"changed during the run from {NEW} to {OLD}" in evidence.verdict.reasons[0]


def test_never_green_28_a_swap_and_a_swap_back_in_the_middle():
    evidence = gate(check("a", **MIDWAY), says={"api": [NEW, OLD, NEW]})
    assert [r.moment for r in evidence.identity.readings][:2] == ["before", "between"]
    assert evidence.identity.readings[-1].revision == NEW
    assert evidence.checks[0].label is Label.PASSED
    assert evidence.verdict.state is State.INCONCLUSIVE


@pytest.mark.parametrize("name", ["api", "web"])
def test_never_green_28_a_swap_at_any_one_of_the_targets(name):
    says = {"api": [NEW], "web": [NEW], name: [NEW, OLD, NEW]}
    evidence = gate(check("a", **MIDWAY), says=says, targets=(target("api"), target("web")))
    assert evidence.verdict.reasons == (
        f"staging is not what is to be judged: {name} changed during the run from {NEW} to {OLD}",
    )


def test_never_green_28_two_of_our_targets_run_two_commits_and_nobody_named_one():
    says = {"api": [NEW], "web": [OLD]}
    evidence = gate(check("a"), says=says, targets=(target("api"), target("web")), judged=None)
    assert evidence.verdict.state is State.INCONCLUSIVE
    assert f"web runs {OLD}, the commit to judge is {NEW}" in evidence.verdict.reasons[0]


def test_when_nobody_named_a_commit_what_a_foreign_target_runs_is_not_judged():
    says, targets = {"auth": [OLD], "api": [NEW]}, (target("auth", foreign=True), target("api"))
    evidence = gate(check("a"), says=says, targets=targets, judged=None)
    assert (evidence.identity.judged, evidence.verdict.state) == (NEW, State.STABLE)


def test_when_nobody_named_a_commit_the_one_that_settled_is_judged():
    evidence = gate(check("a"), says={"api": [OLD, NEW]}, targets=(target(wait_s=30, settle=3),), judged=None)
    assert (evidence.identity.judged, evidence.identity.holds) == (NEW, True)
    assert evidence.verdict.state is State.STABLE


def test_never_green_28_also_a_run_of_milliseconds_is_read_in_between_and_several_times_after():
    evidence = gate(check("a"), says={"api": [NEW]}, targets=(target(settle=3),))
    moments = Counter(reading.moment for reading in evidence.identity.readings)
    assert (moments["before"], moments["after"]) == (3, 5)
    assert moments["between"] >= 3
    assert evidence.verdict.state is State.STABLE


@pytest.mark.parametrize("at", [1, 2, 3, 6, 7, 8], ids=lambda at: f"{'between' if at < 4 else 'after'} {at}")
def test_never_green_28_one_reading_of_another_commit_is_enough_wherever_it_falls(at):
    evidence = gate(check("a"), says={"api": [NEW] * at + [OLD, NEW]})
    assert evidence.verdict.state is State.INCONCLUSIVE
    assert f"changed during the run from {NEW} to {OLD}" in evidence.verdict.reasons[0]


@pytest.mark.parametrize(
    ("answers", "moment"),
    [
        (["!"], "before"),
        ([NEW, "!"], "between"),
        ([NEW, "", NEW], "between"),
        ([""], "before"),
        (["a" * 201], "before"),
    ],
    ids=["never", "no more", "not once in between", "an empty answer", "an absurdly long answer"],
)
def test_never_green_18_a_revision_that_cannot_be_read_is_never_green(answers, moment):
    evidence = gate(check("a", **MIDWAY), says={"api": answers})
    assert evidence.checks[0].label is Label.PASSED
    assert evidence.verdict.state is State.INCONCLUSIVE
    assert f"api: its revision could not be read {moment} the run" in evidence.verdict.reasons[0]


def test_a_dead_staging_is_shown_by_its_checks():
    evidence = gate(check("a", "!"), says={"api": ["!"]})
    assert evidence.verdict.state is State.UNSTABLE
    assert any("could not be read" in reason for reason in evidence.verdict.reasons)


def test_a_foreign_target_may_run_another_commit():
    targets = (target("api"), target("auth", foreign=True))
    evidence = gate(check("a"), says={"api": [NEW], "auth": [OLD]}, targets=targets)
    assert evidence.verdict.state is State.STABLE
    assert evidence.run.revisions == {"api": NEW, "auth": OLD}


def test_never_green_28_a_foreign_target_that_changes_during_the_run():
    targets = (target("api"), target("auth", foreign=True))
    evidence = gate(check("a", **MIDWAY), says={"api": [NEW], "auth": [OLD, NEW]}, targets=targets)
    assert evidence.verdict.state is State.INCONCLUSIVE
    assert "auth changed during the run" in evidence.verdict.reasons[0]


@pytest.mark.parametrize("answers", [["bug"], [NEW, "bug", NEW]], ids=["before the run", "beside the samples"])
def test_never_green_06_a_bug_of_ours_in_reading_a_revision_is_raised(answers):
    with pytest.raises(ZeroDivisionError):
        gate(check("a", **MIDWAY), says={"api": answers})


# interruption


@pytest.mark.parametrize(
    ("stop_at", "answers"),
    [
        ("the start", [NEW]),
        ("asking the control", [NEW]),
        ("waiting for", [OLD]),
        ("sampling 2 checks", [NEW]),
        (1, [NEW]),
        (13, [NEW]),
        (14, [NEW]),
        ("a reading after", [NEW] * 4 + ["∞"]),
    ],
)
def test_never_green_07_an_interrupted_run_is_never_green_at_whatever_stage(stop_at, answers):
    checks = (check("a", profile="standard"), check("b", profile="standard"))
    evidence = gate(*checks, control="✓", says={"api": answers}, targets=(target(wait_s=60),), stop_at=stop_at)
    assert evidence.run.interrupted
    assert (evidence.verdict.state, evidence.verdict.exit_code) == (State.INCONCLUSIVE, 130)
    assert evidence.verdict.reasons[0] == "the run was interrupted before its end"
    assert [c.id for c in evidence.checks] == ["s.a", "s.b"]
    assert all(c.label is Label.PASSED or c.not_sampled for c in evidence.checks)


@pytest.mark.parametrize("stop_at", ["the start", "asking the control", "waiting for"])
def test_a_run_that_is_interrupted_before_it_samples_touches_nothing_more(stop_at):
    kind = Staged()
    more = {"says": {"api": [OLD]}, "targets": (target(wait_s=60),), "kind": kind, "control": "✓"}
    evidence = gate(check("a", kind=kind), stop_at=stop_at, **more)
    assert "s.a" not in kind.order
    assert evidence.checks[0].not_sampled == "the run was interrupted"
    assert all(reading.moment == "before" for reading in evidence.identity.readings)


def test_never_green_19_an_interruption_keeps_the_samples_so_far():
    evidence = gate(check("a", "✓✓✗∞", profile="standard", timeout_s=60), check("b"), says={"api": [NEW]}, stop_at=4)
    a, b = evidence.checks
    assert [s.outcome for s in a.samples] == [Outcome.MET, Outcome.MET, Outcome.UNMET]
    assert a.not_sampled == "the run was interrupted after 3 of its samples, in transfer"
    assert (a.label, b.label) == (Label.UNPROVEN, Label.PASSED)
    assert (a.unfinished.trouble.reason, a.unfinished.trouble.phase) == ("cut off", "transfer")
    assert b.unfinished is None


def test_never_green_19_an_interruption_while_the_control_is_asked_keeps_what_it_said():
    evidence = gate(check("a"), control="✗∞", stop_at=0.05)
    assert evidence.control.held is None
    assert [s.outcome for s in evidence.control.samples] == [Outcome.UNMET]
    assert evidence.verdict.state is State.INCONCLUSIVE


def test_never_green_07_a_failure_seen_before_the_interruption_is_told():
    evidence = gate(check("a", "✗"), check("b", "∞", timeout_s=60), stop_at=1)
    assert "FAILED: s.a" in evidence.verdict.reasons


# deadline, bugs, what is left out, what comes later


def test_what_a_sample_leaves_behind_counts_also_when_it_was_cut_off():
    cut = check("a", "∞", timeout_s=60, cleans_up=True, dirty=True)
    evidence = gate(cut, check("b"), deadline_s=0.1, rules=("leaked == 0",))
    assert evidence.checks[0].unfinished.leaked == 1
    assert [(rule.observed, rule.held) for rule in evidence.rules] == [(1.0, False)]
    assert evidence.verdict.state is State.UNSTABLE


def test_a_check_whose_need_was_left_out_is_unproven():
    evidence = gate(check("a", needs=("t.b",)), left_out=(("t.b", "its suite runs on schedule, not on push"),))
    assert evidence.checks[0].not_sampled == "needs t.b, which was left out"
    assert evidence.verdict.state is State.INCONCLUSIVE


def test_the_plan_records_what_a_selection_brought_in_and_why():
    plan = gate(replace(check("a"), brought_in="s.b needs it"), check("b"), partial=True).plan
    assert plan["brought_in"] == [{"id": "s.a", "reason": "s.b needs it"}]


def test_never_green_08_the_deadline_gives_a_verdict_on_what_is_known():
    evidence = gate(check("a"), check("b", "∞", timeout_s=60), says={"api": [NEW]}, deadline_s=0.1)
    assert evidence.run.deadline_reached
    assert evidence.verdict.state is State.INCONCLUSIVE
    assert evidence.verdict.reasons[:2] == ("the run's deadline was reached", "UNPROVEN: s.b")
    assert [r.moment for r in evidence.identity.readings][-1] == "after"


def test_never_green_08_when_the_deadline_is_over_the_revision_is_asked_for_once_and_never_again():
    evidence = gate(check("a", "∞", timeout_s=60), says={"api": [NEW] + ["!"] * 50}, deadline_s=0.1)
    after = [reading for reading in evidence.identity.readings if reading.moment == "after"]
    assert [reading.problem for reading in after] == ["refused in connect: nobody listens"]
    assert evidence.verdict.state is State.INCONCLUSIVE


def test_never_green_08_a_failure_outweighs_the_deadline():
    evidence = gate(check("a", "✗"), check("b", "∞", timeout_s=60), deadline_s=0.1)
    assert evidence.verdict.state is State.UNSTABLE


@pytest.mark.parametrize("where", ["observe", "judge", "violate", "clean_up"])
def test_never_green_06_a_bug_in_a_kind_passes_through_and_is_never_a_sample(where):
    def broken(*_):
        raise ZeroDivisionError("our own bug")

    kind = Staged()
    setattr(kind, where, broken)
    with pytest.raises(ZeroDivisionError):
        gate(check("a", kind=kind, cleans_up=True), check("b"), says={"api": [NEW]})


@pytest.mark.parametrize("where", ["observe", "judge"])
def test_never_green_06_a_bug_in_the_controls_kind_passes_through(where):
    def broken(*_):
        raise ZeroDivisionError("our own bug")

    kind = Staged()
    setattr(kind, where, broken)
    with pytest.raises(ZeroDivisionError):
        gate(check("a"), control="✓", kind=kind)


def test_never_green_26_a_partial_run_says_so_and_lists_what_it_left_out():
    evidence = gate(check("a"), left_out=(("t.b", "not selected"),), partial=True, rules=("suite.t.pass_rate >= 100%",))
    assert evidence.plan["partial"] is True
    assert evidence.plan["left_out"] == [{"id": "t.b", "reason": "not selected"}]
    assert [(r.held, r.applicable) for r in evidence.rules] == [(None, False)]
    assert evidence.verdict.state is State.STABLE


def test_never_green_04_a_rule_about_a_suite_that_nobody_left_out_has_no_value():
    evidence = gate(check("a"), rules=("suite.t.pass_rate >= 100%",))
    assert evidence.verdict.state is State.INCONCLUSIVE


def test_never_green_07_a_check_that_this_version_cannot_judge_is_named_and_unproven():
    later = replace(check("later"), later="checks of kind redis are loaded and not judged by this version")
    evidence = gate(check("a"), later)
    assert evidence.checks[1].label is Label.UNPROVEN
    assert evidence.checks[1].not_sampled == later.later
    assert evidence.verdict.state is State.INCONCLUSIVE


def test_never_green_20_a_test_suite_that_nobody_judged_is_not_green():
    assert unjudged("tests") is Label.UNPROVEN


def test_never_green_34_load_that_nobody_drove_is_not_green():
    assert unjudged("load") is Label.UNPROVEN


def unjudged(kind):
    later = replace(check("later"), kind=KINDS[kind], later=KINDS[kind].later, profile="once")
    evidence = gate(check("a"), later)
    assert evidence.verdict.state is State.INCONCLUSIVE
    assert "not judged by this version" in evidence.checks[1].reason
    return evidence.checks[1].label


def test_a_check_that_comes_later_keeps_its_own_reason_when_nothing_is_sampled():
    later = replace(check("later"), later="not judged by this version")
    assert gate(check("a"), later, control="✗").checks[1].not_sampled == "not judged by this version"


def test_a_login_that_fell_back_degrades():
    evidence = gate(check("a"), fallbacks=("user",))
    assert evidence.verdict.state is State.DEGRADED
    assert evidence.plan["fallbacks"] == ["user"]


def test_the_plan_records_on_what_terms_each_check_counts():
    plan = gate(check("a", profile="lean"), says={"api": [NEW]}, control="✓").plan
    assert plan["checks"] == ["s.a"]
    assert plan["terms"] == {"s.a": {"profile": "lean", "weight": 1.0}}
    assert (plan["control"], plan["revisions"]) == (True, ["api"])


# numbers of other tools

DECLARED = {"compliance": MetricDecl(file="compliance.json", at="$.score", unit="%")}


def compliance(text):
    return (measure("compliance", DECLARED["compliance"], Written(data=text, age_s=1.0)),)


@pytest.mark.parametrize(
    ("text", "state"),
    [(b'{"score": 98.7}', State.STABLE), (b'{"score": 80}', State.UNSTABLE), (b"{}", State.INCONCLUSIVE)],
)
def test_a_rule_over_a_number_of_another_tool_adds_to_the_labels(text, state):
    more = {"metrics": DECLARED, "measure": lambda: compliance(text), "rules": ("compliance >= 90%",)}
    evidence = gate(check("a"), **more)
    assert evidence.verdict.state is state
    assert evidence.plan["metrics"] == {
        "compliance": {"file": "compliance.json", "at": "$.score", "unit": "%", "max_age_s": 86400.0}
    }


def test_numbers_of_other_tools_are_read_when_all_samples_are_taken_for_a_check_may_write_them():
    kind = Staged()
    taken = []

    def measure_now():
        taken.append(len(kind.order))
        return compliance(b'{"score": 98.7}')

    gate(check("a", kind=kind), check("b", kind=kind), metrics=DECLARED, measure=measure_now)
    assert taken == [len(kind.order)]
    assert taken[0] >= 2


def test_numbers_of_other_tools_are_kept_also_when_nothing_was_sampled():
    more = {"metrics": DECLARED, "measure": lambda: compliance(b'{"score": 98.7}')}
    evidence = gate(check("a"), control="✗", **more)
    assert (evidence.verdict.state, evidence.metrics[0].value) == (State.INCONCLUSIVE, 0.987)
