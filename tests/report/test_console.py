"""The terminal report: someone tired gets it in five seconds."""

import re

import pytest
from report_stories import (
    chat_timeout,
    check,
    control_failed,
    cut_short,
    demand,
    evidence,
    healthy,
    judged,
    met_sample,
    mixed,
    policy,
    rule,
    staging_down,
    trouble_sample,
    unmet_sample,
    wrong_commit,
)

from releasegate.model import Control, Identity, Label, Moment, State
from releasegate.report.console import render
from releasegate.report.paper import cells, wrap

SGR = re.compile(r"\x1b\[[0-9;]*m")


def plain(story, width: int = 100) -> str:
    return render(story, colour=False, width=width)


def flat(story) -> str:
    return " ".join(plain(story).split())


def test_the_first_line_is_the_verdict_the_order_and_the_exit_code():
    assert plain(mixed()).split("\n")[0] == "UNSTABLE  do not merge · exit 10"
    assert plain(healthy()).split("\n")[0] == "STABLE  may be merged · exit 0"
    assert plain(wrong_commit()).split("\n")[0] == "INCONCLUSIVE  do not merge, the evidence does not decide · exit 11"


def test_an_advisory_run_says_that_nothing_is_blocked():
    story = evidence(chat_timeout(), state=State.UNSTABLE, run={"mode": "advisory"})
    assert "do not merge (advisory: nothing is blocked)" in plain(story)


def test_a_passing_run_takes_no_more_than_fifteen_lines():
    assert len(plain(healthy()).rstrip().split("\n")) <= 15


def test_a_timeout_names_what_it_waited_for_and_what_came_before():
    report = flat(mixed())
    assert "timeout waiting for agent_thinking, 5 s after agent_started" in report
    assert "timeline 0.00 s connect · 0.00 s send · 0.12 s agent_started · 5.12 s timeout waiting for" in report


def test_a_long_timeline_keeps_both_ends_and_tells_only_the_beginning_of_a_message():
    moments = tuple(Moment(at_s=n / 10, name=f"event-{n}", text="m" * 500) for n in range(40))
    sample = unmet_sample(timeline=moments, phases=(), duration_s=4.0)
    report = flat(evidence(check("a.b", "✗✗✗", failure=sample), state=State.UNSTABLE))
    assert "timeline 0.00 s event-0 mmm" in report
    assert "· … 28 more … ·" in report
    assert "3.90 s event-39" in report
    assert "· 4.00 s status == 200 (got 503)" in report
    assert len(report) < 3_000


def test_a_failing_check_shows_samples_contact_latency_owner_and_advice():
    report = flat(mixed())
    for fact in ("✗✗✗", "3 of 3 samples failed, all alike", "chat chat.example.com:443 (203.0.113.8, TLSv1.3)", "took 5.12 s", "critical · weight 30 · owner @acme/agents", "its owner says: Look at the agent's tool calls first", '│ {"type": "agent_started"'):  # fmt: skip
        assert fact in report


def test_what_a_failure_could_not_look_at_names_phase_and_reason():
    assert "refused in connect: connection refused" in plain(staging_down())
    assert "answered nobody" in flat(staging_down())


def test_many_failures_with_one_cause_are_one_block_that_names_every_check():
    report = plain(staging_down())
    assert report.count("refused in connect: connection refused") == 1
    assert "FAILED 4 checks: " in report
    for name in ("service-health", "agent-discovery", "metrics", "lifecycle"):
        assert f"orchestration.{name} ✗✗✗" in report
    assert "orchestration.metrics ✗✗✗ (critical)" in report


def test_failures_of_two_targets_are_two_blocks():
    here, there = trouble_sample(), trouble_sample(target="auth")
    story = evidence(check("a.one", "✗✗✗", failure=here), check("a.two", "✗✗✗", failure=there), state=State.UNSTABLE)
    assert "2 checks:" not in plain(story)


def test_a_check_that_fails_in_two_ways_says_so():
    samples = (
        unmet_sample(signature="http status 503"),
        unmet_sample(signature="http $.status equals"),
        unmet_sample(),
    )
    story = evidence(check("a.b", "", Label.FAILED, samples=samples), state=State.UNSTABLE)
    assert "3 of 3 samples failed, in 3 ways: http status 503, http $.status equals, http status" in flat(story)


def test_all_unmet_demands_of_the_sample_are_told():
    sample = unmet_sample(
        demand("status", "status == 200 (got 500)"), demand("$.a", "$.a exists (nothing there)", step="create")
    )
    report = plain(evidence(check("a.b", "✗✗✗", failure=sample), state=State.UNSTABLE))
    assert "  status == 200 (got 500)\n  and create: $.a exists (nothing there)" in report


