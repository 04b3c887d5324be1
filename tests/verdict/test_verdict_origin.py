"""What a pull request changes of the gate, and what that makes of the verdict."""

import pytest
from verdict_words import decided, ran

from releasegate.model import Origin, State

CHANGED = Origin(pull="p", base="b", changed=("a.one",), approvers=("mia", "tom"))
APPROVED = Origin(pull="p", base="b", changed=("a.one",), approvers=("mia",), approved_by="mia")


def of_base(drawn, **more):
    return ran("a.one@base", drawn, profile="single", advisory=True, weight=0.0, **more)


def one(drawn="✓", **more):
    return ran("a.one", drawn, profile="single", **more)


def test_a_changed_check_whose_old_version_passes_too_is_stable():
    assert decided(one(), of_base("✓"), origin=CHANGED).state is State.STABLE


@pytest.mark.parametrize("drawn", ["✗✗", "!!", ""])
def test_never_green_23_a_green_that_the_base_branchs_version_does_not_share_is_inconclusive(drawn):
    verdict = decided(one(), of_base(drawn), origin=CHANGED)
    assert (verdict.state, verdict.exit_code) == (State.INCONCLUSIVE, 11)
    (why,) = verdict.reasons
    assert why.startswith("the base branch's version of what this pull request changes does not pass: a.one@base; an")
    assert why.endswith("an approval of its head by mia, tom is needed")


def test_a_deleted_check_that_fails_is_inconclusive_and_who_may_approve_is_said_to_be_missing():
    origin = Origin(pull="p", base="b", deleted=("a.one",))
    verdict = decided(ran("a.two", "✓", profile="single"), of_base("✗✗"), origin=origin)
    assert verdict.state is State.INCONCLUSIVE
    assert verdict.reasons[0].endswith("the base branch names nobody who may approve it (policy.approvers)")


def test_an_approved_change_is_degraded_and_says_by_whom():
    verdict = decided(one(), of_base("✗✗"), origin=APPROVED)
    assert (verdict.state, verdict.reasons) == (State.DEGRADED, ("mia approved it: a.one@base",))


def test_an_approval_of_nothing_in_particular_changes_nothing():
    assert decided(one(), of_base("✓"), origin=APPROVED).state is State.STABLE


@pytest.mark.parametrize("origin", [CHANGED, APPROVED])
def test_no_approval_turns_a_failing_check_green(origin):
    assert decided(one("✗✗"), of_base("✗✗"), origin=origin).state is State.UNSTABLE


def test_a_pull_request_that_leaves_only_old_versions_is_inconclusive_even_when_they_pass():
    origin = Origin(pull="p", base="b", deleted=("a.one",), approvers=("mia",), approved_by="mia")
    assert decided(of_base("✓"), origin=origin).state is State.INCONCLUSIVE


def test_never_green_38_a_change_of_what_runs_the_gate_is_inconclusive_until_it_is_approved():
    origin = Origin(pull="p", base="b", edits=(".github/workflows/gate.yml",), approvers=("mia",))
    verdict = decided(one(), origin=origin)
    assert verdict.state is State.INCONCLUSIVE
    (why,) = verdict.reasons
    assert why.startswith("this pull request changes what runs the gate: .github/workflows/gate.yml; an approval of")
    approved = Origin(pull="p", base="b", edits=origin.edits, approvers=("mia",), approved_by="mia")
    assert decided(one(), origin=approved).state is State.DEGRADED


def test_the_first_config_of_a_repository_is_at_best_degraded():
    verdict = decided(one(), origin=Origin(pull="p"))
    assert (verdict.state, verdict.reasons[0].partition(":")[0]) == (State.DEGRADED, "unreviewed policy")


def test_what_is_not_judged_before_it_is_merged_is_at_best_degraded():
    verdict = decided(one(), origin=Origin(pull="p", base="b", not_taken=("a.new runs a command",)))
    assert (verdict.state, verdict.reasons) == (State.DEGRADED, ("a.new runs a command",))
