"""What to do next: what blocks first, each cause once, in words that name the place to look."""

import re

import pytest
from msgspec import structs
from report_stories import (
    bound,
    chat_timeout,
    check,
    demand,
    diagnosed,
    evidence,
    explained,
    healthy,
    judged,
    mixed,
    read,
    refused,
    rule,
    slow,
    staging_down,
    trouble_sample,
    unmet_sample,
    wrong_commit,
)

from releasegate.model import Control, Identity, Label, Level, Phase, Reading, Sample, State
from releasegate.report.next_steps import NextStep, next_steps
from releasegate.verdict.metrics import facts_of, observe


def only(sample: Sample, label: Label = Label.FAILED) -> NextStep:
    (step,) = next_steps(evidence(check("a.b", "✗✗✗", label, failure=sample), state=State.UNSTABLE))
    return step


def test_a_stable_run_asks_for_nothing():
    assert next_steps(healthy()) == ()


@pytest.mark.parametrize(
    ("reason", "phase", "says"),
    [
        ("refused", "connect", "is the new build crash-looping? api refuses connections: look at its start-up log"),
        ("dns", "name", "the name of api does not resolve"),
        ("tls", "TLS", "does that port speak TLS? if so, look at its certificate"),
        ("reset", "transfer", "api cuts the connection in the middle: look for a crash or a restart at 2026-03-01T12:03:04Z"),
        ("closed", "first byte", "closes the connection too early"),
        ("timeout", "connect", "does not take connections"),
        ("timeout", "first byte", "takes the request and does not answer: look in its log at 2026-03-01T12:03:04Z"),
        ("timeout", "transfer", "begins to answer and does not end"),
        ("timeout", "poll {x}", "too slow in poll {x}"),
        ("timeout", "name", "resolves too slowly"),
        ("timeout", "upgrade", "does not upgrade it"),
        ("status 403", "upgrade", "knows the identity and denies it"),
        ("not allowed", "address", "the gate itself refuses"),
        ("status 401", "login", "the identity could not be had"),
        ("timeout", "command", "does not answer: look in its slow log at 2026"),
        ("timeout", "query", "look for locks and slow queries at 2026"),
        ("timeout", "authenticate", "does not let anybody in"),
        ("WRONGPASS", "authenticate", "api does not let us in: look at user and password"),
        ("NOAUTH", "authenticate", "its url needs one, redis://"),
        ("WRONGTYPE", "command", "holds another type than the check reads"),
        ("no password", "authenticate", "its url needs one, postgres://"),
        ("28P01", "authenticate", "look at user and password"),
        ("42P01", "query", "did its migration run?"),
        ("42883", "query", "did the change alter the schema"),
        ("53300", "authenticate", "has no room"),
        ("57P03", "authenticate", "is it still loading?"),
        ("57P01", "query", "look for a restart"),
        ("XX000", "query", "could not be looked at"),
        ("something-new", "nowhere", "could not be looked at"),
    ],
)  # fmt: skip
def test_a_trouble_names_the_place_to_look(reason: str, phase: str, says: str):
    assert says in only(trouble_sample(reason, phase)).text


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "does the check show one (`as`)? if so, compare the clocks of gate and staging, the secret"), (403, "denies it"), (404, "is the build on staging the one you mean"), (422, "finds the request invalid"), (429, "raise its limit"), (500, "exception in its log at 2026"), (503, "ready"), (507, "exception in its log"), (200, "accepts what it should refuse"), (302, "redirects"), (418, "not as demanded")],
)  # fmt: skip
def test_a_status_names_the_place_to_look(status: int, says: str):
    assert says in only(unmet_sample(demand("status", f"status == 200 (got {status})", found=[status]))).text


@pytest.mark.parametrize(
    ("meant", "found", "says"),
    [(["4xx"], 401, "api accepts no identity"), (["4xx"], 429, "api limits"), ([401], 401, "not what is demanded"), (["4xx"], 409, "not what is demanded")],
)  # fmt: skip
def test_a_refusal_that_a_class_of_statuses_lets_pass_is_what_the_content_is_of(meant, found, says):
    status = structs.replace(demand("status", "…", met=True, found=[found]), operator="any", demanded=meant)
    assert says in only(unmet_sample(status, demand("$.error", '$.error == "x" (got "unauthorized")'))).text