def test_a_silent_answerer_is_told_from_nobody():
    contact = met_sample().contact[0]
    silent = trouble_sample(
        "timeout", "first byte", "no answer", contact=(type(contact)(target="api", host="h", port=1),)
    )
    assert "answered api h:1, not a byte" in flat(evidence(check("a.b", "✗✗✗", failure=silent), state=State.UNSTABLE))


def test_what_blocks_comes_first_then_critical_then_weight():
    own = {"failure": unmet_sample(demand("$.a", "$.a == 1 (got 2)"))}
    story = evidence(
        check("a.light", "✗✗✗", weight=1.0, **own),
        check("a.undecided", "✗✓", Label.UNPROVEN, critical=True, **own),
        check("a.heavy", "✗✗✗", weight=9.0, **own),
        check("a.advisory", "✗✗✗", advisory=True, weight=99.0, **own),
        check("a.critical", "✗✗✗", critical=True, weight=0.5, **own),
        state=State.UNSTABLE,
    )
    heads = re.findall(r"^(?:FAILED|UNPROVEN) a\.(\w+)", plain(story), re.MULTILINE)
    assert heads == ["critical", "heavy", "light", "undecided", "advisory"]


def test_a_reason_that_the_verdict_gave_is_not_given_again():
    for story in (control_failed(), wrong_commit(), cut_short()):
        assert "not sampled, for the reason above" in plain(story)
    assert flat(control_failed()).count("tcp connect refused") == 1
    assert flat(wrong_commit()).count("9b1deb4d3b7d4bad9bdd2b0d7b3dcb6dfeed0001") == 1


def test_a_check_that_was_cut_short_says_how_far_it_came():
    assert "UNPROVEN a.c3 ✓✓✓ the run's deadline was reached after 3 of its samples" in flat(cut_short())


def test_a_failed_check_does_not_repeat_its_tally_as_a_reason():
    report = plain(judged(check("a.b", "✗✗✗"), check("a.c")))
    assert "3 of 3 samples failed, all alike" in report
    assert "why" not in report


def test_what_the_samples_do_not_say_is_told_as_the_reason():
    twin = judged(check("a.strangers", twin="a.friends"), check("a.friends", "✗✗✗"))
    assert "UNPROVEN a.strangers ✓✓✓✓✓✓✓ it counts only while its twin passes; a.friends is FAILED" in flat(twin)
    foreign = judged(check("a.b", "✗✗✗"), check("a.c"), plan={"foreign": ["api"]})
    assert "why api is not ours and failed; 3 of 3 samples failed" in flat(foreign)


def test_advisory_checks_are_not_in_the_denominator():
    story = judged(check("a.b"), check("a.c", "✗✗✗", advisory=True))
    assert "gate staging: 1 of 1 check passed, 100 % by weight; advisory, not counted: 1 failed;" in flat(story)
    assert "✓ a 1/1 100 %" in flat(story)


def test_flaky_and_slow_checks_are_shown_though_they_passed():
    report = flat(mixed())
    assert "FLAKY orchestration.agent-discovery ✓✓✗✓✓✓✓✓✓✓✓✓✓ 1 of 13 samples failed" in report
    assert "warned orchestration.service-health latency <= 300ms (got 412 ms)" in report


def test_rules_show_what_was_observed_and_what_it_does():
    report = flat(mixed())
    assert "✗ pass_rate >= 95% observed 75 % blocks" in report
    assert "✓ suite.pipeline.pass_rate >= 50% observed 50 %" in report
    assert "! warned == 0 observed 1 warns" in report


def test_a_rule_without_value_is_undecided_not_held():
    broken = rule("compliance >= 90%", None, held=None, note="no file reports/compliance.json")
    report = flat(evidence(check("a.b"), state=State.INCONCLUSIVE, rules=(broken,), policy=policy()))
    assert "? compliance >= 90% observed no value undecided no file reports/compliance.json" in report


def test_the_strength_is_told_with_its_condition():
    report = flat(healthy())
    assert "7/7 in 84 ms. If samples were independent, a check that fails 50 / 30 / 20 / 10 % of the time" in report
    assert "A fault that lasts longer than 84 ms counts as one sample." in report


def test_the_judged_commit_and_who_runs_it_are_told():
    assert "commit 4f2a91c07be3, which api ran (before, between, after the run); the control held" in plain(healthy())


def test_a_partial_run_says_that_it_speaks_for_its_part_only():
    story = evidence(check("a.b"), plan={"partial": True, "left_out": [{"id": "a.c", "reason": "not selected"}]})
    assert "a partial run, which does not speak for the whole gate: 1 of 1 check passed" in flat(story)
    assert "left out, not selected: a.c" in flat(story)


