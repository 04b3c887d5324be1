"""What a report makes of a flow of events: its timeline, and where to look."""

import re

import pytest
from report_stories import check, demand, evidence, met_sample, trouble_sample, unmet_sample

from releasegate.expect.text import flat
from releasegate.model import Expectation, Moment, Phase, Sample, State
from releasegate.report import console, junit, markdown
from releasegate.report.facts import timeline
from releasegate.report.next_steps import next_steps

OPENING = (Phase(name="connect", duration_s=0.1), Phase(name="upgrade", duration_s=0.1), Phase(name="request", duration_s=0.0))  # fmt: skip


def event(name: str, text: str, **more: object) -> Expectation:
    return demand(f"event {name}", text, **more)  # type: ignore[arg-type]


def flow(*moments: Moment, phases: tuple[Phase, ...] = (), unmet: Expectation | None = None, **more: object) -> Sample:
    build = unmet_sample if unmet else met_sample
    return build(*([unmet] if unmet else []), phases=(*OPENING, *phases), timeline=moments, duration_s=5.5, **more)


def advised(sample: Sample) -> str:
    (step,) = next_steps(evidence(check("a.b", "✗✗✗", failure=sample), state=State.UNSTABLE))
    return step.text


def test_a_timeline_leads_from_the_connection_over_the_events_to_what_did_not_come():
    late = event("b", "timeout waiting for b, 5 s after a")
    waits = (Phase(name="a", duration_s=0.3), Phase(name="b", duration_s=5.0), Phase(name="close", duration_s=0.0))
    told = timeline(flow(Moment(at_s=0.5, name="a"), phases=waits, unmet=late))
    assert told == (
        "0.00 s connect · 0.10 s upgrade · 0.20 s request · 0.50 s a · 5.50 s timeout waiting for b, 5 s after a"
    )


def test_an_event_that_was_waited_for_in_vain_is_not_told_as_one_that_came():
    """Also where nothing else came."""
    waits = (Phase(name="a", duration_s=0.3),)
    cut = trouble_sample("closed", "a", "without a close frame", phases=(*OPENING, *waits), duration_s=0.5)
    assert timeline(cut) == "0.00 s connect · 0.10 s upgrade · 0.20 s request · 0.50 s closed in a"
    silent = flow(phases=waits, unmet=event("a", "timeout waiting for a, 300 ms after the send"))
    assert "s a ·" not in timeline(silent)


def test_a_phase_of_the_wire_in_which_it_failed_is_told():
    told = timeline(trouble_sample("timeout", "upgrade", phases=OPENING[:2], duration_s=3.0))
    assert told == "0.00 s connect · 0.10 s upgrade · 3.00 s timeout in upgrade"


def test_what_staging_calls_its_events_hides_no_phase():
    told = timeline(flow(Moment(at_s=0.3, name="connect"), Moment(at_s=0.4, name="upgrade")))
    assert told == "0.00 s connect · 0.10 s upgrade · 0.20 s request · 0.30 s connect · 0.40 s upgrade"


def test_other_clients_messages_are_told_with_their_beginning_only():
    told = timeline(flow(Moment(at_s=0.3, name="not ours", text='{"type": "x"}', data="whole"), Moment(at_s=0.4, name="a", data="whole")))  # fmt: skip
    assert told.endswith('0.30 s not ours {"type": "x"} · 0.40 s a')


@pytest.mark.parametrize(
    ("unmet", "says"),
    [
        (event("b", "timeout waiting for b, 5 s after a"), "find out why b does not come (5 s after a): look in the log of"),
        (event("two words", "timeout waiting for two words, 300 ms after the send"), "find out why two words does not come (300 ms"),
        (event("b", "timeout waiting for b, 1 s after a; 3 messages came, none of ours"), "3 messages came, none of ours)"),
        (event("b", "closed with 1000 waiting for b, 20 ms after a"), "end the conversation too early?"),
        (event("b", 'closed with 1001 "bye" waiting for b, 20 ms after a'), "being deployed or scaled down"),
        (event("b", "closed with 1005 waiting for b, 20 ms after a"), "without saying why"),
        (event("b", "closed with 1008 waiting for b, 20 ms after a"), "identity's permissions"),
        (event("b", "closed with 1011 waiting for b, 20 ms after a"), "look for the exception in its log at 2026"),
        (event("b", "closed with 1012 waiting for b, 20 ms after a"), "restarts"),
        (event("b", 'closed with 4401 "expired" waiting for b, 20 ms after a'), "a code of its own: its reason may say why"),
        (event("b", "closed with 3000 waiting for b, 20 ms after a"), "ends the connection in the middle"),
        (event("b", "b came out of order, 20 ms before a, and not again (5 s after a)"), "the order of events"),
        (event("b", "b within 2 s of a (got 3 s)"), "b comes too late: look in the log of api at 2026"),
        (demand("never error", "error must never come, and came 1 s after a: {}"), "find out why error came"),
        (demand("status", "status in [401,403] (got 101)", found=[101]), "lets in whom it should refuse"),
        (demand("$.result", "$.result exists (got nothing)", step="done"), "what the change does to $.result"),
    ],
)  # fmt: skip
def test_a_flow_that_failed_names_the_place_to_look(unmet: Expectation, says: str):
    assert says in advised(flow(unmet=unmet))


def test_what_staging_says_does_not_choose_the_advice():
    for said in (
        "timeout waiting for evil.example, 5 s after x",
        "closed with 1001 waiting for x",
        "x came out of order, ",
    ):
        text = advised(flow(unmet=demand("$.a", f'$.a == 1 (got "{said}")')))
        assert "what the change does to $.a" in text
    spoofed = event("b", 'closed with 4000 "closed with 1001 waiting for b, 1 s after a" waiting for b, 2 s after a')
    assert "a code of its own" in advised(flow(unmet=spoofed))


def test_braces_in_the_name_of_an_event_are_only_text():
    for unmet in (
        event("{x}", "timeout waiting for {x}, 5 s after {y}"),
        event("{x}", "{x} within 2 s of {y} (got 3 s)"),
        demand("never {x}", "{x} must never come, and came 1 s after a: {}"),
    ):
        assert "{x}" in advised(flow(unmet=unmet))


HOSTILE = "x\r\n::error::forged\x1b[31m\u202e\n# heading\n| a | b |\n</details>"


def test_events_goodbyes_and_messages_break_no_line_of_a_report():
    moments = (
        Moment(at_s=0.3, name=HOSTILE, data=HOSTILE),
        Moment(at_s=0.4, name="not ours", text=HOSTILE, data=HOSTILE),
        Moment(at_s=0.5, name="closed", text=f"1011 {HOSTILE}"),
    )
    sample = flow(*moments, unmet=event("b", f'closed with 1011 "{flat(HOSTILE)}" waiting for b, 20 ms after a'))
    story = evidence(check("a.b", "✗✗✗", failure=sample), state=State.UNSTABLE)
    told = (console.render(story, width=100, colour=False), markdown.render(story), junit.render(story))
    for text in told:
        assert "forged" in text
        assert not re.search(r"^(::error|# heading|\| a \| b)", text, re.MULTILINE)
        assert "\x1b" not in text
        assert "\u202e" not in text
