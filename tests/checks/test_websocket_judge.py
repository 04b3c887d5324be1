"""Which events came, in which order, how fast: what is said of it, whatever came."""

import json

import pytest
from websocket_world import NONCE, Goodbye, ours, sample, talk, theirs, unmet

from releasegate.model import Level, Outcome

SCOPE = {"nonce": NONCE}


def came(*names, every=0.1):
    """Events of ours, one each tenth of a second."""
    return [(every * n, ours(name)) for n, name in enumerate(names, 1)]


def test_never_green_33_another_clients_events_are_not_taken_for_ours():
    for strangers in ([(0.1, theirs("a")), (0.2, theirs("b"))], [(0.1, ours("a")), (0.2, theirs("b"))]):
        assert sample(talk("a", "b"), *strangers)[0].outcome is Outcome.UNMET


def test_another_clients_error_is_not_taken_for_ours():
    assert sample(talk("a", never=["error"]), (0.1, theirs("error")), (0.2, ours("a")))[0].met


@pytest.mark.parametrize(
    "message",
    [
        {"type": "a"},
        {"type": "a", "thread_id": None},
        {"type": "a", "thread_id": [NONCE]},
        {"type": "a", "data": {"thread_id": NONCE}},
        {"type": ["a"], "thread_id": NONCE},
        {"type": 7, "thread_id": NONCE},
        {"kind": "a", "thread_id": NONCE},
        {"type": "A", "thread_id": NONCE},
        ["a"],
        "a",
    ],
)
def test_a_message_that_only_resembles_ours_is_not_the_event(message):
    assert unmet(sample(talk({"a": {"within": "1s"}}), (0.1, json.dumps(message)))[0])[0].startswith(
        "timeout waiting for a, 1 s after the send"
    )


def test_where_several_places_are_demanded_all_must_agree():
    config = talk({"a": {"within": "1s"}}, where={"$.thread_id": "{{nonce}}", "$.tags[*]": {"in": ["x", "y"]}})
    assert sample(config, (0.1, ours("a", tags=["x", "y"])))[0].met
    assert not sample(config, (0.1, ours("a", tags=["x", "z"])))[0].met
    assert not sample(config, (0.1, ours("a", tags=[])))[0].met


def test_the_name_of_an_event_stands_where_the_config_says():
    config = {"connect": "chat:/ws", "event": "$.meta['event-name']", "events": ["a"]}
    assert sample(config, (0.1, '{"meta": {"event-name": "a"}}'))[0].met
    many = {**config, "event": "$..type"}
    assert not sample(many, (0.1, '{"type": "a", "x": {"type": "a"}}'))[0].met


def test_others_may_come_between():
    assert sample(talk("a", "c"), *came("x", "a", "b", "a", "c"))[0].met


def test_events_in_another_order_are_told_so():
    one, _ = sample(talk("a", {"b": {"within": "2s"}}, {"c": {"within": "2s"}}), *came("a", "c", "b"))
    assert unmet(one) == ["c came out of order, 100 ms before b, and not again (2 s after b)"]
    assert one.signature == "websocket c out of order"


def test_events_in_another_order_are_told_so_also_when_the_server_then_leaves():
    one, _ = sample(talk("a", "b", "c"), *came("a", "c", "b"), (0.5, Goodbye(1000, "done")))
    assert unmet(one) == [
        'c came out of order, 100 ms before b, and not again (closed with 1000 "done", 200 ms after b)'
    ]


def test_an_event_that_came_too_early_may_come_again():
    assert sample(talk("a", "b", "c"), *came("c", "a", "b", "c"))[0].met