def test_an_interrupted_run_shows_the_exit_code_that_the_command_ends_with():
    story = judged(check("a.b"), run={"interrupted": True})
    assert plain(story).startswith("INCONCLUSIVE  do not merge, the evidence does not decide · exit 130\n")


def test_who_answered_the_run_is_told_with_the_address():
    assert "answered by api staging.example.com:443 (203.0.113.7, TLSv1.3)\n" in plain(healthy())


def test_a_wrong_commit_names_both_in_full():
    report = flat(wrong_commit())
    assert "api runs 9b1deb4d3b7d4bad9bdd2b0d7b3dcb6dfeed0001" in report
    assert "the commit to judge is 4f2a91c07be35d8812aa0c6d9e7f431b5c8d2e60" in report


def test_an_unknown_commit_and_an_undeclared_control_are_said():
    story = evidence(
        check("a.b"), identity=Identity(judged=None, holds=None), control=Control(held=None), run={"sha": None}
    )
    assert "commit unknown; no target says which commit it runs; no control is declared" in plain(story)


def test_what_was_not_sampled_is_named_with_the_reason_once():
    reason = "the run's deadline was reached before its first sample"
    checks = [check(f"a.c{n}", "", Label.UNPROVEN, not_sampled=reason) for n in range(3)]
    report = flat(evidence(check("a.b"), *checks, state=State.INCONCLUSIVE, run={"deadline_reached": True}))
    assert (
        "UNPROVEN 3 checks not sampled: the run's deadline was reached before its first sample a.c0, a.c1, a.c2"
        in report
    )


def test_what_was_left_out_or_is_not_judged_yet_is_named():
    plan = {"left_out": [{"id": "load.users", "reason": "its suite runs on schedule, not on push"}], "later": [["mcp.agent-protocol", "kind mcp is not judged yet"]]}  # fmt: skip
    report = plain(evidence(check("a.b"), plan=plan, dropped=("samples past the 1,000th",)))
    assert "left out, its suite runs on schedule, not on push: load.users" in report
    assert "not judged yet: mcp.agent-protocol (kind mcp is not judged yet)" in report
    assert "not in the evidence file: samples past the 1,000th" in report


def test_a_green_that_would_not_have_noticed_is_named_with_what():
    report = plain(evidence(check("a.b", red_capable=False, vacuous=("$.a exists",)), check("a.c")))
    assert "would have stayed green though broken: a.b ($.a exists)\n" in report


def test_five_thousand_failures_stay_readable_and_counted():
    failure = unmet_sample(demand("$.a", "$.a == 1 (got 2)"))
    story = evidence(*(check(f"a.c{n}", "✗✗✗", failure=failure) for n in range(5000)), state=State.UNSTABLE)
    lines = plain(story).split("\n")
    assert len(lines) < 400
    assert "and 4,788 more that did not pass; all are in the evidence file" in lines


def test_nothing_at_all_is_still_a_report():
    report = plain(evidence(state=State.INCONCLUSIVE, reasons=("no check ran",)))
    assert "no check ran" in report
    assert "0 of 0 checks passed" in report


def test_colour_changes_nothing_but_colour():
    for story in (healthy(), mixed(), staging_down(), wrong_commit()):
        coloured = render(story, colour=True, width=100)
        assert "\x1b[" in coloured
        assert SGR.sub("", coloured) == plain(story)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int):
    wide = unmet_sample(
        demand(
            "$.name",
            '$.name == "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字" (got "'
            + "x" * 300
            + '")',
        )
    )
    for story in (
        healthy(),
        mixed(),
        staging_down(),
        evidence(check("a.b", "✗✗✗", failure=wide), state=State.UNSTABLE),
    ):
        assert max(map(cells, plain(story, width).split("\n"))) <= width


def test_wrapping_loses_no_word():
    text = "one two three four five six " + "x" * 90
    assert "".join("".join(wrap(text, 20, hang=4)).split()) == "".join(text.split())


@pytest.mark.parametrize(("status", "together"), [(401, True), (503, True), (404, False), (200, False)])
def test_a_status_that_has_one_cause_for_all_is_told_once(status, together):
    failure = unmet_sample(demand("status", f"status == 201 (got {status})", found=[status]))
    elsewhere = unmet_sample(demand("status", f"status == 201 (got {status})", found=[status]), target="auth")
    checks = [check(f"a.c{n}", "✗✗✗", failure=failure) for n in range(3)]
    report = plain(evidence(*checks, check("a.other", "✗✗✗", failure=elsewhere), state=State.UNSTABLE))
    assert (f"FAILED 3 checks: status == 201 (got {status})" in report) is together
    assert "FAILED a.other" in report