def test_a_missing_event_is_named_with_what_came_before():
    step = next_steps(mixed())[0]
    assert "find out why agent_thinking does not come (5 s after agent_started): look in the log of chat" in step.text
    assert step.advice == ("Look at the agent's tool calls first; see the runbook.",)
    assert step.blocks


def test_a_slow_answer_names_the_phase_that_took_the_time():
    phases = (Phase(name="connect", duration_s=0.1), Phase(name="first byte", duration_s=3.0))
    text = only(unmet_sample(demand("latency", "latency <= 2s (got 3.1 s)"), phases=phases)).text
    assert "most of it, 3.00 s, went to first byte" in text


def test_a_slow_query_is_not_told_as_a_slow_login():
    phases = (Phase(name="authenticate", duration_s=0.9), Phase(name="query", duration_s=0.4))
    text = only(unmet_sample(demand("latency", "latency <= 100ms (got 400 ms)"), phases=phases)).text
    assert "400 ms, went to query" in text


def test_an_answer_that_is_not_json_asks_for_error_and_login_pages():
    assert "error page" in only(unmet_sample(demand("$.a", "$.a == 1 (body is not JSON: unexpected <)"))).text


@pytest.mark.parametrize(
    ("subject", "operator", "says"),
    [
        ("states", "stuck in waiting_for_agents", "what api waits for: it is stuck in waiting_for_agents"),
        ("states", "reached failed", "the path reached failed"),
        ("states", "no state", "the answer of api names no state: did its shape change?"),
        ("states", "unknown state", "api names a state that the order does not know"),
        ("until", "within", "did not get there in time"),
        ("capture id", "one value", "lacks what the next step needs (capture id)"),
    ],
)
def test_a_poll_a_path_and_a_capture_have_remedies_of_their_own(subject: str, operator: str, says: str):
    unmet = structs.replace(demand(subject, "…"), operator=operator)
    assert says in only(unmet_sample(unmet)).text


def test_a_changed_answer_names_the_path_and_the_way_out():
    text = only(unmet_sample(demand("$.agents[*].state", "…"))).text
    assert "$.agents[*].state; if it is meant, change the check in the same pull request" in text


def test_braces_in_foreign_text_are_only_text():
    assert "$.{target}" in only(unmet_sample(demand("$.{target}", "…"))).text
    assert "why {0} does" in only(unmet_sample(demand("e", "timeout waiting for {0}, 5 s after {when}"))).text


def test_the_environment_is_not_blamed_on_the_change():
    assert only(trouble_sample(), Label.ENVIRONMENT).text.startswith("most likely not this change: ")


def test_an_unproven_check_says_how_often_it_passed():
    story = evidence(check("a.b", "✓✗✓✗✗", Label.UNPROVEN), state=State.INCONCLUSIVE)
    assert next_steps(story)[0].text.startswith("it passed 2 of 5 samples: too few to pass, too many to call broken")


def test_one_cause_is_one_step_for_all_its_checks():
    (step,) = next_steps(staging_down())
    assert len(step.checks) == 4
    assert step.checks[0] == "orchestration.metrics"


def test_the_same_remedy_for_several_checks_is_said_once():
    checks = [check(f"a.c{n}", "✗✗✗") for n in range(5)]
    (step,) = next_steps(evidence(*checks, state=State.UNSTABLE))
    assert step.checks == ("a.c0", "a.c1", "a.c2", "a.c3", "a.c4")


def test_what_blocks_comes_before_what_only_warns():
    steps = next_steps(mixed())
    assert [step.blocks for step in steps] == [True, False, False]


def test_a_critical_failure_comes_before_a_heavy_one():
    story = evidence(check("a.heavy", "✗✗✗", weight=9.0, failure=trouble_sample()), check("a.key", "✗✗✗", critical=True, weight=1.0), state=State.UNSTABLE)  # fmt: skip
    assert [step.checks[0] for step in next_steps(story)] == ["a.key", "a.heavy"]


