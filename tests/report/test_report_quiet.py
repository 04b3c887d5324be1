"""What a green run would like to keep quiet: retries, old answers, what was left behind, checks that do not count."""

import pytest
from msgspec import structs
from report_stories import check, demand, demanded, evidence, judged, met_sample, rule, sampled_as, unmet_sample

from releasegate.model import Label, State
from releasegate.report import console, facts, junit, markdown
from releasegate.report.findings import findings
from releasegate.report.next_steps import SENT_TWICE, next_steps

CLOSED = "the connection was closed before a byte"
HIT = "X-Cache says HIT, without an Age: it may be an old answer from a cache"


def flat(story) -> str:
    return " ".join(console.render(story, colour=False, width=120).split())


def comment(story) -> str:
    return markdown.render(story).replace("\\", "").replace("&#8203;", "")


def retried():
    return sampled_as(check("a.b"), met_sample(retries=1, notes=(f"{CLOSED}; sent again",)))


def leaking(**more):
    return sampled_as(check("a.b", **more), met_sample(leaked=2, notes=("finally: delete /o/{{id}}: status 500",)))


def test_a_check_that_passed_only_when_sent_again_is_shown_with_the_cause():
    story = judged(retried())
    why = f"7 of 7 samples passed only when they were sent again: {CLOSED}"
    assert f"FLAKY a.b ✓✓✓✓✓✓✓ {why}" in flat(story)
    assert f"FLAKY `a.b` ✓✓✓✓✓✓✓: {why}" in comment(story)
    assert why in junit.render(story)
    assert [(step.text, step.checks) for step in next_steps(story)] == [(SENT_TWICE, ("a.b",))]


def test_a_check_that_failed_and_was_sent_again_says_both():
    both = check("a.b", "✗✓✓✓✓✓✓✓✓✓✓✓✓")
    both = structs.replace(both, samples=(*both.samples[:-1], retried().samples[0]))
    assert facts.shaky(judged(both).checks[0]) == (
        "1 of 13 samples failed: status == 200 (got 503); 1 passed only when sent again"
    )


def test_a_check_that_failed_once_says_how():
    assert "FLAKY a.b ✗✓✓✓✓✓✓✓✓✓✓✓✓ 1 of 13 samples failed: status == 200 (got 503)" in flat(
        judged(check("a.b", "✗✓✓✓✓✓✓✓✓✓✓✓✓"))
    )


def test_checks_that_were_not_sampled_for_one_reason_are_one_block_for_each_place_where_they_hung():
    late = "the run's deadline was reached before its first sample"
    places = ["", ", in first byte", ", in first byte", ", in connect"]
    checks = [check(f"a.c{n}", "", Label.UNPROVEN, not_sampled=late + place) for n, place in enumerate(places)]
    assert [len(finding.checks) for finding in findings(checks, evidence(*checks))] == [1, 2, 1]


def test_a_target_that_answers_no_check_in_json_is_one_cause_for_each_thing_that_it_answers_instead():
    said = [("$.a exists", "empty"), ("$.b == 1", "empty"), ("$.c == 1", "expecting value at line 1 column 1")]
    samples = [
        unmet_sample(demand(f"$.{n}", f"{words} (body is not JSON: {why})")) for n, (words, why) in enumerate(said)
    ]
    samples.append(unmet_sample(demand("$.a", "$.a exists (body is not JSON: empty)"), target="chat"))
    checks = [check(f"a.c{n}", "✗✗✗", failure=sample) for n, sample in enumerate(samples)]
    assert [len(finding.checks) for finding in findings(checks, evidence(*checks))] == [2, 1, 1]


def test_what_was_left_behind_is_said_though_all_is_stable():
    story = judged(leaking(), check("a.c"))
    assert story.verdict.state is State.STABLE
    said = "left 14 things behind in 7 of 7 samples: delete /o/{{id}}: status 500"
    assert f"leaked a.b {said}" in flat(story)
    assert f"`a.b` {said}" in comment(story)
    (step,) = next_steps(story)
    assert (step.checks, step.blocks) == (("a.b",), False)
    assert "take it away, and mend its `finally`" in step.text


def test_what_a_sample_left_behind_that_was_cut_off_is_said():
    cut = structs.replace(
        check("a.b", "✓", Label.UNPROVEN, not_sampled="the deadline"), unfinished=met_sample(leaked=1)
    )
    assert facts.leaks(evidence(cut)) == [(cut, "left 1 thing behind in 1 of 2 samples")]


