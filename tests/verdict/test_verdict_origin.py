"""What a pull request changes of the gate, and what that makes of the verdict."""

import pytest
from verdict_words import decided, evidence, met, ran, rule

from releasegate.model import Origin, State
from releasegate.verdict.origin import new_in

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


# what is new


def adding(*names, **more):
    return Origin(pull="p", base="b", added=names, **more)


GREEN = tuple(ran(f"a.new{n}", "✓✓✓✓✓✓✓", weight=0.0) for n in range(30))
ADDED = tuple(check.id for check in GREEN)
SLOW = {"✓": met(duration_s=2.0)}


@pytest.mark.parametrize(
    ("text", "old", "observed"),
    [
        ("flaky <= 20%", [one("✗✓✓✓"), ran("a.two")], 0.5),
        ("suite.a.flaky <= 20%", [one("✗✓✓✓"), ran("b.two")], 1.0),
        ("red_capable >= 90%", [one(red_capable=False), ran("a.two")], 0.5),
        ("latency.p50 <= 1s", [ran(f"a.c{n}", each=SLOW) for n in range(3)], 2.0),
    ],
)
def test_never_green_23_what_is_wrong_is_not_made_up_for_by_new_checks_that_pass(text, old, observed):
    alone = evidence(*old, rules=(rule(text),)).rules[0]
    made = evidence(*old, *GREEN, rules=(rule(text),), origin=adding(*ADDED))
    (seen,) = made.rules
    assert (seen.held, seen.observed, seen.note) == (False, observed, "without what is new and not merged")
    assert (made.verdict.state, alone.observed) == (State.UNSTABLE, observed)
    assert evidence(*old, *GREEN, rules=(rule(text),)).verdict.state is State.STABLE


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("failed == 0", "✗✗"),
        ("pass_rate >= 90%", "✗✗"),
        ("flaky == 0", "✗✓✓✓"),
        ("flaky <= 20%", "✗✓✓✓"),
    ],
)
def test_a_new_check_that_does_worse_is_seen_by_every_rule(text, new):
    made = evidence(one(), ran("a.new", new, profile="single", weight=0.0), rules=(rule(text),), origin=adding("a.new"))
    assert (made.rules[0].held, made.rules[0].note) == (False, None)
    assert made.verdict.state is State.UNSTABLE


def test_a_new_check_that_fails_blocks_without_any_rule():
    assert decided(one(), ran("a.new", "✗✗", profile="single", weight=0.0), origin=adding("a.new")).exit_code == 10


def test_where_nothing_old_counts_a_rule_speaks_of_what_is_new():
    origin = adding("a.new", deleted=("a.one",))
    rules = rule("pass_rate >= 90%"), rule("suite.a.flaky <= 20%")
    made = evidence(of_base("✓"), ran("a.new", weight=0.0), rules=rules, origin=origin)
    assert [seen.held for seen in made.rules] == [True, True]


def test_never_green_04_a_rule_without_a_value_gets_none_from_new_checks():
    made = evidence(ran("a.one"), *GREEN, rules=(rule("latency.p95 <= 1s"),), origin=adding(*ADDED))
    (seen,) = made.rules
    assert (seen.held, made.verdict.state) == (None, State.INCONCLUSIVE)
    assert seen.note.endswith("there are 7; without what is new and not merged")


@pytest.mark.parametrize(
    ("planned", "new"),
    [
        (("a.new", "a.one"), {"a.new"}),
        (("a.new[x]", "a.newer"), {"a.new[x]"}),
        (("a.pages[x]", "a.pages[y]", "a.pages@base[x]"), {"a.pages[y]"}),
        (("a.pages[x@base]", "a.pages@base[x@base]"), set()),
        (("a.pages", "a.pages@base[x]"), {"a.pages"}),
        (("a.pages[x]", "a.pages@base"), {"a.pages[x]"}),
        (("a.pages", "a.pages@base", "a.other[x]"), set()),
    ],
)
def test_new_is_what_the_base_branch_has_no_check_or_case_for(planned, new):
    assert new_in(adding("a.new", changed=("a.pages",)), planned) == new
    assert new_in(None, planned) == frozenset()