def test_a_failed_control_is_the_whole_story():
    blocked = [check(f"a.c{n}", "", Label.UNPROVEN, not_sampled="the control failed") for n in range(3)]
    story = evidence(*blocked, state=State.INCONCLUSIVE, control=Control(held=False, problem="tcp connect refused"))
    (step,) = next_steps(story)
    assert "staging's edge" in step.text
    assert "no change of yours can break it" in step.text


def test_a_wrong_commit_asks_for_the_deployment():
    (step,) = next_steps(wrong_commit())
    assert step.text.startswith("deploy the commit (or wait until it has arrived), then run again")


def test_a_deployment_in_the_middle_asks_to_let_it_end():
    identity = Identity(judged="a", holds=False, problem="api changed during the run from a to b")
    step = next_steps(evidence(check("a.b"), state=State.INCONCLUSIVE, identity=identity))[0]
    assert step.text.startswith("let the deployment end, then run again: what was sampled is not of one commit")


def test_an_unreadable_revision_is_asked_for():
    identity = Identity(
        judged=None, holds=None, problem="api: its revision could not be read before the run (status 500)"
    )
    assert (
        "make the revision readable"
        in next_steps(evidence(check("a.b"), state=State.INCONCLUSIVE, identity=identity))[0].text
    )


@pytest.mark.parametrize(
    ("run", "says"),
    [({"interrupted": True}, "run the gate again"), ({"deadline_reached": True}, "raise `policy: deadline`")],
)
def test_a_run_that_did_not_end_says_so_first_and_once(run: dict[str, bool], says: str):
    why = "the run was interrupted" if "interrupted" in run else "the run's deadline was reached"
    cut = [check(f"a.c{n}", "✓" * n, Label.UNPROVEN, not_sampled=f"{why} after {n} of its samples") for n in range(3)]
    (step,) = next_steps(evidence(*cut, state=State.INCONCLUSIVE, run=run))
    assert says in step.text


def test_a_failing_need_is_the_step_and_not_what_waits_for_it():
    waiting = check("a.child", "", Label.UNPROVEN, not_sampled="needs a.root, which is FAILED")
    steps = next_steps(evidence(waiting, check("a.root", "✗✗✗"), state=State.UNSTABLE))
    assert [step.checks for step in steps] == [("a.root",), ("a.child",)]
    assert "mend what it needs first" in steps[1].text


def test_what_a_dependency_explains_is_one_step_and_its_advice_is_the_dependencys():
    (step,) = next_steps(explained())
    assert step.checks == ("dependencies.database",)
    assert step.text.startswith("look at it first, it explains 5 other checks: ")
    assert "database refuses connections" in step.text
    assert (step.blocks, step.advice) == (True, ("Ask the platform team.",))


def test_a_dependency_that_was_down_only_when_it_was_read_is_the_step_all_the_same():
    down = (read("d.store", refused("store")),)
    failing = check("a.b", "✗✗✗", failure=unmet_sample(diagnosis=down), diagnose=("d.store",), advice="not this")
    (step,) = next_steps(judged(failing, check("d.store", advice="Ask the platform team.")))
    assert step.checks == ("d.store",)
    assert "look at it first, it explains 1 other check: " in step.text
    assert "store refuses connections" in step.text
    assert step.advice == ("Ask the platform team.",)


def test_a_critical_check_brings_the_dependency_that_explains_it_to_the_top():
    down = (read("d.store", refused("store")),)
    vital = check("a.vital", "✗✗✗", failure=unmet_sample(diagnosis=down), diagnose=("d.store",), critical=True)
    other = check("a.other", "✗✗✗", weight=50.0)
    store = check("d.store", "✗✗✗", failure=refused("store"), weight=0.0)
    assert [step.checks for step in next_steps(judged(other, store, vital))] == [("d.store",), ("a.other",)]


def test_a_likely_cause_is_looked_at_before_the_check_itself():
    (step,) = next_steps(diagnosed())
    assert step.text.startswith(
        "look first at dependencies.cache (310 ms, 16 x its warn bound of 20 ms); then find out why agent_thinking"
    )
    assert step.advice == ("Look at the agent's tool calls first; see the runbook.",)