def test_what_green_samples_noted_is_said_once_for_all_checks():
    noting = met_sample(notes=(HIT,))
    story = judged(*(sampled_as(check(f"a.c{n}"), noting) for n in range(8)), check("a.d"))
    assert f"noted a.c0, a.c1, a.c2, a.c3, a.c4, a.c5 and 2 more: {HIT}" in flat(story)
    assert comment(story).count(HIT) == 1


def test_what_is_told_as_a_retry_or_a_leak_is_not_noted_again():
    assert "noted" not in flat(judged(retried(), structs.replace(leaking(), id="a.c")))


def test_notes_and_leaks_are_capped_and_counted():
    checks = [sampled_as(check(f"a.c{n}"), met_sample(notes=(f"note {n}",), leaked=1)) for n in range(30)]
    report = flat(judged(*checks))
    assert "and 22 more leaked" in report
    assert "and 22 more noted" in report


def test_advisory_checks_are_counted_apart_and_contradict_nothing():
    story = judged(check("a.b"), check("a.c", "✗✗✗", advisory=True), check("a.d", advisory=True))
    told = "1 of 1 check passed, 100 % by weight; advisory, not counted: 1 passed, 1 failed; 17 samples"
    assert told in flat(story)
    assert told in comment(story)


def test_where_nothing_counts_the_suite_is_neither_good_nor_bad_and_the_step_says_what_to_do():
    story = judged(check("a.b", advisory=True))
    assert "· a 0/0 nothing counted" in flat(story)
    assert [step.text for step in next_steps(story)] == [
        "let at least one check count: all are advisory, excused or skipped"
    ]


def test_an_advisory_check_under_a_rule_that_blocks_is_what_the_merge_waits_for():
    failing = check("a.c", "✗✗✗", advisory=True)
    story = judged(check("a.b"), failing, rules=(demanded("check.a.c.failed == 0"),))
    assert story.verdict.state is State.UNSTABLE
    assert next(step.blocks for step in next_steps(story) if step.checks == ("a.c",))
    assert not next_steps(judged(check("a.b"), failing))[0].blocks


@pytest.mark.parametrize("flaky", [0, 1])
def test_a_reason_that_only_counts_is_not_said_twice(flaky):
    checks = [check("a.b", "✗✓✓✓✓✓✓✓✓✓✓✓✓")] * flaky + [check(f"a.c{flaky}")]
    assert "checks passed, 1 of them flaky" not in flat(judged(*checks))
    assert flat(judged(*checks)).count("1 of 1 check passed") == 1 - flaky


def test_rules_that_are_all_not_applicable_are_not_said_to_hold():
    off = rule("suite.x.failed == 0", None, held=None, applicable=False, note="suite x was left out of this run")
    report = flat(evidence(check("a.b"), rules=(off,)))
    assert "held" not in report.replace("the control held", "")
    assert "· suite.x.failed == 0 not applicable suite x was left out of this run" in report


@pytest.mark.parametrize("later", [0, None, "x", [1], [["a"]], {"a": 1}])
def test_a_file_that_says_nonsense_of_what_is_not_judged_yet_is_shown_all_the_same(later):
    story = evidence(check("a.b"))
    story = structs.replace(story, plan={**story.plan, "later": later})
    assert "not judged yet: something (the file does not say what)" in flat(story)
    assert "not judged yet" in comment(story)


def test_every_text_that_a_report_cuts_says_so():
    long = unmet_sample(demand("$.a", "$.a == 1 (got " + "x" * 3000 + ")"), excerpt="y" * 2000)
    story = evidence(check("a.b", "✗✗✗", failure=long), state=State.UNSTABLE)
    assert "y" * 1500 + "…" in comment(story)
    assert "timeline: …x" in comment(story)
    assert 'x…"/>' in junit.render(story)


def test_an_old_answer_names_the_cache():
    old = unmet_sample(demand("age", "age ≤ 60 s (got 864000 s)"), signature="http age max")
    (step,) = next_steps(evidence(check("a.b", "✗✗✗", failure=old), state=State.UNSTABLE))
    assert step.text.startswith("a cache before api answered, and not what runs now")


def test_a_critical_check_is_counted_although_it_is_excused():
    excused = (check(name, "✗✗✗", Label.PRE_EXISTING, critical=name == "a.pays") for name in ("a.pays", "a.prints"))
    assert "1 of 2 checks passed" in flat(evidence(check("a.b"), *excused))
