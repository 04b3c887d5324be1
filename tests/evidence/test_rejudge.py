"""The second path: the same verdict from the file alone, what it makes of odd values, and of what was redacted."""

from contextlib import suppress

import pytest
from arbitrary import JSON
from forged import MADE, SHA, judged, mixed, reading, sound, tree_of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from verdict_words import beside, demand, evidence, met, ran, rule, trouble

from releasegate.errors import EvidenceError
from releasegate.evidence.file import decode, encode
from releasegate.evidence.identity import identify
from releasegate.evidence.rejudge import rejudge
from releasegate.expect.operators import OPERATORS
from releasegate.model import CUT_OFF, Control, Identity, Label, Level, Origin, Outcome, State
from releasegate.redact import Redactor


@pytest.mark.parametrize("name", MADE)
def test_the_file_alone_gives_the_same_verdict(name):
    made = MADE[name]()
    assert judged(tree_of(made)) == made.verdict


def test_never_green_23_a_check_that_counts_in_the_score_is_not_new():
    made = evidence(ran("a.one"), ran("a.two"), origin=Origin(pull="p", base="b", added=("a.one",)))
    with pytest.raises(EvidenceError, match=r"a\.one is recorded as new, and has a weight"):
        rejudge(made)


# values that no gate writes


@pytest.mark.parametrize(
    "odd",
    [
        {"operator": "no such operator"},
        {"operator": "any", "demanded": 5},
        {"operator": "any", "demanded": ["xxx"]},
        {"operator": "matches", "demanded": "(", "found": ["x"]},
        {"operator": "schema", "demanded": {"type": 5}, "found": [{}]},
        {"operator": "schema", "demanded": "no schema", "found": [{}]},
        {"operator": "length", "demanded": {"no side": 5}},
        {"operator": "not", "demanded": {"length": {"x": 1}}, "found": ["x"]},
    ],
    ids=lambda odd: f"{odd['operator']} {odd.get('demanded', '')}",
)
@pytest.mark.parametrize("where", ["a check", "the control"])
def test_never_green_06_an_expectation_that_no_gate_writes_is_refused_and_crashes_nothing(odd, where):
    sample = met(expectations=(replace(demand(200), **odd),))
    made = evidence(
        ran("a.b", each={"✓": sample} if where == "a check" else None), control=Control(held=True, samples=(sample,))
    )
    with pytest.raises(EvidenceError):
        rejudge(made)


def test_values_that_are_nested_too_deep_to_compare_are_refused():
    deep = []
    for _ in range(100_000):  # beyond what any version of Python compares
        deep = [deep]
    odd = replace(demand(200), demanded=deep, found=[deep])
    with pytest.raises(EvidenceError):
        rejudge(evidence(ran("a.b", each={"✓": met(expectations=(odd,))})))


def test_never_green_07_samples_that_do_not_decide_and_nothing_that_says_why_are_refused():
    made = evidence(ran("a.b", "✓", not_sampled=None))
    with pytest.raises(EvidenceError, match="nothing says why there are no more"):
        rejudge(made)


CUT = trouble(CUT_OFF, signature="http first byte cut off", leaked=1)


def test_a_sample_that_was_cut_off_stands_apart_and_counts_for_nothing_but_what_it_left():
    made = evidence(ran("a.b", "✓✓", unfinished=CUT), rules=(rule("leaked == 0", "warn"),))
    assert (made.checks[0].label, made.rules[0].observed) == (Label.UNPROVEN, 1)
    assert rejudge(decode(encode(made))) == made.verdict


@pytest.mark.parametrize(
    "check",
    [
        ran("a.b", unfinished=CUT),
        ran("a.b", "✓✓", unfinished=trouble()),
        ran("a.b", "✓✓", unfinished=met()),
        ran("a.b", "✓✓", unfinished=replace(CUT, outcome=Outcome.MET)),
    ],
    ids=["a decided check", "another trouble", "a met sample", "a met sample that was cut off"],
)
def test_never_green_19_a_sample_that_stands_apart_and_was_not_cut_off_is_refused(check):
    with pytest.raises(EvidenceError, match=r"a sample stands apart|a sample is recorded as"):
        rejudge(evidence(check))