def test_an_optional_event_may_come_and_then_it_is_judged():
    config = talk("a", {"b": {"optional": True, "within": "1s", "json": {"$.ok": True}}}, "c")
    assert sample(config, *came("a", "c"))[0].met
    good, _ = sample(config, (0.1, ours("a")), (0.2, ours("b", ok=True)), (0.3, ours("c")))
    assert good.met
    assert "b within 1 s of a (got 100 ms)" in [e.text for e in good.expectations]
    bad, _ = sample(config, (0.1, ours("a")), (0.2, ours("b", ok=False)), (0.3, ours("c")))
    assert bad.signature == "websocket b $.ok equals"
    late, _ = sample(config, (0.1, ours("a")), (1.2, ours("b", ok=True)), (1.3, ours("c")))
    assert late.signature == "websocket b too late"


def test_an_optional_event_after_its_turn_is_only_another_message():
    assert sample(talk({"a": {"optional": True, "json": {"$.ok": True}}}, "b", "c"), *came("b", "a", "c"))[0].met


def test_an_optional_event_is_the_one_before_for_the_next():
    config = talk({"a": {"optional": True, "within": "2s"}}, {"b": {"within": "1s"}})
    assert sample(config, (1.5, ours("a")), (2.4, ours("b")))[0].met
    assert not sample(config, (1.5, ours("b")))[0].met
    assert unmet(sample(config)[0]) == ["timeout waiting for b, 2 s after the send"]


def test_an_optional_event_does_not_mend_a_wait_that_was_over():
    config = talk({"a": {"optional": True}}, {"b": {"within": "1s"}})
    one, _ = sample(config, (1.5, ours("a")), (1.6, ours("b")))
    assert unmet(one) == ["timeout waiting for b, 1 s after the send"]
    read_late, _ = sample(config, (1.5, ours("a")), (1.6, ours("b")), busy_s=2)
    assert unmet(read_late) == ["timeout waiting for b, 1 s after the send"]


def test_a_forbidden_event_fails_at_once():
    one, staging = sample(
        talk("a", "b", never=["fatal", "error"]), (0.1, ours("a")), (0.3, ours("error", code=7)), (0.4, ours("b"))
    )
    assert one.signature == "websocket error came"
    assert unmet(one) == [f"error must never come, and came 200 ms after a: {ours('error', code=7)}"]
    assert one.expectations[-2].text == "fatal never comes (got nothing)"
    assert len(staging.script) == 1
    assert one.excerpt == ours("error", code=7)


def test_a_forbidden_event_after_the_last_is_not_waited_for():
    assert sample(talk("a", never=["error"]), *came("a", "error"))[0].met


def test_what_an_event_holds_is_judged_and_named_by_it():
    config = talk("a", {"b": {"json": {"$.n": {"min": 1}, "$.who": "{{nonce}}"}}}, "c")
    one, staging = sample(config, (0.1, ours("a")), (0.2, ours("b", n=0, who="x")), (0.3, ours("c")))
    assert one.signature == "websocket b $.n min"
    assert [(e.step, e.text) for e in one.expectations if not e.met] == [
        ("b", "$.n ≥ 1 (got 0)"),
        ("b", f'$.who == "{NONCE}" (got "x")'),
    ]
    assert len(staging.script) == 1
    assert one.excerpt == ours("b", n=0, who="x")


def test_events_of_one_name_each_wait_for_one_of_their_own():
    config = talk({"tick": {"within": "1s"}}, {"tick": {"within": "1s", "json": {"$.n": 2}}})
    assert sample(config, (0.1, ours("tick", n=1)), (0.2, ours("tick", n=2)))[0].met
    one, _ = sample(config, (0.1, ours("tick", n=1)))
    assert unmet(one) == ["timeout waiting for tick#2, 1 s after tick"]
    assert one.signature == "websocket timeout waiting for tick#2"
    wrong, _ = sample(config, (0.1, ours("tick", n=1)), (0.2, ours("tick", n=3)))
    assert wrong.signature == "websocket tick#2 $.n equals"
    assert [moment.name for moment in wrong.timeline] == ["tick", "tick#2"]


def test_the_words_of_a_timeout_are_these():
    one, _ = sample(
        talk({"agent_started": {"within": "2s"}}, {"agent_thinking": {"within": "5s"}}), *came("agent_started")
    )
    assert unmet(one) == ["timeout waiting for agent_thinking, 5 s after agent_started"]
    assert one.signature == "websocket timeout waiting for agent_thinking"
    assert one.outcome is Outcome.UNMET
    assert one.duration_s == pytest.approx(5.35)