def test_what_is_only_slow_does_not_come_before_a_failure_that_is_not_of_time():
    beside = (read("d.store", slow(0.31), 0.31),)
    closed = unmet_sample(signature="websocket tool_executing closed", diagnosis=beside)
    (step,) = next_steps(judged(check("a.b", "✗✗✗", failure=closed, diagnose=("d.store",))))
    assert step.text.endswith("; then look at d.store (310 ms, 16 x its warn bound of 20 ms)")
    assert step.text.startswith("api says it is unavailable")


def test_what_does_not_meet_its_own_demand_comes_first_whatever_fails():
    beside = (read("d.store", unmet_sample(structs.replace(bound(0.9, 0.5), level=Level.FAIL))),)
    (step,) = next_steps(judged(check("a.b", "✗✗✗", failure=unmet_sample(diagnosis=beside), diagnose=("d.store",))))
    assert step.text.startswith("look first at d.store (900 ms, 1.8 x its bound of 500 ms); then api says")


def test_a_rule_without_value_says_what_is_missing():
    rules = (rule("compliance >= 90%", None, held=None, note="no file"),)
    (step,) = next_steps(evidence(check("a.b"), state=State.INCONCLUSIVE, rules=rules, policy={}))
    assert step.text == "rule `compliance >= 90%` has no value (no file): bring in what it measures, or remove the rule"


def test_a_rule_over_what_this_version_does_not_measure_is_to_be_removed():
    note = observe("contract.breaking", facts_of([], 0.0)).note
    rules = (rule("contract.breaking == 0", None, held=None, note=note),)
    (step,) = next_steps(evidence(check("a.b"), state=State.INCONCLUSIVE, rules=rules, policy={}))
    assert step.text == f"rule `contract.breaking == 0` has no value ({note}): remove it"


def test_a_pass_rate_broken_by_failing_checks_is_not_a_second_step():
    rules = (rule("pass_rate >= 95%", 0.0, held=False),)
    assert len(next_steps(evidence(check("a.b", "✗✗✗"), state=State.UNSTABLE, rules=rules))) == 1


def test_a_broken_warning_names_its_metric():
    rules = (rule("leaked == 0", 2.0, held=False, level=Level.WARN),)
    (step,) = next_steps(evidence(check("a.b"), state=State.DEGRADED, rules=rules))
    assert "`finally` steps left behind" in step.text
    assert not step.blocks


def test_a_login_that_fell_back_is_named():
    story = evidence(check("a.b"), state=State.DEGRADED, plan={"fallbacks": ["gate-user"]})
    assert "mend the login of gate-user" in next_steps(story)[0].text


def test_a_red_verdict_never_stands_without_a_step():
    (step,) = next_steps(evidence(state=State.INCONCLUSIVE, reasons=("nothing passed",)))
    assert step == NextStep(text="nothing passed", blocks=True)


def test_no_step_leaves_a_hole_unfilled():
    story = evidence(chat_timeout(), *(check(f"a.{reason}", "✗✗✗", failure=trouble_sample(reason)) for reason in ("refused", "dns", "tls", "timeout", "proxy")), state=State.UNSTABLE)  # fmt: skip
    assert not [step.text for step in next_steps(story) if re.search(r"\{\w*\}", step.text)]


@pytest.mark.parametrize(("unreadable", "asked"), [("api", False), ("chat", True)])
def test_a_target_that_answers_no_check_is_not_also_asked_for_its_revision(unreadable, asked):
    readings = (Reading(target=unreadable, moment="before", at="t", revision=None, problem="refused"),)
    identity = Identity(judged=None, holds=None, problem="it could not be read", readings=readings)
    down = check("a.b", "✗✗✗", failure=trouble_sample())
    told = [step.text for step in next_steps(evidence(down, state=State.UNSTABLE, identity=identity))]
    assert "is the new build crash-looping?" in told[0]
    assert any("make the revision readable" in text for text in told) is asked
    assert any("where the target declares it (chat: refused): nobody knows" in text for text in told) is asked


def test_a_kind_that_is_not_judged_yet_is_to_be_removed_or_accepted():
    reason = "checks of kind redis are loaded and not judged by this version"
    later = check("a.b", "", Label.UNPROVEN, not_sampled=reason)
    told = next_steps(evidence(later, state=State.INCONCLUSIVE))
    assert told[0].text == "remove it, or accept that the evidence stays incomplete"