@pytest.mark.parametrize("named", [("d.store",), ()], ids=["asked for", "not asked for"])
def test_what_was_read_beside_a_sample_that_was_cut_off_must_have_been_asked_for(named):
    cut = replace(CUT, diagnosis=(beside("d.store", trouble()),))
    made = evidence(ran("a.b", "✓✓", unfinished=cut, diagnose=named))
    if named:
        assert rejudge(decode(encode(made))) == made.verdict
    else:
        with pytest.raises(EvidenceError, match="not asked for"):
            rejudge(made)


def test_a_control_that_the_deadline_came_before_is_accepted_as_it_is():
    control = Control(held=False, samples=(trouble(),), problem="it was not answered within the run's deadline of 2 s")
    made = evidence(
        ran("a.b", "", not_sampled="the control failed"), control=control, identity=Identity(judged=SHA, holds=None)
    )
    assert rejudge(decode(encode(made))).state is State.INCONCLUSIVE


@settings(max_examples=300, deadline=None)
@example(operator="equals", demanded=200, found=[200], is_met=True)
@given(st.sampled_from([*OPERATORS, "any"]), JSON, st.lists(JSON, max_size=3), st.booleans())
def test_no_expectation_whatever_crashes_the_second_path(operator, demanded, found, is_met):
    odd = replace(demand(200), operator=operator, demanded=demanded, found=found, met=is_met)
    made = evidence(ran("a.b", each={"✓": met(expectations=(demand(200), odd))}))
    with suppress(EvidenceError):
        assert rejudge(made) == made.verdict


def test_an_operator_that_this_room_does_not_know_is_believed_only_where_nothing_was_kept():
    states = replace(demand(200), subject="states", operator="order", demanded={"order": ["a"]}, kept=False)
    made = evidence(ran("a.b", each={"✓": met(expectations=(states,))}))
    assert rejudge(made) == made.verdict


def test_another_schema_is_refused_by_the_second_path_too():
    with pytest.raises(EvidenceError, match="this version reads"):
        rejudge(replace(sound(), schema="releasegate/evidence/v2"))


# what redaction does to it


def test_a_secret_that_is_a_word_of_ours_does_not_void_the_evidence():
    made = sound()
    cleaned = Redactor(["independent", "passed", "sample"]).clean_struct(made)
    assert "***" in cleaned.verdict.reasons[0]
    assert "***" in cleaned.checks[0].strength
    assert rejudge(decode(encode(cleaned))) == made.verdict


def test_a_secret_that_is_a_word_of_an_identitys_problem_leaves_the_run_inconclusive():
    identity = identify(SHA, (reading("before", None), reading("after")), frozenset())
    cleaned = Redactor(["could"]).clean_struct(sound(identity=identity))
    assert "***" in cleaned.identity.problem
    assert rejudge(decode(encode(cleaned))).state is State.INCONCLUSIVE


def test_values_that_were_redacted_are_believed_and_the_others_judged():
    secret = replace(demand(200), subject="$.token", demanded="hunter2hunter2", found=["hunter2hunter2"])
    made = evidence(ran("a.b", each={"✓": met(expectations=(demand(200), secret))}))
    cleaned = Redactor(["hunter2hunter2"]).clean_struct(made)
    assert not cleaned.checks[0].samples[0].expectations[1].kept
    assert rejudge(cleaned) == made.verdict


@pytest.mark.parametrize(
    "reason", ["***", "1 of *** and all is well", "2 *** nonsense *** passed", "*** of *** is well", "all *** passed"]
)
def test_never_green_17_what_was_redacted_excuses_no_other_words(reason):
    made = sound()
    forged = replace(made, verdict=replace(made.verdict, reasons=(reason,)))
    if reason == "***":  # it says nothing, so it says nothing false
        assert rejudge(forged).state is State.STABLE
    else:
        with pytest.raises(EvidenceError):
            rejudge(forged)


def test_an_unproven_label_is_not_bettered_by_an_advisory_flag_in_the_terms_alone():
    made = mixed()
    plan = made.plan | {"terms": made.plan["terms"] | {"a.cut": {"profile": "lean", "weight": 1.0, "advisory": True}}}
    with pytest.raises(EvidenceError, match="not on the terms"):
        rejudge(replace(made, plan=plan))


def test_a_failure_that_only_warns_is_judged_by_its_level():
    slow = replace(demand(412), level=Level.WARN)
    made = evidence(ran("a.b", each={"✓": met(expectations=(demand(200), slow))}), rules=(rule("warned == 0", "warn"),))
    assert rejudge(made).state is State.DEGRADED
    assert made.checks[0].label is Label.PASSED