def test_a_silent_server_is_waited_for_as_long_as_the_first_event_has():
    one, _ = sample(talk({"a": {"within": "2s"}}, "b"))
    assert unmet(one) == ["timeout waiting for a, 2 s after the send"]
    assert one.duration_s == pytest.approx(2.25)


def test_without_a_bound_of_its_own_an_event_has_until_the_samples_end():
    one, _ = sample(talk("a", "b", timeout="3s"), (0.25, ours("a")))
    assert unmet(one) == ["timeout waiting for b, 2.5 s after a: the sample's 3 s were over"]
    assert one.duration_s == pytest.approx(3.0)


def test_the_samples_own_time_ends_also_a_wait_that_has_more():
    one, _ = sample(talk("a", {"b": {"within": "3s"}}, timeout="3s"), (1.75, ours("a")))
    assert unmet(one) == ["timeout waiting for b, 1 s after a: the sample's 3 s were over"]
    assert one.duration_s == pytest.approx(3.0)


def test_what_comes_when_the_samples_time_is_over_is_told_and_not_counted():
    one, _ = sample(talk("a", timeout="1s"), (0.5, theirs("x")), (1.5, ours("a")), busy_s=0.6)
    assert unmet(one) == [
        "timeout waiting for a, 750 ms after the send: the sample's 1 s were over; 2 messages came, none of ours"
    ]
    assert [moment.name for moment in one.timeline] == ["not ours", "a"]


def test_that_nothing_of_ours_came_is_said_when_other_messages_did():
    one, _ = sample(talk({"a": {"within": "1s"}}), (0.1, theirs("a")))
    assert unmet(one) == ["timeout waiting for a, 1 s after the send; 1 message came, none of ours"]


def test_an_event_at_the_very_bound_is_in_time():
    for within, at_s in (("2s", 2.0), ("700ms", 0.7), ("100ms", 0.1)):
        config = talk({"a": {"within": within}}, {"b": {"within": within}})
        one, _ = sample(config, (at_s, ours("a")), (2 * at_s, ours("b")))
        assert one.met, unmet(one)


def test_an_event_at_the_very_end_of_the_sample_is_in_time():
    assert sample(talk("a", timeout="1s"), (0.75, ours("a")))[0].met


def test_a_stranger_at_the_very_bound_does_not_hide_ours():
    one, _ = sample(talk({"a": {"within": "700ms"}}, "b"), (0.7, theirs("x")), (0.7, ours("a")), (0.7, ours("b")))
    assert one.met, unmet(one)


def test_an_event_that_is_late_by_a_bit_is_late_and_the_bit_is_told():
    one, _ = sample(talk({"a": {"within": "2s"}}), (2.0001, ours("a")), busy_s=0.1)
    assert unmet(one) == ["a within 2 s of the send (got 2.000100 s)"]
    assert one.signature == "websocket a too late"


def test_an_event_that_is_late_is_not_waited_for():
    one, staging = sample(talk({"a": {"within": "2s"}}), (2.0001, ours("a")))
    assert unmet(one) == ["timeout waiting for a, 2 s after the send"]
    assert len(staging.script) == 1


def test_a_bound_that_only_warns_does_not_fail():
    config = talk({"a": {"within": {"warn": "1s", "fail": "2s"}}}, {"b": {"within": {"warn": "1s"}}})
    one, _ = sample(config, (1.5, ours("a")), (9.0, ours("b")))
    assert one.met
    assert [e.text for e in one.expectations if e.level is Level.WARN] == [
        "a within 1 s of the send (got 1.5 s)",
        "b within 1 s of a (got 7.5 s)",
    ]
    assert one.warned


def test_a_sample_ends_with_the_last_event_that_must_come():
    _, staging = sample(talk("a"), *came("a", "b", "c"))
    assert len(staging.script) == 2
